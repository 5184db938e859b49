//! A stateful mock of The Wallet Crew.

mod control;
mod state;

use serde_json::{Map, Value, json};

use self::state::{Flow, State};
use super::mock::mock;
use super::{Behaviour, Call, Channel, Message, MockResponse, MockResult, MockState};
use crate::clock::Clock;
use crate::generated::walletcrew::operations;
use crate::pipeline::Operation;
use crate::session::Tokens;

mock!(
    /// A mock of The Wallet Crew. It accepts any tenant; every tenant has its own customers.
    ///
    /// A customer is identified by `email`, `phone` or `id`. A flow sends a code to the customer, which
    /// the provider `otp` accepts as `{"identifier": "…", "code": "…"}`. A test may make a flow send a
    /// link instead, and a provider recognise a customer without data.
    WalletCrew,
    State
);

impl WalletCrew {
    /// Adds a customer of a tenant, identified by `email`, `phone` or `id` among the members, and
    /// returns the id. An existing customer is updated. Returns `None` if the account data is
    /// invalid.
    pub fn add_customer(&self, tenant: &str, members: Map<String, Value>) -> Option<String> {
        check_account(&members).ok()?;
        let customer = self.shared.state().save(tenant, &members);
        Some(customer["id"].as_str()?.to_owned())
    }

    /// The tokens of a new sign-in of a customer, identified by e-mail address, phone number or id,
    /// of one tenant or, with `None`, of the first that has the customer; `None` if none has.
    pub fn tokens_for(&self, customer: &str, tenant: Option<&str>) -> Option<Tokens> {
        let now = self.shared.clock.now().timestamp();
        let token = self.shared.state().token_for(tenant, customer, now)?;
        Some(Tokens::new(token, None))
    }

    /// Invalidates all issued tokens.
    pub fn revoke_tokens(&self) {
        self.shared.state().revoke_tokens();
    }

    /// Sets the lifetime of new tokens, in seconds; 24 hours by default.
    pub fn set_token_lifetime(&self, seconds: i64) {
        self.shared.state().token_seconds = seconds;
    }

    /// Whether the response of a sign-in is the bare token instead of a JSON string.
    pub fn bare_text_tokens(&self, bare: bool) {
        self.shared.state().bare_text = bare;
    }

    /// Whether new tokens have no `exp`, so that they do not show their expiry.
    pub fn tokens_without_expiry(&self, without: bool) {
        self.shared.state().without_expiry = without;
    }

    /// Makes the flow of this name complete without a challenge.
    pub fn pass_flow(&self, name: &str) {
        self.set_flow(name, Flow::Pass);
    }

    /// Makes the flow of this name send a link instead of a code. The outbox has the link as the code of
    /// the message; [`open_link`](Self::open_link) opens it.
    pub fn challenge_by_link(&self, flow: &str) {
        self.set_flow(flow, Flow::Link);
    }

    /// Makes the flow of this name issue its challenge with status 200 instead of 202.
    pub fn challenge_with_status_200(&self, flow: &str) {
        self.set_flow(flow, Flow::CodeWithStatus200);
    }

    /// Opens a link that a flow has sent. The next time that the flow runs for the customer, it issues no
    /// challenge. Returns false for a link that was not sent, is replaced or was opened before.
    pub fn open_link(&self, link: &str) -> bool {
        self.shared.state().open_link(link)
    }

    /// Sets the provider of requests that name none. By default they get a 400.
    pub fn set_default_provider(&self, name: &str) {
        self.shared.state().default_provider = Some(name.to_owned());
    }

    /// Makes a provider, or with `None` a request that names no provider, sign this customer in without
    /// data: a request without body.
    pub fn recognise(&self, provider: Option<&str>, customer: &str) {
        let provider = provider.map(str::to_owned);
        let recognised = &mut self.shared.state().recognised;
        recognised.insert(provider, customer.to_owned());
    }

    fn set_flow(&self, name: &str, flow: Flow) {
        self.shared.state().flows.insert(name.to_owned(), flow);
    }
}

impl Behaviour for MockState<State> {
    fn operations(&self) -> Vec<&'static Operation> {
        operations::ALL.to_vec()
    }

    fn respond(&self, call: &Call<'_>) -> MockResponse {
        let mut state = self.state();
        match self.route(&mut state, call) {
            Ok(response) | Err(response) => response,
        }
    }
}

impl MockState<State> {
    fn route(&self, state: &mut State, call: &Call<'_>) -> MockResult {
        let tenant = call.path_value("tenantId");
        let now = self.clock.now().timestamp();
        match call.operation.id {
            "get_customer" => {
                let profile = state.profile(tenant, call.bearer(), now);
                profile
                    .map(|profile| MockResponse::ok(Value::Object(profile)))
                    .ok_or_else(|| problem(401, "Unauthorized", json!({})))
            }
            "create_or_update_customer" => self.save(state, tenant, call),
            "authenticate" => authenticate(state, tenant, call, now),
            _ => Err(problem(501, "Not Implemented", json!({}))),
        }
    }

    fn save(&self, state: &mut State, tenant: &str, call: &Call<'_>) -> MockResult {
        let Value::Object(body) = call.json() else {
            let errors = json!({"": ["The account data must be an object."]});
            return Err(problem(412, "Validation failed", errors));
        };
        check_account(&body)?;
        let customer = state.save(tenant, &body);
        let name = call.query("flow").unwrap_or_default();
        let flow = match name.is_empty() {
            true => Flow::Pass,
            false => state.flows.get(&name).copied().unwrap_or_default(),
        };
        if flow == Flow::Pass {
            return Ok(MockResponse::ok(Value::Object(customer)));
        }
        let Some((channel, to)) = contact(&body).or_else(|| contact(&customer)) else {
            let errors = json!({"email": ["The flow needs an e-mail address or a phone number."]});
            return Err(problem(412, "Validation failed", errors));
        };
        let code = match flow {
            Flow::Link => match state.new_link(tenant, &customer) {
                Some(link) => link,
                None => return Ok(MockResponse::ok(Value::Object(customer))),
            },
            _ => state.new_code(tenant, &customer),
        };
        self.outbox.send(Message {
            to,
            channel,
            code,
            link: flow == Flow::Link,
            language: None,
            at: self.clock.now().timestamp_millis(),
        });
        let mut body = customer;
        body.insert("challenge".to_owned(), json!("pending"));
        let status = match flow {
            Flow::CodeWithStatus200 => 200,
            _ => 202,
        };
        Ok(MockResponse::json(status, Value::Object(body)))
    }
}

/// The address for messages to a customer.
fn contact(members: &Map<String, Value>) -> Option<(Channel, String)> {
    let text = |name: &str| Some(members.get(name)?.as_str()?.to_owned());
    let email = text("email").map(|to| (Channel::Email, to));
    email.or_else(|| text("phone").map(|to| (Channel::Sms, to)))
}

fn check_account(body: &Map<String, Value>) -> MockResult<()> {
    let invalid =
        |field: &str, message: &str| problem(412, "Validation failed", json!({field: [message]}));
    for field in state::IDENTIFIERS {
        match body.get(field) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if !text.is_empty() => {}
            Some(_) => return Err(invalid(field, "This must be text.")),
        }
    }
    let text = |field: &str| body.get(field).and_then(Value::as_str);
    if text("email").is_some_and(|email| !email.contains('@')) {
        return Err(invalid("email", "This is not an e-mail address."));
    }
    if state::IDENTIFIERS.iter().all(|field| text(field).is_none()) {
        let message = "An e-mail address, a phone number or an id is needed.";
        return Err(invalid("email", message));
    }
    Ok(())
}

/// Exchanges a code, which is used up, or a recognised customer for a token.
fn authenticate(state: &mut State, tenant: &str, call: &Call<'_>, now: i64) -> MockResult {
    let malformed =
        |field: &str, message: &str| problem(400, "Bad Request", json!({field: [message]}));
    let named = call.query("provider").filter(|name| !name.is_empty());
    if call.body.is_empty()
        && let Some(customer) = state.recognised.get(&named).cloned()
        && let Some(token) = state.token_for(Some(tenant), &customer, now)
    {
        return Ok(MockResponse::ok(json!(token)));
    }
    match named.or_else(|| state.default_provider.clone()).as_deref() {
        Some("otp") => {}
        None => return Err(malformed("provider", "A provider is needed.")),
        Some(_) => return Err(malformed("provider", "There is no such provider.")),
    }
    let body = call.json();
    let (Some(identifier), Some(code)) = (body["identifier"].as_str(), body["code"].as_str())
    else {
        return Err(malformed("", "An identifier and a code are needed."));
    };
    let token = state
        .use_code(tenant, identifier, code, now)
        .ok_or_else(|| problem(422, "Unprocessable Entity", json!({})))?;
    Ok(match state.bare_text {
        true => MockResponse::text(200, token),
        false => MockResponse::ok(json!(token)),
    })
}

/// Problem details; `errors` is omitted if empty.
fn problem(status: u16, title: &str, errors: Value) -> MockResponse {
    let mut body = json!({
        "type": null,
        "title": title,
        "status": status,
        "detail": null,
        "instance": null,
    });
    if errors.as_object().is_some_and(|errors| !errors.is_empty()) {
        body["errors"] = errors;
    }
    MockResponse::json(status, body)
}

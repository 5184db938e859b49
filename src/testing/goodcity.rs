//! A stateful mock of GoodCity.

mod form;
mod profile;
mod state;

use serde_json::{Value, json};

use self::state::{State, User};
use super::mock::mock;
use super::{Behaviour, Call, Channel, Message, MockResponse, World};
use crate::clock::Clock;
use crate::generated::goodcity::operations;
use crate::pipeline::Operation;
use crate::session::Tokens;

mock!(
    /// A mock of one GoodCity server. It has no users until [`add_user`](Self::add_user) or a sign-up.
    ///
    /// It takes any well-formed app name. Keys and pins are replaced as on the real server: each new
    /// pin voids the former key, and so does a `send_pin` that is refused with 401.
    GoodCity,
    State
);

impl GoodCity {
    /// Adds a user; `mobile` with its country code.
    pub fn add_user(&self, mobile: &str, first_name: &str, last_name: &str) {
        self.world.state().add_user(mobile, first_name, last_name);
    }

    /// A token of a user, as a sign-in gives one. Nothing if there is no such user.
    pub fn tokens_for(&self, mobile: &str) -> Option<Tokens> {
        let now = self.world.clock.now().timestamp();
        let mut state = self.world.state();
        let id = state.user_by_mobile(mobile)?.id;
        Some(Tokens::new(state.issue(id, now), None))
    }

    /// Makes every token that was issued until now invalid, as a server does that has a new key.
    pub fn revoke_tokens(&self) {
        self.world.state().replace_issuer();
    }

    /// Makes every pin that was sent until now invalid, as if its time were over.
    pub fn expire_pins(&self) {
        self.world.state().discard_pins();
    }

    /// Disables a user: pins and tokens are refused from now on.
    pub fn disable_user(&self, mobile: &str) {
        if let Some(user) = self.world.state().user_by_mobile(mobile) {
            user.disabled = true;
        }
    }

    /// Refuses an app from now on, as if it had not given its name.
    pub fn refuse_app(&self, name: &str) {
        self.world.state().refused_apps.insert(name.to_owned());
    }

    /// Makes this the next pin that is sent.
    pub fn set_next_pin(&self, pin: &str) {
        self.world.state().next_pin = Some(pin.to_owned());
    }

    /// How long pins are good, in seconds; ten minutes by default.
    pub fn set_pin_lifetime(&self, seconds: i64) {
        self.world.state().pin_seconds = seconds;
    }

    /// How long new tokens live, in seconds; a day by default.
    pub fn set_token_lifetime(&self, seconds: i64) {
        self.world.state().token_seconds = seconds;
    }

    /// Whether the mock is a server of 2014: the profile of that time, numbers that begin with 5,
    /// 6 or 9 only, the push platforms `gcm` and `wns`, and documented routes only.
    pub fn old_server(&self, old: bool) {
        self.world.state().old = old;
    }
}

impl Behaviour for World<State> {
    fn operations(&self) -> Vec<&'static Operation> {
        operations::ALL.to_vec()
    }

    fn answer(&self, call: &Call<'_>) -> MockResponse {
        let mut state = self.state();
        match self.route(&mut state, call) {
            Ok(answer) | Err(answer) => answer,
        }
    }
}

impl World<State> {
    fn route(&self, state: &mut State, call: &Call<'_>) -> Result<MockResponse, MockResponse> {
        let body = form::body_of(call);
        let app = state.admits_app(call.header("x-goodcity-app-name"));
        let now = self.clock.now().timestamp();
        let undocumented = ["signup_and_send_pin", "current_user_rooms"];
        if state.old && undocumented.contains(&call.operation.id) {
            return Err(framework(404, "Not Found"));
        }
        match call.operation.id {
            "send_pin" => {
                let mobile = mobile_of(state, &body)?;
                if state.user_by_mobile(&mobile).is_none() {
                    let key = state.next_key();
                    return Ok(MockResponse::json(200, json!({"otp_auth_key": key})));
                }
                self.send_pin(state, &mobile, app)
            }
            "signup" => {
                let user = text_members(&body, "user_auth")?;
                text_members(user, "address_attributes")?;
                let mobile = mobile_of(state, user)?;
                let name = |field| user[field].as_str().unwrap_or_default().to_owned();
                if state.user_by_mobile(&mobile).is_none() {
                    state.add_user(&mobile, &name("first_name"), &name("last_name"));
                    if let Some(new) = state.user_by_mobile(&mobile) {
                        new.address = Some(user["address_attributes"].clone());
                    }
                }
                self.send_pin(state, &mobile, app)
            }
            "signup_and_send_pin" => {
                let mobile = mobile_of(state, &body)?;
                if state.user_by_mobile(&mobile).is_none() {
                    state.add_user(&mobile, "", "");
                }
                self.send_pin(state, &mobile, app)
            }
            "verify" => verify(state, &body, app, now),
            "current_user_profile" => {
                let old = state.old;
                let user = signed_in(state, call.bearer(), now)?;
                Ok(MockResponse::json(200, profile::of(user, old)))
            }
            "current_user_rooms" => {
                let user = signed_in(state, call.bearer(), now)?;
                Ok(MockResponse::json(
                    200,
                    json!([format!("user_{}", user.id)]),
                ))
            }
            "register_device" => {
                signed_in(state, call.bearer(), now)?;
                register_device(state, &body)
            }
            _ => Err(framework(501, "Not Implemented")),
        }
    }

    /// The former key and pin are gone, even if the app is refused.
    fn send_pin(
        &self,
        state: &mut State,
        mobile: &str,
        app: bool,
    ) -> Result<MockResponse, MockResponse> {
        if !app {
            state.discard_pin(mobile);
            return Err(plain(401, "You are not authorised to do this"));
        }
        let now = self.clock.now();
        let (key, pin) = state.replace_pin(mobile, now.timestamp());
        self.outbox.send(Message {
            to: mobile.to_owned(),
            channel: Channel::Sms,
            code: pin,
            at: now.timestamp_millis(),
        });
        Ok(MockResponse::json(200, json!({"otp_auth_key": key})))
    }
}

/// A right pin is used up before anybody asks for the app.
fn verify(
    state: &mut State,
    body: &Value,
    app: bool,
    now: i64,
) -> Result<MockResponse, MockResponse> {
    for field in ["pin", "otp_auth_key"] {
        if !(body[field].is_string() || body[field].is_null()) {
            return Err(plain(422, "The parameters have the wrong form"));
        }
    }
    let refused = || MockResponse::json(422, json!({"errors": {"pin": "Invalid SMS code"}}));
    let text = |field: &str| body[field].as_str().unwrap_or_default();
    let mobile = state
        .use_pin(text("otp_auth_key"), text("pin"), now)
        .ok_or_else(refused)?;
    let old = state.old;
    let id = match state.user_by_mobile(&mobile) {
        Some(user) if app && !user.disabled => user.id,
        _ => return Err(refused()),
    };
    let token = state.issue(id, now);
    let user = state
        .user_by_mobile(&mobile)
        .map(|user| profile::of(user, old));
    Ok(MockResponse::json(
        200,
        json!({"jwt_token": token, "user": user}),
    ))
}

fn register_device(state: &State, body: &Value) -> Result<MockResponse, MockResponse> {
    let (Some(_), Some(platform)) = (body["handle"].as_str(), body["platform"].as_str()) else {
        return Err(plain(422, "The parameters have the wrong form"));
    };
    let known: &[&str] = if state.old {
        &["gcm", "wns"]
    } else {
        &["fcm", "aps"]
    };
    match known.contains(&platform) {
        true => Ok(MockResponse::empty(204)),
        false => Err(MockResponse::text(400, " ")),
    }
}

fn signed_in<'a>(
    state: &'a mut State,
    bearer: Option<&str>,
    now: i64,
) -> Result<&'a User, MockResponse> {
    let unauthorized = || typed(401, "UnauthorizedError", "Invalid token");
    let id = state.owner(bearer, now).ok_or_else(unauthorized)?;
    let user = state.user_by_id(id).filter(|user| !user.disabled);
    user.ok_or_else(|| typed(403, "AccessDeniedError", "Access denied"))
}

/// The mobile number of a body, by the server's rule.
fn mobile_of(state: &State, body: &Value) -> Result<String, MockResponse> {
    let invalid = |message: &str| MockResponse::json(422, json!({"errors": message}));
    let mobile = match &body["mobile"] {
        Value::String(mobile) => mobile.as_str(),
        Value::Null => "",
        _ => return Err(plain(422, "The parameters have the wrong form")),
    };
    if mobile.is_empty() {
        return Err(invalid("Mobile can't be blank"));
    }
    let Some(local) = mobile.strip_prefix("+852") else {
        return Err(invalid("Mobile must begin with +852"));
    };
    let first = if state.old { "569" } else { "456789" };
    let well_formed = local.len() == 8
        && local.starts_with(|digit| first.contains(digit))
        && local.chars().all(|digit| digit.is_ascii_digit());
    if !well_formed {
        return Err(invalid("Mobile is invalid"));
    }
    Ok(mobile.to_owned())
}

/// An object that must be there, with members that are text or the object of the address.
fn text_members<'a>(body: &'a Value, name: &str) -> Result<&'a Value, MockResponse> {
    let wrong = || plain(422, "The parameters have the wrong form");
    let members = body[name].as_object().ok_or_else(wrong)?;
    let well_formed = |(name, value): (&String, &Value)| {
        value.is_string() || (name == "address_attributes" && value.is_object())
    };
    if !members.iter().all(well_formed) {
        return Err(wrong());
    }
    Ok(&body[name])
}

fn plain(status: u16, message: &str) -> MockResponse {
    MockResponse::json(status, json!({"error": message}))
}

fn typed(status: u16, kind: &str, message: &str) -> MockResponse {
    MockResponse::json(
        status,
        json!({"error": message, "type": kind, "status": status}),
    )
}

fn framework(status: u16, message: &str) -> MockResponse {
    MockResponse::json(status, json!({"status": status, "error": message}))
}

//! A stateful mock of Wunder Mobility.

mod state;

use std::collections::HashSet;

use serde_json::{Value, json};

use self::state::{State, User};
use super::mock::mock;
use super::{Answer, Behaviour, Call, Channel, Message, World};
use crate::clock::Time;
use crate::generated::{wunder_auth, wunder_user};
use crate::pipeline::{Need, Operation};
use crate::secret::Secret;
use crate::wunder::{BootstrapSignature, Sha256Hex, SignatureInput, check_phone};

/// How far a signed timestamp may be from the server's time.
const SIGNATURE_WINDOW_MILLIS: u64 = 5 * 60 * 1000;

mock!(
    /// A mock of one Wunder server, for any tenant. Its signature key is `test-signature-key`.
    ///
    /// A new phone number is a new user. It answers the flow of signing in by phone with its second
    /// factor, refreshing, logging out, the profile and the branch; other operations answer 501.
    Wunder,
    State
);

impl Wunder {
    /// The key that requests to the mock are signed with.
    pub const SIGNATURE_KEY: &'static str = "test-signature-key";

    /// Makes signing in ask this phone number for a second factor, which is `code`.
    pub fn require_mfa(&self, phone: &str, code: &str) {
        let mut state = self.world.state();
        state.user(phone).mfa_code = Some(code.to_owned());
    }

    /// How long new access tokens live, in seconds; five hours by default.
    pub fn set_access_lifetime(&self, seconds: i64) {
        self.world.state().access_seconds = seconds;
    }

    /// Path and query of the last request whose signature was good.
    pub fn last_signed_url(&self) -> Option<String> {
        self.world.state().last_signed_url.clone()
    }

    /// How many good signatures were seen.
    pub fn signatures_seen(&self) -> usize {
        self.world.state().signatures.len()
    }

    /// Makes every refresh token invalid, as if the operator had signed everybody out.
    pub fn revoke_refresh_tokens(&self) {
        self.world.state().refresh_tokens.clear();
    }

    /// Whether a refresh with this token would be granted. It stays as it is.
    pub fn accepts_refresh_token(&self, token: &str) -> bool {
        self.world.state().refresh_tokens.contains_key(token)
    }

    /// Makes every access token that was issued until now invalid; refresh tokens stay.
    pub fn revoke_access_tokens(&self) {
        self.world.state().access_tokens.clear();
    }
}

impl Behaviour for World<State> {
    fn operations(&self) -> Vec<&'static Operation> {
        let auth = wunder_auth::operations::ALL;
        auth.iter()
            .chain(wunder_user::operations::ALL)
            .copied()
            .collect()
    }

    fn answer(&self, call: &Call<'_>) -> Answer {
        if !is_tenant(call.path_value("tenant")) {
            return refusal(404, "R404", "there is no such tenant");
        }
        let mut state = self.state();
        if call.operation.signature != Need::Never
            && let Err(refusal) = self.check_signature(&mut state, call)
        {
            return refusal;
        }
        match self.route(&mut state, call) {
            Ok(answer) | Err(answer) => answer,
        }
    }
}

impl World<State> {
    fn route(&self, state: &mut State, call: &Call<'_>) -> Result<Answer, Answer> {
        let body = call.json();
        let now = self.clock.now().timestamp();
        let user = |state: &State| state.signed_in(call.bearer(), now).ok_or_else(unauthorized);
        match call.operation.id {
            "create_or_sign_in_with_phone_number" => self.send_code(state, &body),
            "sign_in_phone_number" => sign_in(state, &body, now),
            "two_factor_code_validate" => validate(state, call.bearer(), &body, now),
            "refresh_token" => refresh(state, &body, now),
            "logout" => {
                let phone = user(state)?;
                state.sign_out(&phone);
                Ok(Answer::empty(200))
            }
            "get_customer" => {
                let phone = user(state)?;
                let user = state.users.get(&phone).ok_or_else(unauthorized)?;
                Ok(Answer::json(200, profile(&phone, user)))
            }
            "resolve_branch" => {
                let degrees = |name, bound: f64| {
                    let degrees = call.query(name)?.parse::<f64>().ok()?;
                    (-bound..=bound).contains(&degrees).then_some(degrees)
                };
                match (degrees("lat", 90.0), degrees("lng", 180.0)) {
                    (Some(_), Some(_)) => Ok(Answer::json(200, json!({"id": 2, "name": "Wien"}))),
                    _ => Err(refusal(400, "R100", "lat and lng are needed, in degrees")),
                }
            }
            _ => Err(refusal(
                501,
                "R999",
                "this mock does not know the operation yet",
            )),
        }
    }

    /// Refuses a wrong, a stale and a replayed signature.
    fn check_signature(&self, state: &mut State, call: &Call<'_>) -> Result<(), Answer> {
        let wrong = || refusal(403, "A104", "the signature is not valid");
        let (Some(signature), Some(timestamp)) = (call.query("signature"), call.query("timestamp"))
        else {
            return match call.operation.signature {
                Need::Required => Err(wrong()),
                _ => Ok(()),
            };
        };
        let body = call.json();
        let identifier = call.operation.signed_fields.iter().find_map(|field| {
            let in_path = call.path_value(field);
            let in_body = body[*field].as_str();
            in_body.or((!in_path.is_empty()).then_some(in_path))
        });
        let key = Secret::from(Wunder::SIGNATURE_KEY);
        let input = SignatureInput::new(&key, &timestamp, identifier.unwrap_or_default());
        let millis: i64 = timestamp.parse().map_err(|_| wrong())?;
        let age = self.clock.now().timestamp_millis().abs_diff(millis);
        if Sha256Hex.signature(&input) != signature {
            return Err(wrong());
        }
        if age > SIGNATURE_WINDOW_MILLIS {
            return Err(refusal(403, "A105", "the signature is too old"));
        }
        if !state.signatures.insert(signature) {
            return Err(refusal(403, "A106", "the signature was used before"));
        }
        let query = call.url.query().unwrap_or_default();
        state.last_signed_url = Some(format!("{}?{query}", call.url.path()));
        Ok(())
    }

    fn send_code(&self, state: &mut State, body: &Value) -> Result<Answer, Answer> {
        let branch = &body["branchId"];
        let phone = body["phoneNumber"].as_str();
        let phone = phone.filter(|phone| check_phone(phone).is_ok());
        let Some(phone) = phone.filter(|_| branch.is_string() || branch.is_number()) else {
            return Err(refusal(400, "R101", "phoneNumber and branchId are needed"));
        };
        let code = state.next_code();
        state.user(phone).code = Some(code.clone());
        self.outbox.send(Message {
            to: phone.to_owned(),
            channel: Channel::Sms,
            code,
            at: self.clock.now().timestamp_millis(),
        });
        Ok(Answer::empty(204))
    }
}

/// A code is good once, whether it was right or the user asked for another.
fn sign_in(state: &mut State, body: &Value, now: i64) -> Result<Answer, Answer> {
    let wrong = || refusal(401, "U107", "the code is not valid");
    let phone = body["phoneNumber"].as_str().ok_or_else(wrong)?;
    let user = state.users.get_mut(phone).ok_or_else(wrong)?;
    if user.code.is_none() || user.code.as_deref() != body["code"].as_str() {
        return Err(wrong());
    }
    user.code = None;
    if user.mfa_code.is_some() {
        let access = state.issue_provisional(phone, now);
        let body = json!({"accessToken": access, "mfaRequired": true});
        return Ok(Answer::json(200, body));
    }
    Ok(tokens(state, phone, now))
}

fn validate(
    state: &mut State,
    bearer: Option<&str>,
    body: &Value,
    now: i64,
) -> Result<Answer, Answer> {
    let phone = state
        .provisional(bearer, now)
        .or_else(|| state.signed_in(bearer, now))
        .ok_or_else(unauthorized)?;
    let expected = state
        .users
        .get(&phone)
        .and_then(|user| user.mfa_code.as_deref());
    if expected.is_none() || expected != body["code"].as_str() {
        return Err(refusal(401, "U120", "the code is not valid"));
    }
    Ok(tokens(state, &phone, now))
}

/// Rotates: the old refresh token is good for nothing afterwards.
fn refresh(state: &mut State, body: &Value, now: i64) -> Result<Answer, Answer> {
    let presented = body["refreshToken"].as_str().unwrap_or_default();
    match state.refresh_tokens.remove(presented) {
        Some(phone) => Ok(tokens(state, &phone, now)),
        None => Err(refusal(401, "A202", "the refresh token is not valid")),
    }
}

fn tokens(state: &mut State, phone: &str, now: i64) -> Answer {
    let (access, refresh) = state.issue(phone, now);
    let body = json!({"accessToken": access, "refreshToken": refresh, "mfaRequired": false});
    Answer::json(200, body)
}

/// Null members are left out, as the real server does.
fn profile(phone: &str, user: &User) -> Value {
    json!({
        "uuid": user.uuid,
        "phoneNumber": phone,
        "phoneIsVerified": true,
        "emailIsVerified": false,
    })
}

/// Any well-formed tenant exists.
fn is_tenant(tenant: &str) -> bool {
    let well_formed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    tenant.bytes().all(well_formed)
}

fn unauthorized() -> Answer {
    refusal(401, "A201", "the token is not valid")
}

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let body = json!({
        "errorCode": code,
        "userMessage": message,
        "httpStatus": status,
        "traceId": trace,
    });
    Answer::json(status, body)
}

/// Signatures that were seen, to refuse a second use.
type Seen = HashSet<String>;

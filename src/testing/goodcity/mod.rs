//! A stateful mock of GoodCity.

mod form;
mod profile;
mod state;

use serde_json::{Value, json};

use self::state::{State, User};
use super::mock::mock;
use super::{Behaviour, Call, Channel, Message, MockResponse, MockResult, MockState};
use crate::clock::Clock;
use crate::generated::goodcity::operations;
use crate::phone::Phone;
use crate::pipeline::Operation;
use crate::session::Tokens;

mock!(
    /// A mock of a GoodCity server. It has no users until [`add_user`](Self::add_user) or a sign-up.
    ///
    /// It accepts any non-empty app name. As on the real server, a new PIN invalidates the previous
    /// key and PIN, and so does a `send_pin` that fails with 401.
    GoodCity,
    State
);

/// A user for [`GoodCity::add_user`].
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), vestibule::Error> {
/// use vestibule::Phone;
/// use vestibule::testing::{GoodCity, GoodCityUser};
///
/// let mock = GoodCity::start().await;
/// let phone = Phone::parse("+852 6123 4567")?;
/// mock.add_user(GoodCityUser::new(phone).first_name("Ada").last_name("Wong"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a user has no effect until it is passed to `GoodCity::add_user`"]
pub struct GoodCityUser {
    phone: Phone,
    first_name: String,
    last_name: String,
}

impl GoodCityUser {
    /// A user with this number and no name.
    pub fn new(phone: impl Into<Phone>) -> Self {
        Self {
            phone: phone.into(),
            first_name: String::new(),
            last_name: String::new(),
        }
    }

    /// The first name.
    pub fn first_name(mut self, name: impl Into<String>) -> Self {
        self.first_name = name.into();
        self
    }

    /// The last name.
    pub fn last_name(mut self, name: impl Into<String>) -> Self {
        self.last_name = name.into();
        self
    }
}

impl GoodCity {
    /// Adds a user.
    pub fn add_user(&self, user: GoodCityUser) {
        let GoodCityUser {
            phone,
            first_name,
            last_name,
        } = user;
        let mut state = self.shared.state();
        state.add_user(phone.e164(), &first_name, &last_name);
    }

    /// The tokens of a new sign-in of a user; `None` if the user does not exist.
    pub fn tokens_for(&self, mobile: &str) -> Option<Tokens> {
        let now = self.shared.clock.now().timestamp();
        let mut state = self.shared.state();
        let id = state.user_by_mobile(mobile)?.id;
        Some(Tokens::new(state.issue(id, now), None))
    }

    /// Invalidates all issued tokens, as a server with a new signing key does.
    pub fn revoke_tokens(&self) {
        self.shared.state().rotate_key();
    }

    /// Expires all sent PINs.
    pub fn expire_pins(&self) {
        self.shared.state().discard_pins();
    }

    /// Disables a user, whose PINs and tokens are rejected from now on.
    pub fn disable_user(&self, mobile: &str) {
        if let Some(user) = self.shared.state().user_by_mobile(mobile) {
            user.disabled = true;
        }
    }

    /// Rejects requests of an app from now on, as if they had no app name.
    pub fn reject_app(&self, name: &str) {
        self.shared.state().rejected_apps.insert(name.to_owned());
    }

    /// Sets the next PIN that is sent.
    pub fn set_next_pin(&self, pin: &str) {
        self.shared.state().next_pin = Some(pin.to_owned());
    }

    /// Sets the lifetime of PINs, in seconds; ten minutes by default.
    pub fn set_pin_lifetime(&self, seconds: i64) {
        self.shared.state().pin_seconds = seconds;
    }

    /// Sets the lifetime of new tokens, in seconds; one day by default.
    pub fn set_token_lifetime(&self, seconds: i64) {
        self.shared.state().token_seconds = seconds;
    }

    /// Whether the mock behaves as a server of 2014: with the profile format of that time, only phone
    /// numbers that begin with 5, 6 or 9, the push platforms `gcm` and `wns`, and only documented
    /// routes.
    pub fn old_server(&self, old: bool) {
        self.shared.state().old = old;
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
        let body = form::body_of(call);
        let app = state.accepts_app(call.header("x-goodcity-app-name"));
        let now = self.clock.now().timestamp();
        let undocumented = ["signup_and_send_pin", "current_user_rooms"];
        if state.old && undocumented.contains(&call.operation.id) {
            return Err(framework(404, "Not Found"));
        }
        match call.operation.id {
            "send_pin" => {
                let mobile = check_mobile(state, &body)?;
                if state.user_by_mobile(&mobile).is_none() {
                    let key = state.next_key();
                    return Ok(MockResponse::ok(json!({"otp_auth_key": key})));
                }
                self.send_pin(state, &mobile, app)
            }
            "signup" => {
                let user = check_members(&body, "user_auth")?;
                check_members(user, "address_attributes")?;
                let mobile = check_mobile(state, user)?;
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
                let mobile = check_mobile(state, &body)?;
                if state.user_by_mobile(&mobile).is_none() {
                    state.add_user(&mobile, "", "");
                }
                self.send_pin(state, &mobile, app)
            }
            "verify" => verify(state, &body, app, now),
            "current_user_profile" => {
                let old = state.old;
                let user = signed_in(state, call.bearer(), now)?;
                Ok(MockResponse::ok(profile::of(user, old)))
            }
            "current_user_rooms" => {
                let user = signed_in(state, call.bearer(), now)?;
                Ok(MockResponse::ok(json!([format!("user_{}", user.id)])))
            }
            "register_device" => {
                signed_in(state, call.bearer(), now)?;
                register_device(state, &body)
            }
            _ => Err(framework(501, "Not Implemented")),
        }
    }

    /// Invalidates the previous key and PIN, even if the app is rejected.
    fn send_pin(&self, state: &mut State, mobile: &str, app: bool) -> MockResult {
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
        Ok(MockResponse::ok(json!({"otp_auth_key": key})))
    }
}

/// A correct PIN is used up even if the app is rejected.
fn verify(state: &mut State, body: &Value, app: bool, now: i64) -> MockResult {
    for field in ["pin", "otp_auth_key"] {
        if !(body[field].is_string() || body[field].is_null()) {
            return Err(plain(422, "The parameters have the wrong form"));
        }
    }
    let invalid_pin = || MockResponse::json(422, json!({"errors": {"pin": "Invalid SMS code"}}));
    let text = |field: &str| body[field].as_str().unwrap_or_default();
    let mobile = state
        .use_pin(text("otp_auth_key"), text("pin"), now)
        .ok_or_else(invalid_pin)?;
    let old = state.old;
    let id = match state.user_by_mobile(&mobile) {
        Some(user) if app && !user.disabled => user.id,
        _ => return Err(invalid_pin()),
    };
    let token = state.issue(id, now);
    let user = state
        .user_by_mobile(&mobile)
        .map(|user| profile::of(user, old));
    Ok(MockResponse::ok(json!({"jwt_token": token, "user": user})))
}

fn register_device(state: &State, body: &Value) -> MockResult {
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

fn signed_in<'a>(state: &'a mut State, bearer: Option<&str>, now: i64) -> MockResult<&'a User> {
    let unauthorized = || typed(401, "UnauthorizedError", "Invalid token");
    let id = state.owner(bearer, now).ok_or_else(unauthorized)?;
    let user = state.user_by_id(id).filter(|user| !user.disabled);
    user.ok_or_else(|| typed(403, "AccessDeniedError", "Access denied"))
}

/// The mobile number of a body, validated by the rules of the server.
fn check_mobile(state: &State, body: &Value) -> MockResult<String> {
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
    let first_digits = if state.old { "569" } else { "456789" };
    let well_formed = local.len() == 8
        && local.starts_with(|digit| first_digits.contains(digit))
        && local.chars().all(|digit| digit.is_ascii_digit());
    if !well_formed {
        return Err(invalid("Mobile is invalid"));
    }
    Ok(mobile.to_owned())
}

/// A required object whose members are strings, except for the object of the address.
fn check_members<'a>(body: &'a Value, name: &str) -> MockResult<&'a Value> {
    let malformed = || plain(422, "The parameters have the wrong form");
    let members = body[name].as_object().ok_or_else(malformed)?;
    let well_formed = |(name, value): (&String, &Value)| {
        value.is_string() || (name == "address_attributes" && value.is_object())
    };
    if !members.iter().all(well_formed) {
        return Err(malformed());
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

//! A stateful mock of GoodCity.

mod control;
mod profile;
mod request;
mod responses;
mod state;
mod user;

use http::HeaderMap;
use serde_json::{Value, json};

use self::request::{app_of, body_of, known_app, language_of, token_of};
use self::responses::{
    Notice, failure, forbidden, invalid, invalid_field, malformed, not_found, ok, plain, typed,
};
use self::state::{Language, State, User};
pub use self::user::GoodCityUser;
use super::mock::mock;
use super::{Behaviour, Call, Channel, Message, MockResponse, MockResult, MockState};
use crate::clock::Clock;
use crate::generated::goodcity::operations;
use crate::pipeline::Operation;
use crate::secret::Secret;
use crate::session::Tokens;

mock!(
    /// A mock of a GoodCity server. It has no users until [`add_user`](Self::add_user) or a sign-up.
    ///
    /// It follows the server's own code of May 2026. As there, a new PIN invalidates the previous key
    /// and PIN, and so does a `send_pin` that fails with 401; every user may sign in as `app`, `browse`
    /// and `stock`, and as `admin` or `settings_editor` only a user who
    /// [may](GoodCityUser::may_use_app); reading the profile stores the language of the request, in
    /// which the next SMS is sent. The districts have the ids 1 to 18.
    ///
    /// It processes one request after another, so that requests at the same time do not disturb each
    /// other as on the server; [`expect_race`](Self::expect_race) lets one request fail as if they did.
    /// Its `Date` header is empty where the server sends none.
    GoodCity,
    State
);

/// What happens on the server if requests arrive at the same time, for [`GoodCity::expect_race`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GoodCityRace {
    /// Two requests for a PIN: `send_pin` fails with 500, and no key and no PIN of the user is valid.
    SendPin,
    /// Two sign-ups: the number gets two users. Further sign-ups with it are refused, while `send_pin`
    /// and `verify` work for one of the users.
    SignUp,
    /// Two checks of one PIN: both are accepted.
    Verify,
}

impl GoodCity {
    /// Adds a user.
    pub fn add_user(&self, user: GoodCityUser) {
        self.shared.state().add_user(user);
    }

    /// The tokens of a new sign-in of a user; `None` if the user does not exist.
    pub fn tokens_for(&self, mobile: &str) -> Option<Tokens> {
        let now = self.shared.clock.now().timestamp();
        let state = self.shared.state();
        let id = state.id_of_mobile(mobile)?;
        Some(Tokens::new(state.issue(id, now), None))
    }

    /// A token of the user that the server issues during a sign-in of its newer API: it is signed by
    /// the same key, and calls with it are refused. `None` if the user does not exist.
    pub fn otp_token_for(&self, mobile: &str) -> Option<Secret> {
        let now = self.shared.clock.now().timestamp();
        let state = self.shared.state();
        let id = state.id_of_mobile(mobile)?;
        Some(state.issue_as("otp", id, now).into())
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
        let mut state = self.shared.state();
        let id = state.id_of_mobile(mobile).unwrap_or_default();
        if let Some(user) = state.user_by_id(id) {
            user.disabled = true;
        }
    }

    /// Rejects an app from now on: no user may sign in as it.
    pub fn reject_app(&self, name: &str) {
        let app = known_app(name).to_owned();
        self.shared.state().rejected_apps.insert(app);
    }

    /// Responds to the next fitting request as if requests had arrived at the same time. Several calls
    /// apply to successive requests.
    pub fn expect_race(&self, race: GoodCityRace) {
        self.shared.state().expect_race(race);
    }

    /// Sets whether every request is refused by the protection in front of the web framework: with
    /// 403 and the text `Forbidden`.
    pub fn block_requests(&self, blocked: bool) {
        self.shared.state().blocked = blocked;
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

    fn not_found(&self, headers: &HeaderMap) -> MockResponse {
        match self.state().blocked {
            true => forbidden(),
            false => not_found(headers),
        }
    }

    fn sends_date(&self) -> bool {
        false
    }
}

impl MockState<State> {
    fn route(&self, state: &mut State, call: &Call<'_>) -> MockResult {
        if state.blocked {
            return Err(forbidden());
        }
        let undocumented = ["signup_and_send_pin", "current_user_rooms"];
        if state.old && undocumented.contains(&call.operation.id) {
            return Err(not_found(call.headers));
        }
        let body = body_of(call)?;
        let now = self.clock.now().timestamp();
        match call.operation.id {
            "send_pin" => {
                let mobile = requested_mobile(state, &body)?;
                match state.id_of_mobile(&mobile) {
                    Some(id) => self.send_pin(state, call, id),
                    None => Ok(ok(json!({"otp_auth_key": state.next_key()}))),
                }
            }
            "signup" => self.sign_up(state, call, &body),
            "signup_and_send_pin" => {
                let mobile = requested_mobile(state, &body)?;
                let id = state.id_of_mobile(&mobile).unwrap_or_else(|| {
                    state.insert(User {
                        language: Some(language_of(call)),
                        ..User::new(&mobile)
                    })
                });
                self.send_pin(state, call, id)
            }
            "verify" => verify(state, call, &body, now),
            "current_user_profile" => {
                let old = state.old;
                let user = signed_in(state, call, now)?;
                user.language = Some(language_of(call));
                Ok(ok(profile::of(user, old)))
            }
            "current_user_rooms" => {
                let id = state.owner(token_of(call), now).unwrap_or_default();
                let user = state.user_by_id(id).filter(|user| !user.disabled);
                Ok(ok(json!(rooms(user.as_deref(), app_of(call)))))
            }
            "register_device" => {
                signed_in(state, call, now)?;
                register_device(state, &body)
            }
            _ => Err(plain(501, "the mock does not implement this operation")),
        }
    }

    /// Sends a PIN to a known user. The previous key and PIN are void even if the user may not use
    /// the app.
    fn send_pin(&self, state: &mut State, call: &Call<'_>, id: i64) -> MockResult {
        if !state.may_sign_in(id, app_of(call)) {
            state.discard_pin(id);
            return Err(plain(401, "You are not authorised to do this"));
        }
        if state.is_race(GoodCityRace::SendPin) {
            state.discard_pin(id);
            return Err(failure(call.headers));
        }
        self.send_message(state, id, Channel::Sms)
    }

    /// Creates a user unless the number or the address has one, and sends a PIN in any case. The app
    /// is not checked, and for an existing user nothing else of the request either.
    fn sign_up(&self, state: &mut State, call: &Call<'_>, body: &Value) -> MockResult {
        let given = check_members(body, "user_auth")?;
        let address = check_members(given, "address_attributes")?;
        let language = language_of(call);
        let refused = |notices: &[Notice]| {
            let texts = notices.iter().map(|notice| notice.text(language));
            invalid(&texts.collect::<Vec<_>>().join(". "))
        };
        let text = |name: &str| given[name].as_str().unwrap_or_default();
        let (mobile, email) = (text("mobile"), text("email"));
        let channel = match mobile.is_empty() {
            true => Channel::Email,
            false => Channel::Sms,
        };
        let known = match channel {
            Channel::Email => state.id_of_email(email),
            Channel::Sms => state.id_of_mobile(mobile),
        };
        if let Some(id) = known {
            state.discard_pin(id);
            if state.has_twin(id) {
                return Err(refused(&[Notice::MobileTaken]));
            }
            if let Some(user) = state.user_by_id(id) {
                user.language = Some(language);
            }
            return self.send_message(state, id, channel);
        }
        let mut notices = Vec::new();
        if !mobile.is_empty() || email.is_empty() {
            notices.extend(check_mobile(state, mobile).err());
        }
        if !email.is_empty() && !is_address(email) {
            notices.push(Notice::EmailInvalid);
        }
        if !notices.is_empty() {
            return Err(refused(&notices));
        }
        let district = address["district_id"].as_str().unwrap_or_default();
        if !district.is_empty() && !State::has_district(district) {
            let message = "The district does not exist";
            return Err(typed(409, "ForeignKeyMismatchError", message));
        }
        let user = || User {
            email: Some(email.to_owned()).filter(|email| !email.is_empty()),
            first_name: text("first_name").to_owned(),
            last_name: text("last_name").to_owned(),
            language: Some(language),
            address: Some(address.clone()),
            ..User::new(mobile)
        };
        let id = state.insert(user());
        if state.is_race(GoodCityRace::SignUp) {
            state.insert(user());
        }
        self.send_message(state, id, channel)
    }

    /// Replaces the key and the PIN of a user and sends the PIN, in the language of the user.
    fn send_message(&self, state: &mut State, id: i64, channel: Channel) -> MockResult {
        let now = self.clock.now();
        let (key, code) = state.replace_pin(id, now.timestamp());
        if let Some(user) = state.user_by_id(id) {
            let to = match channel {
                Channel::Sms => user.mobile.clone(),
                Channel::Email => user.email.clone().unwrap_or_default(),
            };
            self.outbox.send(Message {
                to,
                channel,
                code,
                link: false,
                language: Some(user.language.unwrap_or_default().tag().to_owned()),
                at: now.timestamp_millis(),
            });
        }
        Ok(ok(json!({"otp_auth_key": key})))
    }
}

/// A correct PIN is used up, and what it proves is recorded, even if the app is rejected.
fn verify(state: &mut State, call: &Call<'_>, body: &Value, now: i64) -> MockResult {
    for field in ["pin", "otp_auth_key", "pin_for"] {
        if body.get(field).is_some_and(|value| !value.is_string()) {
            return Err(malformed());
        }
    }
    let refused = || invalid_field("pin", Notice::PinRefused.text(language_of(call)));
    let text = |field: &str| body[field].as_str().unwrap_or_default();
    let used = state.use_pin(text("otp_auth_key"), text("pin"), now);
    let id = used.ok_or_else(refused)?;
    let user = state.user_by_id(id).filter(|user| !user.disabled);
    user.ok_or_else(refused)?
        .verified(body["pin_for"].as_str().unwrap_or("mobile"));
    if !state.may_sign_in(id, app_of(call)) {
        return Err(refused());
    }
    let (token, old) = (state.issue(id, now), state.old);
    let user = state.user_by_id(id).map(|user| profile::of(user, old));
    Ok(ok(json!({"jwt_token": token, "user": user})))
}

/// The names of the rooms of a user, or of those who are not signed in.
fn rooms(user: Option<&User>, app: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    if let Some(User { id, .. }) = user {
        rooms.push(match app {
            "" | "app" => format!("user_{id}"),
            app => format!("user_{id}_{app}"),
        });
    }
    match (app, user) {
        ("browse", _) => rooms.push("browse".to_owned()),
        ("stock", Some(_)) => rooms.extend(["inventory", "order_fulfilment"].map(str::to_owned)),
        _ => {}
    }
    rooms
}

/// A device without a handle is accepted, but no unknown platform.
fn register_device(state: &State, body: &Value) -> MockResult {
    for field in ["handle", "platform"] {
        if body.get(field).is_some_and(|value| !value.is_string()) {
            return Err(malformed());
        }
    }
    let known: &[&str] = match state.old {
        true => &["gcm", "wns"],
        false => &["fcm", "aps"],
    };
    match body["platform"].as_str() {
        Some(platform) if known.contains(&platform) => Ok(MockResponse::empty(204)),
        _ => Err(MockResponse::text(400, " ")),
    }
}

fn signed_in<'a>(state: &'a mut State, call: &Call<'_>, now: i64) -> MockResult<&'a mut User> {
    let unauthorized = || typed(401, "UnauthorizedError", "Invalid token");
    let id = state.owner(token_of(call), now).ok_or_else(unauthorized)?;
    let user = state.user_by_id(id).filter(|user| !user.disabled);
    user.ok_or_else(|| typed(403, "AccessDeniedError", "Access denied"))
}

/// The mobile number of a request for a PIN. These errors are never translated.
fn requested_mobile(state: &State, body: &Value) -> MockResult<String> {
    let checked = match &body["mobile"] {
        Value::Null => Err(Notice::MobileBlank),
        Value::String(mobile) => check_mobile(state, mobile).map(|()| mobile.clone()),
        _ => Err(Notice::MobileInvalid),
    };
    checked.map_err(|notice| invalid(notice.text(Language::English)))
}

/// The rules of the server for mobile numbers.
fn check_mobile(state: &State, mobile: &str) -> Result<(), Notice> {
    if mobile.is_empty() {
        return Err(Notice::MobileBlank);
    }
    let Some(local) = mobile.strip_prefix("+852") else {
        return Err(Notice::MobileForeign);
    };
    let first_digits = if state.old { "569" } else { "456789" };
    let well_formed = local.len() == 8
        && local.starts_with(|digit| first_digits.contains(digit))
        && local.chars().all(|digit| digit.is_ascii_digit());
    if !well_formed {
        return Err(Notice::MobileInvalid);
    }
    Ok(())
}

fn is_address(email: &str) -> bool {
    let parts = email.split_once('@');
    let is_part = |part: &str| {
        !part.is_empty() && !part.contains(|letter: char| letter == '@' || letter.is_whitespace())
    };
    parts.is_some_and(|(user, host)| is_part(user) && is_part(host))
}

/// A required object whose members are strings, except for the object of the address.
fn check_members<'a>(body: &'a Value, name: &str) -> MockResult<&'a Value> {
    let members = body[name].as_object().ok_or_else(malformed)?;
    let well_formed = |(name, value): (&String, &Value)| {
        value.is_string() || (name == "address_attributes" && value.is_object())
    };
    if !members.iter().all(well_formed) {
        return Err(malformed());
    }
    Ok(&body[name])
}

//! The second factor: setting it up, and passing it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::json;

use super::Wunder;
use super::asked::Asked;
use super::errors::{Answered, api_error};
use super::state::State;
use super::tokens::Owner;
use super::totp::Authenticator;
use super::users::{User, UserId};
use crate::clock::Clock;
use crate::testing::MockResponse;

/// How a user stands with the second factor.
#[derive(Default)]
pub(super) struct SecondFactor {
    /// The one code that [`Wunder::require_mfa`] set, which is good every time.
    fixed: Option<String>,
    active: Option<Authenticator>,
    /// Given to the user, but not proved yet.
    pending: Option<Authenticator>,
    /// Whether the tenant insists on one.
    pub(super) is_demanded: bool,
}

impl SecondFactor {
    /// Whether signing in takes more than the first factor.
    pub(super) fn is_needed(&self) -> bool {
        self.is_demanded || self.is_set_up()
    }

    fn is_set_up(&self) -> bool {
        self.fixed.is_some() || self.active.is_some()
    }

    fn accepts(&mut self, code: &str, now: i64) -> bool {
        let is_fixed = self.fixed.as_deref() == Some(code);
        is_fixed || (self.active.as_mut()).is_some_and(|active| active.accepts(code, now))
    }

    fn enable(&mut self, code: &str, now: i64) -> bool {
        match self.pending.take_if(|pending| pending.accepts(code, now)) {
            Some(proved) => {
                self.active = Some(proved);
                self.fixed = None;
                true
            }
            None => false,
        }
    }
}

impl State {
    /// A new secret each time; the one before is forgotten unless it was proved.
    pub(super) fn two_factor_secret(&mut self, asked: &Asked<'_>) -> Answered {
        let id = self.may_set_up(asked)?;
        let fresh = Authenticator::new().ok_or_else(no_randomness)?;
        let answer =
            json!({"secret": fresh.base32(), "otpauthUrl": otpauth(&self.users[id], &fresh)});
        self.users[id].factor.pending = Some(fresh);
        Ok(MockResponse::json(200, answer))
    }

    /// The picture of the secret that waits to be proved.
    pub(super) fn two_factor_qr_code(&mut self, asked: &Asked<'_>) -> Answered {
        let id = self.may_set_up(asked)?;
        let pending = match self.users[id].factor.pending.take() {
            Some(pending) => pending,
            None => Authenticator::new().ok_or_else(no_randomness)?,
        };
        let url = otpauth(&self.users[id], &pending);
        let picture = QrCode::new(url).map_err(|_| api_error(500, "R500", "no picture"))?;
        let picture = picture.render::<svg::Color<'_>>().build();
        self.users[id].factor.pending = Some(pending);
        Ok(MockResponse::json(
            200,
            json!({"qrCode": STANDARD.encode(picture)}),
        ))
    }

    pub(super) fn two_factor_enable(&mut self, asked: &Asked<'_>) -> Answered {
        let id = self.may_set_up(asked)?;
        let code = asked.needed("code")?;
        let factor = &mut self.users[id].factor;
        if factor.pending.is_none() {
            return Err(api_error(400, "U122", "ask for a secret first"));
        }
        match factor.enable(code, asked.seconds()) {
            true => Ok(MockResponse::json(200, json!({}))),
            false => Err(wrong_code()),
        }
    }

    pub(super) fn two_factor_code_validate(&mut self, asked: &Asked<'_>) -> Answered {
        let (id, _) = self.half_signed_in(asked)?;
        let code = asked.needed("code")?;
        let user = &mut self.users[id];
        if !user.factor.accepts(code, asked.seconds()) {
            return Err(wrong_code());
        }
        let uuid = user.uuid.clone();
        Ok(self.start_session(&Owner::User(id), &uuid, asked))
    }

    /// Who only knows the first factor must not replace the second.
    fn may_set_up(&self, asked: &Asked<'_>) -> Result<UserId, MockResponse> {
        let (id, is_signed_in) = self.half_signed_in(asked)?;
        if !is_signed_in && self.users[id].factor.is_set_up() {
            return Err(api_error(403, "U121", "validate the second factor first"));
        }
        Ok(id)
    }
}

impl Wunder {
    /// Makes signing in ask this phone number for a second factor, which is `code`.
    pub fn require_mfa(&self, phone: &str, code: &str) {
        let mut state = self.world.state();
        let id = state.user_of_phone(phone);
        state.users[id].factor.fixed = Some(code.to_owned());
    }

    /// What the authenticator app of a user shows now, who is named by phone number, e-mail address
    /// or uuid. A code is good once: move the clock by 30 seconds to see the next.
    pub fn second_factor_code(&self, user: &str) -> Option<String> {
        let now = self.world.clock.now().timestamp();
        let state = self.world.state();
        let factor = &state.users[state.users.find(user)?].factor;
        let app = factor.pending.as_ref().or(factor.active.as_ref());
        app.map(|app| app.code(now))
            .or_else(|| factor.fixed.clone())
    }
}

fn otpauth(user: &User, secret: &Authenticator) -> String {
    let contact = user.email().or(user.phone());
    let label = contact.map_or(user.uuid.as_str(), |contact| contact.value.as_str());
    let label = utf8_percent_encode(label, NON_ALPHANUMERIC);
    let secret = secret.base32();
    format!("otpauth://totp/Wunder%20mock:{label}?secret={secret}&issuer=Wunder%20mock")
}

fn wrong_code() -> MockResponse {
    api_error(401, "U120", "the code is not valid")
}

fn no_randomness() -> MockResponse {
    api_error(500, "R500", "no secret could be made")
}

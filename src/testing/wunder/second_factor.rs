//! Setting up and validating the second factor.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::json;

use super::errors::api_error;
use super::request::Request;
use super::tokens::Owner;
use super::totp::Authenticator;
use super::users::{User, UserId};
use super::{State, Wunder};
use crate::clock::Clock;
use crate::phone::Phone;
use crate::testing::{MockResponse, MockResult};

impl State {
    /// Issues a new secret, which replaces one that is not enabled yet.
    pub(super) fn two_factor_secret(&mut self, request: &Request<'_>) -> MockResult {
        let id = self.check_enrolment(request)?;
        let secret = Authenticator::new().ok_or_else(no_entropy)?;
        let response =
            json!({"secret": secret.base32(), "otpauthUrl": otpauth(&self.users[id], &secret)});
        self.users[id].factor.pending = Some(secret);
        Ok(MockResponse::ok(response))
    }

    /// The QR code of the secret that is not enabled yet.
    pub(super) fn two_factor_qr_code(&mut self, request: &Request<'_>) -> MockResult {
        let id = self.check_enrolment(request)?;
        let pending = match self.users[id].factor.pending.take() {
            Some(pending) => pending,
            None => Authenticator::new().ok_or_else(no_entropy)?,
        };
        let url = otpauth(&self.users[id], &pending);
        let no_image = |_| api_error(500, "R500", "could not create the QR code");
        let code = QrCode::new(url).map_err(no_image)?;
        let image = code.render::<svg::Color<'_>>().build();
        self.users[id].factor.pending = Some(pending);
        Ok(MockResponse::ok(json!({"qrCode": STANDARD.encode(image)})))
    }

    pub(super) fn two_factor_enable(&mut self, request: &Request<'_>) -> MockResult {
        let id = self.check_enrolment(request)?;
        let code = request.required_text("code")?;
        let factor = &mut self.users[id].factor;
        if factor.pending.is_none() {
            return Err(api_error(400, "U122", "request a secret first"));
        }
        match factor.enable(code, request.seconds()) {
            true => Ok(MockResponse::ok(json!({}))),
            false => Err(wrong_code()),
        }
    }

    pub(super) fn two_factor_code_validate(&mut self, request: &Request<'_>) -> MockResult {
        let (id, _) = self.provisional_or_signed_in(request)?;
        let code = request.required_text("code")?;
        let user = &mut self.users[id];
        if !user.factor.accepts(code, request.seconds()) {
            return Err(wrong_code());
        }
        let uuid = user.uuid.clone();
        Ok(self.start_session(&Owner::User(id), &uuid, request))
    }

    /// The user of the call, who must not replace an enabled second factor without having passed it.
    fn check_enrolment(&self, request: &Request<'_>) -> MockResult<UserId> {
        let (id, is_signed_in) = self.provisional_or_signed_in(request)?;
        if !is_signed_in && self.users[id].factor.is_set_up() {
            return Err(api_error(403, "U121", "validate the second factor first"));
        }
        Ok(id)
    }
}

impl Wunder {
    /// Requires a second factor from the user with this phone number; `code` is always accepted.
    pub fn require_mfa(&self, phone: &Phone, code: &str) {
        let mut state = self.shared.state();
        let id = state.user_of_phone(phone.e164());
        state.users[id].factor.fixed = Some(code.to_owned());
    }

    /// The code that the authenticator app of a user shows now. It can be used once: advance the
    /// clock by 30 seconds for the next one.
    pub fn second_factor_code(&self, user: &str) -> Option<String> {
        let now = self.shared.clock.now().timestamp();
        let state = self.shared.state();
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

fn no_entropy() -> MockResponse {
    api_error(500, "R500", "could not create a secret")
}

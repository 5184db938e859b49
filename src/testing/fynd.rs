//! A stateful mock of Fynd.

mod account;
mod application;
mod codes;
mod contacts;
mod exchange;
mod otp;
mod passwords;
mod person;
mod platform;
mod profile;
mod registration;
mod registrations;
mod responses;
mod seed;
mod sign_in;
mod social;
mod state;

use self::exchange::{Outcome, Turn};
use self::person::Contact;
use self::responses::api_error;
pub use self::seed::{FyndAttribute, FyndProvider, FyndSignIn, FyndUser};
use self::state::State;
use super::mock::mock;
use super::{Behaviour, Call, MockResponse, World};
use crate::clock::Clock;
use crate::generated::fynd::operations;
use crate::pipeline::{Need, Operation};

/// The longest body that is accepted, so that no request makes the mock remember more.
const MAX_BODY: usize = 64 * 1024;

mock!(
    /// A mock of one Fynd server, for any well-formed application. It signs with the public key.
    ///
    /// It answers every described operation. A number that [`add_user`](Self::add_user) and
    /// [`seed_user`](Self::seed_user) did not name is a new user; so is an account at a third party
    /// that nobody used before. A code is good for ten minutes and once, the code of a link for a
    /// day; a newer message to a contact voids the older one. A deleted user is gone at once.
    Fynd,
    State
);

impl Behaviour for World<State> {
    fn operations(&self) -> Vec<&'static Operation> {
        operations::ALL.to_vec()
    }

    fn answer(&self, call: &Call<'_>) -> MockResponse {
        match self.check(call) {
            Ok(answer) | Err(answer) => answer,
        }
    }
}

impl World<State> {
    /// Checks what is the same for every operation, and has it answered.
    fn check(&self, call: &Call<'_>) -> Outcome {
        let now = self.clock.now();
        let application_id = application::check(call, now)?;
        if call.body.len() > MAX_BODY {
            return Err(api_error(413, "BODY_TOO_LARGE", "the body is too large"));
        }
        let mut state = self.state();
        let mut turn = Turn {
            state: &mut state,
            outbox: &self.outbox,
            call,
            application_id,
            body: call.json(),
            now,
        };
        if call.operation.session == Need::Required {
            turn.signed_in()?;
        }
        let takes_body = call.operation.method != http::Method::GET
            && call.operation.method != http::Method::DELETE;
        if takes_body && !turn.body.is_object() {
            return Err(api_error(
                400,
                "BODY_INVALID",
                "the body must be a JSON object",
            ));
        }
        turn.route()
    }
}

impl Turn<'_> {
    fn route(&mut self) -> Outcome {
        match self.call.operation.id {
            "get_logged_in_user" => self.get_logged_in_user(),
            "get_list_of_active_sessions" => self.list_sessions(),
            "get_platform_config" => {
                Ok(MockResponse::json(200, platform::config(&self.state.rules)))
            }
            "user_exists" => self.user_exists(),
            "delete_user" => self.delete_user(),
            "logout" => self.logout(),
            "get_user_attributes" => self.get_user_attributes(),
            "update_user_attributes" => self.update_user_attributes(),
            "update_profile" => self.update_profile(),
            "login_with_otp" => self.login_with_otp(),
            "login_with_email_and_password" => self.login_with_password(),
            "login_with_token" => self.login_with_token(),
            "register_with_form" => self.register_with_form(),
            "login_with_facebook" => self.login_with_oauth(FyndProvider::Facebook),
            "login_with_google" | "login_with_google_android" | "login_with_google_ios" => {
                self.login_with_oauth(FyndProvider::Google)
            }
            "login_with_apple_ios" => self.login_with_apple(),
            _ => self.route_codes(),
        }
    }

    /// The operations that send or take codes and set passwords.
    fn route_codes(&mut self) -> Outcome {
        match self.call.operation.id {
            "send_otp_on_mobile" => self.send_otp_on_mobile(),
            "send_otp_on_email" => self.send_otp_on_email(),
            "verify_mobile_otp" => self.verify_mobile_otp(),
            "verify_email_otp" => self.verify_email_otp(),
            "send_forgot_otp_on_mobile" => self.send_forgot_otp_on_mobile(),
            "send_forgot_otp_on_email" => self.send_forgot_otp_on_email(),
            "verify_mobile_forgot_otp" => self.verify_mobile_forgot_otp(),
            "verify_email_forgot_otp" => self.verify_email_forgot_otp(),
            "send_reset_password_email" => self.send_reset_link(&self.email()?),
            "send_reset_password_mobile" => self.send_reset_link(&self.number("mobile")?),
            "send_reset_token" => self.check_reset_code(),
            "forgot_password" => self.set_password_by_link(),
            "reset_forgot_password" => self.set_password_by_token(),
            "has_password" => self.has_password_set(),
            "update_password" => self.update_password(),
            _ => self.route_contacts(),
        }
    }

    /// The operations on the contacts of a profile.
    fn route_contacts(&mut self) -> Outcome {
        match self.call.operation.id {
            "add_mobile_number" => self.add_contact(&self.number("phone")?),
            "add_email" => self.add_contact(&self.email()?),
            "delete_mobile_number" => self.delete_mobile_number(),
            "delete_email" => self.delete_email(),
            "set_mobile_number_as_primary" => self.make_primary(&self.number("phone")?),
            "set_email_as_primary" => self.make_primary(&self.email()?),
            "send_verification_link_to_mobile" => self.send_confirmation(&self.number("phone")?),
            "send_verification_link_to_email" => self.send_confirmation(&self.email()?),
            "verify_mobile" => self.verify_link(|contact| matches!(contact, Contact::Mobile(_))),
            "verify_email" => self.verify_link(|contact| matches!(contact, Contact::Email(_))),
            // The tests hold this routing against the description.
            _ => Err(api_error(
                501,
                "NOT_PLAYED",
                "the mock lacks this operation",
            )),
        }
    }
}

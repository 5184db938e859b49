//! A stateful mock of Fynd.

mod account;
mod application;
mod codes;
mod contacts;
mod control;
mod otp;
mod passwords;
mod pending_registrations;
mod platform;
mod profile;
mod random_token;
mod registration;
mod request_context;
mod responses;
mod seed;
mod sign_in;
mod social;
mod state;
mod user;

use self::request_context::{COOKIE, RequestContext};
use self::responses::{api_error, bad_request};
pub use self::seed::{FyndAttribute, FyndSignIn, FyndUser};
use self::state::{SocialAccount, State};
use self::user::Contact;
pub use self::user::FyndProvider;
use super::mock::mock;
use super::{Behaviour, Call, MockResponse, MockResult, MockState};
use crate::clock::Clock;
use crate::generated::fynd::operations;
use crate::pipeline::{Need, Operation};
use crate::secret::Secret;

/// The size limit of request bodies, which bounds the memory of the mock.
const MAX_BODY: usize = 64 * 1024;

mock!(
    /// A mock of a Fynd server. It accepts any well-formed application id and token; its signature
    /// key is the published one.
    ///
    /// It implements all operations. Signing in with an unknown mobile number or social account
    /// begins the registration of a new user; [`add_user`](Self::add_user) adds a
    /// known one. A code is valid once, for ten minutes; a link is
    /// valid for a day. A new message to a contact invalidates the previous one. A deleted user is
    /// removed at once.
    Fynd,
    State
);

impl Fynd {
    /// Adds a user and returns the id. Removes users who have one of the contacts.
    pub fn add_user(&self, user: FyndUser) -> String {
        self.shared.state().seed(user, self.shared.clock.now())
    }

    /// Signs a user in by the user id and returns the names and values of the cookies.
    pub fn cookies_for(&self, user_id: &str) -> Option<Vec<(String, Secret)>> {
        let now = self.shared.clock.now();
        let mut state = self.shared.state();
        state.users.contains_key(user_id).then(|| {
            let value = state.sign_in(user_id, now);
            vec![(COOKIE.to_owned(), value.into())]
        })
    }

    /// Expires all sent codes and links.
    pub fn expire_codes(&self) {
        self.shared.state().expire_codes();
    }

    /// Ends all sessions.
    pub fn end_sessions(&self) {
        self.shared.state().sign_out_all();
    }

    /// Ends all sessions of a user, by the user id.
    pub fn end_sessions_of(&self, user_id: &str) {
        self.shared.state().sign_out_user(user_id);
    }

    /// The number of sessions of a user, by the user id.
    pub fn sessions_of(&self, user_id: &str) -> usize {
        let now = self.shared.clock.now();
        self.shared.state().sessions(user_id, now).len()
    }

    /// Issues a token that signs a user in once (`login_with_token`), as the system of the seller
    /// does.
    pub fn issue_login_token(&self, user_id: &str) -> String {
        self.shared.state().issue_login_token(user_id)
    }

    /// Issues a token of the account `id` at a social provider, which is valid for an hour. The
    /// provider has verified `email`, so the account belongs to the user who has confirmed the same
    /// address.
    pub fn issue_social_token(
        &self,
        provider: FyndProvider,
        id: &str,
        email: Option<&str>,
    ) -> String {
        let account = SocialAccount {
            identity: (provider, id.to_owned()),
            email: email.map(str::to_owned),
        };
        let now = self.shared.clock.now();
        self.shared.state().issue_social_token(account, now)
    }

    /// Defines a user attribute. Only defined attributes can be read and set.
    pub fn define_attribute(&self, slug: impl Into<String>, values: FyndAttribute) {
        self.shared.state().attributes.insert(slug.into(), values);
    }

    /// Whether a new user must have a confirmed mobile number; true by default.
    pub fn require_mobile(&self, required: bool) {
        self.shared.state().rules.mobile_required = required;
    }

    /// Whether a new user must have a confirmed e-mail address; false by default.
    pub fn require_email(&self, required: bool) {
        self.shared.state().rules.email_required = required;
    }

    /// Switches off a way to sign in, in the platform configuration as well.
    pub fn switch_off(&self, way: FyndSignIn) {
        self.shared.state().rules.disabled.insert(way);
    }
}

impl Behaviour for MockState<State> {
    fn operations(&self) -> Vec<&'static Operation> {
        operations::ALL.to_vec()
    }

    fn respond(&self, call: &Call<'_>) -> MockResponse {
        match self.handle(call) {
            Ok(response) | Err(response) => response,
        }
    }
}

impl MockState<State> {
    /// Performs the checks that all operations share and routes the call.
    fn handle(&self, call: &Call<'_>) -> MockResult {
        let now = self.clock.now();
        let application_id = application::check(call, now)?;
        if call.body.len() > MAX_BODY {
            return Err(api_error(413, "BODY_TOO_LARGE", "the body is too large"));
        }
        let mut state = self.state();
        let mut context = RequestContext {
            state: &mut state,
            outbox: &self.outbox,
            call,
            application_id,
            body: call.json(),
            now,
        };
        if call.operation.session == Need::Required {
            context.signed_in()?;
        }
        let takes_body = call.operation.method != http::Method::GET
            && call.operation.method != http::Method::DELETE;
        if takes_body && !context.body.is_object() {
            let message = "the body must be a JSON object";
            return Err(bad_request("BODY_INVALID", message));
        }
        context.route()
    }
}

impl RequestContext<'_> {
    fn route(&mut self) -> MockResult {
        match self.call.operation.id {
            "get_logged_in_user" => self.get_logged_in_user(),
            "get_list_of_active_sessions" => self.list_sessions(),
            "get_platform_config" => Ok(MockResponse::ok(platform::config(&self.state.rules))),
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

    /// Operations that send or check codes and set passwords.
    fn route_codes(&mut self) -> MockResult {
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

    /// Operations on the contacts of a profile.
    fn route_contacts(&mut self) -> MockResult {
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
            _ => Err(api_error(
                501,
                "NOT_IMPLEMENTED",
                "the mock does not implement this operation",
            )),
        }
    }
}

//! A stateful mock of Wunder Mobility.

mod bootstrap;
mod branches;
mod cards;
mod control;
mod customers;
mod errors;
mod pages;
mod passwords;
mod request;
mod requirements;
mod second_factor;
mod seed;
mod sign_in;
mod signature;
mod social;
mod terms;
mod tokens;
mod totp;
mod users;
mod verification;

use std::collections::{HashMap, HashSet};

use self::branches::Branches;
use self::errors::{api_error, locked, no_such_user, unauthorized};
use self::passwords::PasswordRules;
use self::request::Request;
pub use self::requirements::WunderRequirement;
pub use self::seed::WunderUser;
use self::signature::Signatures;
use self::social::SocialAccount;
use self::terms::TermsVersions;
use self::tokens::{Owner, Tokens};
use self::users::{User, UserId, Users};
use super::mock::mock;
use super::{Behaviour, Call, MockResponse, MockResult, MockState};
use crate::clock::Clock;
use crate::generated::{wunder_auth, wunder_user};
use crate::pipeline::{Need, Operation};

mock!(
    /// A mock of a Wunder server. It accepts any tenant; its signature key is `test-signature-key`.
    ///
    /// It implements all operations. A user is created by requesting a code for a phone number or an
    /// e-mail address, by a sign-up or by [`add_user`](Self::add_user). Codes can be used once, for
    /// their own purpose only. A test adds terms, API clients, social accounts, branches and identity
    /// cards. Parameters named `user` accept a phone number, an e-mail address or a uuid.
    ///
    /// Where the vendor does not publish a request or a response, it has the shape that the OpenAPI
    /// documents assume. In the bodies of the social calls, of Gaiyo and of the token exchange, any
    /// member may contain the token of the provider.
    Wunder,
    State
);

/// The state of the mock.
#[derive(Default)]
struct State {
    pub(super) users: Users,
    pub(super) tokens: Tokens,
    pub(super) signatures: Signatures,
    /// The keys of the API clients, by id.
    pub(super) clients: HashMap<String, String>,
    pub(super) social_accounts: Vec<SocialAccount>,
    pub(super) terms: TermsVersions,
    pub(super) branches: Branches,
    pub(super) password_rules: PasswordRules,
    /// The steps that operations require of a user.
    pub(super) requirements: HashMap<String, Vec<WunderRequirement>>,
    /// Operations that the tenant does not offer.
    pub(super) disabled: HashSet<String>,
    counter: u64,
}

impl Behaviour for MockState<State> {
    fn operations(&self) -> Vec<&'static Operation> {
        let auth = wunder_auth::operations::ALL;
        auth.iter()
            .chain(wunder_user::operations::ALL)
            .copied()
            .collect()
    }

    fn respond(&self, call: &Call<'_>) -> MockResponse {
        if !is_tenant(call.path_value("tenant")) {
            return api_error(404, "R404", "the tenant does not exist");
        }
        let request = Request::new(call, &self.outbox, self.clock.now());
        match self.state().route(&request) {
            Ok(response) | Err(response) => response,
        }
    }
}

impl State {
    fn route(&mut self, request: &Request<'_>) -> MockResult {
        let operation = request.call.operation;
        if operation.signature != Need::Never {
            self.check_signature(request)?;
        }
        if self.disabled.contains(operation.id) {
            let message = "this way of signing in is not available";
            return Err(api_error(400, "U109", message));
        }
        match operation.id {
            "sign_in_email" => self.sign_in_email(request),
            "sign_in_phone_number" => self.sign_in_phone_number(request),
            "sign_in_email_code" => self.sign_in_email_code(request),
            "sign_in_gaiyo" => self.sign_in_gaiyo(request),
            "social_login" => self.social_login(request),
            "sign_in_api_client" => self.sign_in_api_client(request),
            "refresh_token" => self.refresh_token(request),
            "logout" => self.logout(request),
            "openid_token_exchange" => self.openid_token_exchange(request),
            "two_factor_secret" => self.two_factor_secret(request),
            "two_factor_qr_code" => self.two_factor_qr_code(request),
            "two_factor_enable" => self.two_factor_enable(request),
            "two_factor_code_validate" => self.two_factor_code_validate(request),
            "set_password" => self.set_password(request),
            "create_customer" => self.create_customer(request),
            "create_or_sign_in_with_phone_number" => self.send_code_to_phone(request),
            "create_or_sign_in_with_email_code" => self.send_code_to_email(request),
            "social_sign_up" => self.social_sign_up(request),
            "get_customer" => self.get_customer(request),
            "update_customer" => self.update_customer(request),
            "get_signed_customer" => self.get_signed_customer(request),
            "request_deletion" => self.request_deletion(request),
            "request_password_reset" => self.request_password_reset(request),
            "send_phone_verification" => self.send_phone_verification(request),
            "check_phone_verification" => self.check_phone_verification(request),
            "resend_email_verification" => self.resend_email_verification(request),
            "init_verification" => self.init_verification(request),
            "list_identity_cards" => self.list_identity_cards(request),
            "list_terms" => self.list_terms(request),
            "get_terms" => self.get_terms(request),
            "accept_terms" => self.accept_terms(request),
            "list_accepted_terms" => self.list_accepted_terms(request),
            "resolve_branch" => self.resolve_branch(request),
            _ => Err(api_error(
                501,
                "R999",
                "the mock does not implement this operation",
            )),
        }
    }
}

impl State {
    /// The user with a phone number; created if necessary.
    pub(super) fn user_of_phone(&mut self, phone: &str) -> UserId {
        self.users.by_phone(phone).unwrap_or_else(|| {
            let id = self.users.add();
            self.users.set_phone(id, phone);
            id
        })
    }

    /// The user with an e-mail address; created if necessary.
    pub(super) fn user_of_email(&mut self, email: &str) -> UserId {
        self.users.by_email(email).unwrap_or_else(|| {
            let id = self.users.add();
            self.users.set_email(id, email);
            id
        })
    }

    /// A new code of six digits.
    pub(super) fn next_code(&mut self) -> String {
        let code = 100_000 + self.next_number().wrapping_mul(7_919) % 900_000;
        code.to_string()
    }

    /// A new number.
    pub(super) fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// The owner of the access token of the call.
    pub(super) fn owner(&self, request: &Request<'_>) -> MockResult<Owner> {
        let bearer = request.call.bearer().ok_or_else(no_token)?;
        let owner = self.tokens.signed_in(bearer, request.seconds());
        owner.ok_or_else(unauthorized)
    }

    /// The user of the call, who may not have passed the second factor yet; and whether the user is
    /// signed in.
    pub(super) fn provisional_or_signed_in(
        &self,
        request: &Request<'_>,
    ) -> MockResult<(UserId, bool)> {
        let bearer = request.call.bearer().ok_or_else(no_token)?;
        if let Some(Owner::User(user)) = self.tokens.provisional(bearer, request.seconds()) {
            return Ok((self.unlocked(user)?, false));
        }
        match self.owner(request)? {
            Owner::User(user) => Ok((self.unlocked(user)?, true)),
            Owner::Client(_) => Err(no_such_user()),
        }
    }

    /// The user that a call of the User API applies to: the signed-in user, or the one on whose
    /// behalf an API client acts. Rejected if the user has not completed a required step.
    pub(super) fn customer(&self, request: &Request<'_>) -> MockResult<UserId> {
        let acting_for = request.call.header("GoUrban-Impersonate");
        let user = match (self.owner(request)?, acting_for) {
            (Owner::User(user), None) => user,
            (Owner::User(_), Some(_)) => {
                let message = "only an API client can act on behalf of a user";
                return Err(api_error(403, "A107", message));
            }
            (Owner::Client(_), None) => return Err(no_such_user()),
            (Owner::Client(client), Some(uuid)) => {
                let user = self.users.by_uuid(uuid);
                let created =
                    |user: &UserId| self.users[*user].created_by.as_ref() == Some(&client);
                let message = "this client did not create the user";
                user.filter(created)
                    .ok_or_else(|| api_error(403, "A108", message))?
            }
        };
        let user = self.unlocked(user)?;
        self.check_requirements(user, request.call.operation.id)?;
        Ok(user)
    }

    /// Checks the token of a call that needs none: one that is sent must be valid, and its user must have
    /// completed the required steps.
    pub(super) fn check_optional_session(&self, request: &Request<'_>) -> MockResult<()> {
        if request.call.bearer().is_none() {
            return Ok(());
        }
        let acts_for = request.call.header("GoUrban-Impersonate");
        match (self.owner(request)?, acts_for) {
            (Owner::Client(_), None) => Ok(()),
            _ => self.customer(request).map(drop),
        }
    }

    pub(super) fn unlocked(&self, user: UserId) -> MockResult<UserId> {
        match self.users[user].is_locked {
            true => Err(locked()),
            false => Ok(user),
        }
    }
}

impl Wunder {
    /// Updates a user. Returns false if the user does not exist.
    fn update_user(&self, user: &str, update: impl FnOnce(&mut User)) -> bool {
        let mut state = self.shared.state();
        let found = state.users.find(user);
        if let Some(id) = found {
            update(&mut state.users[id]);
        }
        found.is_some()
    }
}

/// Any well-formed tenant is valid.
fn is_tenant(tenant: &str) -> bool {
    let well_formed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    tenant.bytes().all(well_formed)
}

fn no_token() -> MockResponse {
    api_error(401, "AUTH001", "an access token is required")
}

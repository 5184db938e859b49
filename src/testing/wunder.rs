//! A stateful mock of Wunder Mobility.

mod asked;
mod bootstrap;
mod branches;
mod cards;
mod customers;
mod demands;
mod errors;
mod foreign;
mod pages;
mod passwords;
mod second_factor;
mod seed;
mod sign_in;
mod signature;
mod state;
mod terms;
mod tokens;
mod totp;
mod users;
mod verification;

use self::asked::Asked;
pub use self::demands::WunderDemand;
use self::errors::{Answered, api_error};
pub use self::seed::WunderUser;
use self::state::State;
use super::mock::mock;
use super::{Behaviour, Call, MockResponse, World};
use crate::clock::Clock;
use crate::generated::{wunder_auth, wunder_user};
use crate::pipeline::{Need, Operation};

mock!(
    /// A mock of one Wunder server, for any tenant. Its signature key is `test-signature-key`.
    ///
    /// It answers every described operation out of what happened before: a phone number or e-mail
    /// address that asks for a code is a user from then on, and everybody else comes by a sign-up
    /// or by [`add_user`](Self::add_user). Codes are good once and for their own purpose alone.
    /// Terms, API clients, accounts at third parties, branches and identity cards are there when a
    /// test adds them.
    ///
    /// Requests and answers that the vendor does not publish have the shape that the OpenAPI
    /// documents assume. In the bodies of the social calls, of Gaiyo and of the exchange of a
    /// token, any member may carry the foreign token.
    Wunder,
    State
);

impl Behaviour for World<State> {
    fn operations(&self) -> Vec<&'static Operation> {
        let auth = wunder_auth::operations::ALL;
        auth.iter()
            .chain(wunder_user::operations::ALL)
            .copied()
            .collect()
    }

    fn answer(&self, call: &Call<'_>) -> MockResponse {
        if !is_tenant(call.path_value("tenant")) {
            return api_error(404, "R404", "there is no such tenant");
        }
        let asked = Asked::new(call, &self.outbox, self.clock.now());
        match self.state().answer(&asked) {
            Ok(answer) | Err(answer) => answer,
        }
    }
}

impl State {
    fn answer(&mut self, asked: &Asked<'_>) -> Answered {
        let operation = asked.call.operation;
        if operation.signature != Need::Never {
            self.check_signature(asked)?;
        }
        if self.withheld.contains(operation.id) {
            let message = "this way of signing in is not available";
            return Err(api_error(400, "U109", message));
        }
        match operation.id {
            "sign_in_email" => self.sign_in_email(asked),
            "sign_in_phone_number" => self.sign_in_phone_number(asked),
            "sign_in_email_code" => self.sign_in_email_code(asked),
            "sign_in_gaiyo" => self.sign_in_gaiyo(asked),
            "social_login" => self.social_login(asked),
            "sign_in_api_client" => self.sign_in_api_client(asked),
            "refresh_token" => self.refresh_token(asked),
            "logout" => self.logout(asked),
            "openid_token_exchange" => self.openid_token_exchange(asked),
            "two_factor_secret" => self.two_factor_secret(asked),
            "two_factor_qr_code" => self.two_factor_qr_code(asked),
            "two_factor_enable" => self.two_factor_enable(asked),
            "two_factor_code_validate" => self.two_factor_code_validate(asked),
            "set_password" => self.set_password(asked),
            "create_customer" => self.create_customer(asked),
            "create_or_sign_in_with_phone_number" => self.send_code_to_phone(asked),
            "create_or_sign_in_with_email_code" => self.send_code_to_email(asked),
            "social_sign_up" => self.social_sign_up(asked),
            "get_customer" => self.get_customer(asked),
            "update_customer" => self.update_customer(asked),
            "get_signed_customer" => self.get_signed_customer(asked),
            "request_deletion" => self.request_deletion(asked),
            "request_password_reset" => self.request_password_reset(asked),
            "send_phone_verification" => self.send_phone_verification(asked),
            "check_phone_verification" => self.check_phone_verification(asked),
            "resend_email_verification" => self.resend_email_verification(asked),
            "init_verification" => self.init_verification(asked),
            "list_identity_cards" => self.list_identity_cards(asked),
            "list_terms" => self.list_terms(asked),
            "get_terms" => self.get_terms(asked),
            "accept_terms" => self.accept_terms(asked),
            "list_accepted_terms" => self.list_accepted_terms(asked),
            "resolve_branch" => self.resolve_branch(asked),
            _ => Err(api_error(
                501,
                "R999",
                "this mock does not know the operation",
            )),
        }
    }
}

/// Any well-formed tenant exists.
fn is_tenant(tenant: &str) -> bool {
    let well_formed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    tenant.bytes().all(well_formed)
}

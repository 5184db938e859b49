//! What the mock remembers, and who is calling.

use std::collections::{HashMap, HashSet};

use super::asked::Asked;
use super::branches::Branches;
use super::demands::WunderDemand;
use super::errors::{api_error, locked, no_such_user, unauthorized};
use super::foreign::ForeignAccount;
use super::passwords::PasswordRules;
use super::signature::Signatures;
use super::terms::Library;
use super::tokens::{Owner, Tokens};
use super::users::{UserId, Users};
use crate::testing::MockResponse;

#[derive(Default)]
pub(super) struct State {
    pub(super) users: Users,
    pub(super) tokens: Tokens,
    pub(super) signatures: Signatures,
    /// The keys of the API clients, by their ids.
    pub(super) clients: HashMap<String, String>,
    pub(super) foreign: Vec<ForeignAccount>,
    pub(super) library: Library,
    pub(super) branches: Branches,
    pub(super) password_rules: PasswordRules,
    /// What an operation asks of a user before it does anything.
    pub(super) demands: HashMap<String, Vec<WunderDemand>>,
    /// The ways in that the tenant does not offer.
    pub(super) withheld: HashSet<String>,
    counter: u64,
}

impl State {
    /// The user of a number; a new one at first contact.
    pub(super) fn user_of_phone(&mut self, phone: &str) -> UserId {
        self.users.by_phone(phone).unwrap_or_else(|| {
            let id = self.users.add();
            self.users.set_phone(id, phone);
            id
        })
    }

    /// The user of an address; a new one at first contact.
    pub(super) fn user_of_email(&mut self, email: &str) -> UserId {
        self.users.by_email(email).unwrap_or_else(|| {
            let id = self.users.add();
            self.users.set_email(id, email);
            id
        })
    }

    /// Six digits, another each time.
    pub(super) fn next_code(&mut self) -> String {
        let code = 100_000 + self.next_number().wrapping_mul(7_919) % 900_000;
        code.to_string()
    }

    /// A number that was not given before.
    pub(super) fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Whose access token the call carries.
    pub(super) fn owner(&self, asked: &Asked<'_>) -> Result<Owner, MockResponse> {
        let bearer = asked.call.bearer().ok_or_else(no_token)?;
        let owner = self.tokens.signed_in(bearer, asked.seconds());
        owner.ok_or_else(unauthorized)
    }

    /// The user who is signed in, or whose second factor is all that lacks.
    pub(super) fn half_signed_in(&self, asked: &Asked<'_>) -> Result<(UserId, bool), MockResponse> {
        let bearer = asked.call.bearer().ok_or_else(no_token)?;
        if let Some(Owner::User(user)) = self.tokens.provisional(bearer, asked.seconds()) {
            return Ok((self.unlocked(user)?, false));
        }
        match self.owner(asked)? {
            Owner::User(user) => Ok((self.unlocked(user)?, true)),
            Owner::Client(_) => Err(no_such_user()),
        }
    }

    /// The user whom a call of the User API is about: the one who is signed in, or the one for
    /// whom an API client acts. Refused while the operation demands something of that user.
    pub(super) fn customer(&self, asked: &Asked<'_>) -> Result<UserId, MockResponse> {
        let acting_for = asked.call.header("GoUrban-Impersonate");
        let user = match (self.owner(asked)?, acting_for) {
            (Owner::User(user), None) => user,
            (Owner::User(_), Some(_)) => {
                let message = "only an API client acts for somebody";
                return Err(api_error(403, "A107", message));
            }
            (Owner::Client(_), None) => return Err(no_such_user()),
            (Owner::Client(client), Some(uuid)) => {
                let user = self.users.by_uuid(uuid);
                let created =
                    |user: &UserId| self.users[*user].created_by.as_ref() == Some(&client);
                let message = "this client did not create such a user";
                user.filter(created)
                    .ok_or_else(|| api_error(403, "A108", message))?
            }
        };
        let user = self.unlocked(user)?;
        self.meets_demands(user, asked.call.operation.id)?;
        Ok(user)
    }

    pub(super) fn unlocked(&self, user: UserId) -> Result<UserId, MockResponse> {
        match self.users[user].is_locked {
            true => Err(locked()),
            false => Ok(user),
        }
    }
}

fn no_token() -> MockResponse {
    api_error(401, "AUTH001", "an access token is needed")
}

//! What a test tells the mock beforehand.

use std::fmt;

use serde_json::{Map, Value};

use super::Fynd;
use super::codes::{Codes, Links};
use super::exchange::COOKIE;
use super::person::{Contact, Contacts, Details, Identity, Number};
use super::state::SocialAccount;
use crate::clock::Clock;
use crate::secret::Secret;

/// A third party whose accounts Fynd accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FyndProvider {
    /// Facebook.
    Facebook,
    /// Google, on the web, on Android and on iOS.
    Google,
    /// Apple.
    Apple,
}

/// A way to sign in that a sales channel can switch off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FyndSignIn {
    /// By a code that is sent to the mobile.
    Otp,
    /// By e-mail address and password.
    Password,
    /// By an account at a third party.
    Social(FyndProvider),
}

/// The type of a user attribute's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FyndAttribute {
    /// Strings.
    Text,
    /// Numbers.
    Number,
    /// True and false.
    Boolean,
    /// Lists of anything.
    List,
}

impl FyndAttribute {
    pub(super) fn takes(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
        }
    }
}

/// A user for [`Fynd::seed_user`]. The first mobile and the first e-mail are the main ones.
///
/// ```
/// use vestibule::testing::{Fynd, FyndProvider, FyndUser};
///
/// # #[tokio::main]
/// # async fn main() {
/// let fynd = Fynd::start().await;
/// let asha = FyndUser::new("Asha")
///     .mobile("+91", "9000000001")
///     .unverified_email("asha@example.com")
///     .social(FyndProvider::Google, "1001");
/// let asha = fynd.seed_user(asha);
///
/// // What an app would get from Google, and what a shop's own system would issue.
/// let google = fynd.issue_social_token(FyndProvider::Google, "1001", None);
/// let token = fynd.issue_login_token(&asha);
/// # assert_ne!(google, token);
/// assert_eq!(fynd.sessions_of(&asha), 0);
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "a user is seeded by `Fynd::seed_user`"]
pub struct FyndUser {
    pub(super) details: Details,
    pub(super) contacts: Contacts,
    pub(super) identities: Vec<Identity>,
    pub(super) attributes: Map<String, Value>,
}

impl fmt::Debug for FyndUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("testing::FyndUser")
    }
}

impl FyndUser {
    /// A user of this given name, with nothing to sign in by.
    pub fn new(first_name: impl Into<String>) -> Self {
        let mut user = Self::default();
        user.details.first_name = Some(first_name.into());
        user
    }

    /// The family name.
    pub fn last_name(mut self, name: impl Into<String>) -> Self {
        self.details.last_name = Some(name.into());
        self
    }

    /// The password, to sign in with together with an e-mail address.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.details.password = Some(password.into());
        self
    }

    /// A confirmed mobile: country calling code (`91` or `+91`) and number without it.
    pub fn mobile(self, country_code: &str, mobile: &str) -> Self {
        self.with(Contact::Mobile(Number::new(country_code, mobile)), true)
    }

    /// A mobile that was not confirmed yet.
    pub fn unverified_mobile(self, country_code: &str, mobile: &str) -> Self {
        self.with(Contact::Mobile(Number::new(country_code, mobile)), false)
    }

    /// A confirmed e-mail address.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.with(Contact::Email(email.into()), true)
    }

    /// An e-mail address that was not confirmed yet.
    pub fn unverified_email(self, email: impl Into<String>) -> Self {
        self.with(Contact::Email(email.into()), false)
    }

    /// An account at a third party that signs this user in; `id` is the party's.
    pub fn social(mut self, provider: FyndProvider, id: impl Into<String>) -> Self {
        self.identities.push((provider, id.into()));
        self
    }

    /// The value of a user attribute; it counts if [`Fynd::define_attribute`] defined the slug.
    pub fn attribute(mut self, slug: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.insert(slug.into(), value.into());
        self
    }

    fn with(mut self, contact: Contact, verified: bool) -> Self {
        self.contacts.add(contact, verified);
        self
    }
}

impl Number {
    fn new(country_code: &str, mobile: &str) -> Self {
        Self {
            country_code: country_code.trim_start_matches('+').to_owned(),
            mobile: mobile.to_owned(),
        }
    }
}

impl Fynd {
    /// Adds a user: country calling code (`91` or `+91`), mobile number without it, given name.
    pub fn add_user(&self, country_code: &str, mobile: &str, first_name: &str) {
        self.seed_user(FyndUser::new(first_name).mobile(country_code, mobile));
    }

    /// Adds a user and gives the id. Who had one of the contacts before is gone.
    pub fn seed_user(&self, user: FyndUser) -> String {
        self.world.state().seed(user, self.world.clock.now())
    }

    /// Signs a user in, by the user's id, and gives the names and values of the cookies.
    pub fn cookies_for(&self, user_id: &str) -> Option<Vec<(String, Secret)>> {
        let now = self.world.clock.now();
        let mut state = self.world.state();
        state.users.contains_key(user_id).then(|| {
            let value = state.sign_in(user_id, now);
            vec![(COOKIE.to_owned(), value.into())]
        })
    }

    /// Makes every code and link that was sent until now invalid, as if its time were over.
    pub fn expire_codes(&self) {
        let mut state = self.world.state();
        state.codes = Codes::default();
        state.links = Links::default();
    }

    /// Makes every cookie that was issued until now invalid.
    pub fn end_sessions(&self) {
        self.world.state().sign_all_out();
    }

    /// Makes every cookie of one user invalid, by the user's id.
    pub fn end_sessions_of(&self, user_id: &str) {
        self.world.state().sign_out_user(user_id);
    }

    /// In how many sessions a user is signed in, by the user's id.
    pub fn sessions_of(&self, user_id: &str) -> usize {
        let now = self.world.clock.now();
        self.world.state().sessions(user_id, now).len()
    }

    /// A token that signs this user in once (`login_with_token`), as the seller's own system would
    /// issue it.
    pub fn issue_login_token(&self, user_id: &str) -> String {
        self.world.state().issue_login_token(user_id)
    }

    /// A token that the third party confirms for an hour, of its account `id`. An `email` counts as
    /// confirmed by the party, and belongs to the user who has it confirmed.
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
        let now = self.world.clock.now();
        self.world.state().issue_social_token(account, now)
    }

    /// Defines a user attribute: only defined ones can be read and set.
    pub fn define_attribute(&self, slug: impl Into<String>, values: FyndAttribute) {
        self.world.state().attributes.insert(slug.into(), values);
    }

    /// Whether a new user must have a confirmed mobile; so it is unless told otherwise.
    pub fn require_mobile(&self, required: bool) {
        self.world.state().rules.mobile_required = required;
    }

    /// Whether a new user must have a confirmed e-mail address; it is not so unless told otherwise.
    pub fn require_email(&self, required: bool) {
        self.world.state().rules.email_required = required;
    }

    /// Switches a way to sign in off; the platform's configuration says so too.
    pub fn switch_off(&self, way: FyndSignIn) {
        self.world.state().rules.off.insert(way);
    }
}

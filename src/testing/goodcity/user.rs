//! The users that a test adds.

use chrono::{DateTime, Utc};

use crate::phone::Phone;

/// A user for [`GoodCity::add_user`](super::GoodCity::add_user).
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), vestibule::Error> {
/// use vestibule::Phone;
/// use vestibule::testing::{GoodCity, GoodCityUser};
///
/// let mock = GoodCity::start().await;
/// let phone = Phone::parse("+852 6123 4567")?;
/// mock.add_user(GoodCityUser::new(phone).first_name("Ada").last_name("Wong").language("zh-tw"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a user has no effect until it is passed to `GoodCity::add_user`"]
pub struct GoodCityUser {
    pub(super) phone: Phone,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) title: Option<String>,
    pub(super) email: Option<String>,
    pub(super) language: Option<String>,
    pub(super) apps: Vec<String>,
    pub(super) organisation: Option<String>,
    pub(super) last_connected: Option<DateTime<Utc>>,
}

impl GoodCityUser {
    /// A user with this number and no name, who may use the apps that are open to all users.
    pub fn new(phone: impl Into<Phone>) -> Self {
        Self {
            phone: phone.into(),
            first_name: String::new(),
            last_name: String::new(),
            title: None,
            email: None,
            language: None,
            apps: Vec::new(),
            organisation: None,
            last_connected: None,
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

    /// The form of address: `Mr`, `Mrs`, `Miss` or `Ms`.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The e-mail address.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// The language of messages to the user, `en` or `zh-tw`; none by default, which gives English
    /// messages. Reading the profile changes it.
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// Permits the user to sign in as an app that is not open to all users: `admin` or
    /// `settings_editor`. The profile names a role and its permission.
    pub fn may_use_app(mut self, app: impl Into<String>) -> Self {
        self.apps.push(app.into());
        self
    }

    /// The organisation that the user belongs to.
    pub fn organisation(mut self, name: impl Into<String>) -> Self {
        self.organisation = Some(name.into());
        self
    }

    /// When the user was last connected.
    pub fn last_connected(mut self, at: DateTime<Utc>) -> Self {
        self.last_connected = Some(at);
        self
    }
}

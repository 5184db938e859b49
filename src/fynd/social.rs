//! Sign-in by an account at a third party.

use super::api::{Api, types};
use super::client::Client;
use super::contact::check_filled;
use super::direct_sign_in::DirectSignIn;
use super::other_spelling;
use super::sign_in::SignIn;
use super::user_status::UserStatus;
use crate::email::{Email, GivenEmail, IntoEmail};
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::secret::Secret;

#[derive(Clone)]
enum Provider {
    Facebook,
    Google,
    GoogleAndroid,
    GoogleIos,
    Apple,
}

/// The token of a third party and the profile that came with it.
#[derive(Clone)]
#[must_use = "no user is signed in before `Client::sign_in_with_social`"]
pub struct SocialSignIn {
    provider: Provider,
    token: Secret,
    refresh_token: Option<Secret>,
    expiry: Option<i64>,
    id: Option<String>,
    email: Option<GivenEmail>,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    image: Option<String>,
    platform: Option<String>,
    is_signed_in: bool,
}

opaque_debug!("fynd": SocialSignIn);

impl SocialSignIn {
    fn new(provider: Provider, token: Secret) -> Self {
        Self {
            provider,
            token,
            refresh_token: None,
            expiry: None,
            id: None,
            email: None,
            first_name: None,
            last_name: None,
            full_name: None,
            image: None,
            platform: None,
            is_signed_in: true,
        }
    }

    /// An access token of Facebook.
    pub fn facebook(access_token: impl Into<Secret>) -> Self {
        Self::new(Provider::Facebook, access_token.into())
    }

    /// An access token of Google, from a website.
    pub fn google(access_token: impl Into<Secret>) -> Self {
        Self::new(Provider::Google, access_token.into())
    }

    /// An access token of Google, from an Android app.
    pub fn google_android(access_token: impl Into<Secret>) -> Self {
        Self::new(Provider::GoogleAndroid, access_token.into())
    }

    /// An access token of Google, from an iOS app.
    pub fn google_ios(access_token: impl Into<Secret>) -> Self {
        Self::new(Provider::GoogleIos, access_token.into())
    }

    /// An identity token of Apple. The user's [`id`](Self::id) there is required, and the profile is
    /// limited to names.
    pub fn apple(identity_token: impl Into<Secret>) -> Self {
        Self::new(Provider::Apple, identity_token.into())
    }

    /// The refresh token that came with the access token.
    pub fn refresh_token(mut self, token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(token.into());
        self
    }

    /// When the access token expires.
    pub fn expires_at(mut self, time: chrono::DateTime<chrono::Utc>) -> Self {
        self.expiry = Some(time.timestamp_millis());
        self
    }

    /// The user's id at the third party; at Apple, the user identifier.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The user's e-mail address.
    pub fn email(mut self, email: impl IntoEmail) -> Self {
        self.email = Some(email.into_email());
        self
    }

    /// The user's given name.
    pub fn first_name(mut self, name: impl Into<String>) -> Self {
        self.first_name = Some(name.into());
        self
    }

    /// The user's family name.
    pub fn last_name(mut self, name: impl Into<String>) -> Self {
        self.last_name = Some(name.into());
        self
    }

    /// The user's whole name.
    pub fn full_name(mut self, name: impl Into<String>) -> Self {
        self.full_name = Some(name.into());
        self
    }

    /// The address of the user's picture.
    pub fn image(mut self, url: impl Into<String>) -> Self {
        self.image = Some(url.into());
        self
    }

    /// The id of the application that the user belongs to. The server uses `Fynd` by default.
    pub fn platform(mut self, id: impl Into<String>) -> Self {
        self.platform = Some(id.into());
        self
    }

    /// Whether the user is signed in at the third party; true by default. Apple's call has no such
    /// member.
    pub fn is_signed_in(mut self, is_signed_in: bool) -> Self {
        self.is_signed_in = is_signed_in;
        self
    }

    fn check(&self) -> Result<(), Error> {
        let token = self.token.expose();
        match &self.provider {
            Provider::Apple => {
                check_filled("identity_token", token)?;
                check_filled("id", self.id.as_deref().unwrap_or_default())?;
            }
            _ => check_filled("access_token", token)?,
        }
        if let Some(email) = self.email.clone() {
            Email::of(System::Fynd, email)?;
        }
        Ok(())
    }

    fn body(self) -> types::builder::OAuthRequestSchema {
        let profile = types::OAuthRequestSchemaProfile {
            email: self
                .email
                .and_then(Result::ok)
                .map(|email| email.as_str().to_owned()),
            first_name: self.first_name,
            full_name: self.full_name,
            id: self.id,
            image: self.image,
            last_name: self.last_name,
        };
        types::OAuthRequestSchema::builder()
            .is_signed_in(self.is_signed_in)
            .oauth2(types::OAuthRequestSchemaOauth2 {
                access_token: Some(self.token),
                expiry: self.expiry,
                refresh_token: self.refresh_token,
            })
            .profile(profile)
    }

    fn apple_body(self) -> types::builder::OAuthRequestAppleSchema {
        types::OAuthRequestAppleSchema::builder()
            .user_identifier(self.id.unwrap_or_default())
            .oauth(types::OAuthRequestAppleSchemaOauth {
                identity_token: Some(self.token),
            })
            .profile(types::OAuthRequestAppleSchemaProfile {
                first_name: self.first_name,
                full_name: self.full_name,
                last_name: self.last_name,
            })
    }
}

impl Client {
    /// Signs a user in by an account at a third party. Sends no message. It is retried only if the
    /// server certainly did not process it. A new user has to complete the profile.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/` with `facebook-token`,
    /// `google-token`, `google-android`, `google-ios` or `apple-ios`.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com").social(vestibule::testing::FyndProvider::Google, "1001");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let token = mock.issue_social_token(vestibule::testing::FyndProvider::Google, "1001", None);
    /// use vestibule::fynd::{SignIn, SocialSignIn};
    ///
    /// // `google_android`, `google_ios`, `facebook` and `apple` are used the same way.
    /// let account = SocialSignIn::google(token).first_name("Asha");
    /// match client.sign_in_with_social(account).await? {
    ///     SignIn::SignedIn(session) | SignIn::SignedInWithCodes(session, _) => {
    ///         println!("{:?}", session.profile().await?.active);
    ///     }
    ///     SignIn::ProfileRequired(profile) => drop(profile.first_name("Asha").last_name("Rao").send().await?),
    ///     SignIn::CodesRequired(_) => println!("the user must confirm codes"),
    /// }
    /// # assert_eq!(mock.sessions_of(&id), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] naming `access_token`, `identity_token`, `id` or
    /// `email`, [`ErrorKind::Unavailable`] if the session store fails: nothing is sent in these cases.
    /// [`ErrorKind::Rejected`]: the third party does not confirm the token.
    /// [`ErrorKind::InvalidResponse`]: the server accepted it, and named no user or returned no cookie.
    /// Otherwise as any call, see [`Error`].
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    /// [`ErrorKind::Rejected`]: crate::ErrorKind::Rejected
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn sign_in_with_social(&self, account: SocialSignIn) -> Result<SignIn, Error> {
        account.check()?;
        let platform = account.platform.clone().or_else(|| self.platform());
        let direct = DirectSignIn::begin(self, platform.clone()).await?;
        let operation = match &account.provider {
            Provider::Facebook => "login_with_facebook",
            Provider::Google => "login_with_google",
            Provider::GoogleAndroid => "login_with_google_android",
            Provider::GoogleIos => "login_with_google_ios",
            Provider::Apple => "login_with_apple_ios",
        };
        let send = async move |api: Api| {
            let response = match account.provider.clone() {
                Provider::Facebook => {
                    let call = api.login_with_facebook().platform(platform);
                    call.body(account.body()).send().await
                }
                Provider::Google => {
                    let call = api.login_with_google().platform(platform);
                    call.body(account.body()).send().await
                }
                Provider::GoogleAndroid => {
                    let call = api.login_with_google_android().platform(platform);
                    call.body(account.body()).send().await
                }
                Provider::GoogleIos => {
                    let call = api.login_with_google_ios().platform(platform);
                    call.body(account.body()).send().await
                }
                Provider::Apple => {
                    let call = api.login_with_apple_ios().platform(platform);
                    call.body(account.apple_body()).send().await
                }
            };
            let response = response?.into_inner();
            let user_exists =
                other_spelling::user_exists(response.user_exists, &response.extra, Some(false));
            let user = response.user.as_ref();
            Ok(UserStatus::new(user, user_exists, response.register_token))
        };
        direct.exchange(operation, send).await
    }
}

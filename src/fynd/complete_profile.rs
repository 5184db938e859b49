//! The profile of a new user: the step of a sign-in that creates the user.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::api::types;
use super::client::Client;
use super::contact::{check_filled, country_code, national_number};
use super::partial_session::PartialSession;
use super::sign_in::{PendingCodes, SignIn, unknown_contact};
use super::unconfirmed_codes::{
    CodePermits, SentCodes, UnconfirmedCode, UnconfirmedCodes, sent_codes,
};
use super::user_status::{UserStatus, filled, finish};
use crate::challenge::{ActiveChallenge, Step, StepError};
use crate::contact::Contact;
use crate::email::{Email, GivenEmail, IntoEmail};
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::phone::Phone;
use crate::secret::Secret;
use crate::session::{Caller, CookieJar, run_exchange};
use crate::skewed_clock::SkewedClock;

const UPDATE_PROFILE: &str = "update_profile";

/// How long the user has to complete the profile.
const PROFILE_TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// The state in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct NewUser {
    platform: Option<String>,
    cookies: CookieJar,
    register_token: Secret,
    /// The contact that the user signed in with.
    #[serde(default)]
    contact: Option<Contact>,
}

impl NewUser {
    pub(super) fn new(
        platform: Option<String>,
        cookies: CookieJar,
        register_token: Secret,
        contact: Option<Contact>,
    ) -> Self {
        Self {
            platform,
            cookies,
            register_token,
            contact,
        }
    }
}

impl Step for NewUser {
    const KIND: &'static str = "profile";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        PROFILE_TIME_TO_LIVE
    }

    fn messages(&self) -> usize {
        0
    }
}

/// The code was correct, and there is no user with this contact yet: a name creates one.
///
/// The client's store keeps it for an hour; see [`challenge`](crate::challenge). What the user has
/// entered so far is not stored: set it again after resuming.
#[must_use = "there is no user before `send`"]
pub struct CompleteProfile {
    client: Client,
    challenge: ActiveChallenge<NewUser>,
    first_name: String,
    last_name: Option<String>,
    mobile: Option<Phone>,
    email: Option<GivenEmail>,
    gender: Option<String>,
    date_of_birth: Option<String>,
    messages: ProfileMessages,
}

/// How the codes are sent that a change of a profile causes.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct ProfileMessages {
    pub(super) sender: Option<String>,
    pub(super) encrypt_otp: Option<bool>,
    pub(super) android_hash: Option<String>,
}

/// The setters of `messages`, which both changes of a profile have.
macro_rules! profile_message_setters {
    () => {
        /// Sets the sender that a code's message names. The vendor documents no values.
        pub fn sender(mut self, sender: impl ::std::convert::Into<String>) -> Self {
            self.messages.sender = Some(sender.into());
            self
        }

        /// Whether the code in a message is encrypted, for an app that decrypts it.
        pub fn encrypt_otp(mut self, encrypt: bool) -> Self {
            self.messages.encrypt_otp = Some(encrypt);
            self
        }

        /// The hash of an Android app, which the message to a mobile contains so that the app can read
        /// the code.
        pub fn android_hash(mut self, hash: impl ::std::convert::Into<String>) -> Self {
            self.messages.android_hash = Some(hash.into());
            self
        }
    };
}
pub(super) use profile_message_setters;

opaque_debug!("fynd": CompleteProfile);

impl CompleteProfile {
    pub(super) fn resumed(client: Client, challenge: ActiveChallenge<NewUser>) -> Self {
        Self {
            client,
            challenge,
            first_name: String::new(),
            last_name: None,
            mobile: None,
            email: None,
            gender: None,
            date_of_birth: None,
            messages: ProfileMessages::default(),
        }
    }

    profile_message_setters!();

    /// The id by which [`Client::resume_challenge`] resumes the sign-in, the same as before the
    /// profile: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// Sets the given name of the user. Required.
    pub fn first_name(mut self, name: impl Into<String>) -> Self {
        self.first_name = name.into();
        self
    }

    /// Sets the family name of the user.
    pub fn last_name(mut self, name: impl Into<String>) -> Self {
        self.last_name = Some(name.into());
        self
    }

    /// The user's mobile phone. The sales channel may want it confirmed before there is a
    /// session.
    pub fn phone(mut self, phone: impl Into<Phone>) -> Self {
        self.mobile = Some(phone.into());
        self
    }

    /// The user's e-mail address. The sales channel may want it confirmed before there is a
    /// session.
    pub fn email(mut self, email: impl IntoEmail) -> Self {
        self.email = Some(email.into_email());
        self
    }

    /// The user's gender, as the sales channel names it: the values are not published.
    pub fn gender(mut self, gender: impl Into<String>) -> Self {
        self.gender = Some(gender.into());
        self
    }

    /// The user's date of birth, in the sales channel's format: it is not published.
    pub fn date_of_birth(mut self, date: impl Into<String>) -> Self {
        self.date_of_birth = Some(date.into());
        self
    }

    /// Completes the profile. The user is signed in, unless the server wants a contact confirmed
    /// that the profile names and sends it a code; the codes continue under the same
    /// [`id`](Self::id). A server that signs the user in may send codes all the same, which may be
    /// confirmed later ([`SignIn::SignedInWithCodes`]). It is never sent twice.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # mock.require_email(true);
    /// # let code = || mock.outbox().last_code("+919000000001").unwrap();
    /// # let email_code = || mock.outbox().last_code("asha@example.com").unwrap();
    /// # let pending = client.sign_in_with_phone_code(&"+919000000001".parse()?).send().await?;
    /// # use vestibule::fynd::SignIn;
    /// # let SignIn::ProfileRequired(profile) = pending.confirm(code()).await? else { panic!() };
    /// let profile = profile.first_name("Asha").last_name("Rao").email("asha@example.com");
    /// let signed_in = match profile.send().await? {
    ///     // This sales channel wants the address confirmed.
    ///     SignIn::CodesRequired(codes) => codes.confirm_email(email_code()).await?,
    ///     signed_in => signed_in,
    /// };
    /// # let session = signed_in.signed_in().unwrap();
    /// # assert_eq!(session.profile().await?.first_name.as_deref(), Some("Asha"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/profile/v1.0/detail`.
    ///
    /// # Errors
    ///
    /// The error returns the state. Nothing was sent with [`ErrorKind::InvalidInput`]
    /// naming `first_name` or `email`, [`ErrorKind::RateLimited`] (the timer
    /// of the last message to one of the contacts runs), [`ErrorKind::Unavailable`] (the session store
    /// fails) and [`ErrorKind::Unauthenticated`] (it is finished or has expired).
    /// [`ErrorKind::StepRequired`]: the server wants a contact confirmed that the profile does not
    /// name. [`ErrorKind::InvalidResponse`]: it succeeded, and named no user or returned no cookie.
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    /// [`ErrorKind::RateLimited`]: crate::ErrorKind::RateLimited
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::Unauthenticated`]: crate::ErrorKind::Unauthenticated
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    pub async fn send(self) -> Result<SignIn, StepError<Self>> {
        let context = self.challenge.context();
        let exchange = async move |caller: Caller| self.send_for(&caller).await;
        run_exchange(&context, exchange).await
    }

    async fn send_for(mut self, caller: &Caller) -> Result<SignIn, StepError<Self>> {
        let completed = match self.send_profile().await {
            Ok(completed) => completed,
            Err(error) => return Err(StepError::new(self, error)),
        };
        let step = &self.challenge.step;
        let is_signed_in = completed.names_user && !step.cookies.is_empty();
        if completed.wants_codes && !is_signed_in {
            if completed.codes.is_empty() {
                self.challenge.save_response().await;
                return Err(StepError::new(self, unknown_contact(UPDATE_PROFILE)));
            }
            let codes = self.unconfirmed(completed.codes);
            let challenge = self.challenge.advance(codes).await;
            let codes = PendingCodes::resumed(self.client, None, challenge);
            return Ok(SignIn::CodesRequired(codes));
        }
        let signed_in = finish(
            &self.client,
            completed.names_user,
            &step.cookies,
            UPDATE_PROFILE,
        );
        let session = match signed_in.await {
            Ok(session) => session,
            Err(error) => return Err(StepError::new(self, error)),
        };
        // There is no code by which a caller could claim the session.
        caller.granted(&session);
        if completed.codes.is_empty() {
            if completed.wants_codes {
                tracing::warn!("a code was sent to a contact that neither side named");
            }
            self.challenge.finish().await;
            return Ok(SignIn::SignedIn(session));
        }
        let codes = self.unconfirmed(completed.codes);
        let codes = PendingCodes::of_session(&session, self.challenge, codes).await;
        Ok(SignIn::SignedInWithCodes(session, codes))
    }

    fn unconfirmed(&self, codes: Vec<UnconfirmedCode>) -> UnconfirmedCodes {
        let step = self.challenge.step.clone();
        UnconfirmedCodes {
            platform: step.platform,
            cookies: step.cookies,
            register_token: Some(step.register_token),
            codes,
            messages: self.messages.clone(),
            owner: None,
        }
    }

    async fn send_profile(&mut self) -> Result<Completed, Error> {
        check_filled("first_name", &self.first_name)?;
        let email = self.email.clone();
        let email = email.map(|email| Email::of(System::Fynd, email));
        let email = email.transpose()?;
        self.challenge.check().await?;
        let mobile = self.mobile.as_ref().map(Contact::from);
        let contacts = mobile.into_iter().chain(email.as_ref().map(Contact::from));
        let requester = self.challenge.requester();
        let permits = CodePermits::claim(&self.client, requester, contacts.collect()).await?;
        let partial = PartialSession::new(&self.client, &self.challenge.step.cookies);
        let api = partial.api();
        let call = api.update_profile().body(self.body(email));
        let response = call
            .platform(self.challenge.step.platform.clone())
            .send()
            .await;
        self.challenge.step.cookies = partial.cookies();
        let response = match response {
            Ok(response) => response.into_inner(),
            Err(error) => return Err(permits.failed(error).await),
        };
        if let Some(token) = filled(response.register_token.clone()) {
            self.challenge.step.register_token = token;
        }
        let user = response.user.as_ref();
        let names_user = UserStatus::new(user, None, None).names_user;
        let sent = SentCodes::of_profile(response);
        let requester = self.challenge.requester();
        let contact = self.challenge.step.contact.as_ref();
        let codes = permits
            .sent(&self.client, requester, &sent, contact)
            .await?;
        Ok(Completed {
            names_user,
            wants_codes: sent.any(),
            codes,
        })
    }

    fn body(&self, email: Option<Email>) -> types::builder::EditProfileRequestSchema {
        let mobile = self.mobile.as_ref();
        let mobile = mobile.map(|phone| types::EditProfileMobileSchema {
            country_code: Some(country_code(phone)),
            phone: Some(national_number(phone)),
        });
        let last_name = self
            .last_name
            .clone()
            .filter(|name| !name.trim().is_empty());
        types::EditProfileRequestSchema::builder()
            .register_token(self.challenge.step.register_token.clone())
            .first_name(self.first_name.clone())
            .last_name(last_name)
            .mobile(mobile)
            .email(email.map(|email| email.as_str().to_owned()))
            .gender(self.gender.clone())
            .dob(self.date_of_birth.clone())
            .sender(self.messages.sender.clone())
            .encrypt_otp(self.messages.encrypt_otp)
            .android_hash(self.messages.android_hash.clone())
    }
}

/// What the response to a profile says.
struct Completed {
    names_user: bool,
    wants_codes: bool,
    /// The codes whose contacts are known.
    codes: Vec<UnconfirmedCode>,
}

impl SentCodes {
    /// The codes that a change of a profile has caused.
    pub(super) fn of_profile(response: types::ProfileEditSuccess) -> Self {
        sent_codes!(UPDATE_PROFILE, response)
    }
}

//! The steps that a user has to complete before a rental.

use std::fmt;

use serde_json::Value;

use super::api_error::{ApiError, ErrorFamily};
use super::session::Session;
use super::sign_in::not_empty;
use super::terms::{OutstandingTerms, all, outstanding_terms};
use super::user_api::types;
use crate::error::Error;
use crate::opaque_debug::opaque_debug;

/// A step that a user has to complete, with the flow that does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The profile has no phone number: [`Session::update_profile`].
    AddPhone,
    /// The phone number is not verified: [`Session::verify_phone`].
    VerifyPhone,
    /// The profile has no e-mail address: [`Session::update_profile`].
    AddEmail,
    /// The e-mail address is not verified: the user opens the link in the message, which
    /// [`Client::resend_email_verification`](super::Client::resend_email_verification) sends again.
    VerifyEmail,
    /// The profile lacks members: [`Session::update_profile`].
    CompleteProfile,
    /// The licence or identity is not verified: [`Session::verify_identity`].
    VerifyIdentity,
    /// Terms have to be accepted: [`Session::outstanding_terms`] and [`Session::accept_terms`].
    AcceptTerms,
    /// The user has no second factor: [`Session::request_mfa_enrolment`].
    EnrolMfa,
}

impl Step {
    /// The step that an error requires before the call can succeed; `None` if it requires no step,
    /// as for a wrong code.
    ///
    /// `U130` and any code that names [missing members](ApiError::missing_members) are an incomplete
    /// profile, which is [`AddPhone`](Self::AddPhone) or [`AddEmail`](Self::AddEmail) where exactly that is
    /// missing. `U3xx` is the phone number, `U4xx` the e-mail address, `U5xx` the licence, `U6xx` the terms.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").phone("+43123456789"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// # mock.require("init_verification", vestibule::testing::WunderRequirement::VerifiedPhone);
    /// use vestibule::wunder::Step;
    ///
    /// if let Err(error) = session.verify_identity(&serde_json::json!({})).await {
    ///     match Step::of(&error) {
    ///         Some(Step::VerifyPhone) => drop(session.verify_phone().await?),
    ///         Some(step) => println!("first: {step:?}"),
    ///         None => return Err(error),
    ///     }
    /// }
    /// # assert_eq!(mock.count("send_phone_verification"), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(error: &Error) -> Option<Self> {
        // The error of this operation refers to the code that it carries.
        if error.operation() == Some("check_phone_verification") {
            return None;
        }
        let api_error = error.api_error::<ApiError>()?;
        match api_error.family() {
            ErrorFamily::ProfileIncomplete => Some(match api_error.missing_members() {
                ["phoneNumber"] => Self::AddPhone,
                ["email"] => Self::AddEmail,
                _ => Self::CompleteProfile,
            }),
            ErrorFamily::PhoneVerification => Some(Self::VerifyPhone),
            ErrorFamily::EmailVerification => Some(Self::VerifyEmail),
            ErrorFamily::Licence => Some(Self::VerifyIdentity),
            ErrorFamily::Terms => Some(Self::AcceptTerms),
            _ => None,
        }
    }
}

/// A check of the onboarding, prepared by [`Session::onboarding`].
#[must_use = "nothing is sent before `send`"]
pub struct OnboardingCheck {
    session: Session,
    branch_id: String,
    vehicle_id: Option<String>,
    members: Vec<String>,
    series: Option<String>,
    mfa_enrolled: Option<bool>,
    identity_verified: Option<bool>,
}

opaque_debug!("wunder": OnboardingCheck);

/// The steps that remain, and the data that they were derived from. `Debug` shows only the steps.
#[derive(Clone)]
pub struct Onboarding {
    steps: Vec<Step>,
    missing: Vec<String>,
    terms: Vec<OutstandingTerms>,
    profile: types::Customer,
}

impl fmt::Debug for Onboarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wunder::Onboarding({:?})", self.steps)
    }
}

impl Session {
    /// Starts a check of the steps that the user has to complete before a rental in a branch.
    /// Nothing is sent before [`OnboardingCheck::send`].
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").phone("+43123456789").branch("2"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// use vestibule::wunder::Step;
    ///
    /// let onboarding = session.onboarding("2").require_members(["firstName"]).send().await?;
    /// for step in onboarding.steps() {
    ///     match step {
    ///         Step::VerifyPhone => drop(session.verify_phone().await?),
    ///         Step::CompleteProfile => println!("ask for {:?}", onboarding.missing_members()),
    ///         Step::AcceptTerms => println!("show {} terms", onboarding.terms().len()),
    ///         other => println!("to do: {other:?}"),
    ///     }
    /// }
    /// # assert_eq!(onboarding.steps(), [Step::VerifyPhone, Step::VerifyEmail, Step::CompleteProfile]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn onboarding(&self, branch_id: impl Into<String>) -> OnboardingCheck {
        OnboardingCheck {
            session: self.clone(),
            branch_id: branch_id.into(),
            vehicle_id: None,
            members: Vec::new(),
            series: None,
            mfa_enrolled: None,
            identity_verified: None,
        }
    }
}

impl OnboardingCheck {
    /// Sets the vehicle that the user wants to rent, by its id: the terms of the vehicle have to be
    /// accepted too.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # use vestibule::wunder::TermsScope;
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo").build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").branch("2"));
    /// # mock.add_terms(TermsScope::Vehicle("1001".into()), serde_json::json!({"title": "Cargo bikes"}));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// let onboarding = session.onboarding("2").vehicle_id("1001").send().await?;
    /// assert_eq!(onboarding.terms()[0].terms.extra["title"], "Cargo bikes");
    /// # Ok(())
    /// # }
    /// ```
    pub fn vehicle_id(mut self, id: impl Into<String>) -> Self {
        self.vehicle_id = Some(id.into());
        self
    }

    /// Adds members of the profile that the operator requires, by their names in JSON. The vendor
    /// does not document which these are.
    pub fn require_members<S: Into<String>>(
        mut self,
        members: impl IntoIterator<Item = S>,
    ) -> Self {
        self.members.extend(members.into_iter().map(Into::into));
        self
    }

    /// Sets the member that identifies versions of the same terms; see
    /// [`outstanding_terms`](super::outstanding_terms).
    pub fn terms_by(mut self, series: impl Into<String>) -> Self {
        self.series = Some(series.into());
        self
    }

    /// Sets whether the user has a second factor; `false` gives [`Step::EnrolMfa`]. The documented
    /// profile does not contain it, so without this call the step is never given.
    pub fn mfa_enrolled(mut self, enrolled: bool) -> Self {
        self.mfa_enrolled = Some(enrolled);
        self
    }

    /// Sets whether the external verification of the identity succeeded; `false` gives
    /// [`Step::VerifyIdentity`]. The documented profile does not contain it, so without this call
    /// the step is given only if a response has a code `U5xx`.
    pub fn identity_verified(mut self, verified: bool) -> Self {
        self.identity_verified = Some(verified);
        self
    }

    /// Reads the profile and the terms of the branch and the vehicle, and returns the steps that remain.
    /// Its calls are idempotent and send no message.
    ///
    /// Source: `GET /{tenant}/front/customers`, `GET /{tenant}/front/termsandconditions` and
    /// `GET /{tenant}/front/customers/termsandconditions`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `branch_id` or `vehicle_id` if
    /// it is empty; otherwise see [`Error`]. [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired)
    /// is not returned: it becomes a step.
    pub async fn send(self) -> Result<Onboarding, Error> {
        not_empty("branch_id", &self.branch_id)?;
        let vehicle_id = self.vehicle_id.as_deref();
        if let Some(id) = vehicle_id {
            not_empty("vehicle_id", id)?;
        }
        let (profile, mut required) = or_step(self.session.profile().await)?;
        let listed = self.session.applicable_terms(&self.branch_id, vehicle_id);
        let (listed, before_terms) = or_step(listed.await)?;
        required.extend(before_terms);
        let accepted = all(self.session.accepted_terms(self.branch_id)).await;
        let (accepted, also) = or_step(accepted)?;
        let terms = match accepted {
            // The accepted terms are unknown, and another step comes first.
            None if also != [Step::AcceptTerms] => Vec::new(),
            accepted => {
                let accepted = accepted.unwrap_or_default();
                outstanding_terms(
                    listed.unwrap_or_default(),
                    &accepted,
                    self.series.as_deref(),
                )
            }
        };
        required.extend(also);
        let missing = profile
            .as_ref()
            .map(|profile| missing(profile, self.members))
            .unwrap_or_default();
        let read = profile.as_ref();
        let is_set = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        let has_phone = read.is_none_or(|it| is_set(&it.phone_number));
        let has_email = read.is_none_or(|it| is_set(&it.email));
        let phone_is_verified = read.is_none_or(|it| it.phone_is_verified == Some(true));
        let email_is_verified = read.is_none_or(|it| it.email_is_verified == Some(true));
        let steps = [
            (Step::AddPhone, !has_phone),
            (Step::VerifyPhone, has_phone && !phone_is_verified),
            (Step::AddEmail, !has_email),
            (Step::VerifyEmail, has_email && !email_is_verified),
            (Step::CompleteProfile, !missing.is_empty()),
            (Step::VerifyIdentity, self.identity_verified == Some(false)),
            (Step::AcceptTerms, !terms.is_empty()),
            (Step::EnrolMfa, self.mfa_enrolled == Some(false)),
        ];
        let remains =
            |(step, open): (Step, bool)| (open || required.contains(&step)).then_some(step);
        Ok(Onboarding {
            steps: steps.into_iter().filter_map(remains).collect(),
            missing,
            terms,
            profile: profile.unwrap_or_default(),
        })
    }
}

impl Onboarding {
    /// The steps that remain, in the recommended order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether no step remains.
    pub fn is_done(&self) -> bool {
        self.steps.is_empty()
    }

    /// The [required members](OnboardingCheck::require_members) that the profile lacks.
    pub fn missing_members(&self) -> &[String] {
        &self.missing
    }

    /// The terms that the user has to accept.
    pub fn terms(&self) -> &[OutstandingTerms] {
        &self.terms
    }

    /// The profile as it was read; empty if reading it required a step.
    pub fn profile(&self) -> &types::Customer {
        &self.profile
    }
}

/// The value that was read, or the step that is required first.
fn or_step<T>(read: Result<T, Error>) -> Result<(Option<T>, Vec<Step>), Error> {
    match read {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(error) => Ok((None, vec![Step::of(&error).ok_or(error)?])),
    }
}

/// The members of the profile that are absent or empty.
fn missing(profile: &types::Customer, members: Vec<String>) -> Vec<String> {
    let whole = serde_json::to_value(profile).unwrap_or_default();
    let is_missing = |member: &String| match &whole[member.as_str()] {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    };
    members.into_iter().filter(is_missing).collect()
}

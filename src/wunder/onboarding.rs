//! What still stands between a user and a rental.

use std::fmt;

use serde_json::Value;

use super::api_error::{ApiError, Family};
use super::lists::TermsOf;
use super::session::Session;
use super::sign_in::not_empty;
use super::terms::{OutstandingTerms, all, outstanding_terms};
use super::user_api::types;
use crate::error::Error;

/// A step that a user has to take, and the flow that takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The profile has no phone number: [`Session::change_profile`].
    AddPhone,
    /// The phone number is not verified: [`Session::verify_phone`].
    VerifyPhone,
    /// The profile has no e-mail address: [`Session::change_profile`].
    AddEmail,
    /// The e-mail address is not verified: the user opens the link of the message, which
    /// [`Client::resend_email_verification`](super::Client::resend_email_verification) sends again.
    VerifyEmail,
    /// The profile lacks members: [`Session::change_profile`].
    CompleteProfile,
    /// The licence or identity is not verified: [`Session::start_verification`].
    VerifyIdentity,
    /// Terms were never accepted, or there is a newer version: [`Session::outstanding_terms`] and
    /// [`Session::accept_terms`].
    AcceptTerms,
    /// There is no second factor yet: [`Session::enrol_mfa`].
    EnrolMfa,
}

impl Step {
    /// The step that an error asks for: the user is to be led there, and the call is not to be
    /// repeated before. Nothing for an error that asks for none, such as a wrong code.
    ///
    /// `U130` is an incomplete profile, `U3xx` the phone number, `U4xx` the e-mail address, `U5xx` the
    /// licence, `U6xx` the terms.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").phone("+43123456789"));
    /// # let sign_in = client.password_sign_in("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// # mock.require("init_verification", vestibule::testing::WunderRequirement::VerifiedPhone);
    /// use vestibule::wunder::Step;
    ///
    /// if let Err(error) = session.start_verification(&serde_json::json!({})).await {
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
        // What is said about a code that was sent is about that code.
        if error.operation() == Some("check_phone_verification") {
            return None;
        }
        match error.api_error::<ApiError>()?.family() {
            Family::ProfileIncomplete => Some(Self::CompleteProfile),
            Family::PhoneVerification => Some(Self::VerifyPhone),
            Family::EmailVerification => Some(Self::VerifyEmail),
            Family::Licence => Some(Self::VerifyIdentity),
            Family::Terms => Some(Self::AcceptTerms),
            _ => None,
        }
    }
}

/// A look at the onboarding that was not taken yet.
#[must_use = "nothing is asked before `check`"]
pub struct OnboardingCheck {
    session: Session,
    branch_id: String,
    members: Vec<String>,
    series: Option<String>,
    mfa_enrolled: Option<bool>,
    identity_verified: Option<bool>,
}

impl fmt::Debug for OnboardingCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wunder::OnboardingCheck")
    }
}

/// What is still to be done, and what it was read from. `Debug` shows the steps alone.
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
    /// Looks for what still stands between the user and a rental in a branch.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").phone("+43123456789").branch("2"));
    /// # let sign_in = client.password_sign_in("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// use vestibule::wunder::Step;
    ///
    /// let onboarding = session.onboarding("2").wants(["firstName"]).check().await?;
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
            members: Vec::new(),
            series: None,
            mfa_enrolled: None,
            identity_verified: None,
        }
    }
}

impl OnboardingCheck {
    /// The members of the profile that the operator wants, by their names in JSON; which these are,
    /// the vendor does not publish.
    pub fn wants<S: Into<String>>(mut self, members: impl IntoIterator<Item = S>) -> Self {
        self.members.extend(members.into_iter().map(Into::into));
        self
    }

    /// The member by which two versions are known to be of the same terms; see
    /// [`outstanding_terms`](super::outstanding_terms).
    pub fn terms_by(mut self, series: impl Into<String>) -> Self {
        self.series = Some(series.into());
        self
    }

    /// Whether the user has a second factor, where the tenant wants one. The profile does not tell
    /// by what is published, so nothing is asked for unless this is called.
    pub fn mfa_enrolled(mut self, enrolled: bool) -> Self {
        self.mfa_enrolled = Some(enrolled);
        self
    }

    /// Whether the outside verification ended well, where the operator wants one. The profile does
    /// not tell by what is published, so nothing is asked for unless this is called; an error `U5xx`
    /// tells as well, by [`Step::of`].
    pub fn identity_verified(mut self, verified: bool) -> Self {
        self.identity_verified = Some(verified);
        self
    }

    /// Reads the profile and the terms of the branch, and gives what is still to be done. Sends no
    /// message; safe to repeat.
    ///
    /// Source: `GET /{tenant}/front/customers`, `GET /{tenant}/front/termsandconditions` and
    /// `GET /{tenant}/front/customers/termsandconditions`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `branch_id`; else as any call, see [`Error`]. A read that is
    /// refused because of a step, with [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired), is no error here: it gives that
    /// step.
    pub async fn check(self) -> Result<Onboarding, Error> {
        not_empty("branch_id", &self.branch_id)?;
        let profile = self.session.profile();
        let (profile, mut asked) = unless_step(profile.await)?;
        let of = TermsOf::Branch(self.branch_id.clone());
        let listed = all(self.session.client.terms(of)).await?;
        let accepted = all(self.session.accepted_terms(self.branch_id));
        let (accepted, also) = unless_step(accepted.await)?;
        let terms = match accepted {
            // It is not known what was accepted, and another step comes first.
            None if also != [Step::AcceptTerms] => Vec::new(),
            accepted => {
                let accepted = accepted.unwrap_or_default();
                outstanding_terms(listed, &accepted, self.series.as_deref())
            }
        };
        asked.extend(also);
        let missing = match &profile {
            Some(profile) => missing(profile, self.members),
            None => Vec::new(),
        };
        let seen = profile.as_ref();
        let is = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        let has_phone = seen.is_none_or(|profile| is(&profile.phone_number));
        let has_email = seen.is_none_or(|profile| is(&profile.email));
        let phone_is_good = seen.is_none_or(|it| it.phone_is_verified == Some(true));
        let email_is_good = seen.is_none_or(|it| it.email_is_verified == Some(true));
        let open = [
            (Step::AddPhone, !has_phone),
            (Step::VerifyPhone, has_phone && !phone_is_good),
            (Step::AddEmail, !has_email),
            (Step::VerifyEmail, has_email && !email_is_good),
            (Step::CompleteProfile, !missing.is_empty()),
            (Step::VerifyIdentity, self.identity_verified == Some(false)),
            (Step::AcceptTerms, !terms.is_empty()),
            (Step::EnrolMfa, self.mfa_enrolled == Some(false)),
        ];
        let open = open.into_iter();
        let is_open = |(step, open): (Step, bool)| (open || asked.contains(&step)).then_some(step);
        Ok(Onboarding {
            steps: open.filter_map(is_open).collect(),
            missing,
            terms,
            profile: profile.unwrap_or_default(),
        })
    }
}

impl Onboarding {
    /// The steps, in the order in which they are best taken.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.steps.is_empty()
    }

    /// The members that the profile lacks of those that were [asked for](OnboardingCheck::wants).
    pub fn missing_members(&self) -> &[String] {
        &self.missing
    }

    /// The terms that are still to be accepted, and why.
    pub fn terms(&self) -> &[OutstandingTerms] {
        &self.terms
    }

    /// The profile as it was read.
    pub fn profile(&self) -> &types::Customer {
        &self.profile
    }
}

/// What was read, or the step that has to come first.
fn unless_step<T>(read: Result<T, Error>) -> Result<(Option<T>, Vec<Step>), Error> {
    match read {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(error) => match Step::of(&error) {
            Some(step) => Ok((None, vec![step])),
            None => Err(error),
        },
    }
}

/// Those of `members` that are not there or empty.
fn missing(profile: &types::Customer, members: Vec<String>) -> Vec<String> {
    let whole = serde_json::to_value(profile).unwrap_or_default();
    let is_missing = |member: &String| match &whole[member.as_str()] {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    };
    members.into_iter().filter(is_missing).collect()
}

//! The progress of a browser at each system.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vestibule::{Channel, Contact, Error, Phone, Secret, System};

/// The state of one browser. Each system has its own progress, so that two windows at two systems do
/// not interfere.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct BrowserState {
    systems: BTreeMap<String, Progress>,
}

/// The progress of one browser at one system.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Progress {
    pub state: SignInState,
    /// Shown once, on the next page.
    pub notice: Option<Notice>,
    /// The last form values, which prefill the next form.
    pub form_values: FormValues,
    /// Counts the sign-ins, so that a form of an older one is detected.
    pub sign_ins: u32,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub enum SignInState {
    #[default]
    SignedOut,
    CodeSent(PendingSignIn),
    SecondFactor(PendingSignIn),
    /// A new user of Fynd has to enter a name or more codes.
    OwnStep(PendingSignIn),
    SignedIn(SignedIn),
}

/// A sign-in that waits for the user.
#[derive(Clone, Serialize, Deserialize)]
pub struct PendingSignIn {
    /// The id of the challenge in the SDK's store.
    pub id: Secret,
    pub to: Contact,
    /// The number of the sign-in in this browser.
    pub number: u32,
    /// The number of wrong codes for the newest message.
    pub wrong: u32,
    /// The id of an authenticator enrolment in progress.
    pub enrolment: Option<Secret>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// The id of the session in the SDK's store.
    pub id: Secret,
    pub enrolment: Option<Secret>,
    /// Recovery codes, kept until the user confirms to have stored them.
    pub recovery: Vec<Secret>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct FormValues {
    pub by_email: bool,
    pub country_code: String,
    pub number: String,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
}

/// A message about the last step.
#[derive(Clone, Serialize, Deserialize)]
pub struct Notice {
    pub tone: Tone,
    pub text: String,
    /// The form field that it concerns.
    pub field: Option<Field>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    Problem,
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Field {
    CountryCode,
    Number,
    Email,
    Code,
    FirstName,
    LastName,
    Agreed,
}

impl BrowserState {
    pub fn progress(&self, system: System) -> Option<&Progress> {
        self.systems.get(system.as_str())
    }

    pub fn progress_mut(&mut self, system: System) -> &mut Progress {
        self.systems.entry(system.as_str().to_owned()).or_default()
    }
}

impl Progress {
    /// Records that a message with a code was sent.
    pub fn wait_for_code(&mut self, id: &Secret, to: Contact) {
        self.sign_ins += 1;
        self.notice = None;
        self.state = SignInState::CodeSent(PendingSignIn {
            id: id.clone(),
            to,
            number: self.sign_ins,
            wrong: 0,
            enrolment: None,
        });
    }

    /// Returns to the first step and keeps the form values.
    pub fn start_over(&mut self, notice: Option<Notice>) {
        self.state = SignInState::SignedOut;
        self.notice = notice;
    }

    /// The pending sign-in, if there is one.
    pub fn pending(&self) -> Option<&PendingSignIn> {
        match &self.state {
            SignInState::CodeSent(pending)
            | SignInState::SecondFactor(pending)
            | SignInState::OwnStep(pending) => Some(pending),
            SignInState::SignedOut | SignInState::SignedIn(_) => None,
        }
    }

    pub fn pending_mut(&mut self) -> Option<&mut PendingSignIn> {
        match &mut self.state {
            SignInState::CodeSent(pending)
            | SignInState::SecondFactor(pending)
            | SignInState::OwnStep(pending) => Some(pending),
            SignInState::SignedOut | SignInState::SignedIn(_) => None,
        }
    }
}

impl FormValues {
    pub fn channel(&self) -> Channel {
        match self.by_email {
            true => Channel::Email,
            false => Channel::Phone,
        }
    }

    /// The contact that the user typed.
    ///
    /// # Errors
    ///
    /// Names the field that is wrong: `country_code`, `phone` or `email`.
    pub fn contact(&self) -> Result<Contact, Error> {
        match self.by_email {
            true => Contact::email(self.email.trim()),
            false => self.phone().map(Contact::from),
        }
    }

    /// The phone number that the user typed.
    ///
    /// # Errors
    ///
    /// Names the field that is wrong: `country_code` or `phone`.
    pub fn phone(&self) -> Result<Phone, Error> {
        Phone::new(self.country_code.parse()?, &self.number)
    }
}

impl Notice {
    pub fn done(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Done,
            text: text.into(),
            field: None,
        }
    }

    pub fn problem(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Problem,
            text: text.into(),
            field: None,
        }
    }

    pub fn about(mut self, field: Field) -> Self {
        self.field = Some(field);
        self
    }
}

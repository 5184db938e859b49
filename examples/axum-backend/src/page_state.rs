//! What the pages of a system show to one browser, beside the SDK's progress.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tower_sessions::Session;
use vestibule::{Contact, Error, Phone, Secret, System};

use crate::routes::PageError;

/// The state of the pages of one system in one browser.
///
/// Each member is an entry of its own in the web session, so that concurrent requests, as from two windows,
/// keep each other's changes.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PageState {
    /// What the challenge of a sign-in waits for.
    pub pending: Option<PendingSignIn>,
    /// The id of an authenticator enrolment in progress.
    pub enrolment: Option<Secret>,
    /// Recovery codes, kept until the user confirms to have stored them.
    pub recovery: Vec<Secret>,
    /// Shown once, on the next page.
    pub notice: Option<Notice>,
    /// The last form values, which prefill the next form.
    pub form_values: FormValues,
    /// Counts the sign-ins, so that a form of an older one is detected.
    pub sign_ins: u32,
}

/// A sign-in that waits for the user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingSignIn {
    pub step: Step,
    pub to: Contact,
    /// The number of the sign-in in this browser.
    pub number: u32,
    /// The number of wrong codes for the newest message.
    pub wrong: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    Code,
    SecondFactor,
    /// A new user of Fynd has to enter a name or more codes.
    OfFynd,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FormValues {
    pub by_email: bool,
    pub country_code: String,
    pub number: String,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
}

/// A message about the last step.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
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

impl PageState {
    /// Loads the state from the web session of a browser.
    ///
    /// # Errors
    ///
    /// An error page if the store fails.
    pub async fn load(web_session: &Session, system: System) -> Result<Self, PageError> {
        let mut members = Self::default().members();
        for (name, value) in &mut members {
            if let Some(stored) = web_session.get_value(&entry(system, name)).await? {
                *value = stored;
            }
        }
        // A state of another version of this program counts as none.
        Ok(serde_json::from_value(members.into()).unwrap_or_default())
    }

    /// Writes the members that differ from those of `before` to the web session.
    ///
    /// # Errors
    ///
    /// An error page if the store fails.
    pub async fn save(
        &self,
        web_session: &Session,
        system: System,
        before: &Self,
    ) -> Result<(), PageError> {
        let before = before.members();
        for (name, value) in self.members() {
            if before.get(&name) != Some(&value) {
                let entry = entry(system, &name);
                web_session.insert_value(&entry, value).await?;
            }
        }
        Ok(())
    }

    fn members(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        }
    }

    /// Waits for the code of a message that was sent.
    pub fn wait_for_code(&mut self, to: Contact) {
        self.sign_ins += 1;
        self.notice = None;
        self.enrolment = None;
        self.pending = Some(PendingSignIn {
            step: Step::Code,
            to,
            number: self.sign_ins,
            wrong: 0,
        });
    }

    /// Waits at the next step of the sign-in.
    pub fn wait_at(&mut self, step: Step) {
        self.notice = None;
        if let Some(pending) = &mut self.pending {
            pending.step = step;
            pending.wrong = 0;
        }
    }

    /// Ends the sign-in, and keeps the form values.
    pub fn end_sign_in(&mut self) {
        self.notice = None;
        self.pending = None;
        self.enrolment = None;
        self.recovery = Vec::new();
    }

    /// Counts a code that was sent to the server and did not sign the user in.
    pub fn count_wrong_code(&mut self) {
        if let Some(pending) = &mut self.pending {
            pending.wrong += 1;
        }
    }

    /// All tries are left, because another code was sent.
    pub fn forget_wrong_codes(&mut self) {
        if let Some(pending) = &mut self.pending {
            pending.wrong = 0;
        }
    }
}

/// The name of an entry of the web session.
fn entry(system: System, member: &str) -> String {
    format!("{system}.{member}")
}

impl FormValues {
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

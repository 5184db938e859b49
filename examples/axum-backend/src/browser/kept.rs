//! How far a person is with each system.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vestibule::code_sign_in::{Channel, Destination};
use vestibule::{Secret, System};

/// One browser. Each system is a visit of its own, so that two windows at two systems do not meet.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Browser {
    visits: BTreeMap<String, Visit>,
}

/// One browser at one system.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Visit {
    pub stage: Stage,
    /// Shown once.
    pub notice: Option<Notice>,
    /// What was typed before, so that nobody types it twice.
    pub typed: Typed,
    /// Counts the sign-ins, so that a form of an older one is told from the newest.
    pub sign_ins: u32,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub enum Stage {
    #[default]
    Stranger,
    Code(Waiting),
    SecondFactor(Waiting),
    /// A new user of Fynd has a name to give, or more codes to type.
    OwnStep(Waiting),
    SignedIn(SignedIn),
}

/// A sign-in that waits for the person.
#[derive(Clone, Serialize, Deserialize)]
pub struct Waiting {
    /// The challenge in the SDK's store.
    pub id: Secret,
    pub to: Destination,
    /// Which of the browser's sign-ins it is.
    pub number: u32,
    /// How many codes of the newest message were wrong.
    pub wrong: u32,
    /// An authenticator that is being set up.
    pub enrolment: Option<Secret>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// The session in the SDK's store.
    pub id: Secret,
    pub enrolment: Option<Secret>,
    /// Kept until the person says that they are written down.
    pub recovery: Vec<Secret>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Typed {
    pub by_email: bool,
    pub country_code: String,
    pub number: String,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
}

/// What a person is told about the last step.
#[derive(Clone, Serialize, Deserialize)]
pub struct Notice {
    pub tone: Tone,
    pub text: String,
    /// The field that it is about.
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

impl Browser {
    pub fn visit(&self, system: System) -> Option<&Visit> {
        self.visits.get(system.name())
    }

    pub fn visit_mut(&mut self, system: System) -> &mut Visit {
        self.visits.entry(system.name().to_owned()).or_default()
    }
}

impl Visit {
    /// Waits for the code of a message that was sent.
    pub fn wait_for_code(&mut self, id: &Secret, to: Destination) {
        self.sign_ins += 1;
        self.notice = None;
        self.stage = Stage::Code(Waiting {
            id: id.clone(),
            to,
            number: self.sign_ins,
            wrong: 0,
            enrolment: None,
        });
    }

    /// Back to the beginning, with what was typed.
    pub fn start_over(&mut self, notice: Option<Notice>) {
        self.stage = Stage::Stranger;
        self.notice = notice;
    }

    /// The sign-in that waits, if one does.
    pub fn waiting(&self) -> Option<&Waiting> {
        match &self.stage {
            Stage::Code(waiting) | Stage::SecondFactor(waiting) | Stage::OwnStep(waiting) => {
                Some(waiting)
            }
            Stage::Stranger | Stage::SignedIn(_) => None,
        }
    }

    pub fn waiting_mut(&mut self) -> Option<&mut Waiting> {
        match &mut self.stage {
            Stage::Code(waiting) | Stage::SecondFactor(waiting) | Stage::OwnStep(waiting) => {
                Some(waiting)
            }
            Stage::Stranger | Stage::SignedIn(_) => None,
        }
    }
}

impl Typed {
    pub fn channel(&self) -> Channel {
        match self.by_email {
            true => Channel::Email,
            false => Channel::Phone,
        }
    }

    /// People write numbers with spaces, dashes and brackets.
    pub fn destination(&self) -> Destination {
        let plain = |text: &str| {
            let is_kept = |sign: &char| !sign.is_whitespace() && !"-()./".contains(*sign);
            text.chars().filter(is_kept).collect::<String>()
        };
        match self.by_email {
            true => Destination::email(self.email.trim()),
            false => Destination::phone(plain(&self.country_code), plain(&self.number)),
        }
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

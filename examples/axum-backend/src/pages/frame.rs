//! What stands around every page of a system.

use vestibule::System;
use vestibule::testing::Message;

use crate::app::App;
use crate::browser::{Field, Notice, Stage, Tone, Visit};
use crate::{demo, systems};

pub struct Frame {
    /// What the page is about.
    pub heading: &'static str,
    /// The system as addresses name it, and as people do.
    pub system: &'static str,
    pub title: &'static str,
    pub notice: Option<Notice>,
    pub steps: Vec<Step>,
    pub demo: Option<Demo>,
}

/// One step of the way, and how far it is done.
pub struct Step {
    pub label: &'static str,
    pub state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Done,
    Now,
    Later,
}

/// What a person who tries the page alone has to see.
pub struct Demo {
    pub people: &'static [&'static str],
    pub messages: Vec<Message>,
    pub authenticator: Option<String>,
}

impl Frame {
    pub fn new(
        app: &App,
        system: System,
        heading: &'static str,
        notice: Option<Notice>,
        visit: &Visit,
    ) -> Self {
        let demo = app.mocks.as_ref().map(|mocks| {
            let to = match &visit.stage {
                Stage::SecondFactor(waiting) => Some(waiting.to.clone()),
                Stage::SignedIn(user) if user.enrolment.is_some() => {
                    Some(visit.typed.destination())
                }
                _ => None,
            };
            Demo {
                people: demo::people(system),
                messages: mocks.messages(system),
                authenticator: to.and_then(|to| mocks.authenticator(&to)),
            }
        });
        let now = match &visit.stage {
            Stage::Stranger => "Contact",
            Stage::Code(_) | Stage::SecondFactor(_) => "Code",
            Stage::OwnStep(_) => "Name",
            Stage::SignedIn(_) => "",
        };
        let frame = Self {
            heading,
            system: system.name(),
            title: systems::title(system),
            notice,
            steps: Vec::new(),
            demo,
        };
        match now {
            "" => frame.past_all_steps(),
            now => frame.at_step(now),
        }
    }

    pub fn at_step(mut self, now: &str) -> Self {
        let labels = self.labels();
        let place = labels.iter().position(|label| *label == now);
        let place = place.unwrap_or(labels.len());
        let step = |(at, label): (usize, &&'static str)| Step {
            label,
            state: match at.cmp(&place) {
                std::cmp::Ordering::Less => State::Done,
                std::cmp::Ordering::Equal => State::Now,
                std::cmp::Ordering::Greater => State::Later,
            },
        };
        self.steps = labels.iter().enumerate().map(step).collect();
        self
    }

    pub fn past_all_steps(self) -> Self {
        self.at_step("")
    }

    fn labels(&self) -> &'static [&'static str] {
        match self.system {
            "wunder" => &["Contact", "Code", "Terms", "Name"],
            "fynd" => &["Contact", "Code", "Name"],
            _ => &["Contact", "Code"],
        }
    }

    /// Whether the notice is about a problem.
    pub fn has_problem(&self) -> bool {
        let tone = self.notice.as_ref().map(|notice| notice.tone);
        tone == Some(Tone::Problem)
    }

    /// Whether the notice is about this field, by its name in the form.
    pub fn is_about(&self, field: &str) -> bool {
        let about = self.notice.as_ref().and_then(|notice| notice.field);
        about.is_some_and(|about| name_of(about) == field)
    }
}

fn name_of(field: Field) -> &'static str {
    match field {
        Field::CountryCode => "country_code",
        Field::Number => "number",
        Field::Email => "email",
        Field::Code => "code",
        Field::FirstName => "first_name",
        Field::LastName => "last_name",
        Field::Agreed => "agreed",
    }
}

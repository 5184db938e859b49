//! The layout of every page of a system.

use vestibule::testing::Message;

use crate::page_state::{Field, Notice, Tone};
use crate::routes::{SignInState, SystemRoute};
use crate::{demo, systems};

pub struct Layout {
    /// The heading of the page.
    pub heading: &'static str,
    /// The name of the system in URLs, and its title.
    pub system: &'static str,
    pub title: &'static str,
    pub notice: Option<Notice>,
    pub steps: Vec<Step>,
    pub demo: Option<Demo>,
}

/// One step of the sign-in.
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

/// The state of the mocks, shown beside the form.
pub struct Demo {
    pub users: &'static [&'static str],
    pub messages: Vec<Message>,
    pub authenticator: Option<String>,
}

impl Layout {
    pub fn new(route: &SystemRoute, heading: &'static str, notice: Option<Notice>) -> Self {
        let (system, state) = (route.system, route.state());
        let demo = route.app.mocks.as_ref().map(|mocks| {
            let to = match &state {
                SignInState::SecondFactor(_, pending) => Some(pending.to.clone()),
                SignInState::SignedIn(_) if route.page.enrolment.is_some() => {
                    route.page.form_values.contact().ok()
                }
                _ => None,
            };
            Demo {
                users: demo::users(system),
                messages: mocks.messages(system),
                authenticator: to.and_then(|to| mocks.authenticator(&to)),
            }
        });
        let now = match state {
            SignInState::SignedOut => "Contact",
            SignInState::CodeSent(..) | SignInState::SecondFactor(..) => "Code",
            SignInState::OwnStep(..) => "Name",
            SignInState::SignedIn(_) => "",
        };
        let layout = Self {
            heading,
            system: system.as_str(),
            title: systems::title(system),
            notice,
            steps: Vec::new(),
            demo,
        };
        match now {
            "" => layout.with_all_steps_done(),
            now => layout.at_step(now),
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

    pub fn with_all_steps_done(self) -> Self {
        self.at_step("")
    }

    fn labels(&self) -> &'static [&'static str] {
        match self.system {
            "wunder" => &["Contact", "Code", "Terms", "Name"],
            "fynd" => &["Contact", "Code", "Name"],
            _ => &["Contact", "Code"],
        }
    }

    /// Whether the notice reports a problem.
    pub fn has_problem(&self) -> bool {
        let tone = self.notice.as_ref().map(|notice| notice.tone);
        tone == Some(Tone::Problem)
    }

    /// Whether the notice concerns the field of this name.
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

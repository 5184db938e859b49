//! The pages of somebody who is not signed in yet.

use std::time::Duration;

use askama::Template;
use vestibule::System;
use vestibule::challenge::ResendTimer;
use vestibule::fynd::{Contact, RemainingCodes};

use super::Frame;
use crate::browser::{Typed, Waiting};
use crate::words;

/// How many wrong codes the SDK lets a message have.
const TRIES: u32 = 5;

#[derive(Template)]
#[template(path = "start.html")]
pub struct StartPage {
    frame: Frame,
    typed: Typed,
    by_phone: bool,
    /// Whether there are two ways to choose from.
    has_choice: bool,
    has_sign_up: bool,
}

impl StartPage {
    pub fn new(frame: Frame, system: System, typed: Typed, [phone, email]: [bool; 2]) -> Self {
        Self {
            by_phone: phone && !(email && typed.by_email),
            has_choice: phone && email,
            has_sign_up: system == System::GoodCity,
            typed: with_country(typed, frame.system),
            frame,
        }
    }
}

#[derive(Template)]
#[template(path = "sign_up.html")]
pub struct SignUpPage {
    frame: Frame,
    typed: Typed,
}

impl SignUpPage {
    pub fn new(frame: Frame, typed: Typed) -> Self {
        Self {
            typed: with_country(typed, frame.system),
            frame,
        }
    }
}

/// The country where most users of the system are.
fn with_country(mut typed: Typed, system: &str) -> Typed {
    if typed.country_code.is_empty() {
        let code = match system {
            "goodcity" => "852",
            "fynd" => "91",
            _ => "43",
        };
        typed.country_code = code.to_owned();
    }
    typed
}

#[derive(Template)]
#[template(path = "code.html")]
pub struct CodePage {
    frame: Frame,
    to: String,
    sign_in: u32,
    tries: Tries,
    /// Seconds until another message may be sent.
    wait: u64,
    wait_text: String,
    left: String,
}

impl CodePage {
    pub fn new(frame: Frame, waiting: &Waiting, wait: Duration, left: Duration) -> Self {
        Self {
            frame,
            to: waiting.to.to_text(),
            sign_in: waiting.number,
            tries: Tries::of(waiting),
            wait: whole_seconds(wait),
            wait_text: words::seconds(wait),
            left: words::seconds(left),
        }
    }
}

#[derive(Template)]
#[template(path = "second_factor.html")]
pub struct SecondFactorPage {
    frame: Frame,
    sign_in: u32,
    tries: Tries,
}

impl SecondFactorPage {
    pub fn new(frame: Frame, waiting: &Waiting) -> Self {
        Self {
            frame,
            sign_in: waiting.number,
            tries: Tries::of(waiting),
        }
    }
}

/// The codes of a new user's contacts.
#[derive(Template)]
#[template(path = "codes.html")]
pub struct CodesPage {
    frame: Frame,
    tries: Tries,
    remaining: Vec<Remaining>,
}

struct Remaining {
    /// As addresses name the contact.
    contact: &'static str,
    to: String,
    wait: u64,
    wait_text: String,
}

impl CodesPage {
    pub fn new(frame: Frame, waiting: &Waiting, codes: &RemainingCodes) -> Self {
        let remaining = |contact, to: Option<&Contact>, timer: Option<ResendTimer>| {
            let wait = timer.map(|timer| timer.remaining()).unwrap_or_default();
            Some(Remaining {
                contact,
                to: match to? {
                    Contact::Mobile {
                        country_code,
                        number,
                    } => format!("+{}{number}", country_code.trim_start_matches('+')),
                    Contact::Email(address) => address.clone(),
                },
                wait: whole_seconds(wait),
                wait_text: words::seconds(wait),
            })
        };
        let mobile = remaining("mobile", codes.mobile(), codes.mobile_timer());
        let email = remaining("email", codes.email(), codes.email_timer());
        Self {
            frame,
            tries: Tries::of(waiting),
            remaining: mobile.into_iter().chain(email).collect(),
        }
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// How many tries are left.
pub struct Tries {
    pub left: u32,
    /// Whether some were used.
    pub are_fewer: bool,
}

impl Tries {
    fn of(waiting: &Waiting) -> Self {
        Self {
            left: TRIES.saturating_sub(waiting.wrong),
            are_fewer: waiting.wrong > 0,
        }
    }

    fn text(&self) -> String {
        match self.left {
            0 => "You have no tries left.".to_owned(),
            1 => "You have 1 try left.".to_owned(),
            left => format!("You have {left} tries left."),
        }
    }
}

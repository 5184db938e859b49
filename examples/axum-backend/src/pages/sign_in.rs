//! The pages before the sign-in is complete.

use std::time::Duration;

use askama::Template;
use vestibule::challenge::ResendTimer;
use vestibule::fynd::PendingCodes;
use vestibule::{Phone, System};

use super::Layout;
use crate::messages;
use crate::page_state::{FormValues, PendingSignIn};

/// The SDK's limit of wrong codes per message.
const MAX_TRIES: u32 = 5;

#[derive(Template)]
#[template(path = "start.html")]
pub struct StartPage {
    layout: Layout,
    typed: FormValues,
    by_phone: bool,
    /// Whether both phone and e-mail are available.
    has_choice: bool,
    has_sign_up: bool,
}

impl StartPage {
    pub fn new(
        layout: Layout,
        system: System,
        typed: FormValues,
        [phone, email]: [bool; 2],
    ) -> Self {
        Self {
            by_phone: phone && !(email && typed.by_email),
            has_choice: phone && email,
            has_sign_up: system == System::GoodCity,
            typed: with_country(typed, layout.system),
            layout,
        }
    }
}

#[derive(Template)]
#[template(path = "sign_up.html")]
pub struct SignUpPage {
    layout: Layout,
    typed: FormValues,
}

impl SignUpPage {
    pub fn new(layout: Layout, typed: FormValues) -> Self {
        Self {
            typed: with_country(typed, layout.system),
            layout,
        }
    }
}

/// Prefills the country code of most users of the system.
fn with_country(mut typed: FormValues, system: &str) -> FormValues {
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
    layout: Layout,
    to: String,
    sign_in: u32,
    tries: Tries,
    /// Seconds until another message may be sent.
    wait: u64,
    wait_text: String,
    left: String,
}

impl CodePage {
    pub fn new(layout: Layout, pending: &PendingSignIn, wait: Duration, left: Duration) -> Self {
        Self {
            layout,
            to: pending.to.to_text(),
            sign_in: pending.number,
            tries: Tries::of(pending),
            wait: whole_seconds(wait),
            wait_text: messages::seconds(wait),
            left: messages::seconds(left),
        }
    }
}

#[derive(Template)]
#[template(path = "second_factor.html")]
pub struct SecondFactorPage {
    layout: Layout,
    sign_in: u32,
    tries: Tries,
}

impl SecondFactorPage {
    pub fn new(layout: Layout, pending: &PendingSignIn) -> Self {
        Self {
            layout,
            sign_in: pending.number,
            tries: Tries::of(pending),
        }
    }
}

/// The codes of a new user's contacts.
#[derive(Template)]
#[template(path = "codes.html")]
pub struct CodesPage {
    layout: Layout,
    tries: Tries,
    remaining: Vec<Remaining>,
}

struct Remaining {
    /// The name of the contact in URLs.
    contact: &'static str,
    to: String,
    wait: u64,
    wait_text: String,
}

impl CodesPage {
    pub fn new(layout: Layout, pending: &PendingSignIn, codes: &PendingCodes) -> Self {
        let remaining = |contact, to: Option<String>, timer: Option<ResendTimer>| {
            let wait = timer.map(|timer| timer.remaining()).unwrap_or_default();
            Some(Remaining {
                contact,
                to: to?,
                wait: whole_seconds(wait),
                wait_text: messages::seconds(wait),
            })
        };
        let mobile = remaining(
            "mobile",
            codes.phone().map(Phone::to_e164),
            codes.phone_timer(),
        );
        let address = codes.email().map(|email| email.as_str().to_owned());
        let email = remaining("email", address, codes.email_timer());
        Self {
            layout,
            tries: Tries::of(pending),
            remaining: mobile.into_iter().chain(email).collect(),
        }
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// The remaining tries.
pub struct Tries {
    pub left: u32,
    /// Whether some tries are used up.
    pub are_fewer: bool,
}

impl Tries {
    fn of(pending: &PendingSignIn) -> Self {
        Self {
            left: MAX_TRIES.saturating_sub(pending.wrong),
            are_fewer: pending.wrong > 0,
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

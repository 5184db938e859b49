//! Errors, as a person wants to read them. What the SDK says goes to the log.

use std::time::Duration;

use vestibule::{Delivery, Error, ErrorKind};

use crate::browser::{Field, Notice};

/// What the person was doing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Asking for a message.
    Sending,
    /// Typing a code.
    Confirming,
    /// Anything else.
    Saving,
}

/// What to tell the person.
pub fn notice(error: &Error, doing: Doing) -> Notice {
    log(error);
    match error.kind() {
        ErrorKind::InvalidInput => invalid(error.field().unwrap_or_default()),
        ErrorKind::SignInAgain if doing == Doing::Saving => Notice::problem(SIGNED_OUT),
        ErrorKind::SignInAgain => Notice::problem(EXPIRED),
        ErrorKind::SlowDown => Notice::problem(wait(error.retry_after())),
        ErrorKind::TryLater => Notice::problem(match (doing, error.delivery()) {
            (_, Delivery::NotSent) => {
                "The service cannot be reached right now. Try again in a moment."
            }
            (Doing::Sending, _) => {
                "The service did not answer, so we cannot tell whether a message is on its way. \
                 If none comes, ask again."
            }
            (Doing::Confirming | Doing::Saving, _) => {
                "The service did not answer. Try again in a moment."
            }
        }),
        ErrorKind::StepRequired if doing == Doing::Confirming => {
            Notice::problem("This code cannot be used any more. Ask for a new one.")
        }
        ErrorKind::StepRequired => {
            Notice::problem("Something else has to be done first. Look at what is shown now.")
        }
        ErrorKind::Refused => match doing {
            Doing::Sending => Notice::problem(
                "The service did not take this. Check what you typed, or try another way.",
            ),
            Doing::Confirming => {
                let text = "That code is not right, or too old. Look at the newest message.";
                Notice::problem(text).about(Field::Code)
            }
            Doing::Saving => {
                Notice::problem("The service did not take this. Check what you typed.")
            }
        },
        ErrorKind::NotOffered => {
            Notice::problem("This service does not offer that. Try another way.")
        }
        _ => Notice::problem(
            "Something went wrong on our side, and we have taken note of it. Try again later.",
        ),
    }
}

pub const EXPIRED: &str = "This took too long, or was finished elsewhere. Start again.";
pub const SIGNED_OUT: &str = "You were signed out. Sign in again.";

/// Nobody can do anything about an input or a wrong code by reading a log.
pub fn log(error: &Error) {
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::SlowDown => {}
        ErrorKind::Refused | ErrorKind::SignInAgain | ErrorKind::StepRequired => {
            tracing::info!(%error, "a step did not succeed");
        }
        _ => tracing::error!(%error, "a step failed"),
    }
}

fn invalid(field: &str) -> Notice {
    match field {
        "country_code" => Notice::problem("Write the country code in digits, such as 43.")
            .about(Field::CountryCode),
        "phone" | "mobile" => {
            Notice::problem("Check the phone number: digits only, without the country code.")
                .about(Field::Number)
        }
        "email" => Notice::problem("Check the e-mail address: it looks like ada@example.org.")
            .about(Field::Email),
        "code" | "pin" => {
            Notice::problem("The code is the digits of the message.").about(Field::Code)
        }
        "first_name" => Notice::problem("Write your first name.").about(Field::FirstName),
        _ => Notice::problem("Check what you typed."),
    }
}

fn wait(time: Option<Duration>) -> String {
    match time {
        Some(time) => format!("Please wait {} before the next try.", seconds(time)),
        None => "Please wait a moment before the next try.".to_owned(),
    }
}

/// A time as people say it.
pub fn seconds(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    match seconds {
        1 => "1 second".to_owned(),
        0..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::seconds;

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!(seconds(Duration::from_millis(400)), "1 second");
        assert_eq!(seconds(Duration::from_millis(59_001)), "60 seconds");
        assert_eq!(seconds(Duration::from_secs(870)), "15 minutes");
    }
}

//! User-facing error messages. The messages of the SDK go to the log.

use std::time::Duration;

use vestibule::{Delivery, Error, ErrorKind};

use crate::page_state::{Field, Notice};

/// The action that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Requesting a message.
    Sending,
    /// Confirming a code.
    Confirming,
    /// Anything else.
    Saving,
}

/// The notice for an error; logs the error.
pub fn notice(error: &Error, action: Action) -> Notice {
    log(error);
    match error.kind() {
        ErrorKind::InvalidInput => invalid(error.field().unwrap_or_default()),
        ErrorKind::Unauthenticated if action == Action::Saving => Notice::problem(SIGNED_OUT),
        ErrorKind::Unauthenticated => Notice::problem(EXPIRED),
        ErrorKind::RateLimited => Notice::problem(wait(error.retry_after())),
        ErrorKind::Unavailable => Notice::problem(match (action, error.delivery()) {
            (_, Delivery::NotSent) => {
                "The service cannot be reached right now. Try again in a moment."
            }
            (Action::Sending, _) => {
                "The service did not respond, so we do not know whether a message is on its way. \
                 If none arrives, try again."
            }
            (Action::Confirming | Action::Saving, _) => {
                "The service did not respond. Try again in a moment."
            }
        }),
        ErrorKind::StepRequired if action == Action::Confirming => {
            Notice::problem("This code is no longer valid. Request a new one.")
        }
        ErrorKind::StepRequired => {
            Notice::problem("Another step has to come first. Follow the page that is shown now.")
        }
        ErrorKind::Rejected => match action {
            Action::Sending => Notice::problem(
                "The service refused this. Check your input, or use another contact.",
            ),
            Action::Confirming => {
                let text = "That code is wrong or expired. Use the code of the newest message.";
                Notice::problem(text).about(Field::Code)
            }
            Action::Saving => Notice::problem("The service refused this. Check your input."),
        },
        ErrorKind::Unsupported => {
            Notice::problem("This service does not support that. Use another contact.")
        }
        _ => Notice::problem(
            "Something went wrong on our side, and we have logged it. Try again later.",
        ),
    }
}

pub const EXPIRED: &str = "This took too long, or was completed in another window. Start again.";
pub const SIGNED_OUT: &str = "You were signed out. Sign in again.";

/// Logs an error. Invalid input and rate limits concern only the user and are not logged.
pub fn log(error: &Error) {
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::RateLimited => {}
        ErrorKind::Rejected | ErrorKind::Unauthenticated | ErrorKind::StepRequired => {
            tracing::info!(%error, "a step did not succeed");
        }
        _ => tracing::error!(%error, "a step failed"),
    }
}

fn invalid(field: &str) -> Notice {
    match field {
        "country_code" => Notice::problem("Enter the country code in digits, such as 43.")
            .about(Field::CountryCode),
        "phone" => {
            Notice::problem("Check the phone number: digits only, without the country code.")
                .about(Field::Number)
        }
        "email" => Notice::problem("Check the e-mail address: it looks like ada@example.org.")
            .about(Field::Email),
        "code" | "pin" => {
            Notice::problem("The code consists of the digits in the message.").about(Field::Code)
        }
        "first_name" => Notice::problem("Enter your first name.").about(Field::FirstName),
        "last_name" => Notice::problem("Enter your last name.").about(Field::LastName),
        _ => Notice::problem("Check your input."),
    }
}

fn wait(time: Option<Duration>) -> String {
    match time {
        Some(time) => format!("Please wait {} before the next try.", seconds(time)),
        None => "Please wait a moment before the next try.".to_owned(),
    }
}

/// Formats a duration for users.
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
    fn durations_are_formatted_for_users() {
        assert_eq!(seconds(Duration::from_millis(400)), "1 second");
        assert_eq!(seconds(Duration::from_millis(59_001)), "60 seconds");
        assert_eq!(seconds(Duration::from_secs(870)), "15 minutes");
    }
}

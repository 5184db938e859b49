//! What to do about each kind of error, shown on a mock that is made to fail (GoodCity).
//!
//! `cargo run --example error_handling`

// Output is what an example is for.
#![allow(clippy::print_stdout)]

use std::error::Error as StdError;
use std::time::Duration;

use vestibule::goodcity::{ApiError, Client, Session};
use vestibule::testing::GoodCity;
use vestibule::{Delivery, Error, ErrorKind};

const MOBILE: &str = "+85261234567";

/// What a back end answers its own user: one place, by the kind.
fn for_the_user(error: &Error) -> String {
    match error.kind() {
        ErrorKind::InvalidInput => match error.field() {
            Some(field) => format!("Please check the {field}."),
            None => "Please check what you entered.".to_owned(),
        },
        ErrorKind::SlowDown => {
            let wait = error.retry_after().unwrap_or(Duration::from_secs(60));
            format!("Please wait {} seconds.", wait.as_secs_f64().ceil())
        }
        ErrorKind::Refused => "That was not right. Please try again.".to_owned(),
        ErrorKind::StepRequired => "Please ask for a new code first.".to_owned(),
        ErrorKind::SignInAgain => "Please sign in again.".to_owned(),
        ErrorKind::NotOffered => "That is not possible here.".to_owned(),
        ErrorKind::TryLater if error.delivery() == Delivery::Unknown => {
            "We do not know whether that worked. Please look before you try again.".to_owned()
        }
        // `Undecodable` is for you to report: `Display` and `Debug` are safe to log.
        _ => "Something went wrong on our side. Please try again later.".to_owned(),
    }
}

fn show<T>(what: &str, result: Result<T, impl Into<Error>>) {
    match result {
        Ok(_) => println!("{what}: it worked"),
        Err(error) => {
            let error = error.into();
            println!(
                "{what}\n    log:  {error}\n    user: {}",
                for_the_user(&error)
            );
            // The system's own error, typed; here the shape of GoodCity's.
            if let Some(api_error) = error.api_error::<ApiError>() {
                println!("    GoodCity's own: {api_error:?}");
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let mock = GoodCity::start().await;
    mock.add_user(MOBILE, "Ada", "Wong");
    let client = Client::builder(mock.base_url(), "app")
        .clock(mock.clock().clone())
        .deadline(Duration::from_secs(2))
        .build()?;

    show(
        "a number of another country",
        client.send_pin("+43123456789").await,
    );

    let mut pending = client.send_pin(MOBILE).await?;
    show("a resend too soon", pending.resend().await);

    // The state comes back with the error, for another try.
    let pin = mock.outbox().last_code(MOBILE).ok_or("no pin was sent")?;
    let wrong = if pin == "0000" { "1111" } else { "0000" };
    let pending = match pending.confirm(wrong).await {
        Ok(_) => return Err("a wrong pin was taken".into()),
        Err(returned) => {
            show("a wrong pin", Err::<(), _>(returned.error));
            returned.state
        }
    };
    let session: Session = pending.confirm(pin).await?.session;

    // Reads are repeated: one failure is not even seen, three are.
    mock.fail_next("current_user_profile", 503);
    show("a failure that passes", session.profile().await);
    for _ in 0..3 {
        mock.fail_next("current_user_profile", 503);
    }
    show("a failure that stays", session.profile().await);

    mock.clock().advance(Duration::from_secs(400 * 24 * 3600));
    show("a token that has ended", session.profile().await);
    Ok(())
}

//! How to handle each kind of error, on a mock that fails on request (GoodCity).
//!
//! `cargo run --example error_handling`

// An example prints its result.
#![allow(clippy::print_stdout)]

use std::error::Error as StdError;
use std::time::Duration;

use vestibule::goodcity::{ApiError, Client, Session};
use vestibule::testing::GoodCity;
use vestibule::{Delivery, Error, ErrorKind};

const MOBILE: &str = "+85261234567";

/// The message of a back end for its user, by the kind of error.
fn for_the_user(error: &Error) -> String {
    match error.kind() {
        ErrorKind::InvalidInput => match error.field() {
            Some(field) => format!("Please check the {field}."),
            None => "Please check what you entered.".to_owned(),
        },
        ErrorKind::RateLimited => {
            let wait = error.retry_after().unwrap_or(Duration::from_secs(60));
            format!("Please wait {} seconds.", wait.as_secs_f64().ceil())
        }
        ErrorKind::Rejected => "That was wrong. Please try again.".to_owned(),
        ErrorKind::StepRequired => "Please request a new code first.".to_owned(),
        ErrorKind::Unauthenticated => "Please sign in again.".to_owned(),
        ErrorKind::Unsupported => "That is not supported here.".to_owned(),
        ErrorKind::Unavailable if error.delivery() == Delivery::Unknown => {
            "We do not know whether that worked. Please check before you try again.".to_owned()
        }
        // Report `InvalidResponse` errors; `Display` and `Debug` are safe to log.
        _ => "Something went wrong on our side. Please try again later.".to_owned(),
    }
}

fn show<T>(what: &str, result: Result<T, impl Into<Error>>) {
    match result {
        Ok(_) => println!("{what}: success"),
        Err(error) => {
            let error = error.into();
            println!(
                "{what}\n    log:  {error}\n    user: {} {}",
                error.http_status().as_u16(),
                for_the_user(&error)
            );
            // The typed error of the system, here GoodCity.
            if let Some(api_error) = error.api_error::<ApiError>() {
                println!("    GoodCity: {api_error:?}");
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let mock = GoodCity::start().await;
    mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse(MOBILE)?)
            .first_name("Ada")
            .last_name("Wong"),
    );
    let client = Client::builder(mock.base_url())
        .app_name("app")
        .clock(mock.clock().clone())
        .deadline(Duration::from_secs(2))
        .build()?;

    show(
        "a number from another country",
        client.sign_in_with_pin(&"+43123456789".parse()?).await,
    );

    let mut pending = client.sign_in_with_pin(&MOBILE.parse()?).await?;
    show("a resend before the timer", pending.resend().await);

    // The error returns the state for another attempt.
    let pin = mock.outbox().last_code(MOBILE).ok_or("no pin was sent")?;
    let wrong = if pin == "0000" { "1111" } else { "0000" };
    let pending = match pending.confirm(wrong).await {
        Ok(_) => return Err("a wrong pin was accepted".into()),
        Err(failed) => {
            show("a wrong pin", Err::<(), _>(failed.error));
            failed.state
        }
    };
    let session: Session = pending.confirm(pin).await?.session;

    // Reads are retried: a single failure is invisible to the caller, three are not.
    mock.fail_next("current_user_profile", 503);
    show("a transient failure", session.profile().await);
    for _ in 0..3 {
        mock.fail_next("current_user_profile", 503);
    }
    show("a permanent failure", session.profile().await);

    mock.clock().advance(Duration::from_secs(400 * 24 * 3600));
    show("an expired token", session.profile().await);
    Ok(())
}

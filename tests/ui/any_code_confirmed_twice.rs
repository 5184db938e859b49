//! A challenge of any system is consumed with its code.

use vestibule::code_sign_in::CodeChallenge;
use vestibule::{Error, Secret};

async fn twice(challenge: Box<dyn CodeChallenge>) -> Result<(), Error> {
    let _first = challenge.confirm(Secret::from("123456")).await?;
    let _second = challenge.confirm(Secret::from("123456")).await?;
    Ok(())
}

fn main() {}

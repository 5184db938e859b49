//! An answer is good for one sign-in, and the challenge is used up with it.

use vestibule::Error;
use vestibule::walletcrew::Challenge;

async fn twice(challenge: Challenge, answer: &[(&str, &str)]) -> Result<(), Error> {
    let _first = challenge.authenticate("otp", &answer).await?;
    let _second = challenge.authenticate("otp", &answer).await?;
    Ok(())
}

fn main() {}

//! A response is valid for one sign-in, and the challenge is consumed with it.

use vestibule::Error;
use vestibule::walletcrew::Challenge;

async fn twice(challenge: Challenge, response: &[(&str, &str)]) -> Result<(), Error> {
    let _first = challenge.confirm("otp", &response).await?;
    let _second = challenge.confirm("otp", &response).await?;
    Ok(())
}

fn main() {}

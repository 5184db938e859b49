//! Moving the time of the mocks, to see what happens when it has passed. There is no such address
//! where the servers are real.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

use super::Trouble;
use super::sent::Sent;
use crate::app::App;

#[derive(Deserialize)]
pub struct Passed {
    seconds: u64,
    /// The page to go back to.
    system: String,
}

pub async fn pass_time(
    State(app): State<Arc<App>>,
    Sent(passed): Sent<Passed>,
) -> Result<Redirect, Trouble> {
    let system = app.systems.by_name(&passed.system);
    let system = system.ok_or_else(Trouble::not_here)?;
    let mocks = app.mocks.as_ref().ok_or_else(Trouble::not_here)?;
    mocks.pass_time(Duration::from_secs(passed.seconds.min(86_400)));
    Ok(Redirect::to(&format!("/{}", system.name())))
}

//! Moves the clock of the mocks. The route does not exist with real servers.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

use super::PageError;
use super::submitted_form::SubmittedForm;
use crate::app::App;

#[derive(Deserialize)]
pub struct Passed {
    seconds: u64,
    /// The page to return to.
    system: String,
}

pub async fn pass_time(
    State(app): State<Arc<App>>,
    SubmittedForm(passed): SubmittedForm<Passed>,
) -> Result<Redirect, PageError> {
    let system = app.systems.by_name(&passed.system);
    let system = system.ok_or_else(PageError::not_here)?;
    let mocks = app.mocks.as_ref().ok_or_else(PageError::not_here)?;
    mocks.pass_time(Duration::from_secs(passed.seconds.min(86_400)));
    Ok(Redirect::to(&format!("/{}", system.as_str())))
}

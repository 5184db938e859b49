//! A sign-in by an SMS code on the mock of Wunder Mobility, with failures.

use std::sync::Arc;
use std::time::Duration;

use vestibule::testing::{RecordedRequest, Wunder};
use vestibule::wunder::{Client, SignIn};
use vestibule::{Error, Observer, Settings};

use crate::propagation::trace_context;

/// The user of the mock.
pub const PHONE: &str = "+43660000001";

/// A user who forgets the code.
pub const FORGETFUL_PHONE: &str = "+43660000002";

/// The first code that the user enters.
pub const WRONG_CODE: &str = "wrong0code0typed";

/// What a run leaves.
pub struct Outcome {
    /// The values that no log, trace or metric may contain: the numbers, the codes and the tokens.
    pub secrets: Vec<String>,
    /// The requests that the server received.
    pub requests: Vec<RecordedRequest>,
}

/// Resolves a branch, which is retried after a 503; sends a code, confirms a wrong and then the correct
/// code; reads the profile, also six hours later after a refresh; signs out. Then another user enters
/// wrong codes until the challenge is locked, and a client without a retry budget fails.
pub async fn run(observer: impl Observer) -> Result<Outcome, Error> {
    let mock = Wunder::start().await;
    let observer = Arc::new(observer);
    let client = |settings| {
        Client::builder(mock.base_url())
            .tenant("demo")
            .signing_key(Wunder::SIGNING_KEY)
            .clock(mock.clock().clone())
            .settings(settings)
            .observer(observer.clone())
            .attempt_headers(trace_context)
            .build()
    };
    let without_retries = client(Settings::new().retry_budget(0))?;
    let client = client(Settings::new())?;

    mock.fail_next("resolve_branch", 503);
    let branch = client.branch(48.2, 16.4).await?;

    let sign_in = client
        .sign_in_with_phone_code(&PHONE.parse()?)
        .branch_id(branch.id());
    let pending = sign_in.send().await?;
    let code = mock.outbox().last_code(PHONE).unwrap_or_default();
    let confirmed = match pending.confirm(WRONG_CODE).await {
        Err(returned) => returned.state.confirm(code.as_str()).await?,
        confirmed => confirmed?,
    };
    let SignIn::SignedIn(session) = confirmed else {
        panic!("the mock requires no second factor");
    };

    let first = session.access_token().await?;
    session.profile().await?;
    mock.clock().advance(Duration::from_secs(6 * 3600));
    session.profile().await?;
    let second = session.access_token().await?;
    session.sign_out().await?;

    let sign_in = client
        .sign_in_with_phone_code(&FORGETFUL_PHONE.parse()?)
        .branch_id(branch.id());
    let mut pending = sign_in.send().await?;
    let forgotten = mock.outbox().last_code(FORGETFUL_PHONE).unwrap_or_default();
    while pending.tries_left() > 0 {
        if let Err(returned) = pending.confirm(WRONG_CODE).await {
            pending = returned.state;
        } else {
            panic!("the code is wrong");
        }
    }

    mock.fail_next("resolve_branch", 503);
    if without_retries.branch(48.2, 16.4).await.is_ok() {
        panic!("the budget has no retry");
    }

    let mut secrets = vec![PHONE.to_owned(), FORGETFUL_PHONE.to_owned()];
    secrets.extend([WRONG_CODE.to_owned(), code, forgotten]);
    secrets.extend([first.expose().to_owned(), second.expose().to_owned()]);
    secrets.push(Wunder::SIGNING_KEY.to_owned());
    Ok(Outcome {
        secrets,
        requests: mock.requests(),
    })
}

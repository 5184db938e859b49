//! A sign-in by an SMS code on the mock of Wunder Mobility, with failures.

use std::time::Duration;

use vestibule::testing::Wunder;
use vestibule::wunder::{Client, SignIn};
use vestibule::{Error, Observer};

/// The user of the mock.
pub const PHONE: &str = "+43660000001";

/// The first code that the user enters.
pub const WRONG_CODE: &str = "wrong0code0typed";

/// The values that no log or trace may contain: the number, the codes and the tokens.
pub struct Secrets(pub Vec<String>);

/// Resolves a branch, which is retried after a 503; sends a code, confirms a wrong and then the correct
/// code; reads the profile, also six hours later after a refresh; signs out.
pub async fn run(observer: impl Observer) -> Result<Secrets, Error> {
    let mock = Wunder::start().await;
    let client = Client::builder(mock.base_url())
        .tenant("demo")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone())
        .observer(observer)
        .build()?;

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

    let mut secrets = vec![PHONE.to_owned(), WRONG_CODE.to_owned(), code.clone()];
    secrets.extend([first.expose().to_owned(), second.expose().to_owned()]);
    secrets.push(Wunder::SIGNING_KEY.to_owned());
    Ok(Secrets(secrets))
}

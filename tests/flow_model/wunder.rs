//! Wunder: codes by SMS and e-mail.

use vestibule::testing::{Outbox, TestClock, Wunder};
use vestibule::{Error, Secret, wunder};

use super::model::Terms;
use super::reference::Machine;
use super::system::{Check, ClientSetup, Step, System, mailbox, mock};

pub struct OnWunder;

impl Machine for OnWunder {
    /// The vendor documents no interval, so this is the client's.
    const TERMS: Terms = Terms {
        wait: 20,
        has_resend: true,
        time_to_live: 900,
        code_life: u64::MAX,
    };
}

impl System for OnWunder {
    const NAME: &'static str = "wunder";
    const MESSAGE_OPERATIONS: &'static [&'static str] = &[
        "create_or_sign_in_with_phone_number",
        "create_or_sign_in_with_email_code",
    ];
    const CODE_OPERATIONS: &'static [&'static str] =
        &["sign_in_phone_number", "sign_in_email_code"];

    mock!(Wunder);
    type Client = wunder::Client;
    type Pending = wunder::PendingCode;

    fn message_operation(to: &str, _: bool) -> &'static str {
        Self::MESSAGE_OPERATIONS[usize::from(to.contains('@'))]
    }

    fn code_operation(to: &str) -> &'static str {
        Self::CODE_OPERATIONS[usize::from(to.contains('@'))]
    }

    fn new_user(_: &Wunder, number: usize) -> String {
        mailbox(number).unwrap_or_else(|| format!("+4366412{number:05}"))
    }

    fn client(mock: &Wunder, setup: ClientSetup) -> wunder::Client {
        let wait = std::time::Duration::from_secs(Self::TERMS.wait);
        let client = wunder::Client::builder(mock.base_url())
            .tenant("tenant01")
            .signing_key(Wunder::SIGNING_KEY)
            .resend_wait(wait);
        let client = client.http_client(setup.http).clock(setup.clock);
        client.store(setup.store).build().unwrap()
    }

    fn id(pending: &wunder::PendingCode) -> Secret {
        pending.id().clone()
    }

    async fn send(client: &wunder::Client, to: &str) -> Result<wunder::PendingCode, Error> {
        if to.contains('@') {
            return client
                .sign_in_with_email_code(to)
                .branch_id("2")
                .send()
                .await;
        }
        client
            .sign_in_with_phone_code(&to.parse().unwrap())
            .branch_id("2")
            .send()
            .await
    }

    async fn resend(pending: &mut wunder::PendingCode) -> Result<(), Error> {
        pending.resend().await
    }

    async fn confirm(
        pending: wunder::PendingCode,
        _: &str,
        code: &str,
    ) -> Step<wunder::PendingCode, Check> {
        match pending.confirm(code).await {
            Ok(wunder::SignIn::SignedIn(session)) => {
                Ok(Box::pin(async move { session.profile().await.map(drop) }))
            }
            Ok(wunder::SignIn::MfaRequired(_)) => panic!("no user here has a second factor"),
            Err(returned) => Err((returned.state, returned.error)),
        }
    }

    async fn resume(client: &wunder::Client, id: &Secret) -> Result<wunder::PendingCode, Error> {
        match client.resume_challenge(id).await? {
            wunder::Challenge::PendingCode(pending) => Ok(pending),
            _ => panic!("no user here has a second factor"),
        }
    }
}

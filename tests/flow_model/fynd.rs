//! Fynd: codes by SMS and e-mail, with a key for each.

use vestibule::testing::{Fynd, FyndUser, Outbox, TestClock};
use vestibule::{Error, Secret, fynd};

use super::model::Terms;
use super::reference::Machine;
use super::system::{Check, ClientSetup, Step, System, mailbox, mock};

pub struct OnFynd;

impl Machine for OnFynd {
    const TERMS: Terms = Terms {
        wait: 30,
        has_resend: true,
        time_to_live: 900,
        code_life: 600,
    };
}

impl System for OnFynd {
    const NAME: &'static str = "fynd";
    const MESSAGE_OPERATIONS: &'static [&'static str] =
        &["login_with_otp", "send_otp_on_mobile", "send_otp_on_email"];
    const CODE_OPERATIONS: &'static [&'static str] = &["verify_mobile_otp", "verify_email_otp"];

    mock!(Fynd);
    type Client = fynd::Client;
    type Pending = fynd::PendingCode;

    fn message_operation(to: &str, is_first: bool) -> &'static str {
        match (to.contains('@'), is_first) {
            (false, true) => "login_with_otp",
            (false, false) => "send_otp_on_mobile",
            (true, _) => "send_otp_on_email",
        }
    }

    fn code_operation(to: &str) -> &'static str {
        Self::CODE_OPERATIONS[usize::from(to.contains('@'))]
    }

    fn new_user(mock: &Fynd, number: usize) -> String {
        if let Some(address) = mailbox(number) {
            mock.add_user(FyndUser::new("Asha").email(&address));
            return address;
        }
        let mobile = format!("90000{number:05}");
        mock.add_user(
            vestibule::testing::FyndUser::new("Asha")
                .phone(vestibule::Phone::parse(&format!("+91{mobile}")).unwrap()),
        );
        format!("+91{mobile}")
    }

    fn client(mock: &Fynd, setup: ClientSetup) -> fynd::Client {
        let client = fynd::Client::builder("64b000000000000000000001")
            .application_token("application-token");
        let client = client.base_url(mock.base_url());
        let client = client.http_client(setup.http).clock(setup.clock);
        client.store(setup.store).build().unwrap()
    }

    fn id(pending: &fynd::PendingCode) -> Secret {
        pending.id().clone()
    }

    async fn send(client: &fynd::Client, to: &str) -> Result<fynd::PendingCode, Error> {
        match to.strip_prefix("+91") {
            Some(mobile) => {
                client
                    .sign_in_with_phone_code(&format!("+91{mobile}").parse().unwrap())
                    .send()
                    .await
            }
            None => client.sign_in_with_email_code(to).send().await,
        }
    }

    async fn resend(pending: &mut fynd::PendingCode) -> Result<(), Error> {
        pending.resend().await
    }

    async fn confirm(
        pending: fynd::PendingCode,
        _: &str,
        code: &str,
    ) -> Step<fynd::PendingCode, Check> {
        match pending.confirm(code).await {
            Ok(fynd::SignIn::SignedIn(session)) => {
                Ok(Box::pin(async move { session.profile().await.map(drop) }))
            }
            Ok(_) => panic!("every user here is registered"),
            Err(returned) => Err((returned.state, returned.error)),
        }
    }

    async fn resume(client: &fynd::Client, id: &Secret) -> Result<fynd::PendingCode, Error> {
        match client.resume_challenge(id).await? {
            fynd::Challenge::PendingCode(pending) => Ok(pending),
            _ => panic!("every user here is registered"),
        }
    }
}

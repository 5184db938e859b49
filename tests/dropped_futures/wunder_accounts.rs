//! Wunder's flows other than the sign-in by phone.

use std::time::Duration;

use serde_json::json;
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{
    Client, MfaEnrolment, PendingCode, PendingResetCode, PhoneVerification, Session, SignIn,
    TermsScope,
};

use crate::dropping::at_each_point;
use crate::flows::settings;

const PHONE: &str = "+43123456789";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";

struct AccountFixture {
    mock: Wunder,
    client: Client,
}

impl AccountFixture {
    async fn start() -> Self {
        let mock = Wunder::start().await;
        let ada = WunderUser::new().phone(PHONE).verified_email(EMAIL);
        mock.add_user(ada.password(PASSWORD).branch("2"));
        mock.add_terms(TermsScope::Branch("2".to_owned()), json!({}));
        let client = Client::builder(mock.base_url())
            .tenant("tenant01")
            .signing_key(Wunder::SIGNING_KEY)
            .clock(mock.clock().clone())
            .settings(settings())
            .build()
            .unwrap();
        Self { mock, client }
    }

    fn code(&self, to: &str) -> String {
        self.mock.outbox().last_code(to).unwrap()
    }

    /// An unused code of the authenticator.
    fn app_code(&self) -> String {
        self.mock.clock().advance(Duration::from_secs(30));
        self.mock.second_factor_code(EMAIL).unwrap()
    }

    async fn session(&self) -> Session {
        match self
            .client
            .sign_in_with_password(EMAIL, PASSWORD)
            .await
            .unwrap()
        {
            SignIn::SignedIn(session) => session,
            SignIn::MfaRequired(mfa) => mfa.confirm(self.app_code()).await.unwrap(),
        }
    }

    /// Only one call may be in flight, so a leaked permit would be noticed here.
    async fn works(&self) {
        self.session().await.profile().await.unwrap();
    }
}

pub async fn all() -> usize {
    sign_ins().await + resets().await + of_a_session().await + enrolments().await
}

async fn sign_ins() -> usize {
    let on = AccountFixture::start().await;
    let nothing = async || {};
    let works = async |()| on.works().await;
    let mut points = 0;
    let password = async |_: &mut ()| on.client.sign_in_with_password(EMAIL, PASSWORD).await;
    points += at_each_point("password", nothing, password, works).await;

    let send = async |_: &mut ()| {
        on.client
            .sign_in_with_email_code(EMAIL)
            .branch_id("2")
            .send()
            .await
    };
    points += at_each_point("email code", nothing, send, works).await;

    let pending = async || Some(send(&mut ()).await.unwrap());
    let confirm = async |pending: &mut Option<PendingCode>| {
        let pending = pending.take().unwrap();
        pending.confirm(on.code(EMAIL)).await.map_err(Into::into)
    };
    points
        + at_each_point("confirm email code", pending, confirm, async |_| {
            on.works().await
        })
        .await
}

async fn resets() -> usize {
    let on = AccountFixture::start().await;
    let request = async |_: &mut ()| on.client.reset_password_by_code(EMAIL).await;
    let works = async |()| on.works().await;
    let mut points = at_each_point("reset", async || {}, request, works).await;

    let requested = async || Some(request(&mut ()).await.unwrap());
    let set = async |reset: &mut Option<PendingResetCode>| {
        let reset = reset.take().unwrap();
        let set = reset
            .set_password(on.code(EMAIL), vestibule::NewPassword::new(PASSWORD))
            .await;
        set.map_err(Into::into)
    };
    points += at_each_point("set password", requested, set, async |_| on.works().await).await;
    points
}

async fn of_a_session() -> usize {
    let on = AccountFixture::start().await;
    let session = async || on.session().await;
    let lives = async |session: Session| {
        session.profile().await.unwrap();
    };
    let mut points = 0;
    let send = async |session: &mut Session| session.verify_phone().await;
    points += at_each_point("verify phone", session, send, lives).await;

    let sent = async || Some(on.session().await.verify_phone().await.unwrap());
    let check = async |sent: &mut Option<PhoneVerification>| {
        let sent = sent.take().unwrap();
        sent.confirm(on.code(PHONE)).await.map_err(Into::into)
    };
    points += at_each_point("check phone", sent, check, async |_| on.works().await).await;

    let look = async |session: &mut Session| session.onboarding("2").send().await;
    points += at_each_point("onboarding", session, look, lives).await;

    let change = async |session: &mut Session| {
        let change = session.update_profile().member("firstName", "Ada");
        change.send().await
    };
    points + at_each_point("change profile", session, change, lives).await
}

async fn enrolments() -> usize {
    let on = AccountFixture::start().await;
    let session = async || on.session().await;
    let lives = async |session: Session| {
        session.profile().await.unwrap();
    };
    let enrol = async |session: &mut Session| session.request_mfa_enrolment().await;
    let points = at_each_point("enrol", session, enrol, lives).await;

    let enrolled = async || Some(on.session().await.request_mfa_enrolment().await.unwrap());
    let enable = async |enrolment: &mut Option<MfaEnrolment>| {
        let enrolment = enrolment.take().unwrap();
        enrolment.confirm(on.app_code()).await.map_err(Into::into)
    };
    points + at_each_point("enable", enrolled, enable, async |_| on.works().await).await
}

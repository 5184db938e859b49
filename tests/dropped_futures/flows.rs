//! The flows of the four systems.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule::testing::{Fynd, GoodCity, WalletCrew, Wunder};
use vestibule::{ErrorKind, Secret, Settings, fynd, goodcity, walletcrew, wunder};

use crate::dropping::at_each_point;

const PHONE: &str = "+43123456789";
const MFA_PHONE: &str = "+43987654321";
const MOBILE: &str = "+85251234567";
const ASHA: &str = "9000000001";
const EMAIL: &str = "ada@example.com";
const PAST_EXPIRY: Duration = Duration::from_secs(5 * 3600 + 1);

/// One concurrent call, so that a leaked permit would block the next call.
pub fn settings() -> Settings {
    Settings::new()
        .max_in_flight(1)
        .deadline(Duration::from_secs(10))
}

struct WunderFixture {
    mock: Wunder,
    client: wunder::Client,
}

impl WunderFixture {
    async fn start() -> Self {
        let mock = Wunder::start().await;
        mock.require_mfa(&MFA_PHONE.parse().unwrap(), "135790");
        let client = wunder::Client::builder(mock.base_url())
            .tenant("tenant01")
            .signing_key(Wunder::SIGNING_KEY)
            .clock(mock.clock().clone())
            .settings(settings())
            .build()
            .unwrap();
        Self { mock, client }
    }

    async fn pending(&self, phone: &str) -> wunder::PendingCode {
        let sign_in = self
            .client
            .sign_in_with_phone_code(&phone.parse().unwrap())
            .branch_id("2");
        sign_in.send().await.unwrap()
    }

    fn code(&self, phone: &str) -> String {
        self.mock.outbox().last_code(phone).unwrap()
    }

    async fn confirm(&self, phone: &str) -> wunder::SignIn {
        let pending = self.pending(phone).await;
        pending.confirm(self.code(phone)).await.unwrap()
    }

    async fn session(&self) -> wunder::Session {
        match self.confirm(PHONE).await {
            wunder::SignIn::SignedIn(session) => session,
            wunder::SignIn::MfaRequired(_) => panic!("no second factor was required"),
        }
    }

    async fn mfa(&self) -> wunder::MfaRequired {
        match self.confirm(MFA_PHONE).await {
            wunder::SignIn::MfaRequired(mfa) => mfa,
            wunder::SignIn::SignedIn(_) => panic!("a second factor was skipped"),
        }
    }
}

pub async fn wunder() -> usize {
    let on = WunderFixture::start().await;
    let nothing = async || {};
    let works = async |()| {
        on.client.branch(48.2, 16.4).await.unwrap();
        on.session().await.profile().await.unwrap();
    };
    let mut points = 0;
    let send = async |_: &mut ()| {
        on.client
            .sign_in_with_phone_code(&PHONE.parse().unwrap())
            .branch_id("2")
            .send()
            .await
    };
    points += at_each_point("send_code", nothing, send, works).await;

    let resend = async |pending: &mut wunder::PendingCode| pending.resend().await;
    let confirms = async |pending: wunder::PendingCode| {
        let code = on.code(PHONE);
        assert!(
            pending.confirm(code).await.is_ok(),
            "the newest code still confirms"
        );
    };
    let pending = async || on.pending(PHONE).await;
    points += at_each_point("resend", pending, resend, confirms).await;

    // The state is the challenge, until a confirmation that completes gives the session.
    let pending = async || {
        let pending = on.pending(PHONE).await;
        (pending.id().clone(), Some(pending))
    };
    let confirm = async |(id, pending): &mut (Secret, Option<wunder::PendingCode>)| {
        match pending.take().unwrap().confirm(on.code(PHONE)).await? {
            wunder::SignIn::SignedIn(session) => *id = session.id().clone(),
            wunder::SignIn::MfaRequired(_) => panic!("no second factor was required"),
        }
        Ok(())
    };
    let gets_the_session = async |(id, _): (Secret, Option<wunder::PendingCode>)| {
        if let Ok(session) = on.client.resume_session(&id).await {
            return drop(session.profile().await.unwrap());
        }
        match on.client.resume_challenge(&id).await.unwrap() {
            wunder::Challenge::PendingCode(pending) => {
                match pending.confirm(on.code(PHONE)).await.unwrap() {
                    wunder::SignIn::SignedIn(session) => drop(session.profile().await.unwrap()),
                    wunder::SignIn::MfaRequired(_) => panic!("no second factor was required"),
                }
            }
            other => panic!("{other:?} waits for something else"),
        }
    };
    points += at_each_point("confirm", pending, confirm, gets_the_session).await;

    let mfa = async || {
        let mfa = on.mfa().await;
        (mfa.id().clone(), Some(mfa))
    };
    let validate = async |(id, mfa): &mut (Secret, Option<wunder::MfaRequired>)| {
        let session = mfa.take().unwrap().confirm("135790").await?;
        *id = session.id().clone();
        Ok(())
    };
    let signs_in = async |(id, _): (Secret, Option<wunder::MfaRequired>)| {
        if let Ok(session) = on.client.resume_session(&id).await {
            return drop(session.profile().await.unwrap());
        }
        match on.client.resume_challenge(&id).await.unwrap() {
            wunder::Challenge::MfaRequired(mfa) => {
                let session = mfa.confirm("135790").await.unwrap();
                session.profile().await.unwrap();
            }
            other => panic!("{other:?} waits for something else"),
        }
    };
    points += at_each_point("validate", mfa, validate, signs_in).await;
    points + wunder_sessions(&on).await
}

/// A session whose token is refreshed once, whichever caller is dropped meanwhile.
async fn wunder_sessions(on: &WunderFixture) -> usize {
    let expired = async || {
        let session = on.session().await;
        on.mock.clock().advance(PAST_EXPIRY);
        (session, on.mock.count("refresh_token"))
    };
    let refreshed = async |(session, before): (wunder::Session, usize)| {
        session.profile().await.unwrap();
        assert_eq!(
            on.mock.count("refresh_token"),
            before + 1,
            "one refresh, and no token lost"
        );
        let stored = on.client.resume_session(session.id()).await.unwrap();
        stored.profile().await.unwrap();
    };
    let mut points = 0;
    let profile = async |(session, _): &mut (wunder::Session, usize)| session.profile().await;
    points += at_each_point("profile", expired, profile, refreshed).await;
    let token = async |(session, _): &mut (wunder::Session, usize)| session.access_token().await;
    points += at_each_point("access_token", expired, token, refreshed).await;

    let rejected = async || {
        let session = on.session().await;
        on.mock.revoke_access_tokens();
        (session, on.mock.count("refresh_token"))
    };
    points += at_each_point("replay", rejected, profile, refreshed).await;

    let session = async || {
        let session = on.session().await;
        (Some(session.clone()), session)
    };
    let sign_out =
        async |(mine, _): &mut (Option<wunder::Session>, _)| mine.take().unwrap().sign_out().await;
    let begun_is_done = async |(mine, session): (Option<wunder::Session>, wunder::Session)| {
        if mine.is_some() {
            return session.profile().await.map(drop).unwrap();
        }
        while session.shared().ended().is_none() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let error = session.profile().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    };
    points += at_each_point("sign_out", session, sign_out, begun_is_done).await;

    let resume = async |(_, session): &mut (_, wunder::Session)| {
        on.client.resume_session(session.id()).await
    };
    let lives = async |(_, session): (Option<wunder::Session>, wunder::Session)| {
        session.profile().await.unwrap();
    };
    points + at_each_point("resume", session, resume, lives).await
}

pub async fn goodcity() -> usize {
    let mock = GoodCity::start().await;
    mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse(MOBILE).unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let client = goodcity::Client::builder(mock.base_url())
        .app_name("app")
        .clock(mock.clock().clone())
        .settings(settings())
        .build()
        .unwrap();
    let pin = || mock.outbox().last_code(MOBILE).unwrap();
    // Longer than the resend timer, which a dropped call may have started.
    let wait = || mock.clock().advance(Duration::from_secs(61));
    let pending = async || {
        wait();
        let pending = client
            .sign_in_with_pin(&MOBILE.parse().unwrap())
            .await
            .unwrap();
        wait();
        Some(pending)
    };
    let signs_in = async || {
        wait();
        let pending = client
            .sign_in_with_pin(&MOBILE.parse().unwrap())
            .await
            .unwrap();
        let signed_in = pending.confirm(pin()).await.unwrap();
        signed_in.session.profile().await.unwrap();
    };
    let mut points = 0;
    let send = async |_: &mut ()| client.sign_in_with_pin(&MOBILE.parse().unwrap()).await;
    points += at_each_point(
        "send_pin",
        async || wait(),
        send,
        async |()| signs_in().await,
    )
    .await;
    let resend = async |pending: &mut Option<goodcity::PendingCode>| {
        pending.as_mut().unwrap().resend().await
    };
    // The effect of a dropped resend is unknown; another resend makes the challenge valid again.
    let resends = async |pending: Option<goodcity::PendingCode>| {
        wait();
        let mut pending = pending.unwrap();
        pending.resend().await.unwrap();
        assert!(pending.confirm(pin()).await.is_ok());
    };
    points += at_each_point("resend", pending, resend, resends).await;
    let sent = async || {
        let pending = pending().await.unwrap();
        (pending.id().clone(), Some(pending))
    };
    let confirm = async |(id, pending): &mut (Secret, Option<goodcity::PendingCode>)| {
        let signed_in = pending.take().unwrap().confirm(pin()).await?;
        *id = signed_in.session.id().clone();
        Ok(())
    };
    let gets_the_session = async |(id, _): (Secret, Option<goodcity::PendingCode>)| {
        if let Ok(session) = client.resume_session(&id).await {
            return drop(session.profile().await.unwrap());
        }
        let pending = client.resume_challenge(&id).await.unwrap();
        let signed_in = pending.confirm(pin()).await.unwrap();
        signed_in.session.profile().await.unwrap();
    };
    points + at_each_point("confirm", sent, confirm, gets_the_session).await
}

pub async fn fynd() -> usize {
    let mock = Fynd::start().await;
    mock.add_user(
        vestibule::testing::FyndUser::new("Asha")
            .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap()),
    );
    let client = fynd::Client::builder("64b000000000000000000001")
        .application_token("application-token")
        .base_url(mock.base_url())
        .clock(mock.clock().clone())
        .settings(settings())
        .build()
        .unwrap();
    let code = || mock.outbox().last_code(&format!("+91{ASHA}")).unwrap();
    let send = async || {
        client
            .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
            .send()
            .await
    };
    // Longer than the resend timer, which a dropped call may have started.
    let wait = || mock.clock().advance(Duration::from_secs(31));
    let signs_in = async |_| {
        wait();
        let signed_in = send().await.unwrap().confirm(code()).await;
        let Ok(fynd::SignIn::SignedIn(session)) = signed_in else {
            panic!("a known user signs in");
        };
        session.profile().await.unwrap();
    };
    let pending = async || {
        wait();
        let pending = send().await.unwrap();
        wait();
        Some(pending)
    };
    let mut points = 0;
    let dropped = async |_: &mut ()| send().await;
    points += at_each_point(
        "send_code",
        async || wait(),
        dropped,
        async |()| signs_in(None).await,
    )
    .await;
    let resend =
        async |pending: &mut Option<fynd::PendingCode>| pending.as_mut().unwrap().resend().await;
    points += at_each_point("resend", pending, resend, signs_in).await;
    let sent = async || {
        let pending = pending().await.unwrap();
        (pending.id().clone(), Some(pending))
    };
    let confirm = async |(id, pending): &mut (Secret, Option<fynd::PendingCode>)| {
        let signed_in = pending.take().unwrap().confirm(code()).await?;
        *id = signed_in.signed_in().unwrap().id().clone();
        Ok(())
    };
    let gets_the_session = async |(id, _): (Secret, Option<fynd::PendingCode>)| {
        if let Ok(session) = client.resume_session(&id).await {
            return drop(session.profile().await.unwrap());
        }
        let pending = match client.resume_challenge(&id).await.unwrap() {
            fynd::Challenge::PendingCode(pending) => pending,
            other => panic!("{other:?}: the user is known"),
        };
        let signed_in = pending.confirm(code()).await.unwrap().signed_in();
        signed_in.unwrap().profile().await.unwrap();
    };
    points += at_each_point("confirm", sent, confirm, gets_the_session).await;
    let session = async || {
        wait();
        let signed_in = send().await.unwrap().confirm(code()).await;
        match signed_in {
            Ok(fynd::SignIn::SignedIn(session)) => session,
            _ => panic!("a known user signs in"),
        }
    };
    let user = async |session: &mut fynd::Session| session.profile().await;
    let lives = async |session: fynd::Session| {
        session.profile().await.unwrap();
        let stored = client.resume_session(session.id()).await.unwrap();
        stored.profile().await.unwrap();
    };
    points + at_each_point("user", session, user, lives).await
}

pub async fn walletcrew() -> usize {
    let mock = WalletCrew::start().await;
    let client = walletcrew::Client::builder(mock.base_url())
        .tenant("tenant-01")
        .clock(mock.clock().clone())
        .settings(settings())
        .build()
        .unwrap();
    let account = || json!({"email": EMAIL, "firstName": "Ada"});
    let save = async |_: &mut ()| client.customer(&account()).flow("activation").send().await;
    let challenge = async || match client.customer(&account()).flow("activation").send().await {
        Ok(walletcrew::Saved::ChallengeIssued(challenge)) => Some(challenge),
        _ => panic!("the flow asks for a code"),
    };
    let login = || json!({"identifier": EMAIL, "code": mock.outbox().last_code(EMAIL).unwrap()});
    let signs_in = async || {
        let challenge = challenge().await.unwrap();
        let session = challenge.confirm("otp", &login()).await.unwrap();
        session.profile::<Value>().await.unwrap();
    };
    let mut points = 0;
    points += at_each_point("save", async || {}, save, async |()| signs_in().await).await;
    let issued = async || {
        let challenge = challenge().await.unwrap();
        (challenge.id().clone(), Some(challenge))
    };
    let authenticate = async |(id, challenge): &mut (Secret, Option<walletcrew::Challenge>)| {
        let session = challenge.take().unwrap().confirm("otp", &login()).await?;
        *id = session.id().clone();
        Ok(())
    };
    let gets_the_session = async |(id, _): (Secret, Option<walletcrew::Challenge>)| {
        if let Ok(session) = client.resume_session(&id).await {
            return drop(session.profile::<Value>().await.unwrap());
        }
        let challenge = client.resume_challenge(&id).await.unwrap();
        let session = challenge.confirm("otp", &login()).await.unwrap();
        session.profile::<Value>().await.unwrap();
    };
    points + at_each_point("authenticate", issued, authenticate, gets_the_session).await
}

//! Callers that go away while the server checks a code: the session that it grants is kept with the
//! challenge, for the same code, and signed out if that does not come.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use vestibule::code_sign_in::{CodeChallenge, CodeSignIn, Confirmed};
use vestibule::session::Session;
use vestibule::testing::{Fynd, FyndUser, GoodCity, GoodCityUser, WalletCrew, Wunder, WunderUser};
use vestibule::{
    Contact, Error, ErrorKind, Phone, Secret, Settings, fynd, goodcity, walletcrew, wunder,
};

#[path = "kept.rs"]
mod kept;

use crate::step_store::StepStore;
use crate::support::proof;

const AUTHENTICATOR_CODE: &str = "246810";
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "the password";

/// Longer than every resend timer, shorter than the life of a code.
const PAUSE: Duration = Duration::from_secs(61);

enum Mock {
    Wunder(Wunder),
    WalletCrew(WalletCrew),
    GoodCity(GoodCity),
    Fynd(Fynd),
}

macro_rules! on_any {
    ($mock:expr, $one:ident => $do:expr) => {
        match $mock {
            Mock::Wunder($one) => $do,
            Mock::WalletCrew($one) => $do,
            Mock::GoodCity($one) => $do,
            Mock::Fynd($one) => $do,
        }
    };
}

/// A system with a user, and two instances that share a store.
struct Fixture {
    mock: Mock,
    store: StepStore,
    to: Contact,
    /// The operation that checks the last code.
    checks: &'static str,
    one: Box<dyn CodeSignIn>,
    other: Box<dyn CodeSignIn>,
}

fn wunder_client(mock: &Wunder, store: &StepStore, settings: Settings) -> wunder::Client {
    wunder::Client::builder(mock.base_url())
        .tenant("demo")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone())
        .store(store.clone())
        .settings(settings)
        .build()
        .unwrap()
}

fn walletcrew_client(
    mock: &WalletCrew,
    store: &StepStore,
    settings: Settings,
) -> walletcrew::Client {
    walletcrew::Client::builder(mock.base_url())
        .tenant("tenant-01")
        .clock(mock.clock().clone())
        .store(store.clone())
        .settings(settings)
        .build()
        .unwrap()
}

fn goodcity_client(mock: &GoodCity, store: &StepStore, settings: Settings) -> goodcity::Client {
    goodcity::Client::builder(mock.base_url())
        .app_name("app")
        .clock(mock.clock().clone())
        .store(store.clone())
        .settings(settings)
        .build()
        .unwrap()
}

fn fynd_client(mock: &Fynd, store: &StepStore, settings: Settings) -> fynd::Client {
    fynd::Client::builder("64b000000000000000000001")
        .application_token("application-token")
        .base_url(mock.base_url())
        .clock(mock.clock().clone())
        .store(store.clone())
        .settings(settings)
        .build()
        .unwrap()
}

impl Fixture {
    fn new(mock: Mock, to: Contact, checks: &'static str, settings: Settings) -> Self {
        let store = StepStore::default();
        let instance = || Self::instance(&mock, &store, settings.clone());
        Self {
            one: instance(),
            other: instance(),
            store: store.clone(),
            to,
            checks,
            mock,
        }
    }

    fn instance(mock: &Mock, store: &StepStore, settings: Settings) -> Box<dyn CodeSignIn> {
        match mock {
            Mock::Wunder(mock) => Box::new(wunder_client(mock, store, settings).at_branch("2")),
            Mock::GoodCity(mock) => Box::new(goodcity_client(mock, store, settings)),
            Mock::Fynd(mock) => Box::new(fynd_client(mock, store, settings)),
            Mock::WalletCrew(mock) => Box::new(
                walletcrew_client(mock, store, settings)
                    .code_sign_in(
                        |to| json!({"email": to.to_text()}),
                        |to, code| json!({"identifier": to.to_text(), "code": code.expose()}),
                    )
                    .flow("activation")
                    .provider("otp"),
            ),
        }
    }

    async fn wunder(settings: Settings) -> Self {
        let to = Contact::phone("+43660000001").unwrap();
        let mock = Mock::Wunder(Wunder::start().await);
        Self::new(mock, to, "sign_in_phone_number", settings)
    }

    async fn wunder_second_factor(settings: Settings) -> Self {
        let to = Contact::phone("+43660000001").unwrap();
        let mock = Wunder::start().await;
        mock.require_mfa(&to.to_text().parse().unwrap(), AUTHENTICATOR_CODE);
        Self::new(Mock::Wunder(mock), to, "two_factor_code_validate", settings)
    }

    async fn goodcity(settings: Settings) -> Self {
        let to = Contact::phone("+85261234567").unwrap();
        let mock = GoodCity::start().await;
        let phone = Phone::parse(&to.to_text()).unwrap();
        mock.add_user(GoodCityUser::new(phone).first_name("Ada").last_name("Wong"));
        Self::new(Mock::GoodCity(mock), to, "verify", settings)
    }

    async fn fynd(settings: Settings) -> Self {
        let to = Contact::phone("+919000000001").unwrap();
        let mock = Fynd::start().await;
        let phone = Phone::parse(&to.to_text()).unwrap();
        mock.add_user(FyndUser::new("Asha").phone(phone));
        Self::new(Mock::Fynd(mock), to, "verify_mobile_otp", settings)
    }

    async fn walletcrew(settings: Settings) -> Self {
        let to = Contact::email(EMAIL).unwrap();
        let mock = Mock::WalletCrew(WalletCrew::start().await);
        Self::new(mock, to, "authenticate", settings)
    }

    async fn all(settings: impl Fn() -> Settings) -> Vec<Self> {
        vec![
            Self::wunder(settings()).await,
            Self::wunder_second_factor(settings()).await,
            Self::goodcity(settings()).await,
            Self::fynd(settings()).await,
            Self::walletcrew(settings()).await,
        ]
    }

    fn checked(&self) -> usize {
        on_any!(&self.mock, mock => mock.count(self.checks))
    }

    fn signed_out(&self) -> usize {
        match &self.mock {
            Mock::Wunder(mock) => mock.count("logout"),
            Mock::Fynd(mock) => mock.count("logout"),
            // They have no sign-out.
            Mock::WalletCrew(_) | Mock::GoodCity(_) => 0,
        }
    }

    /// A challenge that waits for its last code, and that code.
    async fn challenge(&self) -> (Box<dyn CodeChallenge>, Secret) {
        on_any!(&self.mock, mock => mock.clock().advance(PAUSE));
        let challenge = self.one.send_code(&self.to).await.unwrap();
        let code = on_any!(&self.mock, mock => mock.outbox().last_code(&self.to.to_text()));
        let code = Secret::from(code.unwrap());
        if self.checks != "two_factor_code_validate" {
            return (challenge, code);
        }
        match challenge.confirm(code).await.unwrap() {
            Confirmed::SecondFactor(next) => (next, AUTHENTICATOR_CODE.into()),
            other => panic!("{other:?} needs no second factor"),
        }
    }

    /// Drops a confirmation when the store has begun or ended that many steps; returns whether it was
    /// dropped.
    async fn drop_at(
        &self,
        challenge: Box<dyn CodeChallenge>,
        code: &Secret,
        event: usize,
    ) -> bool {
        let reached = self.store.after_events(event);
        tokio::select! {
            biased;
            () = reached => true,
            confirmed = challenge.confirm(code.clone()) => {
                assert!(matches!(confirmed, Ok(Confirmed::SignedIn(_))), "it fails by itself");
                false
            }
        }
    }

    /// A challenge whose confirmation was dropped after the server had accepted the code: its id, the
    /// code, and how it looked before.
    async fn kept(&self) -> (Secret, Secret, String) {
        let (challenge, code) = self.challenge().await;
        let (id, looks) = (challenge.id().clone(), looks(&*challenge));
        // The challenge and its destination are loaded, and the code is counted.
        assert!(self.drop_at(challenge, &code, 4).await);
        self.store.quiet().await;
        (id, code, looks)
    }
}

fn looks(challenge: &dyn CodeChallenge) -> String {
    let (awaits, end) = (challenge.awaits(), challenge.expires_at());
    let timer = challenge.resend_timer().map(|timer| timer.not_before());
    format!("{challenge:?} {awaits:?} {end} {timer:?}")
}

async fn confirm(instance: &dyn CodeSignIn, id: &Secret, code: &Secret) -> Result<Session, Error> {
    let challenge = instance.resume_challenge(id).await?;
    match challenge.confirm(code.clone()).await? {
        Confirmed::SignedIn(session) => Ok(session),
        other => panic!("{other:?} is no session"),
    }
}

fn wrong(code: &Secret) -> Secret {
    let digit = |digit: char| if digit == '9' { '0' } else { '9' };
    code.expose().chars().map(digit).collect::<String>().into()
}

/// The browser went away after the server took the code: whenever that was, the same code gets the
/// session, at the same instance at once, and at another one when the server has responded.
#[tokio::test]
async fn a_dropped_confirm_keeps_its_session_for_the_same_code() {
    let (mut dropped, mut released, mut lost) = (0, 0, Vec::new());
    for fixture in Fixture::all(Settings::new).await {
        let name = fixture.checks;
        for event in 1.. {
            let (challenge, code) = fixture.challenge().await;
            let id = challenge.id().clone();
            let before = fixture.checked();
            if !fixture.drop_at(challenge, &code, event).await {
                // The steps of the store for counting, creating and finishing, each of which begins and ends.
                assert!(event > 6, "{name}: only {event} points");
                break;
            }
            dropped += 1;
            let is_elsewhere = event % 2 == 0;
            if is_elsewhere {
                fixture.store.quiet().await;
            }
            let instance = if is_elsewhere {
                &fixture.other
            } else {
                &fixture.one
            };
            match confirm(&**instance, &id, &code).await {
                Ok(session) => {
                    assert!(session.ended().is_none());
                    let stored = fixture.one.resume_session(session.id()).await.unwrap();
                    assert_eq!(stored.id(), session.id());
                    assert_eq!(
                        fixture.checked() - before,
                        1,
                        "{name}: the code was sent twice"
                    );
                    released += 1;
                }
                Err(error) => {
                    lost.push(format!("{name} at {event}: {error}"));
                }
            }
            for instance in [&fixture.one, &fixture.other] {
                let again = confirm(&**instance, &id, &code).await;
                let error = again.expect_err("a session is released once");
                assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{name}: {error}");
            }
        }
        assert_eq!(fixture.signed_out(), 0, "{name}");
    }
    assert!(lost.is_empty(), "{lost:#?}");
    assert_eq!(released, dropped);
    assert!(dropped > 35, "only {dropped} points");
    proof(
        "dropped-confirm",
        &format!("{dropped} lost=0 released={released}"),
    );
}

/// The id alone gives nothing and tells nothing: a resumed challenge looks as before, a wrong code is
/// refused without asking the server and counts, and after five the right one is refused as well.
#[tokio::test]
async fn a_kept_session_is_released_to_no_other_code() {
    for fixture in Fixture::all(Settings::new).await {
        let name = fixture.checks;
        let (id, code, before) = fixture.kept().await;
        let sent = fixture.checked();
        let resumed = fixture.other.resume_challenge(&id).await.unwrap();
        assert_eq!(looks(&*resumed), before, "{name}");
        for _ in 0..5 {
            let error = confirm(&*fixture.other, &id, &wrong(&code))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Rejected, "{name}: {error}");
        }
        for code in [&wrong(&code), &code] {
            let error = confirm(&*fixture.one, &id, code).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StepRequired, "{name}: {error}");
        }
        assert_eq!(fixture.checked(), sent, "{name}: a code was sent");
    }
}

/// A session that is not claimed in time is signed out at the server where the system can, and removed
/// from the store. A shutdown waits for it.
#[tokio::test]
async fn an_unclaimed_session_is_signed_out_and_removed() {
    let settings = || Settings::new().unclaimed_session_time(Duration::from_secs(2));
    let fixtures = Fixture::all(settings).await;
    join_all(fixtures.iter().map(async |fixture| {
        let name = fixture.checks;
        let (id, code, _) = fixture.kept().await;
        let kept = fixture.store.records().await;
        assert_eq!(fixture.signed_out(), 0, "{name}");
        tokio::time::sleep(Duration::from_secs(3)).await;
        // The session and the challenge are gone; the timer of the destination stays.
        assert_eq!(fixture.store.records().await + 2, kept, "{name}");
        let can_sign_out = matches!(&fixture.mock, Mock::Wunder(_) | Mock::Fynd(_));
        assert_eq!(fixture.signed_out(), usize::from(can_sign_out), "{name}");
        let gone = confirm(&*fixture.other, &id, &code).await;
        let error = gone.expect_err("the session is signed out");
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{name}: {error}");
    }))
    .await;
}

#[tokio::test]
async fn a_shutdown_waits_for_the_exchange_of_a_dropped_confirm() {
    let mock = GoodCity::start().await;
    let phone = Phone::parse("+85261234567").unwrap();
    mock.add_user(
        GoodCityUser::new(phone.clone())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let store = StepStore::default();
    let settings = || Settings::new().unclaimed_session_time(Duration::from_secs(2));
    let one = goodcity_client(&mock, &store, settings());
    let other = goodcity_client(&mock, &store, settings());
    mock.delay("verify", Duration::from_millis(300));
    let pending = one.sign_in_with_pin(&phone).await.unwrap();
    let id = pending.id().clone();
    let pin = mock.outbox().last_code("+85261234567").unwrap();
    let reached = store.after_events(6);
    tokio::select! {
        biased;
        () = reached => {}
        _ = pending.confirm(pin.as_str()) => panic!("the server responds later"),
    }
    let closing = one.shutdown(Duration::from_secs(10));
    let claims = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        let pending = other.resume_challenge(&id).await.unwrap();
        pending.confirm(pin.as_str()).await.unwrap()
    };
    let (closed, signed_in) = tokio::join!(closing, claims);
    closed.unwrap();
    signed_in.session.profile().await.unwrap();
    assert_eq!(mock.count("verify"), 1);
}

/// Where no challenge exists the session cannot be claimed: it is signed out and removed.
#[tokio::test]
async fn a_session_without_a_challenge_is_signed_out_when_its_caller_is_gone() {
    let wunder = Wunder::start().await;
    let ada = WunderUser::new().email(EMAIL).password(PASSWORD);
    wunder.add_user(ada.social("google", "what Google issued".into()));
    let fynd = Fynd::start().await;
    fynd.add_user(FyndUser::new("Asha").email(EMAIL).password(PASSWORD));
    let mut released = 0;
    for event in 1..=4 {
        let store = StepStore::default();
        let client = wunder_client(&wunder, &store, Settings::new());
        let before = wunder.count("logout");
        let reached = store.after_events(event.min(2));
        let login = json!({"provider": "google", "token": "what Google issued"});
        tokio::select! {
            biased;
            () = reached => {}
            done = async {
                match event % 2 {
                    0 => client.sign_in_with_password(EMAIL, PASSWORD).await,
                    _ => client.sign_in_with_social(&login).await,
                }
            } => panic!("{done:?} came too soon"),
        }
        client.shutdown(Duration::from_secs(10)).await.unwrap();
        assert_eq!(wunder.count("logout"), before + 1);
        assert_eq!(store.records().await, 0);
        released += 1;

        let store = StepStore::default();
        let client = fynd_client(&fynd, &store, Settings::new());
        let before = fynd.count("logout");
        let reached = store.after_events(event);
        tokio::select! {
            biased;
            () = reached => {}
            done = client.sign_in_with_password(EMAIL, PASSWORD) => panic!("{done:?} came too soon"),
        }
        client.shutdown(Duration::from_secs(10)).await.unwrap();
        let granted = usize::from(fynd.count("login_with_email_and_password") > before);
        assert_eq!(fynd.count("logout"), before + granted);
        assert_eq!(store.records().await, 0);
        released += granted;
    }
    assert!(released > 4, "only {released} sessions were released");
    proof("dropped-sign-ins", &format!("lost=0 released={released}"));
}

/// A user who registers is signed in by the code of one contact while that of the other remains: the
/// session that was granted to a dropped confirmation is released with the codes that remain.
#[tokio::test]
async fn a_registration_keeps_its_session_with_the_codes_that_remain() {
    let mock = Fynd::start().await;
    let store = StepStore::default();
    let one = fynd_client(&mock, &store, Settings::new());
    let other = fynd_client(&mock, &store, Settings::new());
    let mut released = 0;
    for event in 1.. {
        let number = format!("+91{}", 9_000_000_100_u64 + event as u64);
        let email = format!("user{event}@example.com");
        let form = one.sign_up("Asha").phone(Phone::parse(&number).unwrap());
        let fynd::SignIn::CodesRequired(codes) = form.email(email.as_str()).send().await.unwrap()
        else {
            panic!("a new user confirms codes");
        };
        let code = |to: &str| mock.outbox().last_code(to).unwrap();
        let codes = match codes.confirm_phone(code(&number)).await.unwrap() {
            fynd::SignIn::CodesRequired(codes) => codes,
            other => panic!("{other:?}: the e-mail is not confirmed"),
        };
        let (id, before) = (codes.id().clone(), mock.count("verify_email_otp"));
        let reached = store.after_events(event);
        let is_dropped = tokio::select! {
            biased;
            () = reached => true,
            done = codes.confirm_email(code(&email)) => {
                assert!(done.unwrap().signed_in().is_some());
                false
            }
        };
        if !is_dropped {
            break;
        }
        store.quiet().await;
        let codes = match other.resume_challenge(&id).await.unwrap() {
            fynd::Challenge::PendingCodes(codes) => codes,
            state => panic!("{state:?} at {event}"),
        };
        // Its field would be missing, and so tell that a session is kept.
        assert!(codes.email().is_some(), "at {event}");
        let session = codes.confirm_email(code(&email)).await.unwrap().signed_in();
        session.unwrap().profile().await.unwrap();
        assert_eq!(mock.count("verify_email_otp"), before + 1);
        released += 1;
    }
    assert!(released > 7, "only {released} points");
}

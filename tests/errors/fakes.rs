//! The constructor of errors and the fake of `CodeSignIn` for the tests of a back end.

use std::time::Duration;

use chrono::{DateTime, Utc};
use vestibule::code_sign_in::{Awaited, CodeSignIn, Confirmed};
use vestibule::http::Method;
use vestibule::session::EndReason;
use vestibule::testing::{self, FakeCodeSignIn, FakeStep, TestClock};
use vestibule::{BoxFuture, Channel, Clock, Contact, Error, ErrorKind, Secret, System};

fn ada() -> Contact {
    Contact::email("ada@example.org").unwrap()
}

#[test]
fn an_error_of_a_test_has_what_the_test_sets() {
    let error = testing::error(ErrorKind::Rejected)
        .at(System::Wunder, "sign_in_email")
        .status(vestibule::http::StatusCode::NOT_FOUND)
        .api_error(7_u8, "U106")
        .request_id("1-2")
        .effort(3, Duration::from_secs(2))
        .error_type("a_class")
        .build();
    assert_eq!(error.system(), Some(System::Wunder));
    assert_eq!(error.operation(), Some("sign_in_email"));
    assert_eq!(
        (error.code(), error.request_id()),
        (Some("U106"), Some("1-2"))
    );
    assert_eq!(error.api_error::<u8>(), Some(&7));
    assert_eq!(
        (error.attempts(), error.elapsed()),
        (3, Duration::from_secs(2))
    );
    assert_eq!(error.error_type(), "a_class");
    assert_eq!(error.problem().code, None);
    let shown = testing::error(ErrorKind::Rejected)
        .api_error((), "U101")
        .public_code();
    assert_eq!(shown.build().problem().code.as_deref(), Some("U101"));
}

#[tokio::test]
async fn the_fake_signs_in_with_a_second_factor_and_remembers_the_session() -> Result<(), Error> {
    let fake = FakeCodeSignIn::new(System::Fynd).second_factor("246810");
    let challenge = fake.send_code(&ada()).await?;
    let id = challenge.id().clone();
    let Confirmed::SecondFactor(second) = challenge.confirm("123456".into()).await? else {
        panic!("a second factor is set");
    };
    assert_eq!(second.awaits(), Awaited::Authenticator);
    assert_eq!(second.id(), &id);
    drop(second);
    let second = fake.resume_challenge(&id).await?;
    let Confirmed::SignedIn(session) = second.confirm("246810".into()).await? else {
        panic!("nothing is left to do");
    };
    let gone = fake.resume_challenge(&id).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Unauthenticated);

    let id = session.id().clone();
    let same = fake.clone().resume_session(&id).await?;
    assert_eq!(same.id(), &id);
    let call = same.request(Method::GET, "/anything").send::<()>().await;
    assert_eq!(
        call.unwrap_err().kind(),
        ErrorKind::Unavailable,
        "no server"
    );
    fake.sign_out(&id).await?;
    assert_eq!(session.ended(), Some(EndReason::SignedOut));
    let gone = fake.resume_session(&id).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Unauthenticated);
    Ok(())
}

#[tokio::test]
async fn the_fake_counts_codes_and_waits_like_a_system() -> Result<(), Error> {
    let clock = TestClock::new();
    let fake = FakeCodeSignIn::new(System::Wunder)
        .code("0417")
        .only(Channel::Email)
        .resend_after(Duration::from_secs(30))
        .clock(clock.clone());
    let phone = Contact::phone("+43660000001").unwrap();
    let unsupported = fake.send_code(&phone).await.unwrap_err();
    assert_eq!(unsupported.kind(), ErrorKind::Unsupported);

    let mut challenge = fake.send_code(&ada()).await?;
    let early = challenge.resend().await.unwrap_err();
    assert_eq!(early.kind(), ErrorKind::RateLimited);
    assert!(early.retry_after() > Some(Duration::from_secs(29)));
    for _ in 0..5 {
        let failed = challenge.confirm("0000".into()).await.unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::Rejected);
        challenge = failed.state;
    }
    let failed = challenge.confirm("0417".into()).await.unwrap_err();
    assert_eq!(failed.error.kind(), ErrorKind::StepRequired);
    assert!(failed.error.retry_after() > Some(Duration::from_secs(29)));
    clock.advance(Duration::from_secs(31));
    let failed = failed.state.confirm("0417".into()).await.unwrap_err();
    assert_eq!(failed.error.kind(), ErrorKind::StepRequired);
    assert_eq!(failed.error.retry_after(), None, "the timer has elapsed");
    challenge = failed.state;
    challenge.resend().await?;
    assert_eq!(fake.sent(), [ada(), ada()]);
    let id = challenge.id().clone();
    let _newer = fake.send_code(&ada()).await?;
    let replaced = challenge.confirm("0417".into()).await.unwrap_err();
    assert_eq!(replaced.error.kind(), ErrorKind::StepRequired);
    clock.advance(Duration::from_secs(16 * 60));
    let expired = fake.resume_challenge(&id).await.unwrap_err();
    assert_eq!(expired.kind(), ErrorKind::Unauthenticated);
    Ok(())
}

#[tokio::test]
async fn a_newer_challenge_of_the_fake_replaces_the_earlier_ones() -> Result<(), Error> {
    let fake = FakeCodeSignIn::new(System::Wunder).second_factor("246810");
    let step_required = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::StepRequired);
        assert!(error.to_string().contains("newer challenge"), "{error}");
    };
    let in_second_factor = match fake
        .send_code(&ada())
        .await?
        .confirm("123456".into())
        .await?
    {
        Confirmed::SecondFactor(second) => second,
        other => panic!("a second factor is set: {other:?}"),
    };
    let mut earlier = fake.send_code(&ada()).await?;
    let other = fake.send_code(&Contact::email("bob@example.org")?).await?;
    let newer = fake.send_code(&ada()).await?;
    step_required(earlier.resend().await.unwrap_err());
    let failed = earlier.confirm("123456".into()).await.unwrap_err();
    step_required(failed.error);
    let resumed = fake.resume_challenge(failed.state.id()).await?;
    step_required(resumed.confirm("123456".into()).await.unwrap_err().error);
    assert!(newer.confirm("123456".into()).await.is_ok());
    assert!(other.confirm("123456".into()).await.is_ok());
    assert!(in_second_factor.confirm("246810".into()).await.is_ok());
    Ok(())
}

#[tokio::test]
async fn the_fake_reads_codes_as_the_systems_do() -> Result<(), Error> {
    let fake = FakeCodeSignIn::new(System::Wunder).second_factor("ABCD-1234");
    let mut challenge = fake.send_code(&ada()).await?;
    for malformed in ["", "12.34", "ABCD-1234", "123456!", "1 2 3 x"].repeat(2) {
        let failed = challenge.confirm(malformed.into()).await.unwrap_err();
        assert_eq!(
            failed.error.kind(),
            ErrorKind::InvalidInput,
            "{malformed:?}"
        );
        assert_eq!(failed.error.field(), Some("code"));
        challenge = failed.state;
    }
    let Confirmed::SecondFactor(mut second) = challenge.confirm(" １２３-456\n".into()).await?
    else {
        panic!("a second factor is set");
    };
    for malformed in ["", "ABCD 1234", "ABCD-"].repeat(2) {
        let failed = second.confirm(malformed.into()).await.unwrap_err();
        assert_eq!(
            failed.error.kind(),
            ErrorKind::InvalidInput,
            "{malformed:?}"
        );
        second = failed.state;
    }
    assert!(second.confirm("ABCD-1234".into()).await.is_ok());
    Ok(())
}

/// Gives another thread time between two steps that are not one.
struct SlowClock;

impl Clock for SlowClock {
    fn now(&self) -> DateTime<Utc> {
        std::thread::sleep(Duration::from_millis(50));
        Utc::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_concurrent_right_codes_the_fake_accepts_one() -> Result<(), Error> {
    for second_factor in [false, true] {
        let mut fake = FakeCodeSignIn::new(System::Fynd).clock(SlowClock);
        if second_factor {
            fake = fake.second_factor("246810");
        }
        let challenge = fake.send_code(&ada()).await?;
        let same = fake.resume_challenge(challenge.id()).await?;
        let confirmed = [challenge, same].map(|it| tokio::spawn(it.confirm("123456".into())));
        let [first, second] = confirmed;
        let confirmed = [first.await.unwrap(), second.await.unwrap()];
        let refused = confirmed.iter().find_map(|it| it.as_ref().err()).unwrap();
        let kind = match second_factor {
            false => ErrorKind::Unauthenticated,
            true => ErrorKind::StepRequired,
        };
        assert_eq!(refused.error.kind(), kind, "finished, or at the next step");
        assert_eq!(confirmed.iter().filter(|it| it.is_ok()).count(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn every_step_of_the_fake_fails_as_the_test_says() -> Result<(), Error> {
    let fake = FakeCodeSignIn::new(System::GoodCity);
    let fail = |step| {
        let error = testing::error(ErrorKind::Unavailable).error_type("scripted");
        fake.fail_next(step, error.build());
    };
    let scripted = |error: Error| assert_eq!(error.error_type(), "scripted");
    let unknown = Secret::from("unknown");

    fail(FakeStep::Send);
    scripted(fake.send_code(&ada()).await.unwrap_err());
    let mut challenge = fake.send_code(&ada()).await?;
    fail(FakeStep::Resend);
    scripted(challenge.resend().await.unwrap_err());
    fail(FakeStep::Confirm);
    let failed = challenge.confirm("123456".into()).await.unwrap_err();
    scripted(failed.error);
    fail(FakeStep::Resume);
    scripted(fake.resume_session(&unknown).await.unwrap_err());
    fail(FakeStep::SignOut);
    scripted(fake.sign_out(&unknown).await.unwrap_err());
    let signed_in = failed.state.confirm("123456".into()).await?;
    assert!(matches!(signed_in, Confirmed::SignedIn(_)));
    assert_eq!(fake.sent().len(), 1, "what failed sent nothing");
    Ok(())
}

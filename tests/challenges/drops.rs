//! A step that is dropped at any of its await points leaves a challenge that can be resumed by its id.
//! The code of a dropped confirmation gives the session or the next step that the server granted for it.
//! A confirmation runs in a task of its own, so that it has one await point for its caller;
//! `outside_sessions` drops it at each step of its store.

use std::sync::Arc;

use vestibule::{ErrorKind, Secret, fynd, goodcity, wunder};

use crate::dropping::at_each_point;
use crate::instances::*;
use crate::stores::FaultyStore;
use crate::support::proof;

/// Longer than every resend timer.
fn pass(clock: &vestibule::testing::TestClock) {
    clock.advance(PIN_WAIT);
}

async fn goodcity() -> usize {
    let mock = start_goodcity().await;
    let client = on_goodcity(&mock, Arc::new(FaultyStore::default()));
    let pin = || mock.outbox().last_code(MOBILE).unwrap();
    let before = async || {
        pass(mock.clock());
        let pending = client
            .sign_in_with_pin(&MOBILE.parse().unwrap())
            .await
            .unwrap();
        pass(mock.clock());
        (pending.id().clone(), Some(pending))
    };
    let goes_on = async |(id, _): (Secret, Option<goodcity::PendingCode>)| {
        let mut pending = match client.resume_challenge(&id).await {
            Ok(pending) => pending,
            Err(error) => return assert_eq!(error.kind(), ErrorKind::Unauthenticated),
        };
        pass(mock.clock());
        pending.resend().await.unwrap();
        let _ = pending.confirm(pin()).await.unwrap();
    };
    let resend = async |(_, pending): &mut (Secret, Option<goodcity::PendingCode>)| {
        pending.as_mut().unwrap().resend().await
    };
    // A confirmation that completed has finished the challenge.
    let confirm = async |(id, pending): &mut (Secret, Option<goodcity::PendingCode>)| {
        let confirmed = pending.take().unwrap().confirm(pin()).await?;
        *id = confirmed.session.id().clone();
        Ok(())
    };
    let gets_the_session = async |(id, _): (Secret, Option<goodcity::PendingCode>)| {
        if let Ok(session) = client.resume_session(&id).await {
            return drop(session.profile().await.unwrap());
        }
        let sent = mock.count("verify");
        let pending = client.resume_challenge(&id).await.unwrap();
        let confirmed = pending.confirm(pin()).await.unwrap();
        confirmed.session.profile().await.unwrap();
        assert!(mock.count("verify") <= sent + 1);
    };
    let points = at_each_point("goodcity resend", before, resend, goes_on).await;
    points + at_each_point("goodcity confirm", before, confirm, gets_the_session).await
}

async fn wunder() -> usize {
    let mock = start_wunder().await;
    let client = on_wunder(&mock, Arc::new(FaultyStore::default()));
    let code = || mock.outbox().last_code(MFA_PHONE).unwrap();
    let sent = async || {
        let sign_in = client
            .sign_in_with_phone_code(&MFA_PHONE.parse().unwrap())
            .branch_id("2");
        let pending = sign_in.send().await.unwrap();
        pass(mock.clock());
        (pending.id().clone(), Some(pending))
    };
    let goes_on = async |(id, _): (Secret, Option<wunder::PendingCode>)| {
        let mfa = match client.resume_challenge(&id).await.unwrap() {
            wunder::Challenge::MfaRequired(mfa) => mfa,
            wunder::Challenge::PendingCode(mut pending) => {
                pass(mock.clock());
                pending.resend().await.unwrap();
                match pending.confirm(code()).await.unwrap() {
                    wunder::SignIn::MfaRequired(mfa) => mfa,
                    wunder::SignIn::SignedIn(_) => panic!("a second factor was skipped"),
                }
            }
            _ => panic!("an unknown challenge"),
        };
        mfa.confirm(MFA_CODE).await.unwrap();
    };
    let resend = async |(_, pending): &mut (Secret, Option<wunder::PendingCode>)| {
        pending.as_mut().unwrap().resend().await
    };
    let confirm = async |(_, pending): &mut (Secret, Option<wunder::PendingCode>)| {
        let pending = pending.take().unwrap();
        pending.confirm(code()).await.map_err(Into::into)
    };
    let mut points = at_each_point("wunder resend", sent, resend, goes_on).await;
    points += at_each_point("wunder confirm", sent, confirm, goes_on).await;

    let mfa = async || {
        let (id, pending) = sent().await;
        match pending.unwrap().confirm(code()).await.unwrap() {
            wunder::SignIn::MfaRequired(mfa) => (id, Some(mfa)),
            wunder::SignIn::SignedIn(_) => panic!("a second factor was skipped"),
        }
    };
    let validate = async |(id, mfa): &mut (Secret, Option<wunder::MfaRequired>)| {
        let session = mfa.take().unwrap().confirm(MFA_CODE).await?;
        *id = session.id().clone();
        Ok(())
    };
    let validates = async |(id, _): (Secret, Option<wunder::MfaRequired>)| {
        if let Ok(session) = client.resume_session(&id).await {
            return drop(session.profile().await.unwrap());
        }
        match client.resume_challenge(&id).await.unwrap() {
            wunder::Challenge::MfaRequired(mfa) => {
                let session = mfa.confirm(MFA_CODE).await.unwrap();
                session.profile().await.unwrap();
            }
            other => panic!("{other:?} is no longer waiting"),
        }
    };
    points + at_each_point("wunder validate", mfa, validate, validates).await
}

async fn fynd() -> usize {
    let mock = start_fynd().await;
    let client = on_fynd(&mock, Arc::new(FaultyStore::default()));
    let code = || mock.outbox().last_code(&format!("+91{ASHA}")).unwrap();
    let before = async || {
        pass(mock.clock());
        let pending = client
            .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
            .send()
            .await
            .unwrap();
        pass(mock.clock());
        (pending.id().clone(), Some(pending))
    };
    // A resend whose response is lost has spent the token for the next one: the user starts over.
    let goes_on = async |(id, _): (Secret, Option<fynd::PendingCode>)| {
        match client.resume_challenge(&id).await {
            Ok(fynd::Challenge::PendingCode(pending)) => {
                assert_eq!(
                    *pending.contact(),
                    vestibule::Contact::phone(&format!("+91{ASHA}")).unwrap()
                );
            }
            Ok(other) => panic!("{other:?}: the user is known"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unauthenticated),
        }
        pass(mock.clock());
        let pending = client
            .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
            .send()
            .await
            .unwrap();
        assert!(pending.confirm(code()).await.is_ok());
    };
    let resend = async |(_, pending): &mut (Secret, Option<fynd::PendingCode>)| {
        pending.as_mut().unwrap().resend().await
    };
    let confirm = async |(id, pending): &mut (Secret, Option<fynd::PendingCode>)| {
        let confirmed = pending.take().unwrap().confirm(code()).await?;
        *id = confirmed.signed_in().unwrap().id().clone();
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
    let points = at_each_point("fynd resend", before, resend, goes_on).await;
    points + at_each_point("fynd confirm", before, confirm, gets_the_session).await
}

#[tokio::test]
async fn a_dropped_step_leaves_a_usable_challenge() {
    let points = goodcity().await + wunder().await + fynd().await;
    assert!(points > 40, "only {points} points were found");
    proof("challenge-drops", &format!("{points} lost=0"));
}

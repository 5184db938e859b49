//! The input of Fynd's flows.

use std::fmt::Debug;

use vestibule::Contact;
use vestibule::fynd::{Client, SignIn, SocialSignIn};
use vestibule::testing::{Fynd, FyndUser};

use super::{MARKER, Search};

const EMAIL: &str = "asha@example.com";

fn shown<T: Debug, E: Debug>(outcome: Result<T, E>) -> String {
    format!("{outcome:?} {outcome:#?}")
}

/// Passes markers wherever a flow takes a secret; returns the number of searched values.
pub async fn search(search: &mut Search) -> usize {
    let before = search.looked;
    let mock = Fynd::start().await;
    mock.add_user(FyndUser::new("Asha").email(EMAIL).password(MARKER));
    let client = Client::builder("64b000000000000000000001")
        .application_token(MARKER)
        .base_url(mock.base_url())
        .clock(mock.clock().clone())
        .build()
        .unwrap();

    let refused = client
        .sign_in_with_password("bela@example.com", MARKER)
        .await;
    search.check("password_sign_in", &shown(refused));
    search.check(
        "token_sign_in",
        &shown(client.sign_in_with_token(MARKER).await),
    );
    let accounts = [
        SocialSignIn::facebook(MARKER).refresh_token(MARKER),
        SocialSignIn::google(MARKER),
        SocialSignIn::google_android(MARKER),
        SocialSignIn::google_ios(MARKER),
        SocialSignIn::apple(MARKER).id("a1"),
    ];
    for account in accounts {
        let entered = format!("{account:?}");
        let refused = client.sign_in_with_social(account).await;
        search.check("social_sign_in", &(entered + &shown(refused)));
    }

    let form = client.sign_up("Bela").password(MARKER);
    let form = form
        .phone(vestibule::Phone::parse("+919000000002").unwrap())
        .email("bela@example.com");
    let Ok(SignIn::CodesRequired(codes)) = form.send().await else {
        panic!("codes are sent");
    };
    let returned = codes.confirm_phone(MARKER).await.unwrap_err();
    search.check(
        "confirm_phone",
        &format!("{returned:?} {returned} {:?}", returned.state),
    );
    search.check(
        "confirm_email",
        &shown(returned.state.confirm_email(MARKER).await),
    );

    search.check(
        "verify_phone_link",
        &shown(client.verify_phone_link(MARKER).await),
    );
    search.check(
        "verify_email_link",
        &shown(client.verify_email_link(MARKER).await),
    );
    let link = client.password_link(MARKER);
    search.check(
        "password_link",
        &format!("{link:?} {}", shown(link.verify().await)),
    );
    search.check(
        "set_password",
        &shown(link.set_password(vestibule::NewPassword::new(MARKER)).await),
    );

    let forgotten = client.reset_password_by_code(Contact::email(EMAIL).unwrap());
    let pending = forgotten.send().await.unwrap();
    let code = mock.outbox().last_code(EMAIL).unwrap();
    let step = pending.confirm(code).await.unwrap();
    search.check(
        "set",
        &shown(step.set_password(vestibule::NewPassword::new(MARKER)).await),
    );

    let signed_in = client.sign_in_with_password(EMAIL, MARKER).await.unwrap();
    let session = signed_in.signed_in().unwrap();
    let changed = session
        .update_password(
            vestibule::CurrentPassword::new(MARKER),
            vestibule::NewPassword::new(MARKER),
        )
        .await;
    search.check(
        "change_password",
        &format!("{session:?} {}", shown(changed)),
    );
    search.looked - before
}

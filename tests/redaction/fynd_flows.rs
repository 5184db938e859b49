//! What a user of Fynd's flows enters.

use std::fmt::Debug;

use vestibule::fynd::{Client, Contact, SignIn, SocialSignIn};
use vestibule::testing::{Fynd, FyndUser};

use super::{MARK, Search};

const EMAIL: &str = "asha@example.com";

fn shown<T: Debug, E: Debug>(outcome: Result<T, E>) -> String {
    format!("{outcome:?} {outcome:#?}")
}

/// Gives marks as secrets wherever one is asked for; answers in how many places.
pub async fn look(search: &mut Search) -> usize {
    let before = search.looked;
    let mock = Fynd::start().await;
    mock.seed_user(FyndUser::new("Asha").email(EMAIL).password(MARK));
    let client = Client::builder("64b000000000000000000001", MARK)
        .base_url(mock.base_url())
        .clock(mock.clock().clone())
        .build()
        .unwrap();

    let refused = client.password_sign_in("bela@example.com", MARK).await;
    search.look("password_sign_in", &shown(refused));
    search.look("token_sign_in", &shown(client.token_sign_in(MARK).await));
    let accounts = [
        SocialSignIn::facebook(MARK).refresh_token(MARK),
        SocialSignIn::google(MARK),
        SocialSignIn::google_android(MARK),
        SocialSignIn::google_ios(MARK),
        SocialSignIn::apple(MARK, "a1"),
    ];
    for account in accounts {
        let entered = format!("{account:?}");
        let refused = client.social_sign_in(account).await;
        search.look("social_sign_in", &(entered + &shown(refused)));
    }

    let form = client.registration("Bela").password(MARK);
    let form = form.mobile("9000000002", "91").email("bela@example.com");
    let Ok(SignIn::CodesRequired(codes)) = form.submit().await else {
        panic!("codes are sent");
    };
    let returned = codes.confirm_mobile(MARK).await.unwrap_err();
    search.look(
        "confirm_mobile",
        &format!("{returned:?} {returned} {:?}", returned.state),
    );
    search.look(
        "confirm_email",
        &shown(returned.state.confirm_email(MARK).await),
    );

    search.look(
        "verify_mobile_link",
        &shown(client.verify_mobile_link(MARK).await),
    );
    search.look(
        "verify_email_link",
        &shown(client.verify_email_link(MARK).await),
    );
    let link = client.password_link(MARK);
    search.look(
        "password_link",
        &format!("{link:?} {}", shown(link.check().await)),
    );
    search.look("set_password", &shown(link.set_password(MARK).await));

    let forgotten = client.forgotten_password(Contact::email(EMAIL));
    let pending = forgotten.send_code().await.unwrap();
    let code = mock.outbox().last_code(EMAIL).unwrap();
    let step = pending.confirm(code).await.unwrap();
    search.look("set", &shown(step.set(MARK).await));

    let signed_in = client.password_sign_in(EMAIL, MARK).await.unwrap();
    let session = signed_in.signed_in().unwrap();
    let changed = session.change_password(MARK, MARK).await;
    search.look(
        "change_password",
        &format!("{session:?} {}", shown(changed)),
    );
    search.looked - before
}

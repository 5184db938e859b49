//! Every flow of Fynd, with a denial of each of its requests.

use std::time::Duration;

use serde_json::{Map, json};
use vestibule::fynd::{
    Challenge, Client, CompleteProfile, PasswordReset, PendingCode, PendingCodes, PendingDeletion,
    PendingResetCode, Session, SignIn, SocialSignIn,
};
use vestibule::testing::{Fynd, FyndAttribute, FyndProvider, FyndUser};
use vestibule::{Contact, CurrentPassword, Email, Error, NewPassword, Phone};

use super::denied_steps::{Denials, state};
use super::fynd::{EMAIL, SMS, asha, phone};

const PASSWORD: &str = "the password";
const NEW: &str = "a new password";

/// A flow with a mock of its own.
struct Flow<'d> {
    denials: &'d mut Denials,
    mock: Fynd,
    client: Client,
}

/// A flow in which Asha has a mobile, a mailbox and a password.
async fn with_asha(denials: &mut Denials) -> Flow<'_> {
    let flow = without_users(denials).await;
    let asha = FyndUser::new("Asha").phone(phone()).email(EMAIL);
    flow.mock.add_user(asha.password(PASSWORD));
    flow
}

async fn without_users(denials: &mut Denials) -> Flow<'_> {
    let mock = Fynd::start().await;
    mock.mount(denials.flow()).await;
    let client = Client::builder("64b000000000000000000001")
        .application_token("test-token")
        .base_url(mock.base_url())
        .clock(mock.clock().clone());
    let client = client.build().unwrap();
    Flow {
        denials,
        mock,
        client,
    }
}

fn email() -> Contact {
    Contact::from(Email::parse(EMAIL).unwrap())
}

fn mobile() -> Contact {
    Contact::from(phone())
}

fn session(sign_in: SignIn) -> Session {
    sign_in.signed_in().expect("a session")
}

fn profile(sign_in: SignIn) -> CompleteProfile {
    match sign_in {
        SignIn::ProfileRequired(profile) => profile,
        other => panic!("{other:?}: a profile is required"),
    }
}

fn codes(sign_in: SignIn) -> PendingCodes {
    match sign_in {
        SignIn::CodesRequired(codes) => codes,
        other => panic!("{other:?}: codes are required"),
    }
}

/// Repeats a message of a state: it starts no timer before it is sent.
macro_rules! resend {
    ($flow:expr, $pending:expr, $resend:ident) => {{
        $flow.mock.clock().advance(Duration::from_secs(60));
        let resend = async |mut pending| match $resend(&mut pending).await {
            Ok(()) => Ok(pending),
            Err(error) => Err((pending, error)),
        };
        let name = stringify!($resend);
        $flow.denials.step(name, $pending, resend).await
    }};
}

async fn code_again(pending: &mut PendingCode) -> Result<(), Error> {
    pending.resend().await
}

async fn reset_code_again(pending: &mut PendingResetCode) -> Result<(), Error> {
    pending.resend().await
}

async fn deletion_code_again(pending: &mut PendingDeletion) -> Result<(), Error> {
    pending.resend().await
}

async fn code_by_mobile_again(pending: &mut PendingCodes) -> Result<(), Error> {
    pending.resend_phone().await
}

async fn code_by_email_again(pending: &mut PendingCodes) -> Result<(), Error> {
    pending.resend_email().await
}

impl Flow<'_> {
    fn code(&self, to: &str) -> String {
        self.mock.outbox().last_code(to).unwrap()
    }

    /// The session works at the server.
    async fn signed_in(&mut self, session: &Session) {
        let read = async || session.profile().await;
        let user = self.denials.call("profile", read).await;
        assert_eq!(user.first_name.as_deref(), Some("Asha"));
    }

    async fn confirm(&mut self, pending: PendingCode, to: &str) -> SignIn {
        let (id, code) = (pending.id().clone(), self.code(to));
        let confirm = async |pending: PendingCode| {
            let confirmed = pending.confirm(code.as_str()).await;
            if confirmed.is_err() {
                // It is stored as it was, too.
                let stored = self.client.resume_challenge(&id).await;
                assert!(matches!(stored, Ok(Challenge::PendingCode(_))));
            }
            confirmed.map_err(state)
        };
        self.denials.step("confirm", pending, confirm).await
    }

    async fn confirm_phone(&mut self, codes: PendingCodes, to: &str) -> SignIn {
        let code = self.code(to);
        let confirm = async |codes: PendingCodes| {
            let confirmed = codes.confirm_phone(code.as_str()).await;
            confirmed.map_err(state)
        };
        self.denials.step("confirm_phone", codes, confirm).await
    }

    async fn confirm_email(&mut self, codes: PendingCodes) -> SignIn {
        let code = self.code(EMAIL);
        let confirm = async |codes: PendingCodes| {
            let confirmed = codes.confirm_email(code.as_str()).await;
            confirmed.map_err(state)
        };
        self.denials.step("confirm_email", codes, confirm).await
    }

    async fn complete(&mut self, profile: CompleteProfile) -> SignIn {
        let complete = async |profile: CompleteProfile| {
            let completed = profile.first_name("Asha").send().await;
            completed.map_err(state)
        };
        self.denials
            .step("complete profile", profile, complete)
            .await
    }

    async fn send_to_phone(&mut self) -> PendingCode {
        let (client, phone) = (&self.client, phone());
        let send = async || client.sign_in_with_phone_code(&phone).send().await;
        self.denials.call("send code", send).await
    }

    async fn password_signs_in(&mut self, password: &'static str) {
        let client = &self.client;
        let sign_in = async || client.sign_in_with_password(EMAIL, password).await;
        let signed_in = self.denials.call("password", sign_in).await;
        self.signed_in(&session(signed_in)).await;
    }

    async fn set_password(&mut self, reset: PasswordReset) {
        let set = async |reset: PasswordReset| {
            let set = reset.set_password(NewPassword::new(NEW)).await;
            set.map_err(state)
        };
        self.denials.step("set_password", reset, set).await;
        self.password_signs_in(NEW).await;
    }
}

async fn sign_ins(denials: &mut Denials) {
    let mut flow = with_asha(denials).await;
    let pending = flow.send_to_phone().await;
    let pending = resend!(flow, pending, code_again);
    let signed_in = flow.confirm(pending, SMS).await;
    flow.signed_in(&session(signed_in)).await;

    let mut flow = without_users(denials).await;
    let pending = flow.send_to_phone().await;
    let new = flow.confirm(pending, SMS).await;
    let signed_in = flow.complete(profile(new)).await;
    flow.signed_in(&session(signed_in)).await;

    let mut flow = with_asha(denials).await;
    let client = &flow.client;
    let send = async || client.sign_in_with_email_code(EMAIL).send().await;
    let pending = flow.denials.call("send code by e-mail", send).await;
    let pending = resend!(flow, pending, code_again);
    let signed_in = flow.confirm(pending, EMAIL).await;
    flow.signed_in(&session(signed_in)).await;

    let mut flow = with_asha(denials).await;
    flow.password_signs_in(PASSWORD).await;

    let mut flow = without_users(denials).await;
    let id = flow.mock.add_user(FyndUser::new("Asha").phone(phone()));
    let (client, token) = (&flow.client, flow.mock.issue_login_token(&id));
    let sign_in = async || client.sign_in_with_token(token.as_str()).await;
    let signed_in = flow.denials.call("token", sign_in).await;
    flow.signed_in(&session(signed_in)).await;
}

async fn social_sign_ins(denials: &mut Denials) {
    type Account = fn(String) -> SocialSignIn;
    let accounts: [(FyndProvider, Account); 5] = [
        (FyndProvider::Facebook, |token| {
            SocialSignIn::facebook(token).id("1001")
        }),
        (FyndProvider::Google, |token| SocialSignIn::google(token)),
        (FyndProvider::Google, |token| {
            SocialSignIn::google_android(token)
        }),
        (FyndProvider::Google, |token| {
            SocialSignIn::google_ios(token)
        }),
        (FyndProvider::Apple, |token| {
            SocialSignIn::apple(token).id("1001")
        }),
    ];
    for (provider, account) in accounts {
        let mut flow = without_users(denials).await;
        let asha = FyndUser::new("Asha").phone(phone());
        flow.mock.add_user(asha.social(provider, "1001"));
        let (client, token) = (
            &flow.client,
            flow.mock.issue_social_token(provider, "1001", None),
        );
        let sign_in = async || client.sign_in_with_social(account(token.clone())).await;
        let signed_in = flow.denials.call("social account", sign_in).await;
        flow.signed_in(&session(signed_in)).await;
    }

    let mut flow = without_users(denials).await;
    let google = FyndProvider::Google;
    let (client, token) = (
        &flow.client,
        flow.mock.issue_social_token(google, "1001", Some(EMAIL)),
    );
    let sign_in = async || {
        client
            .sign_in_with_social(SocialSignIn::google(token.clone()))
            .await
    };
    let new = flow.denials.call("new social account", sign_in).await;
    let with_phone = flow.complete(profile(new).phone(phone())).await;
    let signed_in = flow.confirm_phone(codes(with_phone), SMS).await;
    flow.signed_in(&session(signed_in)).await;
}

async fn registration(denials: &mut Denials) {
    let mut flow = without_users(denials).await;
    let client = &flow.client;
    let form = async || {
        let form = client.sign_up("Asha").phone(phone()).email(EMAIL);
        form.password(PASSWORD).send().await
    };
    let sent = codes(flow.denials.call("form", form).await);
    let sent = resend!(flow, sent, code_by_email_again);
    let sent = resend!(flow, sent, code_by_mobile_again);
    let half = flow.confirm_email(sent).await;
    let signed_in = flow.confirm_phone(codes(half), SMS).await;
    flow.signed_in(&session(signed_in)).await;
    flow.password_signs_in(PASSWORD).await;
}

async fn passwords(denials: &mut Denials) {
    for (contact, to) in [(mobile(), SMS), (email(), EMAIL)] {
        let mut flow = with_asha(denials).await;
        let client = &flow.client;
        let send = async || client.reset_password_by_code(contact.clone()).send().await;
        let pending = flow.denials.call("reset code", send).await;
        let pending = resend!(flow, pending, reset_code_again);
        let code = flow.code(to);
        let confirm =
            async |pending: PendingResetCode| pending.confirm(code.as_str()).await.map_err(state);
        let reset = flow.denials.step("confirm reset", pending, confirm).await;
        flow.set_password(reset).await;

        let mut flow = with_asha(denials).await;
        let client = &flow.client;
        let send = async || client.reset_password_by_link(contact.clone()).await;
        flow.denials.call("reset link", send).await;
        let link = client.password_link(flow.code(to));
        let verify = async || link.verify().await;
        flow.denials.call("verify link", verify).await;
        let set = async |link: vestibule::fynd::PasswordLink| {
            link.set_password(NewPassword::new(NEW))
                .await
                .map_err(state)
        };
        let signed_in = flow.denials.step("set password by link", link, set).await;
        flow.signed_in(&signed_in).await;
        flow.password_signs_in(NEW).await;
    }

    let mut flow = with_asha(denials).await;
    let session = asha(&flow.client).await;
    let has_password = async || session.has_password().await;
    assert!(flow.denials.call("has_password", has_password).await);
    let update = async || {
        let (current, new) = (CurrentPassword::new(PASSWORD), NewPassword::new(NEW));
        session.update_password(current, new).await
    };
    flow.denials.call("update_password", update).await;
    flow.password_signs_in(NEW).await;
}

async fn contacts(denials: &mut Denials) {
    let new_mobile = Contact::phone("+919000000007").unwrap();
    let new_email = Contact::email("asha@work.example").unwrap();
    for (new, former) in [(new_mobile, mobile()), (new_email, email())] {
        let flow = with_asha(denials).await;
        let session = asha(&flow.client).await;
        let add = async || session.add_contact(&new).await;
        flow.denials.call("add_contact", add).await;
        let own = async |contact: &Contact| {
            let contacts = session.contacts().await.unwrap().into_iter();
            let mut contacts = contacts.filter(|own| own.contact().as_ref() == Some(contact));
            contacts.next().expect("the contact")
        };
        let added = own(&new).await;
        flow.mock.clock().advance(Duration::from_secs(30));
        let link = async || session.request_verification_link(&added).await;
        flow.denials.call("request_verification_link", link).await;
        let (client, code) = (&flow.client, flow.code(&new.to_text()));
        let verify = async || match &new {
            Contact::Phone(_) => client.verify_phone_link(code.as_str()).await,
            Contact::Email(_) => client.verify_email_link(code.as_str()).await,
        };
        flow.denials.call("verify link", verify).await;
        let verified = own(&new).await;
        let primary = async || session.update_primary_contact(&verified).await;
        flow.denials.call("update_primary_contact", primary).await;
        assert!(own(&new).await.primary);
        let former = own(&former).await;
        let delete = async || session.delete_contact(&former).await;
        flow.denials.call("delete_contact", delete).await;
        let read = async || session.contacts().await;
        assert_eq!(flow.denials.call("contacts", read).await.len(), 2);
    }

    let mut flow = with_asha(denials).await;
    let session = asha(&flow.client).await;
    let second = Phone::parse("+919000000002").unwrap();
    let add = async || session.add_phone_by_code(&second).await;
    let codes = flow.denials.call("add_phone_by_code", add).await;
    let confirmed = flow.confirm_phone(codes, &second.to_e164()).await;
    assert!(confirmed.signed_in().is_some());
}

async fn account(denials: &mut Denials) {
    let mut flow = with_asha(denials).await;
    flow.mock.define_attribute("size", FyndAttribute::Text);
    let session = asha(&flow.client).await;
    let update = async || session.update_profile().last_name("Rao").send().await;
    flow.denials.call("update_profile", update).await;
    flow.signed_in(&session).await;
    let size = Map::from_iter([("size".to_owned(), json!("M"))]);
    let update = async || session.update_attributes(size.clone()).await;
    flow.denials.call("update_attributes", update).await;
    let read = async || session.attributes().await;
    assert_eq!(flow.denials.call("attributes", read).await["size"], "M");
    let list = async || session.active_sessions().await;
    assert_eq!(flow.denials.call("active_sessions", list).await.len(), 1);
    let client = &flow.client;
    let exists = async || client.user_exists(EMAIL).await;
    assert!(flow.denials.call("user_exists", exists).await);
    let config = async || client.platform_config().await;
    flow.denials.call("platform_config", config).await;

    let id = session.id().clone();
    let sign_out = async || {
        let signed_out = session.clone().sign_out().await;
        if signed_out.is_err() {
            assert!(
                client.resume_session(&id).await.is_ok(),
                "the session stays"
            );
        }
        signed_out
    };
    flow.denials.call("sign_out", sign_out).await;
    assert!(client.resume_session(&id).await.is_err());
}

async fn deletion(denials: &mut Denials) {
    for (contact, to) in [(mobile(), SMS), (email(), EMAIL)] {
        let flow = with_asha(denials).await;
        let session = asha(&flow.client).await;
        let client = &flow.client;
        let terms = async || client.deletion_terms().await;
        let terms = flow.denials.call("deletion_terms", terms).await;
        let reason = terms.reasons.into_iter().next().unwrap();
        let send = async || {
            let deletion = session.request_deletion(reason.clone(), contact.clone());
            deletion.explanation("too far").send().await
        };
        let pending = flow.denials.call("deletion code", send).await;
        let pending = resend!(flow, pending, deletion_code_again);
        let code = flow.code(to);
        let confirm = async |pending: PendingDeletion| {
            let deleted = pending.confirm(code.as_str()).await;
            if deleted.is_err() {
                assert!(session.profile().await.is_ok(), "the user is still there");
            }
            deleted.map_err(state)
        };
        flow.denials
            .step("confirm deletion", pending, confirm)
            .await;
        assert!(!client.user_exists(EMAIL).await.unwrap());
    }
}

/// Runs every flow.
pub async fn all(denials: &mut Denials) {
    sign_ins(denials).await;
    social_sign_ins(denials).await;
    registration(denials).await;
    passwords(denials).await;
    contacts(denials).await;
    account(denials).await;
    deletion(denials).await;
}

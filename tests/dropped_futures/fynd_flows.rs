//! Fynd's flows other than the sign-in by code: after any drop, the user can complete the flow.

use std::cell::Cell;
use std::time::Duration;

use vestibule::Contact;
use vestibule::fynd::{Client, Deletion, PendingCodes, Session, SignIn};
use vestibule::testing::{Fynd, FyndUser};
use vestibule::{Error, ErrorKind};

use crate::dropping::at_each_point;
use crate::flows::settings;

const PASSWORD: &str = "the-password";

struct FyndFixture {
    mock: Fynd,
    client: Client,
    users: Cell<usize>,
}

/// Unique contacts of a user.
struct Person {
    number: String,
    email: String,
}

impl FyndFixture {
    fn person(&self) -> Person {
        self.users.set(self.users.get() + 1);
        let user = self.users.get();
        Person {
            number: format!("{}", 8_000_000_000_u64 + user as u64),
            email: format!("user{user}@example.com"),
        }
    }

    fn code(&self, to: &str) -> String {
        self.mock.outbox().last_code(to).unwrap()
    }

    fn sms(&self, person: &Person) -> String {
        self.code(&format!("+91{}", person.number))
    }

    /// Longer than the resend timers, which a dropped call may have started.
    fn wait(&self) {
        self.mock.clock().advance(Duration::from_secs(31));
    }

    async fn submit(&self, person: &Person) -> Result<SignIn, Error> {
        let form = self.client.sign_up("Asha").password(PASSWORD);
        let form =
            form.phone(vestibule::Phone::parse(&format!("+91{}", person.number.as_str())).unwrap());
        form.email(person.email.as_str()).send().await
    }

    async fn codes(&self, person: &Person) -> PendingCodes {
        match self.submit(person).await {
            Ok(SignIn::CodesRequired(codes)) => codes,
            other => panic!("{other:?} has no codes"),
        }
    }

    async fn half(&self, person: &Person) -> PendingCodes {
        let codes = self.codes(person).await;
        match codes.confirm_phone(self.sms(person)).await {
            Ok(SignIn::CodesRequired(codes)) => codes,
            other => panic!("{other:?} has no codes"),
        }
    }

    /// The user is signed in, or can register again.
    async fn can_sign_in(&self, person: &Person) {
        let signed_in = self.sign_in(person).await;
        if let Ok(SignIn::SignedIn(session)) = signed_in {
            session.profile().await.unwrap();
            return;
        }
        self.wait();
        let half = self.half(person).await;
        let signed_in = half.confirm_email(self.code(&person.email)).await.unwrap();
        signed_in.signed_in().unwrap().profile().await.unwrap();
    }

    async fn sign_in(&self, person: &Person) -> Result<SignIn, Error> {
        let email = person.email.as_str();
        self.client.sign_in_with_password(email, PASSWORD).await
    }

    async fn known(&self) -> (Person, Session) {
        let person = self.person();
        let user = FyndUser::new("Asha")
            .phone(vestibule::Phone::parse(&format!("+91{}", person.number)).unwrap());
        let user = user.email(person.email.as_str()).password(PASSWORD);
        self.mock.add_user(user);
        let session = self.sign_in(&person).await.unwrap().signed_in();
        (person, session.unwrap())
    }

    async fn registration(&self) -> usize {
        let mut points = at_each_point(
            "submit",
            async || self.person(),
            async |person| self.submit(person).await,
            async |person| {
                self.wait();
                self.can_sign_in(&person).await;
            },
        )
        .await;
        points += at_each_point(
            "resend_to_mobile",
            async || {
                let person = self.person();
                let codes = self.codes(&person).await;
                self.wait();
                (person, codes)
            },
            async |(_, codes)| codes.resend_phone().await,
            async |(person, _)| self.can_sign_in(&person).await,
        )
        .await;
        points += at_each_point(
            "confirm_phone",
            async || {
                let person = self.person();
                let codes = self.codes(&person).await;
                (person, Some(codes))
            },
            async |(person, codes)| {
                let codes = codes.take().unwrap();
                Ok(codes.confirm_phone(self.sms(person)).await?)
            },
            async |(person, _)| self.can_sign_in(&person).await,
        )
        .await;
        points
            + at_each_point(
                "confirm_email",
                async || {
                    let person = self.person();
                    let half = self.half(&person).await;
                    (person, Some(half))
                },
                async |(person, half)| {
                    let half = half.take().unwrap();
                    Ok(half.confirm_email(self.code(&person.email)).await?)
                },
                async |(person, _)| self.can_sign_in(&person).await,
            )
            .await
    }

    async fn deletion(&self, session: &Session, contact: Contact) -> Deletion {
        let terms = self.client.deletion_terms().await.unwrap();
        let reason = terms.reasons.into_iter().next().unwrap();
        session.request_deletion(reason, contact)
    }

    async fn leaving(&self) -> usize {
        at_each_point(
            "delete",
            async || {
                let (person, session) = self.known().await;
                let mobile = Contact::phone(&format!("+91{}", person.number.as_str())).unwrap();
                let deletion = self.deletion(&session, mobile).await;
                let pending = deletion.send().await.unwrap();
                (person, session, Some(pending))
            },
            async |(person, _, pending)| {
                let pending = pending.take().unwrap();
                Ok(pending.confirm(self.sms(person)).await?)
            },
            async |(person, session, _)| {
                self.wait();
                match session.profile().await {
                    Ok(_) => {
                        let email = Contact::email(person.email.as_str()).unwrap();
                        let deletion = self.deletion(&session, email).await;
                        let pending = deletion.send().await.unwrap();
                        let code = self.code(&person.email);
                        pending.confirm(code).await.unwrap();
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Unauthenticated),
                }
                let exists = self.client.user_exists(person.email.as_str()).await;
                assert!(!exists.unwrap());
            },
        )
        .await
    }

    async fn new_password(&self) -> usize {
        let step = async |person: &Person| {
            let email = Contact::email(person.email.as_str()).unwrap();
            let pending = self.client.reset_password_by_code(email).send().await;
            let code = self.code(&person.email);
            pending.unwrap().confirm(code).await.unwrap()
        };
        at_each_point(
            "set",
            async || {
                let (person, _) = self.known().await;
                let new_password = step(&person).await;
                (person, Some(new_password))
            },
            async |(_, new_password)| {
                Ok(new_password
                    .take()
                    .unwrap()
                    .set_password(vestibule::NewPassword::new("new"))
                    .await?)
            },
            async |(person, _)| {
                self.wait();
                step(&person)
                    .await
                    .set_password(vestibule::NewPassword::new(PASSWORD))
                    .await
                    .unwrap();
                assert!(self.sign_in(&person).await.unwrap().signed_in().is_some());
            },
        )
        .await
    }
}

pub async fn all() -> usize {
    let mock = Fynd::start().await;
    let client = Client::builder("64b000000000000000000001")
        .application_token("application-token")
        .base_url(mock.base_url())
        .clock(mock.clock().clone())
        .settings(settings())
        .build()
        .unwrap();
    let harness = FyndFixture {
        mock,
        client,
        users: Cell::new(0),
    };
    harness.registration().await + harness.leaving().await + harness.new_password().await
}

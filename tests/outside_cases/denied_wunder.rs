//! Every flow of Wunder that signs in, signs out or changes how a user signs in, with a denial of each
//! of its requests whose response can say no.

use std::time::Duration;

use serde_json::json;
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{Client, MfaEnrolment, MfaRequired, PendingCode, Session, SignIn};
use vestibule::{ErrorKind, NewPassword, Secret};

use super::denied_steps::{Denials, state};

const PHONE: &str = "+43660000001";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";
const BRANCH: &str = "2";

/// A flow with a mock of its own.
struct Flow<'d> {
    denials: &'d mut Denials,
    mock: Wunder,
    client: Client,
}

fn ada() -> WunderUser {
    let ada = WunderUser::new().phone(PHONE).verified_email(EMAIL);
    ada.password(PASSWORD).branch(BRANCH)
}

async fn with_user(denials: &mut Denials, user: WunderUser) -> Flow<'_> {
    let mock = Wunder::start().await;
    mock.add_user(user);
    mock.mount(denials.flow()).await;
    let client = Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone());
    let client = client.build().unwrap();
    Flow {
        denials,
        mock,
        client,
    }
}

fn session(sign_in: SignIn) -> Session {
    match sign_in {
        SignIn::SignedIn(session) => session,
        SignIn::MfaRequired(_) => panic!("no second factor is required"),
    }
}

fn second_factor(sign_in: SignIn) -> MfaRequired {
    match sign_in {
        SignIn::MfaRequired(mfa) => mfa,
        SignIn::SignedIn(_) => panic!("a second factor is required"),
    }
}

impl Flow<'_> {
    fn code(&self, to: &str) -> String {
        self.mock.outbox().last_code(to).unwrap()
    }

    /// The next code of the authenticator; each is valid once.
    fn app_code(&self) -> String {
        self.mock.clock().advance(Duration::from_secs(30));
        self.mock.second_factor_code(EMAIL).unwrap()
    }

    async fn with_password(&mut self, password: &str) -> SignIn {
        let client = &self.client;
        let sign_in = async || client.sign_in_with_password(EMAIL, password).await;
        self.denials.call("password", sign_in).await
    }

    async fn confirm(&mut self, pending: PendingCode, to: &str) -> SignIn {
        let code = self.code(to);
        let confirm = async |pending: PendingCode| {
            let confirmed = pending.confirm(code.as_str()).await;
            confirmed.map_err(state)
        };
        self.denials.step("confirm", pending, confirm).await
    }

    async fn confirm_mfa(&mut self, mfa: MfaRequired, code: String) -> Session {
        let confirm = async |mfa: MfaRequired| {
            let confirmed = mfa.confirm(code.as_str()).await;
            confirmed.map_err(state)
        };
        self.denials.step("second factor", mfa, confirm).await
    }

    async fn enrol(&mut self, enrolment: MfaEnrolment) {
        let code = self.app_code();
        let confirm = async |enrolment: MfaEnrolment| {
            let confirmed = enrolment.confirm(code.as_str()).await;
            confirmed.map_err(state)
        };
        self.denials.step("enrolment", enrolment, confirm).await;
    }
}

async fn works(session: &Session) {
    session.profile().await.unwrap();
}

async fn sign_ins(denials: &mut Denials) {
    let mut flow = with_user(denials, ada()).await;
    let signed_in = flow.with_password(PASSWORD).await;
    works(&session(signed_in)).await;

    let mut flow = with_user(denials, ada()).await;
    let phone = PHONE.parse().unwrap();
    let sign_in = flow.client.sign_in_with_phone_code(&phone);
    let pending = sign_in.branch_id(BRANCH).send().await.unwrap();
    let signed_in = flow.confirm(pending, PHONE).await;
    works(&session(signed_in)).await;

    let mut flow = with_user(denials, ada()).await;
    let sign_in = flow.client.sign_in_with_email_code(EMAIL);
    let pending = sign_in.branch_id(BRANCH).send().await.unwrap();
    let signed_in = flow.confirm(pending, EMAIL).await;
    works(&session(signed_in)).await;

    let user = ada().social("google", "from-google".into());
    let flow = with_user(denials, user.social("gaiyo", "from-gaiyo".into())).await;
    let client = &flow.client;
    let login = json!({"provider": "google", "token": "from-google"});
    let sign_in = async || client.sign_in_with_social(&login).await;
    works(&session(flow.denials.call("social account", sign_in).await)).await;
    let login = json!({"token": "from-gaiyo"});
    let sign_in = async || client.sign_in_with_gaiyo(&login).await;
    works(&session(flow.denials.call("Gaiyo", sign_in).await)).await;

    let flow = with_user(denials, ada()).await;
    flow.mock.add_api_client("service", &"service-key".into());
    let user = flow.mock.add_user(WunderUser::new().created_by("service"));
    let client = &flow.client;
    let key = || Secret::from("service-key");
    let sign_in = async || client.sign_in_with_api_client("service", key()).await;
    let service = session(flow.denials.call("API client", sign_in).await);
    works(&service.impersonate(&user).unwrap()).await;
}

async fn second_factors(denials: &mut Denials) {
    let mut flow = with_user(denials, ada()).await;
    flow.mock.require_mfa(&PHONE.parse().unwrap(), "246810");
    let phone = PHONE.parse().unwrap();
    let sign_in = flow.client.sign_in_with_phone_code(&phone);
    let pending = sign_in.branch_id(BRANCH).send().await.unwrap();
    let mfa = second_factor(flow.confirm(pending, PHONE).await);
    let signed_in = flow.confirm_mfa(mfa, "246810".to_owned()).await;
    works(&signed_in).await;

    let mut flow = with_user(denials, ada()).await;
    let signed_in = session(flow.with_password(PASSWORD).await);
    let enrolment = signed_in.request_mfa_enrolment().await.unwrap();
    flow.enrol(enrolment).await;
    let mfa = second_factor(flow.with_password(PASSWORD).await);
    let code = flow.app_code();
    works(&flow.confirm_mfa(mfa, code).await).await;

    let mut flow = with_user(denials, ada().must_use_second_factor()).await;
    let mfa = second_factor(flow.with_password(PASSWORD).await);
    let enrolment = mfa.request_mfa_enrolment().await.unwrap();
    flow.enrol(enrolment).await;
    let code = flow.app_code();
    works(&flow.confirm_mfa(mfa, code).await).await;
}

async fn account(denials: &mut Denials) {
    let mut flow = with_user(denials, ada()).await;
    let pending = flow.client.reset_password_by_code(EMAIL).await.unwrap();
    let code = flow.code(EMAIL);
    let set = async |pending: vestibule::wunder::PendingResetCode| {
        let set = pending.set_password(code.as_str(), NewPassword::new("another horse"));
        set.await.map_err(state)
    };
    flow.denials.step("set_password", pending, set).await;
    let signed_in = session(flow.with_password("another horse").await);

    // The tokens are forgotten, as the description demands: there is nothing to repeat.
    let (client, id) = (&flow.client, signed_in.id().clone());
    let sign_out = signed_in.sign_out();
    flow.denials.final_step("sign_out", sign_out).await;
    let gone = client.resume_session(&id).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Unauthenticated);
}

/// Runs every flow.
pub async fn all(denials: &mut Denials) {
    sign_ins(denials).await;
    second_factors(denials).await;
    account(denials).await;
}

//! Every described operation as a typed call that can be sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use vestibule::session::Tokens;
use vestibule::testing::{self, Dispatch, OperationInfo};
use vestibule::{
    AnyJson, Backoff, Clock, Error, Response, Secret, Settings, SystemClock, fynd, goodcity,
    walletcrew, wunder,
};

/// What each operation takes, which a test of the crate keeps as the documents have it.
const ARGUMENTS: &str = include_str!("../arguments.json");

/// How long a call may take over all its attempts.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// How many bytes of a body, and of headers, are taken in.
pub const MOST_BYTES: usize = 64 * 1024;

/// How often a request that may be repeated is sent.
pub const MOST_ATTEMPTS: u32 = 3;

/// Ends in 2100, and ended in 2001.
const GOOD_TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";
const ENDED_TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEwMDAwMDAwMDB9.c2lnbmF0dXJl";

/// The credential with which a call is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum With {
    Nothing,
    Session,
    /// A session that must be renewed first, where the system has that.
    EndedSession,
}

/// One operation.
pub struct Operation {
    pub document: String,
    pub described: OperationInfo,
    arguments: Value,
}

/// Each operation of each document.
pub async fn all() -> Vec<Operation> {
    let nowhere = ([127, 0, 0, 1], 9).into();
    let arguments: Value = serde_json::from_str(ARGUMENTS).unwrap();
    let mut operations = Vec::new();
    for (document, arguments) in arguments.as_object().unwrap() {
        let clock = Arc::new(SystemClock);
        for described in api(document, nowhere, clock, With::Nothing)
            .await
            .operations()
        {
            operations.push(Operation {
                document: document.clone(),
                arguments: arguments[described.id].clone(),
                described,
            });
        }
    }
    operations
}

impl Operation {
    /// Calls it at `address`.
    pub async fn call(
        &self,
        address: SocketAddr,
        clock: Arc<dyn Clock>,
        with: With,
    ) -> Result<Response<AnyJson>, Error> {
        let api = api(&self.document, address, clock, with).await;
        api.call(self.described.id, &self.arguments).await
    }
}

enum Api {
    WunderAuth(wunder::auth_api::AuthApi),
    WunderUser(wunder::user_api::UserApi),
    WalletCrew(walletcrew::api::Api),
    GoodCity(goodcity::api::Api),
    Fynd(fynd::api::Api),
}

impl Api {
    fn operations(&self) -> Vec<OperationInfo> {
        match self {
            Self::WunderAuth(api) => api.operations(),
            Self::WunderUser(api) => api.operations(),
            Self::WalletCrew(api) => api.operations(),
            Self::GoodCity(api) => api.operations(),
            Self::Fynd(api) => api.operations(),
        }
    }

    async fn call(&self, id: &str, arguments: &Value) -> Result<Response<AnyJson>, Error> {
        match self {
            Self::WunderAuth(api) => testing::call(api, id, arguments).await,
            Self::WunderUser(api) => testing::call(api, id, arguments).await,
            Self::WalletCrew(api) => testing::call(api, id, arguments).await,
            Self::GoodCity(api) => testing::call(api, id, arguments).await,
            Self::Fynd(api) => testing::call(api, id, arguments).await,
        }
    }
}

/// The API of one document. Nothing is shared with another one, so that each input begins anew.
async fn api(document: &str, address: SocketAddr, clock: Arc<dyn Clock>, with: With) -> Api {
    let at = format!("http://{address}");
    macro_rules! client {
        ($builder:expr) => {
            $builder.settings(settings()).clock(clock).build().unwrap()
        };
    }
    match document {
        "wunder-auth" | "wunder-user" => {
            let client = client!(wunder::Client::builder(at, "tenant01").signature_key("a key"));
            let session = match with {
                With::Nothing => None,
                with => Some(
                    wunder::Session::from_tokens(&client, tokens(with))
                        .await
                        .unwrap(),
                ),
            };
            match (document, session) {
                ("wunder-auth", None) => Api::WunderAuth(client.auth_api()),
                ("wunder-auth", Some(session)) => Api::WunderAuth(session.auth_api()),
                (_, None) => Api::WunderUser(client.user_api()),
                (_, Some(session)) => Api::WunderUser(session.user_api()),
            }
        }
        "walletcrew" => {
            let client = client!(walletcrew::Client::builder(at, "tenant01"));
            Api::WalletCrew(match with {
                With::Nothing => client.api(),
                with => {
                    let session = walletcrew::Session::from_tokens(&client, tokens(with)).await;
                    session.unwrap().api()
                }
            })
        }
        "goodcity" => {
            let client = client!(goodcity::Client::builder(at, "app"));
            Api::GoodCity(match with {
                With::Nothing => client.api(),
                with => {
                    let session = goodcity::Session::from_tokens(&client, tokens(with)).await;
                    session.unwrap().api()
                }
            })
        }
        "fynd" => {
            let application = "000000000000000000000001";
            let client = client!(fynd::Client::builder(application, "a token").base_url(at));
            Api::Fynd(match with {
                With::Nothing => client.api(),
                _ => {
                    let cookies = [("f.session", "a-cookie")];
                    let session = fynd::Session::from_cookies(&client, cookies).await;
                    session.unwrap().api()
                }
            })
        }
        other => panic!("{other} is not a document"),
    }
}

fn tokens(with: With) -> Tokens {
    let access = match with {
        With::EndedSession => ENDED_TOKEN,
        With::Session | With::Nothing => GOOD_TOKEN,
    };
    Tokens::new(access, Some(Secret::from("a refresh token")))
}

/// One connection for each request and one request at a time: what an input does must not hang on
/// which of two sockets is ready first.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.deadline = DEADLINE;
    settings.attempt_timeout = DEADLINE / 2;
    settings.max_in_flight = 0;
    settings.max_response_bytes = MOST_BYTES;
    settings.max_header_bytes = MOST_BYTES;
    settings.retry = Arc::new(Backoff::new().with_max_attempts(MOST_ATTEMPTS));
    settings
}

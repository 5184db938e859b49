//! Every described operation as a typed call that can be sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use vestibule::session::Tokens;
use vestibule::{
    Backoff, Clock, Error, Secret, Settings, fynd, goodcity, walletcrew, wunder,
};

use crate::calls::{self, JsonResponse};

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
    pub id: String,
    pub sends_message: bool,
    pub carries_code: bool,
    pub needs_session: bool,
    arguments: Value,
}

/// Each operation of each document, in the order of the ids.
pub fn all() -> Vec<Operation> {
    let documents: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_str(ARGUMENTS).unwrap();
    let mut operations = Vec::new();
    for (document, described) in documents {
        for (id, mut described) in described {
            operations.push(Operation {
                document: document.clone(),
                id,
                sends_message: described["sends_message"] == true,
                carries_code: described["carries_code"] == true,
                needs_session: described["needs_session"] == true,
                arguments: described["arguments"].take(),
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
    ) -> Result<JsonResponse, Error> {
        let api = api(&self.document, address, clock, with).await;
        api.call(&self.id, &self.arguments).await
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
    async fn call(&self, id: &str, arguments: &Value) -> Result<JsonResponse, Error> {
        match self {
            Self::WunderAuth(api) => calls::wunder_auth::call(api, id, arguments).await,
            Self::WunderUser(api) => calls::wunder_user::call(api, id, arguments).await,
            Self::WalletCrew(api) => calls::walletcrew::call(api, id, arguments).await,
            Self::GoodCity(api) => calls::goodcity::call(api, id, arguments).await,
            Self::Fynd(api) => calls::fynd::call(api, id, arguments).await,
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

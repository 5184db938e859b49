//! Every described operation as a typed call that can be sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use vestibule::session::Tokens;
use vestibule::{Backoff, Clock, Error, Secret, Settings, fynd, goodcity, walletcrew, wunder};

use crate::calls::{self, JsonResponse};

/// The arguments of each operation. A test of the crate keeps them equal to the documents.
const ARGUMENTS: &str = include_str!("../arguments.json");

/// Deadline of a call over all its attempts.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// Limit for the bytes of a body, and of headers.
pub const MAX_BYTES: usize = 64 * 1024;

/// Attempts of an idempotent request.
pub const MAX_ATTEMPTS: u32 = 3;

/// Expire in 2100, and expired in 2001.
const VALID_TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";
const EXPIRED_TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEwMDAwMDAwMDB9.c2lnbmF0dXJl";

/// The credential of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    Nothing,
    Session,
    /// A session that must be refreshed first, where the system supports that.
    ExpiredSession,
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
    /// Calls the operation at `address`.
    pub async fn call(
        &self,
        address: SocketAddr,
        clock: Arc<dyn Clock>,
        with: Credential,
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

/// The API of one document. It shares no state with another one, so that each input starts from the
/// same state.
async fn api(document: &str, address: SocketAddr, clock: Arc<dyn Clock>, with: Credential) -> Api {
    let at = format!("http://{address}");
    macro_rules! client {
        ($builder:expr) => {
            $builder.settings(settings()).clock(clock).build().unwrap()
        };
    }
    match document {
        "wunder-auth" | "wunder-user" => {
            let client = client!(
                wunder::Client::builder(at)
                    .tenant("tenant01")
                    .signing_key("a key")
            );
            let session = match with {
                Credential::Nothing => None,
                with => Some(client.resume_with_tokens(tokens(with)).await.unwrap()),
            };
            match (document, session) {
                ("wunder-auth", None) => Api::WunderAuth(client.auth_api()),
                ("wunder-auth", Some(session)) => Api::WunderAuth(session.auth_api()),
                (_, None) => Api::WunderUser(client.user_api()),
                (_, Some(session)) => Api::WunderUser(session.user_api()),
            }
        }
        "walletcrew" => {
            let client = client!(walletcrew::Client::builder(at).tenant("tenant01"));
            Api::WalletCrew(match with {
                Credential::Nothing => client.api(),
                with => {
                    let session = client.resume_with_tokens(tokens(with)).await;
                    session.unwrap().api()
                }
            })
        }
        "goodcity" => {
            let client = client!(goodcity::Client::builder(at).app_name("app"));
            Api::GoodCity(match with {
                Credential::Nothing => client.api(),
                with => {
                    let session = client.resume_with_tokens(tokens(with)).await;
                    session.unwrap().api()
                }
            })
        }
        "fynd" => {
            let application = "000000000000000000000001";
            let client = client!(
                fynd::Client::builder(application)
                    .application_token("a token")
                    .base_url(at)
            );
            Api::Fynd(match with {
                Credential::Nothing => client.api(),
                _ => {
                    let cookies = [("f.session", "a-cookie")];
                    let session = client.resume_with_cookies(cookies).await;
                    session.unwrap().api()
                }
            })
        }
        other => panic!("{other} is not a document"),
    }
}

fn tokens(with: Credential) -> Tokens {
    let access = match with {
        Credential::ExpiredSession => EXPIRED_TOKEN,
        Credential::Session | Credential::Nothing => VALID_TOKEN,
    };
    Tokens::new(access, Some(Secret::from("a refresh token")))
}

/// One connection per request and one request at a time, so that the behaviour of an input does not
/// depend on which of two sockets is ready first.
fn settings() -> Settings {
    Settings::new()
        .deadline(DEADLINE)
        .attempt_timeout(DEADLINE / 2)
        .max_in_flight(0)
        .max_response_bytes(MAX_BYTES)
        .max_header_bytes(MAX_BYTES)
        .retry(Backoff::new().with_max_attempts(MAX_ATTEMPTS))
}

//! Ten thousand concurrent calls with an expired token, which share one refresh.

use http::HeaderMap;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;
use vestibule::session::Tokens;
use vestibule::wunder::{Client, Session};
use vestibule_benches::profile::{EXPIRED, VALID, access_token};
use vestibule_benches::rounds::compare;
use vestibule_benches::server::Server;
use vestibule_benches::subjects::http_client;
use vestibule_benches::table::{at_most, figure};

const CALLS: usize = 10_000;
const ROUNDS: usize = 9;

fn main() {
    let server = Server::start().expect("the server");
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let base = format!("{}/v1", server.address());
    let client = Client::builder(base)
        .tenant("steady")
        .build()
        .expect("a client");
    let (fresh, over) = (access_token(VALID), access_token(EXPIRED));

    // Warm-up: opens the connections.
    call_concurrently(&runtime, &session(&runtime, &client, &fresh));
    let before = refreshes(&runtime, &server);
    call_concurrently(&runtime, &session(&runtime, &client, &over));
    let made = refreshes(&runtime, &server) - before;
    figure("storm/refreshes", made, 1.0, 1.0);

    let result = compare(
        ROUNDS,
        CALLS,
        |_| call_concurrently(&runtime, &session(&runtime, &client, &over)),
        |_| {
            let session_over = session(&runtime, &client, &over);
            let token = runtime.block_on(session_over.access_token());
            token.expect("a token");
            call_concurrently(&runtime, &session(&runtime, &client, &fresh));
        },
    );
    let seconds = |calls_per_second: f64| CALLS as f64 / calls_per_second * 1000.0;
    let name = "storm/milliseconds-10000-calls-on-an-expired-token:fresh-and-one-refresh";
    let (ours, peer) = (seconds(result.ours), seconds(result.peer));
    at_most(name, ours, peer, 1.3);
}

fn session(runtime: &Runtime, client: &Client, access: &str) -> Session {
    let tokens = Tokens::new(access, Some("a refresh token".into()));
    let session = runtime.block_on(client.resume_with_tokens(tokens));
    session.expect("a session")
}

fn call_concurrently(runtime: &Runtime, session: &Session) {
    let local = LocalSet::new();
    for _ in 0..CALLS {
        let session = session.clone();
        local.spawn_local(async move {
            let profile = session.profile().await.expect("a profile");
            assert_eq!(profile.phone_is_verified, Some(true));
        });
    }
    runtime.block_on(local);
}

fn refreshes(runtime: &Runtime, server: &Server) -> f64 {
    let url = format!("{}/refreshes", server.address());
    runtime.block_on(async {
        let response = http_client(HeaderMap::new()).get(url).send().await;
        let count = response.expect("a response").text().await.expect("a count");
        count.parse().expect("a number")
    })
}

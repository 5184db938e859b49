//! Refresh and end of sessions.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule::testing::WunderUser;

use crate::conformance::{documents, id};
use crate::server::{Reply, Server, ask, tokens};

const PHONE: &str = "+43123456789";
const DAY: u64 = 24 * 3600;

async fn exchange(server: &Server, refresh: &str) -> Reply {
    let body = json!({"refreshToken": refresh});
    server.send(ask("refresh_token").body(body)).await
}

pub async fn a_refresh_token_is_valid_once(server: &Server) {
    let (_, old) = server.signed_in(PHONE).await;
    let (access, new) = tokens(&exchange(server, &old).await.ok());
    exchange(server, &old).await.refused(401, "A202");
    exchange(server, &access).await.refused(401, "A202");
    assert_ne!(old, new);
    server.profile(&access).await;
    tokens(&exchange(server, &new).await.ok());
    server
        .send(ask("refresh_token").body(json!({})))
        .await
        .refused(400, "R101");
}

pub async fn a_tenant_may_not_rotate(server: &Server) {
    server.mock.rotate_refresh_tokens(false);
    let (_, refresh) = server.signed_in(PHONE).await;
    for _ in 0..2 {
        let refreshed = exchange(server, &refresh).await.ok();
        assert_eq!(refreshed.get("refreshToken"), None);
        server
            .profile(refreshed["accessToken"].as_str().unwrap())
            .await;
    }
}

pub async fn tokens_expire(server: &Server) {
    let (access, refresh) = server.signed_in(PHONE).await;
    server
        .mock
        .clock()
        .advance(Duration::from_secs(5 * 3600 + 1));
    server
        .get("get_customer", &access)
        .await
        .refused(401, "A201");
    let (_, refresh) = tokens(&exchange(server, &refresh).await.ok());
    server
        .mock
        .clock()
        .advance(Duration::from_secs(30 * DAY + 1));
    exchange(server, &refresh).await.refused(401, "A202");

    server.mock.set_access_lifetime(10);
    server.mock.set_refresh_lifetime(20);
    let (access, refresh) = server.signed_in(PHONE).await;
    server.profile(&access).await;
    server.mock.clock().advance(Duration::from_secs(11));
    server
        .get("get_customer", &access)
        .await
        .refused(401, "A201");
    server.mock.clock().advance(Duration::from_secs(10));
    exchange(server, &refresh).await.refused(401, "A202");
}

pub async fn logging_out_ends_one_session_and_requires_a_body(server: &Server) {
    let (here, here_refresh) = server.signed_in(PHONE).await;
    let (there, there_refresh) = server.signed_in(PHONE).await;
    let logout = || ask("logout").bearer(&here);
    server.send(logout()).await.refused(400, "R101");
    server
        .send(logout().body(json!({"refreshToken": here_refresh})))
        .await
        .ok_empty();
    server.get("get_customer", &here).await.refused(401, "A201");
    exchange(server, &here_refresh).await.refused(401, "A202");
    server
        .send(logout().body(json!({})))
        .await
        .refused(401, "A201");
    server.profile(&there).await;
    tokens(&exchange(server, &there_refresh).await.ok());

    // Another session of the user ends with its refresh token, a session of another user does not.
    let (here, _) = server.signed_in(PHONE).await;
    let (_, second_refresh) = server.signed_in(PHONE).await;
    let (_, other_refresh) = server.signed_in("+43123456780").await;
    let (again, _) = server.signed_in(PHONE).await;
    for (access, refresh) in [(here, &second_refresh), (again, &other_refresh)] {
        let logout = ask("logout").bearer(&access);
        let body = json!({"refreshToken": refresh});
        server.send(logout.body(body)).await.ok_empty();
    }
    exchange(server, &second_refresh).await.refused(401, "A202");
    tokens(&exchange(server, &other_refresh).await.ok());
}

pub async fn an_operator_can_end_sessions(server: &Server) {
    let (access, refresh) = server.signed_in(PHONE).await;
    let (other, _) = server.signed_in("+43123456780").await;
    assert!(server.mock.sign_user_out(PHONE) && !server.mock.sign_user_out("unknown"));
    server
        .get("get_customer", &access)
        .await
        .refused(401, "A201");
    exchange(server, &refresh).await.refused(401, "A202");
    server.profile(&other).await;
    server.mock.revoke_access_tokens();
    server
        .get("get_customer", &other)
        .await
        .refused(401, "A201");
    let (_, refresh) = server.signed_in(PHONE).await;
    server.mock.revoke_refresh_tokens();
    exchange(server, &refresh).await.refused(401, "A202");
}

pub async fn an_openid_token_is_exchanged_if_it_is_genuine(server: &Server) {
    let (access, _) = server.signed_in(PHONE).await;
    server
        .mock
        .add_social_account("openid", &"genuine".into(), None);
    let openid_exchange = || ask("openid_token_exchange").bearer(&access);
    let body = |token: &str| json!({"idToken": token});
    server
        .send(openid_exchange().body(body("forged")))
        .await
        .refused(401, "U107");
    for ask in [openid_exchange().body(body("genuine")), openid_exchange()] {
        let exchanged = server.send(ask).await.ok();
        let token = exchanged["token"].as_str().unwrap();
        server.get("get_customer", token).await.refused(401, "A201");
    }
}

pub async fn every_call_of_a_session_requires_its_token(server: &Server) {
    let (mut required, mut optional) = (0, 0);
    for operation in documents().iter().flat_map(|(_, operations)| operations) {
        let security = operation.value["security"].as_array().unwrap();
        if !security.iter().any(|set| set.get("session").is_some()) {
            continue;
        }
        let filled = || {
            let ask = ask(id(operation).to_owned().leak());
            let ask = ask.path("code", "1").path("id", "1");
            match operation.value.get("requestBody") {
                Some(_) => ask.body(json!({"id": 1, "code": "1"})),
                None => ask,
            }
        };
        // A call that needs no session refuses a token that is not valid all the same.
        let is_optional = security.iter().any(|set| set.get("session").is_none());
        if is_optional {
            optional += 1;
        } else {
            server.send(filled()).await.refused(401, "AUTH001");
            required += 1;
        }
        server
            .send(filled().bearer("a.b.c"))
            .await
            .refused(401, "A201");
    }
    assert_eq!((required, optional), (16, 3));
}

pub async fn an_api_client_acts_for_the_users_that_it_created(server: &Server) {
    server.mock.add_api_client("maas", &"not-a-real-key".into());
    let ada = server.mock.add_user(
        WunderUser::new()
            .email("ada@example.org")
            .created_by("maas"),
    );
    let bob = server.mock.add_user(
        WunderUser::new()
            .email("bob@example.org")
            .password("pass-word"),
    );
    let sign_in = |id: &str, key: &str| {
        let body = json!({"clientId": id, "clientKey": key});
        server.send(ask("sign_in_api_client").body(body))
    };
    sign_in("maas", "wrong").await.refused(401, "U107");
    sign_in("other", "not-a-real-key")
        .await
        .refused(401, "U107");
    sign_in("maas", "").await.refused(400, "R101");
    let (access, refresh) = tokens(&sign_in("maas", "not-a-real-key").await.ok());
    let customer = |bearer: &str| ask("get_customer").bearer(bearer);
    let profile: Value = server.send(customer(&access).impersonate(&ada)).await.ok();
    assert_eq!(profile["email"], "ada@example.org");
    server.send(customer(&access)).await.refused(404, "U106");
    server
        .send(customer(&access).impersonate(&bob))
        .await
        .refused(403, "A108");
    server
        .send(customer(&access).impersonate("unknown"))
        .await
        .refused(403, "A108");
    server
        .get("two_factor_secret", &access)
        .await
        .refused(404, "U106");
    let (refreshed, _) = tokens(&exchange(server, &refresh).await.ok());
    let patch = ask("update_customer").bearer(&refreshed).impersonate(&ada);
    server
        .send(patch.body(json!({"phoneNumber": PHONE})))
        .await
        .ok();
    let own = server
        .by_password("bob@example.org", "pass-word")
        .await
        .ok();
    let own = customer(&tokens(&own).0).impersonate(&ada);
    server.send(own).await.refused(403, "A107");
}

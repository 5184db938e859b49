//! Terms, cards and branches.

use serde_json::{Value, json};
use vestibule::testing::WunderUser;
use vestibule::wunder::TermsScope;

use crate::server::{Reply, Server, ask};

const PHONE: &str = "+43123456789";

fn ids(reply: Reply) -> Vec<u64> {
    let list = reply.ok();
    let items = list.as_array().unwrap().iter();
    items.map(|item| item["id"].as_u64().unwrap()).collect()
}

pub async fn terms_are_accepted_in_their_newest_version(server: &Server) {
    let mock = &server.mock;
    let branch = |id: &str| TermsScope::Branch(id.to_owned());
    let first = mock.add_terms(branch("2"), json!({"title": "Rental", "text": "One"}));
    let other = mock.add_terms(branch("3"), json!({"title": "Elsewhere"}));
    let car = mock.add_terms(
        TermsScope::Vehicle("1001".to_owned()),
        json!({"title": "Car"}),
    );
    assert_eq!(mock.add_terms_version(99, json!({})), None);
    let list = |name, value| server.send(ask("list_terms").query(name, value));
    assert_eq!(ids(list("branchId", "2").await), [first]);
    assert_eq!(ids(list("vehicleId", "1001").await), [car]);
    assert!(ids(list("branchId", "9").await).is_empty());
    server.send(ask("list_terms")).await.refused(400, "R101");
    let get = |id: u64| server.send(ask("get_terms").path("id", id));
    let expected = json!({"id": first, "version": 1, "title": "Rental", "text": "One"});
    assert_eq!(get(first).await.ok(), expected);
    get(99).await.refused(404, "R404");

    let (access, _) = server.signed_in(PHONE).await;
    let state = async || {
        let profile = server.profile(&access).await;
        profile["termsAndConditionsAcceptanceState"].clone()
    };
    let accept =
        |id: Value| server.send(ask("accept_terms").bearer(&access).body(json!({"id": id})));
    let accepted = |branch| {
        server.send(
            ask("list_accepted_terms")
                .bearer(&access)
                .query("branchId", branch),
        )
    };
    assert_eq!(state().await, "NEVER_ACCEPTED");
    assert!(ids(accepted("2").await).is_empty());
    accept(json!(99)).await.refused(404, "R404");
    accept(json!(null)).await.refused(400, "R101");
    accept(json!(first.to_string())).await.ok();
    accept(json!(other)).await.ok();
    assert_eq!(state().await, "ACCEPTED");
    assert_eq!(ids(accepted("2").await), [first]);
    assert_eq!(
        ids(server.get("list_accepted_terms", &access).await),
        [first, other]
    );

    let second = mock
        .add_terms_version(first, json!({"title": "Rental"}))
        .unwrap();
    assert_eq!(ids(list("branchId", "2").await), [second]);
    assert_eq!(get(first).await.ok()["version"], 1);
    assert_eq!(state().await, "OUTDATED");
    assert_eq!(ids(accepted("2").await), [first]);
    accept(json!(first)).await.refused(400, "U602");
    accept(json!(second)).await.ok();
    assert_eq!(state().await, "ACCEPTED");
    assert_eq!(ids(accepted("2").await), [second]);
}

pub async fn terms_are_accepted_with_the_first_contact_if_the_user_says_so(server: &Server) {
    let branch = TermsScope::Branch("2".to_owned());
    let terms = server.mock.add_terms(branch, json!({}));
    for (phone, says_so) in [(PHONE, false), ("+43123456780", true)] {
        let ask = ask("create_or_sign_in_with_phone_number").signature(&server.sign(phone));
        let body = json!({"phoneNumber": phone, "branchId": "2", "tncAccepted": says_so});
        server.send(ask.body(body)).await.done();
        let code = server.mock.outbox().last_code(phone).unwrap();
        let signed_in = server.confirm_phone(phone, &code).await.ok();
        let access = signed_in["accessToken"].as_str().unwrap();
        let accepted = ids(server.get("list_accepted_terms", access).await);
        assert_eq!(accepted.contains(&terms), says_so);
    }
}

pub async fn a_list_is_paged_in_the_requested_order(server: &Server) {
    server.mock.add_user(WunderUser::new().phone(PHONE));
    for id in [3, 1, 2] {
        let name = format!("{}", 9 - id);
        assert!(
            server
                .mock
                .add_identity_card(PHONE, json!({"id": id, "name": name}))
        );
    }
    assert!(!server.mock.add_identity_card("unknown", json!({})));
    assert!(!server.mock.add_identity_card(PHONE, json!(1)));
    let (access, _) = server.signed_in(PHONE).await;
    let list = || ask("list_identity_cards").bearer(&access);
    let whole = server.send(list()).await;
    assert_eq!(
        (
            whole.header("x-pagination-size"),
            whole.header("x-pagination-last")
        ),
        ("50", "true")
    );
    assert_eq!(ids(whole), [3, 1, 2]);
    let page = |number| {
        list()
            .query("size", 2)
            .query("sort", "id,asc")
            .query("page", number)
    };
    for (number, expected, last) in [
        (0, vec![1, 2], "false"),
        (1, vec![3], "true"),
        (2, vec![], "true"),
    ] {
        let reply = server.send(page(number)).await;
        let header = |name: &str| reply.header(&format!("x-pagination-{name}")).to_owned();
        assert_eq!(
            (header("totalpages"), header("totalelements")),
            ("2".into(), "3".into())
        );
        assert_eq!(
            (header("number"), header("size")),
            (number.to_string(), "2".into())
        );
        assert_eq!(header("numberofelements"), expected.len().to_string());
        assert_eq!(
            (header("first"), header("last")),
            ((number == 0).to_string(), last.to_owned())
        );
        assert_eq!(ids(reply), expected);
    }
    assert_eq!(
        ids(server.send(list().query("sort", "id,desc")).await),
        [3, 2, 1]
    );
    assert_eq!(
        ids(server.send(list().query("sort", "name")).await),
        [3, 2, 1]
    );
    for (name, value) in [
        ("size", "0"),
        ("size", "5001"),
        ("size", "many"),
        ("page", "-1"),
        ("sort", "id,sideways"),
    ] {
        server
            .send(list().query(name, value))
            .await
            .refused(400, "R100");
    }
}

pub async fn a_list_of_mixed_types_is_ordered_too(server: &Server) {
    server.mock.add_user(WunderUser::new().phone(PHONE));
    let rows = [
        json!("b"),
        json!(true),
        json!(10),
        json!("a"),
        json!({}),
        json!(9.5),
    ];
    for (id, row) in (0_u64..).zip(rows.iter().cycle().take(60)) {
        assert!(
            server
                .mock
                .add_identity_card(PHONE, json!({"id": id, "row": row}))
        );
    }
    let (access, _) = server.signed_in(PHONE).await;
    let list = ask("list_identity_cards").bearer(&access).query("size", 60);
    let sorted = ids(server.send(list.query("sort", "row,asc")).await);
    let rows: Vec<u64> = sorted.iter().map(|id| id % 6).collect();
    for (tens, row) in [(0, 5), (1, 2), (2, 3), (3, 0)] {
        assert!(
            rows[10 * tens..10 * tens + 10].iter().all(|it| *it == row),
            "{rows:?}"
        );
    }
    assert!(sorted[40..].is_sorted());
}

pub async fn a_branch_serves_its_configured_places(server: &Server) {
    let resolve =
        |lat: f64, lng: f64| server.send(ask("resolve_branch").query("lat", lat).query("lng", lng));
    assert_eq!(resolve(-80.0, 0.0).await.ok()["id"], 2);
    server
        .send(ask("resolve_branch"))
        .await
        .refused(400, "R100");
    resolve(91.0, 0.0).await.refused(400, "R100");
    server
        .mock
        .add_branch("7", 46.9..=47.2, 15.3..=15.6, "Graz");
    server
        .mock
        .add_branch("linz", 48.2..=48.4, 14.1..=14.5, "Linz");
    assert_eq!(
        resolve(47.07, 15.44).await.ok(),
        json!({"id": 7, "name": "Graz"})
    );
    assert_eq!(resolve(48.3, 14.3).await.ok()["id"], "linz");
    resolve(-80.0, 0.0).await.refused(404, "B101");
    for (id, name, value) in [
        ("create_or_sign_in_with_phone_number", "phoneNumber", PHONE),
        (
            "create_or_sign_in_with_email_code",
            "email",
            "ada@example.org",
        ),
        ("create_customer", "email", "bob@example.org"),
    ] {
        let send = |body: Value| server.send(ask(id).signature(&server.sign(value)).body(body));
        send(json!({name: value, "branchId": "2"}))
            .await
            .refused(404, "U801");
        let response = send(json!({name: value, "branchId": 7})).await;
        assert!([200, 204].contains(&response.status), "{id}");
    }
}

pub async fn an_unknown_tenant_is_not_found(server: &Server) {
    let other_tenant = ask("resolve_branch")
        .tenant("ten%20ant")
        .query("lat", 1)
        .query("lng", 1);
    server.send(other_tenant).await.refused(404, "R404");
}

//! Wunder's lists come page by page, and a session can act for another user.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::future::poll_fn;
use std::pin::Pin;

use futures_util::Stream;
use serde_json::json;
use vestibule::session::Tokens;
use vestibule::wunder::{Client, Pages, Session, TermsScope};
use vestibule::{CallOptions, Error, ErrorKind};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const USER: &str = "6f1d2a34-0000-4000-8000-000000000001";

fn client(server: &MockServer) -> Client {
    Client::builder(server.uri())
        .tenant("tenant01")
        .language("en")
        .build()
        .unwrap()
}

async fn session(server: &MockServer) -> Session {
    let tokens = Tokens::new("an-access-token", None);
    client(server).resume_with_tokens(tokens).await.unwrap()
}

async fn next<T: Unpin>(pages: &mut Pages<T>) -> Option<Result<T, Error>> {
    poll_fn(|context| Pin::new(&mut *pages).poll_next(context)).await
}

/// Three terms on two pages.
async fn serve_terms(server: &MockServer) {
    for (number, ids) in [(0, vec!["a", "b"]), (1, vec!["c"])] {
        let items: Vec<_> = ids
            .iter()
            .map(|id| json!({"id": id, "title": "kept"}))
            .collect();
        let response = ResponseTemplate::new(200)
            .set_body_json(items)
            .insert_header("X-Pagination-TotalPages", "2")
            .insert_header("X-Pagination-TotalElements", "3")
            .insert_header("X-Pagination-Number", number.to_string())
            .insert_header("X-Pagination-Size", "2")
            .insert_header(
                "X-Pagination-Last",
                if number == 1 { "true" } else { "false" },
            );
        Mock::given(method("GET"))
            .and(path("/tenant01/front/termsandconditions"))
            .and(query_param("branchId", "2"))
            .and(query_param("page", number.to_string()))
            .respond_with(response)
            .expect(1)
            .mount(server)
            .await;
    }
}

#[tokio::test]
async fn a_stream_goes_over_all_pages_and_ends() {
    let server = MockServer::start().await;
    serve_terms(&server).await;
    let mut terms = client(&server).terms(TermsScope::Branch("2".to_owned()));
    let mut ids = Vec::new();
    while let Some(item) = next(&mut terms).await {
        ids.push(item.unwrap().id.unwrap().0);
    }
    assert_eq!(ids, [json!("a"), json!("b"), json!("c")]);
    assert!(next(&mut terms).await.is_none());
}

#[tokio::test]
async fn a_page_reports_its_position() {
    let server = MockServer::start().await;
    serve_terms(&server).await;
    let mut terms = client(&server).terms(TermsScope::Branch("2".to_owned()));
    let first = terms.next_page().await.unwrap().unwrap();
    assert_eq!(
        (first.number, first.size, first.is_last),
        (Some(0), Some(2), Some(false))
    );
    assert_eq!((first.total_pages, first.total_items), (Some(2), Some(3)));
    assert_eq!(first.items[0].extra["title"], "kept");
    let second = terms.next_page().await.unwrap().unwrap();
    assert_eq!((second.items.len(), second.is_last), (1, Some(true)));
    assert!(terms.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn a_server_without_pagination_headers_is_asked_once() {
    let server = MockServer::start().await;
    Mock::given(path("/tenant01/front/customer-identity-cards"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([{}, {}])))
        .expect(1)
        .mount(&server)
        .await;
    let mut cards = session(&server).await.identity_cards();
    assert_eq!(cards.next_page().await.unwrap().unwrap().items.len(), 2);
    assert!(cards.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn a_failed_page_is_requested_again_and_a_failed_stream_ends() {
    let server = MockServer::start().await;
    Mock::given(path("/tenant01/front/customers/termsandconditions"))
        .respond_with(ResponseTemplate::new(400))
        .mount(&server)
        .await;
    let session = session(&server).await;
    let mut terms = session.accepted_terms("2");
    for _ in 0..2 {
        assert_eq!(
            terms.next_page().await.unwrap_err().kind(),
            ErrorKind::Rejected
        );
    }
    let mut stream = session.accepted_terms("2");
    assert!(next(&mut stream).await.unwrap().is_err());
    assert!(next(&mut stream).await.is_none());
}

#[tokio::test]
async fn a_session_acts_for_another_user_only_where_requested() {
    let server = MockServer::start().await;
    Mock::given(path("/tenant01/front/customers"))
        .and(header("GoUrban-Impersonate", USER))
        .and(header("accept-language", "de"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"uuid": USER})))
        .mount(&server)
        .await;
    let session = session(&server).await;
    let acting = session.impersonate(USER).unwrap();
    let german = CallOptions::new().language("de");
    let profile = acting
        .with_options(german.clone())
        .user_api()
        .get_customer()
        .send()
        .await
        .unwrap();
    assert_eq!(profile.uuid.as_deref(), Some(USER));
    let request = acting
        .request(http::Method::GET, "/front/customers")
        .options(german.clone());
    request.send::<serde_json::Value>().await.unwrap();
    let own = session
        .with_options(german)
        .user_api()
        .get_customer()
        .send()
        .await;
    assert_eq!(own.unwrap_err().status().unwrap().as_u16(), 404);
    for wrong in [
        "",
        "6f1d2a34",
        "6f1d2a34-0000-4000-8000-00000000000g",
        "a\r\nb",
    ] {
        assert_eq!(
            session.impersonate(wrong).unwrap_err().field(),
            Some("user")
        );
    }
}

#[tokio::test]
async fn a_page_beyond_the_documented_bounds_is_not_requested() {
    let server = MockServer::start().await;
    let api = client(&server).user_api();
    let field = |error: Error| (error.kind(), error.field().unwrap().to_owned());
    for size in [0, -1, 5001] {
        let error = api.list_terms().size(size).send().await.unwrap_err();
        assert_eq!(field(error), (ErrorKind::InvalidInput, "size".to_owned()));
    }
    let error = api.list_terms().page(-1).send().await.unwrap_err();
    assert_eq!(field(error), (ErrorKind::InvalidInput, "page".to_owned()));
    assert!(server.received_requests().await.unwrap().is_empty());
}

//! Responses with a success status whose body says no, for every operation that can.

use serde_json::Value;
use vestibule::ErrorKind;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::denied_steps::Denials;
use super::{denied_fynd, denied_wunder};
use crate::support::apis::{Api, COOKIE};
use crate::support::documents::{Document, Operation};
use crate::support::proof;

/// Values of a success member that are no `true`; a comma adds a second member of the name.
const NO: [&str; 25] = [
    r#""True""#,
    "false",
    r#""false""#,
    r#""False""#,
    r#""FALSE""#,
    r#""no""#,
    r#""maybe""#,
    r#""""#,
    r#"" true""#,
    r#""1""#,
    r#""0""#,
    "null",
    "0",
    "1",
    "2",
    "-1",
    "1.0",
    "0.0",
    "{}",
    "[]",
    "[true]",
    r#"{"success":true}"#,
    r#""true \ud83d""#,
    r#"true,"MEMBER":false"#,
    r#"true,"MEMBER":true"#,
];

const YES: [&str; 2] = ["true", r#""true""#];

/// The members that say whether a response of an operation is a success.
pub fn success_members(document: &Document, operation: &Operation) -> Vec<String> {
    let own = &operation.value["x-success-member"];
    let own = own
        .as_array()
        .map_or(std::slice::from_ref(own), Vec::as_slice);
    let of_all = &document.root["x-success-member"]["name"];
    let names = own.iter().chain([of_all]).filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

struct Case<'a> {
    document: &'a Document,
    operation: &'a Operation,
    api: &'a Api,
    server: &'a MockServer,
}

impl Case<'_> {
    /// The kind of the error of a call whose response is `body`, if it failed, and how many requests
    /// it made.
    async fn call(&self, body: &str) -> (Option<ErrorKind>, usize) {
        self.server.reset().await;
        let response = ResponseTemplate::new(200)
            .insert_header(
                "set-cookie",
                format!("{COOKIE}=of-a-denial; Path=/").as_str(),
            )
            .set_body_raw(body.as_bytes(), "application/json");
        Mock::given(any())
            .respond_with(response)
            .mount(self.server)
            .await;
        let arguments = self.operation.call_arguments(self.document, Some("1"));
        let (id, session) = (self.operation.id(), self.operation.takes_session());
        let result = self.api.call(id, session, &arguments).await;
        let requests = self.server.received_requests().await.unwrap();
        (result.err().map(|error| error.kind()), requests.len())
    }

    /// The cookies that the next call of the session carries.
    async fn cookies(&self) -> String {
        let (_, _) = self.call(r#"{"success":false}"#).await;
        let requests = self.server.received_requests().await.unwrap();
        let cookies = requests[0].headers.get("cookie");
        cookies.map_or(String::new(), |it| it.to_str().unwrap().to_owned())
    }
}

/// A success status beside a body that says no: each spelling of no, for every operation that has a
/// member for it.
#[tokio::test]
async fn a_success_that_says_no_is_rejected_after_one_request_and_changes_no_cookie() {
    let (mut operations, mut denials) = (0, 0);
    for name in ["fynd", "wunder-auth"] {
        let document = Document::read(&name);
        let server = MockServer::start().await;
        for operation in document.operations() {
            let members = success_members(&document, &operation);
            if members.is_empty() {
                continue;
            }
            operations += 1;
            let api = Api::of(name, &server.uri()).await;
            let case = Case {
                document: &document,
                operation: &operation,
                api: &api,
                server: &server,
            };
            for member in &members {
                for value in NO {
                    let body = format!(r#"{{"{member}":{value}}}"#).replace("MEMBER", member);
                    let result = case.call(&body).await;
                    let place = format!("{} {body}", operation.id());
                    assert_eq!(result, (Some(ErrorKind::Rejected), 1), "{place}");
                    denials += 1;
                }
            }
            if name == "fynd" && operation.takes_session() {
                assert_eq!(case.cookies().await, "f.session=a-cookie");
            }
            for value in YES {
                let body = format!(r#"{{"{}":{value}}}"#, members[0]);
                let (failed, _) = case.call(&body).await;
                assert_ne!(
                    failed,
                    Some(ErrorKind::Rejected),
                    "{} {body}",
                    operation.id()
                );
            }
        }
    }
    proof(
        "denials",
        &format!(
            "operations={operations} values={} rejected={denials}",
            NO.len()
        ),
    );
    assert!(operations >= 43 + 9 && denials >= operations * 20);
}

/// A success status beside a body that says no, for each request of the flows.
#[tokio::test]
async fn a_step_that_the_server_denied_is_repeated_and_the_flow_completes() {
    let mut fynd = Denials::of("fynd");
    denied_fynd::all(&mut fynd).await;
    let mut wunder = Denials::of("wunder-auth");
    denied_wunder::all(&mut wunder).await;
    let flows = fynd.flows + wunder.flows;
    let denied = fynd.denied + wunder.denied;
    let operations = fynd.denied_operations.len() + wunder.denied_operations.len();
    let figure = format!("flows={flows} denied={denied} operations={operations} lost=0");
    assert!(flows >= 30 && denied > operations, "{figure}");
    assert!(fynd.missing().is_empty(), "{:?}", fynd.missing());
    // A refresh is no step of a flow: the session makes it.
    assert_eq!(wunder.missing(), ["refresh_token"]);
    proof("denied-flows", &figure);
}

/// A success status beside a body that says no, for a second factor.
#[tokio::test]
async fn a_denied_second_factor_leaves_the_sign_in_waiting_for_it() {
    use vestibule::wunder::{Client, SignIn};

    let server = MockServer::start().await;
    let respond = async |body: &str| {
        server.reset().await;
        let response = ResponseTemplate::new(200).set_body_raw(body, "application/json");
        Mock::given(any())
            .respond_with(response)
            .mount(&server)
            .await;
    };
    let client = Client::builder(server.uri())
        .tenant("demo")
        .build()
        .unwrap();
    let token = crate::support::apis::TOKEN;
    respond(&format!(
        r#"{{"accessToken":"{token}","mfaRequired":true}}"#
    ))
    .await;
    let sign_in = client.sign_in_with_password("ada@example.org", "the password");
    let SignIn::MfaRequired(mut mfa) = sign_in.await.unwrap() else {
        panic!("a second factor is required");
    };
    for (body, code) in [
        (r#"{"valid":false}"#, None),
        (r#"{"valid":"false"}"#, None),
        (r#"{"success":false,"errorCode":"AUTH7"}"#, Some("AUTH7")),
        (r#"{"valid":null}"#, None),
    ] {
        respond(body).await;
        let failed = mfa.confirm("123456").await.unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::Rejected, "{body}");
        assert_eq!(failed.error.code(), code);
        assert!(!failed.error.is_retryable());
        mfa = failed.state;
    }
    respond(r#"{"valid":true}"#).await;
    assert!(mfa.confirm("123456").await.is_ok());
}

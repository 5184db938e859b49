//! Wunder: bodies that say no, members that decide, optional sessions, languages, other gateways.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use vestibule::session::Tokens;
use vestibule::testing::{RecordedRequest, Wunder, WunderUser};
use vestibule::wunder::user_api::types::Terms;
use vestibule::wunder::{
    ApiError, Client, ClientBuilder, ErrorFamily, MfaRequired, OnboardingCheck, Pages, Session,
    SignIn, Step, TermsScope,
};
use vestibule::{CallOptions, Error, ErrorKind, NewPassword, Phone};
use wiremock::matchers::{any, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

const PHONE: &str = "+43123456789";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";
const SECOND_FACTOR: &str = "246810";

/// A token whose payload says that it expires in 2100.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";

/// Values of a boolean member that are neither true nor false, and what makes them contradictory.
const NO_DECISIONS: [&str; 24] = [
    "null",
    "0",
    "1",
    "2",
    "-1",
    "1.0",
    "0.0",
    "1e0",
    r#""""#,
    r#""0""#,
    r#""1""#,
    r#""True""#,
    r#""TRUE""#,
    r#""False""#,
    r#""FALSE""#,
    r#"" false""#,
    r#""true ""#,
    r#""no""#,
    r#""off""#,
    r#""\ud83d""#,
    "{}",
    "[]",
    "[false]",
    r#"{"value":false}"#,
];

fn builder(url: String) -> ClientBuilder {
    Client::builder(url)
        .tenant("abcd1234")
        .signing_key(Wunder::SIGNING_KEY)
}

fn client_of(mock: &Wunder) -> Client {
    let builder = builder(mock.base_url()).clock(mock.clock().clone());
    builder.build().unwrap()
}

fn ada() -> WunderUser {
    let ada = WunderUser::new().phone(PHONE).email(EMAIL);
    ada.password(PASSWORD).branch("2")
}

fn session(sign_in: SignIn) -> Session {
    match sign_in {
        SignIn::SignedIn(session) => session,
        SignIn::MfaRequired(_) => panic!("no second factor was expected"),
    }
}

async fn signed_in(client: &Client) -> Session {
    session(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap())
}

async fn second_factor(client: &Client) -> MfaRequired {
    match client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap() {
        SignIn::MfaRequired(mfa) => mfa,
        SignIn::SignedIn(_) => panic!("a second factor was expected"),
    }
}

/// A mock with a user who needs a second factor.
async fn with_second_factor() -> (Wunder, Client) {
    let mock = Wunder::start().await;
    mock.add_user(ada());
    mock.require_mfa(&PHONE.parse().unwrap(), SECOND_FACTOR);
    let client = client_of(&mock);
    (mock, client)
}

/// The next call of a path gets this body with status 200.
async fn answer_once(mock: &Wunder, path: &str, body: impl AsRef<[u8]>) {
    let response = ResponseTemplate::new(200).set_body_raw(body.as_ref(), "application/json");
    let answer = Mock::given(path_regex(path)).respond_with(response);
    mock.mount(answer.up_to_n_times(1).expect(1)).await;
}

/// Confirms the second factor, and gets this body with status 200 for it.
async fn confirmed(body: impl AsRef<[u8]>) -> Result<(), (MfaRequired, Error)> {
    let (mock, client) = with_second_factor().await;
    let mfa = second_factor(&client).await;
    answer_once(&mock, "/2fa-code-validate$", body).await;
    match mfa.confirm(SECOND_FACTOR).await {
        Ok(session) => {
            assert_eq!(session.shared().ended(), None);
            Ok(())
        }
        Err(returned) => {
            // The challenge is still open, and the right code signs in.
            let id = returned.state.id().clone();
            drop(client.resume_challenge(&id).await.unwrap());
            let error = returned.error;
            let again = second_factor(&client).await;
            again.confirm(SECOND_FACTOR).await.unwrap();
            Err((returned.state, error))
        }
    }
}

/// What a sign-in with a password gives for this body with status 200.
async fn sign_in_of(body: impl AsRef<[u8]>) -> Result<SignIn, Error> {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(200).set_body_raw(body.as_ref(), "application/json");
    Mock::given(any())
        .respond_with(response)
        .mount(&server)
        .await;
    let client = builder(server.uri()).build().unwrap();
    client.sign_in_with_password(EMAIL, PASSWORD).await
}

fn with_tokens(members: &str) -> String {
    format!(r#"{{"accessToken":"{TOKEN}","refreshToken":"{TOKEN}"{members}}}"#)
}

/// A body that says no has status 200.
#[tokio::test]
async fn a_second_factor_whose_response_says_no_makes_no_session() {
    let utf_16: Vec<u8> = r#"{"valid":false}"#.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for body in [
        br#"{"valid":false}"#.to_vec(),
        br#"{"valid":"false"}"#.to_vec(),
        br#"{"success":false}"#.to_vec(),
        br#"{"success":false,"errorCode":"AUTH7"}"#.to_vec(),
        br#"{"valid":true,"success":false}"#.to_vec(),
        br#"{"errorCode":"AUTH7","userMessage":"Wrong code"}"#.to_vec(),
        br#"{"error":"0012","error_description":"Wrong code"}"#.to_vec(),
        b"\xEF\xBB\xBF{\"valid\":false}".to_vec(),
        b"{\"note\":\"Jos\xE9\nand others\",\"valid\":false}".to_vec(),
        br#"{"note":"\ud83d","valid":false}"#.to_vec(),
        with_tokens(r#","valid":false"#).into_bytes(),
        with_tokens(r#","success":false"#).into_bytes(),
    ]
    .into_iter()
    .chain(cfg!(feature = "charset").then_some(utf_16))
    {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let (_, error) = confirmed(&body).await.expect_err(&shown);
        assert_eq!(error.kind(), ErrorKind::Rejected, "{shown}: {error}");
        assert_eq!(error.status().unwrap().as_u16(), 200, "{shown}");
        let is_coded = shown.contains("success") && shown.contains("AUTH7");
        if is_coded {
            assert_eq!(error.code(), Some("AUTH7"));
        }
        let text = format!("{error} {error:?}");
        assert!(
            !text.contains("Wrong code") && !text.contains("eyJ"),
            "{text}"
        );
    }
    for body in ["true", "false", "\"ok\"", "[]", "<html>Sign in</html>"] {
        if let Err((_, error)) = confirmed(body).await {
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}: {error}");
        } else {
            assert_eq!(body, "[]", "an empty value says nothing");
        }
    }
}

/// The vendor does not publish what a right code is answered with.
#[tokio::test]
async fn a_second_factor_whose_response_says_no_more_than_yes_signs_in() {
    for body in [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        r#"{"valid":true}"#.to_owned(),
        r#"{"success":"true","uuid":"6f1d2a34-0000-4000-8000-000000000001"}"#.to_owned(),
        r#"{"mfaStatus":"VALIDATED"}"#.to_owned(),
        r#"{"mfaRequired":false,"mfaStatus":"ENABLED"}"#.to_owned(),
        r#"{"errorCode":null}"#.to_owned(),
        with_tokens(r#","mfaRequired":"false""#),
        with_tokens(r#","mfaStatus":"VALIDATED","errorCode":"A0""#),
    ] {
        confirmed(&body)
            .await
            .unwrap_or_else(|(_, error)| panic!("{body}: {error}"));
    }
    for body in [
        with_tokens(r#","mfaRequired":true"#),
        with_tokens(r#","mfaRequired":false,"mfaStatus":"REQUIRED""#),
        with_tokens(r#","mfaStatus":"Pending""#),
        with_tokens(r#","mfaStatus":true"#),
        with_tokens(r#","mfaRequired":1"#),
    ] {
        let (_, error) = confirmed(&body).await.expect_err(&body);
        assert_eq!(error.kind(), ErrorKind::StepRequired, "{body}");
    }
}

/// Five codes that a body with status 200 refuses are five wrong codes.
#[tokio::test]
async fn a_code_that_a_success_refuses_counts_as_a_wrong_one() {
    let (mock, client) = with_second_factor().await;
    let mut mfa = second_factor(&client).await;
    for _ in 0..5 {
        answer_once(&mock, "/2fa-code-validate$", r#"{"valid":false}"#).await;
        let returned = mfa.confirm("000000").await.unwrap_err();
        assert_eq!(returned.error.kind(), ErrorKind::Rejected);
        mfa = returned.state;
    }
    let returned = mfa.confirm(SECOND_FACTOR).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    assert_eq!(mock.count("two_factor_code_validate"), 0);
}

/// `mfaRequired` as text, as a number, twice, or as what is no boolean at all.
#[tokio::test]
async fn only_a_plain_no_skips_the_second_factor() {
    let asks = async |members: &str| {
        let sign_in = sign_in_of(with_tokens(members)).await;
        matches!(sign_in, Ok(SignIn::MfaRequired(_)))
    };
    assert!(!asks("").await);
    for no in ["false", r#""false""#] {
        assert!(!asks(&format!(r#","mfaRequired":{no}"#)).await, "{no}");
    }
    let yes = ["true", r#""true""#, r#"false,"mfaRequired":true"#];
    let doubled = [
        r#"false,"mfaRequired":false"#,
        r#"false,"mfaRequired":null"#,
    ];
    let values = NO_DECISIONS.iter().chain(&yes).chain(&doubled);
    for value in values.clone() {
        assert!(asks(&format!(r#","mfaRequired":{value}"#)).await, "{value}");
    }
    assert!(values.count() >= 20);
}

/// `mfaStatus`, whose values the vendor does not publish.
#[tokio::test]
async fn an_unknown_status_of_the_second_factor_requires_it() {
    let asks = async |members: &str| {
        let sign_in = sign_in_of(with_tokens(members)).await;
        matches!(sign_in, Ok(SignIn::MfaRequired(_)))
    };
    for no in ["null", "false", r#""false""#] {
        assert!(!asks(&format!(r#","mfaStatus":{no}"#)).await, "{no}");
    }
    let statuses = [
        "true",
        r#""true""#,
        r#""REQUIRED""#,
        r#""MFA_REQUIRED""#,
        r#""PENDING""#,
        r#""NONE""#,
        r#""DISABLED""#,
        r#""NOT_REQUIRED""#,
        r#""not required""#,
        r#""OK""#,
        r#""no""#,
        r#""off""#,
        r#""""#,
        r#""0""#,
        r#""\ud83d""#,
        "0",
        "1",
        "-1",
        "0.0",
        "{}",
        "[]",
        r#"{"state":"NONE"}"#,
        r#""false","mfaStatus":"false""#,
        r#""false","mfaStatus":"REQUIRED""#,
    ];
    assert!(statuses.len() >= 20);
    for status in statuses {
        let alone = format!(r#","mfaStatus":{status}"#);
        assert!(asks(&alone).await, "{status}");
    }
    // Beside a plain no, only a status that says the opposite counts.
    for (status, contradicts) in [
        (r#""NONE""#, false),
        (r#""DISABLED""#, false),
        (r#""required""#, true),
        (r#"" PENDING ""#, true),
        ("true", true),
        ("1", true),
    ] {
        let both = format!(r#","mfaRequired":false,"mfaStatus":{status}"#);
        assert_eq!(asks(&both).await, contradicts, "{status}");
    }
}

/// `valid` and `success` as text, as a number, twice, or as what is no boolean at all.
#[tokio::test]
async fn only_a_plain_yes_is_a_success() {
    for member in ["valid", "success"] {
        for yes in ["true", r#""true""#] {
            let body = format!(r#"{{"{member}":{yes}}}"#);
            confirmed(&body)
                .await
                .unwrap_or_else(|(_, error)| panic!("{body}: {error}"));
        }
        let doubled = [
            format!(r#"true,"{member}":true"#),
            format!(r#"true,"{member}":false"#),
            format!(r#"false,"{member}":true"#),
        ];
        let no = ["false", r#""false""#].map(str::to_owned);
        let undecided = NO_DECISIONS.map(str::to_owned);
        let values: Vec<_> = undecided.into_iter().chain(doubled).chain(no).collect();
        assert!(values.len() >= 20);
        for value in values {
            let body = format!(r#"{{"{member}":{value}}}"#);
            let (_, error) = confirmed(&body).await.expect_err(&body);
            assert_eq!(error.kind(), ErrorKind::Rejected, "{body}: {error}");
        }
    }
    for value in NO_DECISIONS.iter().chain(&["false", r#""false""#]) {
        let refused = sign_in_of(with_tokens(&format!(r#","success":{value}"#))).await;
        let error = refused.expect_err(value);
        assert_eq!(error.kind(), ErrorKind::Rejected, "{value}");
    }
}

/// The same for calls whose documented success has no body.
#[tokio::test]
async fn a_success_without_a_described_body_may_say_no_too() {
    let mock = Wunder::start().await;
    mock.add_user(ada());
    let client = client_of(&mock);
    let no = r#"{"success":false,"errorCode":"U301"}"#;

    let reset = client.reset_password_by_code(EMAIL).await.unwrap();
    let code = mock.outbox().last_code(EMAIL).unwrap();
    answer_once(&mock, "/set-password/", no).await;
    let returned = reset
        .set_password(code.as_str(), NewPassword::new("a better horse"))
        .await
        .unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Rejected);
    let set = returned.state;
    set.set_password(code, NewPassword::new(PASSWORD))
        .await
        .unwrap();

    let session = signed_in(&client).await;
    let verification = session.verify_phone().await.unwrap();
    let code = mock.outbox().last_code(PHONE).unwrap();
    answer_once(&mock, "/verify/check/", r#"{"valid":false}"#).await;
    let returned = verification.confirm(code.as_str()).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Rejected);
    assert_eq!(returned.error.operation(), Some("check_phone_verification"));
    let profile = returned.state.confirm(code).await.unwrap();
    assert_eq!(profile.phone_is_verified, Some(true));

    answer_once(&mock, "/create-or-sign-in-with-email-code$", no).await;
    let sign_in = client.sign_in_with_email_code(EMAIL).branch_id("2");
    let error = sign_in.clone().send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Rejected, Some("U301"))
    );
    assert!(sign_in.send().await.is_ok());
}

/// `httpStatus` as text or as its name, and empty members beside it.
#[tokio::test]
async fn an_error_keeps_its_code_and_message_whatever_its_other_members_are() {
    let statuses = [
        ("400", Some(400)),
        (r#""400""#, Some(400)),
        ("400.0", Some(400)),
        (r#""UNAUTHORIZED""#, None),
        (r#""400 BAD_REQUEST""#, None),
        ("null", None),
        (r#""""#, None),
        ("{}", None),
        ("[400]", None),
        ("1e999", None),
    ];
    for (status, read) in statuses {
        let body = format!(
            "\u{feff}{{\"httpStatus\":{status},\"errors\":[],\"traceId\":7,\
             \"userMessage\":\"Half \\ud83d\",\"errorCode\":\"U109.1\"}}"
        );
        let server = MockServer::start().await;
        let response = ResponseTemplate::new(400).set_body_raw(body.clone(), "text/plain");
        Mock::given(any())
            .respond_with(response)
            .mount(&server)
            .await;
        let client = builder(server.uri()).build().unwrap();
        let refused = client.sign_in_with_password(EMAIL, PASSWORD).await;
        let error = refused.unwrap_err();
        assert_eq!(error.code(), Some("U109.1"), "{body}");
        let api_error: &ApiError = error.api_error().unwrap();
        assert_eq!(api_error.code(), "U109");
        assert_eq!(api_error.expose_message(), Some("Half \u{fffd}"));
        let body = api_error.expose_body();
        assert_eq!(body.http_status, read, "{status}");
        assert_eq!(body.trace_id.as_deref(), Some("7"));
    }
}

/// The codes of the vendor's page beyond the families.
#[tokio::test]
async fn a_code_that_names_what_the_profile_lacks_names_the_step_too() {
    let server = MockServer::start().await;
    let client = builder(server.uri()).build().unwrap();
    let session = client
        .resume_with_tokens(Tokens::new(TOKEN, None))
        .await
        .unwrap();
    let add = |step| (ErrorKind::StepRequired, Some(step));
    let none = (ErrorKind::Rejected, None);
    for (code, missing, (kind, step)) in [
        ("U104", "", none),
        ("U107", "", none),
        ("U111", "country", add(Step::CompleteProfile)),
        ("U120", "", none),
        ("U130", "", add(Step::CompleteProfile)),
        ("U130.1", "", add(Step::CompleteProfile)),
        ("U130.2", "email phoneNumber", add(Step::CompleteProfile)),
        ("U130.3", "email", add(Step::AddEmail)),
        ("U130.4", "phoneNumber", add(Step::AddPhone)),
        ("U130.5", "firstName", add(Step::CompleteProfile)),
        ("U130.6", "lastName", add(Step::CompleteProfile)),
        ("U130.7", "birthDate", add(Step::CompleteProfile)),
        ("U132", "", none),
        ("U133", "", none),
        ("U134", "", none),
        ("U135", "street", add(Step::CompleteProfile)),
        ("U136", "postcode", add(Step::CompleteProfile)),
        ("U137", "city", add(Step::CompleteProfile)),
        ("U138.1", "country", add(Step::CompleteProfile)),
        ("U139", "", none),
        ("U140", "", none),
        ("U141.1", "", none),
        ("U141.2", "", none),
        ("U141.9", "", none),
    ] {
        server.reset().await;
        let response = ResponseTemplate::new(403).set_body_json(json!({"errorCode": code}));
        Mock::given(any())
            .respond_with(response)
            .mount(&server)
            .await;
        let error = session.verify_identity(&json!({})).await.unwrap_err();
        assert_eq!((error.kind(), Step::of(&error)), (kind, step), "{code}");
        let api_error: &ApiError = error.api_error().unwrap();
        let names: Vec<_> = missing.split_whitespace().collect();
        assert_eq!(api_error.missing_members(), names, "{code}");
        assert!(api_error.meaning().is_some(), "{code}");
        let is_profile = api_error.family() == ErrorFamily::ProfileIncomplete;
        assert_eq!(is_profile, step.is_some(), "{code}");
    }
    let unknown = json!({"errorCode": "U199", "userMessage": "New."});
    server.reset().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(403).set_body_json(unknown))
        .mount(&server)
        .await;
    let error = session.verify_identity(&json!({})).await.unwrap_err();
    let api_error: &ApiError = error.api_error().unwrap();
    assert_eq!(api_error.meaning(), None);
}

/// The authorization headers of the calls of an operation, oldest first.
fn bearers(mock: &Wunder, operation: &str) -> Vec<Option<String>> {
    let requests = mock.requests().into_iter();
    let calls = requests.filter(|request| request.operation == Some(operation));
    let bearer = |request: RecordedRequest| request.header("authorization").map(str::to_owned);
    calls.map(bearer).collect()
}

/// The number of terms that a list has.
async fn count(terms: Pages<Terms>) -> usize {
    let terms: Vec<_> = terms.collect().await;
    let terms = terms.into_iter().map(Result::unwrap);
    terms.count()
}

/// Nothing documents whether terms and branches are anonymous.
#[tokio::test]
async fn terms_and_branches_take_the_token_of_a_session_and_need_none() {
    let mock = Wunder::start().await;
    mock.add_user(ada());
    let id = mock.add_terms(TermsScope::Branch("2".into()), json!({"title": "Rental"}));
    let client = client_of(&mock);
    let of = || TermsScope::Branch("2".into());
    assert_eq!(count(client.terms(of())).await, 1);
    client.terms_by_id(id.to_string()).await.unwrap();
    client.branch(48.2, 16.4).await.unwrap();
    let session = signed_in(&client).await;
    let token = session.access_token().await.unwrap();
    assert_eq!(count(session.terms(of())).await, 1);
    session.terms_by_id(id.to_string()).await.unwrap();
    session.branch(48.2, 16.4).await.unwrap();
    let with = Some(format!("Bearer {}", token.expose()));
    for operation in ["list_terms", "get_terms", "resolve_branch"] {
        assert_eq!(bearers(&mock, operation), [None, with.clone()]);
    }
    session.onboarding("2").send().await.unwrap();
    session.outstanding_terms("2", None).await.unwrap();
    assert_eq!(bearers(&mock, "list_terms")[2..], [with.clone(), with]);

    // A token that is refused is refreshed, and an expired one before it is sent.
    mock.fail_next("list_terms", 401);
    assert_eq!(count(session.terms(of())).await, 1);
    assert_eq!(mock.count("refresh_token"), 1);
    mock.clock().advance(Duration::from_secs(6 * 3600));
    session.branch(48.2, 16.4).await.unwrap();
    assert_eq!(mock.count("refresh_token"), 2);

    // After the end of the session only the client's calls are sent.
    session.clone().sign_out().await.unwrap();
    let error = session.branch(48.2, 16.4).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    client.branch(48.2, 16.4).await.unwrap();
}

/// A service that acts for a user reads terms for that user too.
#[tokio::test]
async fn terms_are_read_for_the_user_whom_a_service_acts_for() {
    let mock = Wunder::start().await;
    mock.add_api_client("service", &"the key".into());
    let user = mock.add_user(ada().created_by("service"));
    mock.add_terms(TermsScope::Branch("2".into()), json!({}));
    let client = client_of(&mock);
    let key = vestibule::Secret::from("the key");
    let service = client.sign_in_with_api_client("service", key).await;
    let service = session(service.unwrap());
    let of = || TermsScope::Branch("2".into());
    assert_eq!(count(service.terms(of())).await, 1);
    let acting = service.impersonate(&user).unwrap();
    assert_eq!(count(acting.terms(of())).await, 1);
    let requests = mock.requests();
    let listed = requests
        .iter()
        .filter(|it| it.operation == Some("list_terms"));
    let users: Vec<_> = listed.map(|it| it.header("gourban-impersonate")).collect();
    assert_eq!(users, [None, Some(user.as_str())]);
}

/// Terms are published by branch or by vehicle.
#[tokio::test]
async fn the_terms_of_a_vehicle_are_part_of_the_onboarding() {
    let mock = Wunder::start().await;
    let user = WunderUser::new().verified_phone(PHONE);
    let user = user.verified_email(EMAIL).password(PASSWORD);
    mock.add_user(user.branch("2"));
    mock.add_terms(TermsScope::Branch("2".into()), json!({"title": "Rental"}));
    let of_vehicle = TermsScope::Vehicle("1001".into());
    mock.add_terms(of_vehicle.clone(), json!({"title": "Cargo bikes"}));
    let session = signed_in(&client_of(&mock)).await;
    let check = || session.onboarding("2");
    let titles = async |check: OnboardingCheck| {
        let onboarding = check.send().await.unwrap();
        let terms = onboarding.terms().iter();
        let titles = terms.map(|it| it.terms.extra["title"].as_str().unwrap().to_owned());
        titles.collect::<Vec<_>>()
    };
    assert_eq!(titles(check()).await, ["Rental"]);
    let both = ["Rental", "Cargo bikes"];
    assert_eq!(titles(check().vehicle_id("1001")).await, both);
    assert_eq!(titles(check().vehicle_id("1002")).await, ["Rental"]);
    let onboarding = check().vehicle_id("1001").send().await.unwrap();
    assert_eq!(onboarding.steps(), [Step::AcceptTerms]);
    for missing in onboarding.terms() {
        session.accept_terms(&missing.terms).await.unwrap();
    }
    let left = check().vehicle_id("1001").send().await.unwrap();
    assert!(left.is_done(), "{left:?}");

    let before = mock.journal().len();
    let error = check().vehicle_id("").send().await.unwrap_err();
    assert_eq!(error.field(), Some("vehicle_id"));
    assert_eq!(mock.journal().len(), before);
}

/// A server that lists terms of a branch for its vehicles as well.
#[tokio::test]
async fn terms_that_both_lists_have_are_shown_once() {
    let server = MockServer::start().await;
    let listed = |terms| ResponseTemplate::new(200).set_body_json(terms);
    let of = |key: &str| wiremock::matchers::query_param_contains(key, "");
    let by_vehicle = Mock::given(path_regex("/front/termsandconditions$")).and(of("vehicleId"));
    let response =
        listed(json!([{"id": "1", "version": 1}, {"id": 1, "version": 2}, {"version": 3}]));
    by_vehicle.respond_with(response).mount(&server).await;
    let by_branch = Mock::given(path_regex("/front/termsandconditions$")).and(of("branchId"));
    let response = listed(json!([{"id": 1, "version": "1"}, {"version": 3}]));
    by_branch.respond_with(response).mount(&server).await;
    let rest = Mock::given(any()).respond_with(listed(json!({})));
    rest.with_priority(9).mount(&server).await;
    let accepted = Mock::given(path_regex("/customers/termsandconditions$"));
    let accepted = accepted.respond_with(listed(json!([])));
    accepted.with_priority(1).mount(&server).await;

    let client = builder(server.uri()).build().unwrap();
    let tokens = Tokens::new(TOKEN, None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let onboarding = session
        .onboarding("2")
        .vehicle_id("9")
        .send()
        .await
        .unwrap();
    // Terms without an id cannot be recognised.
    assert_eq!(onboarding.terms().len(), 4);
}

/// Language tags with a region are in use.
#[tokio::test]
async fn every_call_of_a_flow_has_the_language_of_the_flow() {
    let mock = Wunder::start().await;
    mock.add_user(ada());
    let id = mock.add_terms(TermsScope::Branch("2".into()), json!({}));
    let clock = mock.clock().clone();
    let german = builder(mock.base_url()).clock(clock).language("de-AT");
    let german = german.build().unwrap();
    for language in ["en-US", "pt-BR", "zh-Hant-TW", "en"] {
        let client = german.with_options(CallOptions::new().language(language));
        let code = |to: &str| mock.outbox().last_code(to).unwrap();
        let before = mock.requests().len();

        let phone: Phone = PHONE.parse().unwrap();
        let sign_in = client.sign_in_with_phone_code(&phone).branch_id("2");
        let mut pending = sign_in.language(language).send().await.unwrap();
        pending.resend().await.unwrap();
        let ada = session(pending.confirm(code(PHONE)).await.unwrap());
        let pending = client.sign_in_with_email_code(EMAIL).branch_id("2");
        let pending = pending.send().await.unwrap();
        session(pending.confirm(code(EMAIL)).await.unwrap());
        signed_in(&client).await;
        let reset = client.reset_password_by_code(EMAIL).await.unwrap();
        let password = NewPassword::new(PASSWORD);
        reset.set_password(code(EMAIL), password).await.unwrap();
        let bob = format!("bob-{}@example.org", language.to_lowercase());
        client.sign_up().email(bob.as_str()).send().await.unwrap();
        client
            .resend_email_verification(bob.as_str())
            .await
            .unwrap();
        drop(ada.verify_phone().await.unwrap());
        ada.update_profile()
            .member("firstName", "Ada")
            .send()
            .await
            .unwrap();
        ada.onboarding("2").vehicle_id("1").send().await.unwrap();
        let terms = ada.terms_by_id(id.to_string()).await.unwrap();
        ada.accept_terms(&terms).await.unwrap();
        drop(ada.request_mfa_enrolment().await.unwrap());
        ada.sign_out().await.unwrap();

        let requests = mock.requests();
        let flow = &requests[before..];
        assert!(flow.len() >= 18, "{}", flow.len());
        for request in flow {
            assert_eq!(
                request.header("accept-language"),
                Some(language),
                "{request}"
            );
        }
    }
    german.branch(48.2, 16.4).await.unwrap();
    let requests = mock.requests();
    let last = requests.last().unwrap();
    assert_eq!(last.header("accept-language"), Some("de-AT"));
    for wrong in ["", "en\nUS", "en/US", "\u{e9}"] {
        let client = german.with_options(CallOptions::new().language(wrong));
        let error = client.branch(48.2, 16.4).await.unwrap_err();
        assert_eq!(error.field(), Some("language"), "{wrong}");
    }
}

/// A gateway with the path of the service below the prefix of the tenant.
#[tokio::test]
async fn the_paths_of_the_authentication_api_can_start_otherwise() {
    let server = MockServer::start().await;
    let base = format!("{}/v1", server.uri());
    for (prefix, start) in [
        (
            Some("/{tenant}/auth/api/{tenant}"),
            "/v1/abcd1234/auth/api/abcd1234",
        ),
        (Some("/identity/{tenant}/"), "/v1/identity/abcd1234"),
        (Some("/auth"), "/v1/auth"),
        (None, "/v1/abcd1234/auth"),
    ] {
        server.reset().await;
        let tokens = json!({"accessToken": TOKEN, "refreshToken": TOKEN});
        Mock::given(any())
            .respond_with(ResponseTemplate::new(200).set_body_json(tokens))
            .mount(&server)
            .await;
        let client = builder(base.clone());
        let client = match prefix {
            Some(prefix) => client.auth_path_prefix(prefix),
            None => client,
        };
        let client = client.build().unwrap();
        for _ in 0..2 {
            let session = signed_in(&client).await;
            let api = client.auth_api();
            let body = vestibule::wunder::auth_api::types::SetPassword::builder();
            api.set_password("a/b").body(body).send().await.unwrap();
            session.profile().await.unwrap();
            // A custom request goes where it says, also if an operation has the same path.
            let custom = client.request(http::Method::POST, "/auth/sign-in-email");
            custom.send::<serde_json::Value>().await.unwrap();
            session.sign_out().await.unwrap();
        }
        let requests = server.received_requests().await.unwrap();
        let paths: Vec<_> = requests.iter().map(|request| request.url.path()).collect();
        let once = [
            format!("{start}/sign-in-email"),
            format!("{start}/set-password/a%2Fb"),
            "/v1/abcd1234/front/customers".to_owned(),
            "/v1/abcd1234/auth/sign-in-email".to_owned(),
            format!("{start}/logout"),
        ];
        assert_eq!(paths, [once.clone(), once].concat(), "{prefix:?}");
    }
    for wrong in [
        "",
        "/",
        "auth",
        "//",
        "/a//b",
        "/..",
        "/{other}/auth",
        "/a?b",
        "/a#b",
        "/a b",
        "/\u{e4}",
    ] {
        let built = builder(base.clone()).auth_path_prefix(wrong).build();
        assert_eq!(
            built.unwrap_err().field(),
            Some("auth_path_prefix"),
            "{wrong}"
        );
    }
}

//! Independent validation: Prism serves each document and rejects requests that violate it.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use support::apis::Api;
use support::documents::{DOCUMENTS, Document};
use support::proof;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// Longer than Prism needs to read a document on a busy machine.
const START: Duration = Duration::from_secs(60);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Installs Prism unless it is installed.
async fn prism() -> PathBuf {
    let install = root().join("scripts/openapi/install.sh");
    let status = Command::new(install).status().await.unwrap();
    assert!(status.success(), "Prism could not be installed");
    root().join("target/tools/openapi/node_modules/.bin/prism")
}

/// Starts Prism on a free port; it stops when the handle is dropped.
async fn serve(prism: &Path, document: &str) -> (Child, String) {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let mut child = Command::new(prism)
        .args([
            "mock",
            "--errors",
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
        ])
        .arg(root().join("openapi").join(format!("{document}.yaml")))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listening = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("Prism is listening") {
                return;
            }
        }
        panic!("Prism ended before it listened");
    };
    tokio::time::timeout(START, listening)
        .await
        .expect("Prism starts");
    // An unread log would fill the pipe and block Prism.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, format!("http://127.0.0.1:{port}"))
}

#[tokio::test]
async fn prism_accepts_every_operation() {
    let prism = prism().await;
    let (mut accepted, mut total) = (0, 0);
    for document in DOCUMENTS.iter().map(Document::read) {
        let (_prism, base_url) = serve(&prism, &document.name).await;
        let api = Api::of(&document.name, &base_url).await;
        for operation in document.operations() {
            let arguments = operation.call_arguments(&document, Some("a value"));
            let call = api.call(operation.id(), operation.takes_session(), &arguments);
            let response = call.await.unwrap_or_else(|error| {
                panic!("{} {}: {error}", document.name, operation.id());
            });
            let documented = operation.successes(&document);
            let status = response.status().as_u16();
            assert!(
                documented.iter().any(|(success, _)| *success == status),
                "{status}"
            );
            if operation.value["x-beyond-documentation"] != true {
                accepted += 1;
                total += 1;
            }
        }
        refuses_what_breaks_the_document(&document, &api).await;
    }
    proof("operations-prism", &format!("{accepted}/{total}"));
}

/// Proves that Prism validates: it rejects a request without its body.
async fn refuses_what_breaks_the_document(document: &Document, api: &Api) {
    let operation = document.operations().into_iter().find(|operation| {
        let body = operation.value.get("requestBody");
        let schema = body.map(|body| &body["content"]["application/json"]["schema"]);
        let schema = schema.map(|schema| document.resolve(schema));
        schema.is_some_and(|schema| {
            schema["properties"].as_object().is_some_and(|all| {
                all.values()
                    .any(|property| property["type"] == "string" && property["enum"].is_array())
            })
        })
    });
    let Some(operation) = operation else { return };
    let body = &operation.value["requestBody"]["content"]["application/json"]["schema"];
    let schema = document.resolve(body);
    let closed = schema["properties"].as_object().unwrap().iter();
    let closed = closed.filter(|(_, property)| property["enum"].is_array());
    let mut body = operation.body(document).unwrap();
    for (name, _) in closed {
        body[name] = json!("no such value");
    }
    let mut arguments = operation.call_arguments(document, Some("a value"));
    arguments["body"] = body;
    let response = api
        .call(operation.id(), operation.takes_session(), &arguments)
        .await;
    let status = response.err().and_then(|error| error.status());
    assert_eq!(
        status.map(|status| status.as_u16()),
        Some(422),
        "{}",
        document.name
    );
}

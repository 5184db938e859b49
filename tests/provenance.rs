//! What the vendors' pages do not state says in the documents where it was seen, or that it is assumed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use support::documents::{DOCUMENTS, Document};
use support::proof;
use support::provenance::{Fact, Note, Origin, facts, notes, page};

fn facts_of(document: &Document) -> Vec<Fact> {
    facts(document, &page(document))
}

/// The facts that are neither on the vendor's page nor marked, each once.
fn unmarked(document: &Document, facts: &[Fact]) -> BTreeSet<String> {
    let unmarked = facts.iter().filter(|fact| fact.origin == Origin::Unmarked);
    let line = |fact: &Fact| {
        let (what, operation) = (
            fact.what,
            fact.operation.as_deref().unwrap_or("no operation"),
        );
        format!(
            "{}.yaml#{}: {what} ({operation})",
            document.name, fact.pointer
        )
    };
    unmarked.map(line).collect()
}

/// Whether a mark may speak of more than names: of how an operation behaves, of how a credential is
/// made, or of a word that the build has to know as published.
fn is_about_behaviour(note: &Note) -> bool {
    let parts: Vec<&str> = note.pointer.split('/').skip(1).collect();
    matches!(
        parts[..],
        ["paths", _, _]
            | ["components", "securitySchemes", _]
            | ["x-misconfigured" | "x-session-ends", _]
            | ["x-success-member"]
    )
}

/// The marks of which every fact is on the vendor's page.
fn needless(document: &Document, facts: &[Fact]) -> Vec<String> {
    let used: BTreeSet<&str> = facts
        .iter()
        .filter_map(|fact| fact.marked_at.as_deref())
        .collect();
    let notes = notes(document).into_iter();
    let needless = notes.filter(|note| !is_about_behaviour(note) && !used.contains(&*note.pointer));
    let line = |note: Note| format!("{}.yaml#{}", document.name, note.pointer);
    needless.map(line).collect()
}

#[test]
fn every_fact_is_on_the_vendors_page_or_marked() {
    let mut counts: BTreeMap<Origin, usize> = BTreeMap::new();
    let mut missing = BTreeSet::new();
    for document in DOCUMENTS.iter().map(Document::read) {
        let facts = facts_of(&document);
        missing.extend(unmarked(&document, &facts));
        for fact in &facts {
            *counts.entry(fact.origin).or_default() += 1;
        }
    }
    let missing: Vec<String> = missing.into_iter().collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    let count = |origin| counts.get(&origin).copied().unwrap_or_default();
    let [page, source, assumption] = [Origin::Page, Origin::Source, Origin::Assumption].map(count);
    assert!(page > 0 && source > 0 && assumption > 0, "{counts:?}");
    proof(
        "provenance",
        &format!(
            "seed={page} source={source} assumption={assumption} unmarked={}",
            missing.len()
        ),
    );
}

#[test]
fn no_mark_is_on_what_the_vendors_page_states() {
    let mut found = Vec::new();
    for document in DOCUMENTS.iter().map(Document::read) {
        found.extend(needless(&document, &facts_of(&document)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_mark_says_something() {
    for document in DOCUMENTS.iter().map(Document::read) {
        for note in notes(&document) {
            assert!(!note.is_empty, "{}.yaml#{}", document.name, note.pointer);
        }
    }
}

#[test]
fn what_is_added_without_a_mark_is_reported() {
    let mut document = Document::read(&"fynd");
    let schema = &mut document.root["components"]["schemas"]["SendOtpSuccess"];
    schema["properties"]["invented"] = json!({"type": "string"});
    schema["properties"]["message"]["type"] = json!("integer");
    schema["properties"]["mobile"]["enum"] = json!(["9000000001"]);
    let user_exists = "/service/application/user/authentication/v1.0/user-exists";
    let get = &mut document.root["paths"][user_exists]["get"];
    get["parameters"][0]["name"] = json!("query");
    get["responses"]["201"] = get["responses"]["200"].clone();
    document.root["paths"]["/invented"] = json!({"get": {"security": [], "responses": {}}});
    let servers = document.root["servers"].as_array_mut().unwrap();
    servers.push(json!({"url": "https://example.com"}));
    let unmarked = unmarked(&document, &facts_of(&document));
    for (pointer, what) in [
        (
            "/components/schemas/SendOtpSuccess/properties/invented",
            "property",
        ),
        (
            "/components/schemas/SendOtpSuccess/properties/message",
            "type",
        ),
        (
            "/components/schemas/SendOtpSuccess/properties/mobile",
            "enum value",
        ),
        ("/parameters/0", "parameter"),
        ("/get/responses/201", "status"),
        ("/paths/~1invented/get", "operation"),
        ("/paths/~1invented/get", "credential"),
        ("/servers/1", "server"),
    ] {
        let end = format!("{pointer}: {what} (");
        assert!(
            unmarked.iter().any(|line| line.contains(&end)),
            "{end}: {unmarked:#?}"
        );
    }
}

#[test]
fn a_mark_that_speaks_of_the_page_alone_is_reported() {
    let mut document = Document::read(&"fynd");
    let message = "/components/schemas/SendOtpSuccess/properties/message";
    let property = document.root.pointer_mut(message).unwrap();
    property["x-source"] = json!("The official clients.");
    let facts = facts_of(&document);
    assert_eq!(
        needless(&document, &facts),
        [format!("fynd.yaml#{message}")]
    );
    let property = document.root.pointer_mut(message).unwrap();
    property["x-source"] = Value::from(" ");
    let empty: Vec<String> = notes(&document)
        .into_iter()
        .filter(|note| note.is_empty)
        .map(|note| note.pointer)
        .collect();
    assert_eq!(empty, [message]);
}

#[test]
fn the_page_and_the_flag_of_an_operation_agree() {
    for document in DOCUMENTS.iter().map(Document::read) {
        let page = page(&document);
        let facts = facts(&document, &page);
        for operation in document.operations() {
            if operation.value["x-beyond-documentation"] == true {
                let line = format!("{} {}", operation.method.to_uppercase(), operation.path);
                let mut known = facts.iter().filter(|fact| fact.what == "operation");
                let fact = known.find(|fact| fact.operation.as_deref() == Some(&line));
                assert_ne!(fact.unwrap().origin, Origin::Page, "{line}");
                assert!(page["operations"].get(&line).is_none(), "{line}");
            }
        }
    }
}

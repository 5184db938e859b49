//! Where each fact of a document comes from: the vendor's page, or an `x-source` or `x-assumption`.
//!
//! `tests/data/provenance/SYSTEM.json` has what the vendor's page states, by operation: names and types
//! of parameters and members, statuses, credentials. In it `?` is a type that the page does not say,
//! `any` is any JSON, `string: a, b` are the values of an enum, `@Name` leads to `schemas`, and the status
//! `2XX` is a success whose status the page does not say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::documents::Document;

/// What tells the provenance of an object, and of all within it that has none of its own.
const KEYS: [&str; 2] = ["x-source", "x-assumption"];

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// The weakest word for a fact, the last being the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The vendor's page states it.
    Page,
    /// It was seen elsewhere.
    Source,
    /// It is assumed.
    Assumption,
    /// Nothing says where it comes from.
    Unmarked,
}

/// Something that a document says.
#[derive(Debug)]
pub struct Fact {
    /// The method and path of the operation that it is used by, if by one.
    pub operation: Option<String>,
    /// JSON pointer.
    pub pointer: String,
    pub what: &'static str,
    pub origin: Origin,
    /// Pointer of the object that tells where the fact comes from.
    pub marked_at: Option<String>,
}

/// An `x-source`, an `x-assumption` or both of one object.
#[derive(Debug)]
pub struct Note {
    pub pointer: String,
    pub origin: Origin,
    /// Whether one of them is no text or empty.
    pub is_empty: bool,
}

/// An object of a document with its pointer.
type Place<'a> = (String, &'a Value);

/// The objects from an operation to a fact, the fact's own last.
type Chain<'a> = Vec<Place<'a>>;

/// How many objects a chain starts with that stand for the operation: its path and itself.
const OF_OPERATION: usize = 2;

struct Walk<'a> {
    document: &'a Document,
    page: &'a Value,
    operation: Option<String>,
    facts: Vec<Fact>,
}

/// What the vendor's page states about a document's system.
pub fn page(document: &Document) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/provenance");
    let text = fs::read_to_string(folder.join(format!("{}.json", document.system()))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// All facts of a document, each as often as operations use it.
pub fn facts(document: &Document, page: &Value) -> Vec<Fact> {
    let mut walk = Walk {
        document,
        page,
        operation: None,
        facts: Vec::new(),
    };
    walk.document();
    walk.facts
}

/// All objects of a document with an `x-source` or an `x-assumption`.
pub fn notes(document: &Document) -> Vec<Note> {
    let mut notes = Vec::new();
    collect_notes(&document.root, String::new(), &mut notes);
    notes
}

/// How the existence of an operation is known, and where else its facts come from: `page; 2 source`.
pub fn summary(document: &Document, facts: &[Fact], operation: &str) -> String {
    let of_it = |fact: &&Fact| fact.operation.as_deref() == Some(operation);
    let mut marks: BTreeMap<&str, Origin> = BTreeMap::new();
    let mut existence = Origin::Unmarked;
    for fact in facts.iter().filter(of_it) {
        if fact.what == "operation" {
            existence = fact.origin;
        }
        if let Some(pointer) = &fact.marked_at {
            marks.insert(pointer, fact.origin);
        }
    }
    let notes = notes(document);
    let pointer = facts.iter().filter(of_it).map(|fact| &fact.pointer).next();
    for note in notes.iter().filter(|note| Some(&note.pointer) == pointer) {
        marks.insert(&note.pointer, note.origin);
    }
    let mut text = existence.word().to_owned();
    let mut separator = "; ";
    for origin in [Origin::Source, Origin::Assumption] {
        let count = marks.values().filter(|other| **other == origin).count();
        if count > 0 {
            text += &format!("{separator}{count} {}", origin.word());
            separator = ", ";
        }
    }
    text
}

impl Origin {
    pub fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Source => "source",
            Self::Assumption => "assumption",
            Self::Unmarked => "unmarked",
        }
    }

    /// What an object says itself. Of both, the assumption is the weaker.
    fn of(object: &Value) -> Option<Self> {
        let [source, assumption] = KEYS.map(|key| object.get(key).is_some());
        match (source, assumption) {
            (_, true) => Some(Self::Assumption),
            (true, false) => Some(Self::Source),
            (false, false) => None,
        }
    }
}

impl<'a> Walk<'a> {
    fn document(&mut self) {
        let root = &self.document.root;
        for (number, server) in list(&root["servers"]).enumerate() {
            let place = (format!("/servers/{number}"), server);
            self.fact("server", false, &[place]);
        }
        let schemes = root["components"].get("securitySchemes");
        for (name, scheme) in members(schemes) {
            let stated = &self.page["security_schemes"][name];
            let stated = stated.is_object() && members(Some(stated)).all(|(k, v)| scheme[k] == *v);
            let pointer = format!("/components/securitySchemes/{name}");
            self.fact("security scheme", stated, &[(pointer, scheme)]);
        }
        for (number, rule) in list(&root["x-misconfigured"]).enumerate() {
            let stated = list(&self.page["errors"]).any(|word| *word == rule["word"]);
            let place = (format!("/x-misconfigured/{number}"), rule);
            self.fact("error code", stated, &[place]);
        }
        for (number, row) in list(&root["x-session-ends"]).enumerate() {
            let place = (format!("/x-session-ends/{number}"), row);
            self.fact("end of a session", false, &[place]);
        }
        for (path, item) in members(root.get("paths")) {
            for method in METHODS {
                if let Some(operation) = item.get(method) {
                    let path_place = (format!("/paths/{}", escaped(path)), item);
                    let pointer = format!("{}/{method}", path_place.0);
                    self.operation = Some(format!("{} {path}", method.to_uppercase()));
                    self.operation(path, vec![path_place, (pointer, operation)]);
                    self.operation = None;
                }
            }
        }
        self.error_codes();
    }

    fn operation(&mut self, path: &str, chain: Chain<'a>) {
        let root = &self.document.root;
        let (item, operation) = (chain[0].1, chain[1].1);
        let prefix = &root["x-path-prefix"];
        let rest = path
            .strip_prefix(prefix["path"].as_str().unwrap_or_default())
            .unwrap_or(path);
        let (method, _) = self.operation.as_deref().unwrap().split_once(' ').unwrap();
        let stated = &self.page["operations"][format!("{method} {rest}")];
        let is_named = stated.is_object() && stated["named"] != false;
        self.fact("operation", is_named, &chain);
        if rest != path {
            let place = ("/x-path-prefix".to_owned(), prefix);
            self.fact("path prefix", false, &[place]);
        }
        self.credentials(operation, stated, &chain);
        for field in list(&operation["x-signed-field"]) {
            let stated = list(&stated["signed"]).any(|name| name == field);
            self.fact("signed field", stated, &chain);
        }
        for (holder, parameters) in [(&chain[0].0, item), (&chain[1].0, operation)] {
            for (number, parameter) in list(&parameters["parameters"]).enumerate() {
                let pointer = format!("{holder}/parameters/{number}");
                self.parameter((pointer, parameter), stated, &chain);
            }
        }
        if let Some(body) = operation.get("requestBody") {
            let place = (format!("{}/requestBody", chain[1].0), body);
            let stated = stated.get("request");
            // That there is one: said beside it, or else where its members are.
            let schema = self.document.resolve(body)["content"]["application/json"].get("schema");
            let schema = schema.map(|schema| (format!("{}/schema", place.0), schema));
            let mut all = schema.map_or_else(|| chain.clone(), |schema| self.with(&chain, schema));
            all.push(place.clone());
            self.fact("request body", stated.is_some(), &all);
            self.bodies(&self.with(&chain, place), stated);
        }
        for (status, response) in members(operation.get("responses")) {
            let pointer = format!("{}/responses/{status}", chain[1].0);
            self.response(status, stated, &self.with(&chain, (pointer, response)));
        }
    }

    /// The security schemes that an operation takes, and whether it goes without any.
    fn credentials(&mut self, operation: &'a Value, stated: &Value, chain: &[Place<'a>]) {
        let alternatives: Vec<&Value> = list(&operation["security"]).collect();
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in alternatives.iter().flat_map(|set| members(Some(set))) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let empty = |alternative: &&Value| alternative.as_object().is_some_and(Map::is_empty);
        if alternatives.is_empty() || alternatives.iter().any(empty) {
            names.push("none");
        }
        for name in names {
            let stated = list(&stated["security"]).any(|listed| listed == name);
            let mut chain = chain.to_vec();
            if let Some(scheme) = self.document.root["components"]["securitySchemes"].get(name) {
                chain.push((format!("/components/securitySchemes/{name}"), scheme));
            }
            self.fact("credential", stated, &chain);
        }
    }

    fn parameter(&mut self, place: Place<'a>, stated: &'a Value, chain: &[Place<'a>]) {
        let chain = self.with(chain, place);
        let (pointer, parameter) = chain.last().unwrap().clone();
        let (place, name) = (&parameter["in"], &parameter["name"]);
        let stated = stated[place.as_str().unwrap()].get(name.as_str().unwrap());
        self.fact("parameter", stated.is_some(), &chain);
        let schema = (format!("{pointer}/schema"), &parameter["schema"]);
        self.schema(&self.with(&chain, schema), stated);
    }

    fn response(&mut self, status: &str, stated: &'a Value, chain: &[Place<'a>]) {
        let responses = &stated["responses"];
        let named = responses.get(status);
        self.fact("status", named.is_some(), chain);
        let (pointer, response) = chain.last().unwrap().clone();
        for (name, header) in members(response.get("headers")) {
            let place = (format!("{pointer}/headers/{name}"), header);
            self.fact("response header", false, &self.with(chain, place));
        }
        let any = responses.get("2XX").filter(|_| status.starts_with('2'));
        self.bodies(chain, named.filter(|body| !body.is_null()).or(any));
    }

    /// The bodies of a request or a response, one for each media type.
    fn bodies(&mut self, chain: &[Place<'a>], stated: Option<&'a Value>) {
        let (pointer, holder) = chain.last().unwrap().clone();
        for (media, content) in members(holder.get("content")) {
            let pointer = format!("{pointer}/content/{}/schema", escaped(media));
            let chain = self.with(chain, (pointer, &content["schema"]));
            let stated = stated.filter(|_| media == "application/json");
            self.fact("body", stated.is_some(), &chain);
            self.schema(&chain, stated);
        }
    }

    /// The type, the values and the members of the schema at the end of a chain.
    fn schema(&mut self, chain: &[Place<'a>], stated: Option<&'a Value>) {
        let mut chain = chain.to_vec();
        let (pointer, schema) = chain.pop().unwrap();
        chain = self.with(&chain, (pointer.clone(), schema));
        if let Some(target) = list(&schema["allOf"]).next() {
            chain = self.with(&chain, (format!("{pointer}/allOf/0"), target));
        }
        let (pointer, schema) = chain.last().unwrap().clone();
        let stated = stated.map(|stated| self.followed(stated));
        let kind = schema["type"].as_str();
        // What the page shows is not covered by what is said of the operation as a whole.
        let from = if stated.is_some() { OF_OPERATION } else { 0 };
        if stated.is_some_and(|stated| kind.is_some() && kind != stated_type(stated)) {
            self.fact("type", false, &chain[from..]);
        }
        for value in list(&schema["enum"]).filter(|value| !value.is_null()) {
            let is_stated = stated.is_some_and(|stated| lists(stated, value.as_str().unwrap()));
            self.fact("enum value", is_stated, &chain[from..]);
        }
        for (name, property) in members(schema.get("properties")) {
            let place = (format!("{pointer}/properties/{}", escaped(name)), property);
            let mut chain = chain.clone();
            chain.push(place);
            let stated = stated.and_then(|stated| stated.get(name));
            self.fact("property", stated.is_some(), &chain[from..]);
            self.schema(&chain, stated);
        }
        for inner in ["items", "additionalProperties"] {
            if let Some(items) = schema.get(inner).filter(|items| items.is_object()) {
                let place = (format!("{pointer}/{inner}"), items);
                let chain = self.with(&chain, place);
                let stated = stated.and_then(|stated| stated.get(0));
                self.fact("item", stated.is_some(), &chain[from..]);
                self.schema(&chain, stated);
            }
        }
    }

    /// The codes in the list of a document, and in the descriptions of one whose error bodies have an
    /// `errorCode`.
    fn error_codes(&mut self) {
        let published = &self.document.root["x-error-codes"];
        for (_, code) in members(published.get("codes")) {
            let place = ("/x-error-codes".to_owned(), published);
            self.fact("error code", false, std::slice::from_ref(&place));
            for _ in list(&code["missing"]) {
                self.fact(
                    "member that a code names",
                    false,
                    std::slice::from_ref(&place),
                );
            }
        }
        let pointer = "/components/schemas/ApiError/properties/errorCode";
        let Some(property) = self.document.root.pointer(pointer) else {
            return;
        };
        let mut texts = Vec::new();
        collect_descriptions(&self.document.root, &mut texts);
        let codes = texts
            .iter()
            .flat_map(|text| text.split('`').skip(1).step_by(2));
        let mut codes: Vec<&str> = codes.filter(|code| is_error_code(code)).collect();
        codes.sort_unstable();
        codes.dedup();
        for _ in codes {
            let place = (pointer.to_owned(), property);
            self.fact("error code", false, &[place]);
        }
    }

    /// A chain with one more object, and with what that refers to.
    fn with(&self, chain: &[Place<'a>], place: Place<'a>) -> Chain<'a> {
        let mut chain = chain.to_vec();
        chain.push(place);
        let last = chain.last().unwrap().1;
        if let Some(reference) = last["$ref"].as_str() {
            let pointer = reference.strip_prefix('#').unwrap().to_owned();
            chain.push((pointer, self.document.resolve(last)));
        }
        chain
    }

    /// What the page states under the name of a schema.
    fn followed(&self, stated: &'a Value) -> &'a Value {
        match stated.as_str().and_then(|text| text.strip_prefix('@')) {
            Some(name) => self.page["schemas"]
                .get(name)
                .expect("a schema of the page"),
            None => stated,
        }
    }

    fn fact(&mut self, what: &'static str, is_stated: bool, chain: &[Place<'a>]) {
        let marked = chain.iter().rev().find_map(|(pointer, object)| {
            let origin = Origin::of(object)?;
            Some((pointer.clone(), origin))
        });
        let both = |object: &Value| KEYS.iter().all(|key| object.get(key).is_some());
        let (origin, marked_at) = match (is_stated, marked) {
            (true, _) => (Origin::Page, None),
            // Of an operation itself, an assumption beside a source is about the rest of it.
            (false, Some((pointer, _))) if what == "operation" && both(chain.last().unwrap().1) => {
                (Origin::Source, Some(pointer))
            }
            (false, Some((pointer, origin))) => (origin, Some(pointer)),
            (false, None) => (Origin::Unmarked, None),
        };
        self.facts.push(Fact {
            operation: self.operation.clone(),
            pointer: chain.last().unwrap().0.clone(),
            what,
            origin,
            marked_at,
        });
    }
}

/// The type that the page states; none if it does not say.
fn stated_type(stated: &Value) -> Option<&str> {
    match stated {
        Value::Object(_) => Some("object"),
        Value::Array(_) => Some("array"),
        Value::String(text) => text.split(':').next().filter(|kind| *kind != "?"),
        _ => None,
    }
}

/// Whether the page lists a value.
fn lists(stated: &Value, value: &str) -> bool {
    let values = stated.as_str().and_then(|text| text.split_once(": "));
    values.is_some_and(|(_, values)| values.split(", ").any(|listed| listed == value))
}

/// Whether text in backticks is a code (`U102`, `U130.2`) or a family of codes (`A1xx`, `B*`).
fn is_error_code(text: &str) -> bool {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let letters = text.len() - rest.len();
    let is_number = |rest: &str| {
        rest.starts_with(|first: char| first.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_digit() || ".x".contains(c))
    };
    (1..=4).contains(&letters) && (rest == "*" || is_number(rest))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn collect_notes(value: &Value, pointer: String, notes: &mut Vec<Note>) {
    if let Some(origin) = Origin::of(value) {
        let mut texts = KEYS.into_iter().filter_map(|key| value.get(key));
        notes.push(Note {
            pointer: pointer.clone(),
            origin,
            is_empty: texts.any(|text| text.as_str().is_none_or(|text| text.trim().is_empty())),
        });
    }
    for (key, value) in members(Some(value)) {
        if !key.starts_with("example") {
            collect_notes(value, format!("{pointer}/{}", escaped(key)), notes);
        }
    }
    for (number, value) in list(value).enumerate() {
        collect_notes(value, format!("{pointer}/{number}"), notes);
    }
}

fn collect_descriptions<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    for (key, value) in members(Some(value)) {
        match value.as_str() {
            Some(text) if key == "description" => texts.push(text),
            _ => collect_descriptions(value, texts),
        }
    }
    for value in list(value) {
        collect_descriptions(value, texts);
    }
}

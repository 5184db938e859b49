//! Values that fit a schema of the documents pass through their type without loss, and values that
//! fit none give an error without their content.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "round_trips/damage.rs"]
mod damage;
#[path = "round_trips/odd.rs"]
mod odd;
mod support;
#[path = "round_trips/values.rs"]
mod values;
#[path = "round_trips/wire.rs"]
mod wire;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use damage::damage;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use support::api_errors::{api_error, shown};
use support::documents::{DOCUMENTS, Document, Operation};
use support::json::canonical;
use support::proof;
use tokio::runtime::{Builder, Runtime};
use values::{MARKER, Values};
use vestibule::{Error, ErrorKind};
use wire::Wire;

/// Number of values per operation.
const CASES: u32 = 32;

/// One operation with the means to call it.
struct Case<'a> {
    document: &'a Document,
    operation: &'a Operation,
    values: &'a Values<'a>,
    wire: &'a Wire,
    runtime: &'a Runtime,
    /// Number of values that passed.
    checked: &'a AtomicUsize,
}

type Checked = Result<(), String>;

impl Case<'_> {
    fn body(&self) -> Option<BoxedStrategy<Value>> {
        let body = self.operation.value.get("requestBody")?;
        let body = self.document.resolve(body);
        Some(
            self.values
                .of(&body["content"]["application/json"]["schema"]),
        )
    }

    /// The schema of the first response with a body whose status starts with `first`.
    fn response(&self, first: char) -> Option<BoxedStrategy<Value>> {
        let responses = self.operation.value["responses"].as_object().unwrap();
        let schema = responses
            .iter()
            .filter(|(status, _)| status.starts_with(first))
            .map(|(_, response)| self.document.resolve(response))
            .find_map(|response| response.pointer("/content/application~1json/schema"))?;
        self.values.of_responses.set(true);
        let values = self.values.of(schema);
        self.values.of_responses.set(false);
        Some(values)
    }

    fn call(
        &self,
        body: Option<&Value>,
        status: u16,
        response: Vec<u8>,
    ) -> (Vec<u8>, Result<Value, Error>) {
        let mut arguments = self.operation.call_arguments(self.document, Some("1"));
        if let Some(body) = body {
            arguments["body"] = body.clone();
        }
        let exchange = self
            .wire
            .exchange(self.operation, &arguments, status, response);
        let (sent, given) = self.runtime.block_on(exchange);
        (sent, given.map(|response| response.into_inner().0))
    }

    fn run<S: Strategy>(
        &self,
        strategy: &S,
        check: impl Fn(S::Value) -> Result<(), TestCaseError>,
    ) -> Checked {
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            ..Config::default()
        };
        let random = TestRng::deterministic_rng(RngAlgorithm::default());
        TestRunner::new_with_rng(config, random)
            .run(strategy, check)
            .map_err(|error| format!("{} {}: {error}", self.document.name, self.operation.id()))
    }

    /// Request bodies arrive unchanged, and response bodies are returned unchanged.
    fn preserves_bodies_and_responses(&self) -> Checked {
        let maybe = |strategy: Option<BoxedStrategy<Value>>| match strategy {
            Some(strategy) => strategy.prop_map(Some).boxed(),
            None => Just(None).boxed(),
        };
        let strategy = (maybe(self.body()), maybe(self.response('2')));
        self.run(&strategy, |(body, response)| {
            let status = if response.is_some() { 200 } else { 204 };
            let bytes = response
                .as_ref()
                .map(|response| response.to_string().into_bytes());
            let (sent, given) = self.call(body.as_ref(), status, bytes.unwrap_or_default());
            let denied = response.as_ref().filter(|response| self.says_no(response));
            let given = match (given, denied) {
                (Err(error), _) if self.requires_signed_member(&error) => return Ok(()),
                (given, Some(response)) => return self.denial_is_kept(given, response),
                (given, None) => given.map_err(|error| TestCaseError::fail(error.to_string()))?,
            };
            if let Some(body) = body {
                let sent: Value = serde_json::from_slice(&sent).unwrap();
                self.same(&sent, &body)?;
            }
            match response {
                Some(response) => self.same(&given, &response),
                None => Ok(()),
            }
        })
    }

    /// The members of a response that say whether it is a success.
    fn success_members(&self) -> Vec<&str> {
        let own = &self.operation.value["x-success-member"];
        let own = own
            .as_array()
            .map_or(std::slice::from_ref(own), Vec::as_slice);
        let of_all = &self.document.root["x-success-member"]["name"];
        let names = own.iter().chain([of_all]);
        names.filter_map(Value::as_str).collect()
    }

    /// Whether a success member of a response is there and is not `true`.
    fn says_no(&self, response: &Value) -> bool {
        let members = self.success_members();
        let mut said = members.iter().filter_map(|name| response.get(name));
        let is_yes = |value: &Value| match value {
            Value::String(text) => text.eq_ignore_ascii_case("true"),
            value => *value == true,
        };
        said.any(|value| !is_yes(value))
    }

    /// A response that says no is an error with the whole body.
    fn denial_is_kept(
        &self,
        given: Result<Value, Error>,
        response: &Value,
    ) -> Result<(), TestCaseError> {
        let error = given.expect_err("a denial is an error");
        prop_assert_eq!(error.kind(), ErrorKind::Rejected);
        prop_assert!(!shown(&error).contains(MARKER), "{}", error);
        match api_error(self.document.system(), &error) {
            Some(refused) => self.same(&refused.body.unwrap(), response),
            None => {
                let kept: Value = serde_json::from_slice(error.expose_body().unwrap()).unwrap();
                self.same(&kept, response)
            }
        }
    }

    /// Whether a call was refused because the member to be signed is empty.
    fn requires_signed_member(&self, error: &Error) -> bool {
        let signed = self.operation.value["x-signed-field"].as_array();
        let mut signed = signed.into_iter().flatten();
        error.kind() == ErrorKind::InvalidInput && signed.any(|name| name.as_str() == error.field())
    }

    /// The body of an error is in its typed error, or is kept unchanged.
    fn preserves_errors(&self) -> Checked {
        let Some(strategy) = self.response('4') else {
            return Ok(());
        };
        self.run(&strategy, |body| {
            let bytes = body.to_string().into_bytes();
            let (_, given) = self.call(None, 400, bytes.clone());
            let error = given.expect_err("an error");
            match api_error(self.document.system(), &error) {
                Some(refused) => self.same(&refused.body.unwrap(), &body)?,
                None => prop_assert_eq!(error.expose_body(), Some(&bytes[..])),
            }
            Ok(())
        })
    }

    /// A damaged response is still decoded, or gives an error that does not show it.
    fn hides_damaged_content(&self) -> Checked {
        let Some(strategy) = self.response('2') else {
            return Ok(());
        };
        self.run(&(strategy, damage()), |(response, damage)| {
            let bytes = damage.done_to(response.to_string().into_bytes());
            let (_, given) = self.call(None, 200, bytes.clone());
            if let Err(error) = given {
                prop_assert!(!shown(&error).contains(MARKER), "{}", error);
                // The damage may leave the member that says no.
                if error.kind() == ErrorKind::Rejected {
                    prop_assert!(!self.success_members().is_empty(), "{}", error);
                } else {
                    prop_assert_eq!(error.kind(), ErrorKind::InvalidResponse);
                    prop_assert_eq!(error.expose_body(), Some(&bytes[..]));
                }
            }
            self.checked.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
    }

    /// A member in another form than the described one fails no response that makes sense without it,
    /// and no other member is lost; an error shows nothing of the response.
    fn takes_odd_members(&self, seen: &Mutex<BTreeSet<String>>) -> Checked {
        let place = format!("{} {}", self.document.name, self.operation.id());
        let responses = self.operation.value["responses"].as_object().unwrap();
        for (status, response) in responses {
            let response = self.document.resolve(response);
            let Some(schema) = response.pointer("/content/application~1json/schema") else {
                continue;
            };
            let name = format!("{} {} {schema}", self.document.name, &status[..1]);
            if !seen.lock().unwrap().insert(name) {
                continue;
            }
            // Other errors than this one may be retried.
            let status = status.parse().ok().filter(|status| *status < 300);
            let status = status.unwrap_or(400);
            let (document, places) = odd::full(self.document, schema);
            for odd in &places {
                let top = odd.pointer.rfind('/') == Some(0);
                let is = |flag: &str| top && odd.schema[flag] == true;
                for form in odd::FORMS {
                    let texts = [
                        Some(odd::with_form(&document, odd, form)),
                        top.then(|| odd::doubled(&document, odd, form)).flatten(),
                    ];
                    for text in texts.into_iter().flatten() {
                        let (_, given) = self.call(None, status, text.clone().into_bytes());
                        self.checked.fetch_add(1, Ordering::Relaxed);
                        let what = || format!("{place}: {status} {text}");
                        match given {
                            Ok(given) => {
                                let given = odd::without(&given, odd);
                                let expected = odd::without(&document, odd);
                                if canonical(&given) != canonical(&expected) {
                                    return Err(format!("{}: {given}", what()));
                                }
                            }
                            Err(error) if shown(&error).contains(MARKER) => {
                                return Err(format!("{}: {error} shows the response", what()));
                            }
                            Err(_) if status >= 300 => {}
                            Err(error) => {
                                let may_fail = match error.kind() {
                                    ErrorKind::InvalidResponse => is("x-needed"),
                                    ErrorKind::Rejected => is("x-decides"),
                                    _ => false,
                                };
                                if !may_fail {
                                    return Err(format!("{}: {error}", what()));
                                }
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn same(&self, came: &Value, was: &Value) -> Result<(), TestCaseError> {
        prop_assert_eq!(canonical(came), canonical(was));
        self.checked.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The totals of all operations.
struct Total {
    schemas: usize,
    checked: usize,
    failures: Vec<String>,
}

/// Checks every operation of every document, on all processors.
fn for_every_operation(check: impl Fn(&Case<'_>) -> Checked + Sync) -> Total {
    let documents: Vec<_> = DOCUMENTS.iter().map(Document::read).collect();
    let operations: Vec<_> = documents
        .iter()
        .flat_map(|document| {
            let operations = document.operations().into_iter();
            operations.map(move |operation| (document, operation))
        })
        .collect();
    let (next, checked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let named = Mutex::new(BTreeSet::new());
    let failures = Mutex::new(Vec::new());
    let work = || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let wires = documents.iter().map(|document| {
            let wire = runtime.block_on(Wire::of(document));
            (&document.name, wire, Values::new(document))
        });
        let wires: Vec<_> = wires.collect();
        while let Some((document, operation)) = operations.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let mut wires = wires.iter();
            let (_, wire, values) = wires.find(|wire| *wire.0 == document.name).unwrap();
            let case = Case {
                document,
                operation,
                values,
                wire,
                runtime: &runtime,
                checked: &checked,
            };
            failures.lock().unwrap().extend(check(&case).err());
        }
        for (name, _, values) in wires {
            let names = values.named.into_inner().into_iter();
            let names = names.map(|schema| (name.clone(), schema));
            named.lock().unwrap().extend(names);
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, Into::into);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    Total {
        schemas: named.into_inner().unwrap().len(),
        checked: checked.into_inner(),
        failures: failures.into_inner().unwrap(),
    }
}

#[test]
fn every_value_that_fits_a_schema_round_trips() {
    let total = for_every_operation(|case| {
        case.preserves_bodies_and_responses()?;
        case.preserves_errors()
    });
    let schemas = |document: Document| {
        let schemas = document.root.pointer("/components/schemas").cloned();
        schemas.unwrap().as_object().unwrap().len()
    };
    let described: usize = DOCUMENTS.iter().map(Document::read).map(schemas).sum();
    let (schemas, values, lost) = (total.schemas, total.checked, total.failures.len());
    proof(
        "round-trips",
        &format!("schemas={schemas} values={values} lost={lost}"),
    );
    assert_eq!(schemas, described, "schemas that no operation reaches");
    assert!(lost == 0, "{}", total.failures.join("\n"));
}

#[test]
fn a_damaged_response_is_decoded_or_an_error_without_its_content() {
    let total = for_every_operation(|case| case.hides_damaged_content());
    assert!(total.checked > 0);
    assert!(total.failures.is_empty(), "{}", total.failures.join("\n"));
}

#[test]
fn a_member_in_an_odd_form_fails_no_response_that_makes_sense_without_it() {
    let seen = Mutex::default();
    let total = for_every_operation(|case| case.takes_odd_members(&seen));
    let (documents, failed) = (total.checked, total.failures.len());
    let schemas = seen.into_inner().unwrap().len();
    proof(
        "odd-members",
        &format!("schemas={schemas} documents={documents} failed={failed}"),
    );
    assert!(documents >= 20_000, "{documents} documents");
    assert!(failed == 0, "{}", total.failures.join("\n"));
}

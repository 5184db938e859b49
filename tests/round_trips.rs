//! Whatever fits a schema of the documents passes through its type without loss, and whatever
//! fits none is an error that tells nothing of it.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "round_trips/damage.rs"]
mod damage;
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
use support::documents::{DOCUMENTS, Document, Operation};
use support::json::canonical;
use support::proof;
use support::refusals::{api_error, shown};
use tokio::runtime::{Builder, Runtime};
use values::{MARK, Values};
use vestibule::{Error, ErrorKind};
use wire::Wire;

/// How many values each operation meets.
const CASES: u32 = 32;

/// One operation with everything to call it.
struct Case<'a> {
    document: &'a Document,
    operation: &'a Operation,
    values: &'a Values<'a>,
    wire: &'a Wire,
    runtime: &'a Runtime,
    /// How many values were found as they should be.
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

    /// The first answer whose status starts like that and that has a body, with its schema.
    fn answer(&self, first: char) -> Option<BoxedStrategy<Value>> {
        let responses = self.operation.value["responses"].as_object().unwrap();
        let schema = responses
            .iter()
            .filter(|(status, _)| status.starts_with(first))
            .map(|(_, response)| self.document.resolve(response))
            .find_map(|response| response.pointer("/content/application~1json/schema"))?;
        Some(self.values.of(schema))
    }

    fn call(
        &self,
        body: Option<&Value>,
        status: u16,
        answer: Vec<u8>,
    ) -> (Vec<u8>, Result<Value, Error>) {
        let mut arguments = self.operation.call_arguments(self.document, Some("1"));
        if let Some(body) = body {
            arguments["body"] = body.clone();
        }
        let exchange = self
            .wire
            .exchange(self.operation, &arguments, status, answer);
        let (sent, given) = self.runtime.block_on(exchange);
        (sent, given.map(|answer| answer.into_inner().0))
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

    /// What is given arrives, and what is answered is given.
    fn keeps_bodies_and_answers(&self) -> Checked {
        let maybe = |strategy: Option<BoxedStrategy<Value>>| match strategy {
            Some(strategy) => strategy.prop_map(Some).boxed(),
            None => Just(None).boxed(),
        };
        let strategy = (maybe(self.body()), maybe(self.answer('2')));
        self.run(&strategy, |(body, answer)| {
            let status = if answer.is_some() { 200 } else { 204 };
            let bytes = answer
                .as_ref()
                .map(|answer| answer.to_string().into_bytes());
            let (sent, given) = self.call(body.as_ref(), status, bytes.unwrap_or_default());
            let given = match given {
                Err(error) if self.wants_to_sign(&error) => return Ok(()),
                given => given.map_err(|error| TestCaseError::fail(error.to_string()))?,
            };
            if let Some(body) = body {
                let sent: Value = serde_json::from_slice(&sent).unwrap();
                self.same(&sent, &body)?;
            }
            match answer {
                Some(answer) => self.same(&given, &answer),
                None => Ok(()),
            }
        })
    }

    /// Whether a call was not made because the member that is to be signed is empty.
    fn wants_to_sign(&self, error: &Error) -> bool {
        let signed = self.operation.value["x-signed-field"].as_array();
        let mut signed = signed.into_iter().flatten();
        error.kind() == ErrorKind::InvalidInput && signed.any(|name| name.as_str() == error.field())
    }

    /// The body of an error is in its refusal, or is kept as it came.
    fn keeps_errors(&self) -> Checked {
        let Some(strategy) = self.answer('4') else {
            return Ok(());
        };
        self.run(&strategy, |body| {
            let bytes = body.to_string().into_bytes();
            let (_, given) = self.call(None, 400, bytes.clone());
            let error = given.expect_err("a refusal");
            match api_error(self.document.system(), &error) {
                Some(refused) => self.same(&refused.body.unwrap(), &body)?,
                None => prop_assert_eq!(error.expose_body(), Some(&bytes[..])),
            }
            Ok(())
        })
    }

    /// A damaged answer is still understood, or it is an error that shows nothing of it.
    fn is_silent_about_damage(&self) -> Checked {
        let Some(strategy) = self.answer('2') else {
            return Ok(());
        };
        self.run(&(strategy, damage()), |(answer, damage)| {
            let bytes = damage.done_to(answer.to_string().into_bytes());
            let (_, given) = self.call(None, 200, bytes.clone());
            if let Err(error) = given {
                prop_assert_eq!(error.kind(), ErrorKind::Undecodable);
                prop_assert!(!shown(&error).contains(MARK), "{}", error);
                prop_assert_eq!(error.expose_body(), Some(&bytes[..]));
            }
            self.checked.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
    }

    fn same(&self, came: &Value, was: &Value) -> Result<(), TestCaseError> {
        prop_assert_eq!(canonical(came), canonical(was));
        self.checked.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// What all operations came to.
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
fn every_schema_keeps_every_value_that_fits_it() {
    let total = for_every_operation(|case| {
        case.keeps_bodies_and_answers()?;
        case.keeps_errors()
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
fn a_damaged_answer_is_understood_or_an_error_without_its_content() {
    let total = for_every_operation(|case| case.is_silent_about_damage());
    assert!(total.checked > 0);
    assert!(total.failures.is_empty(), "{}", total.failures.join("\n"));
}

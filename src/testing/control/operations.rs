//! The operations of the control API.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::Item;
use super::error::ControlError;
use super::faults;
use super::members::Members;
use crate::clock::Clock;
use crate::testing::server::ServerState;
use crate::testing::{Calls, Message};

/// The description of the operations.
pub(super) const DOCUMENT: &str = include_str!("openapi.yaml");

/// How many requests are listed unless the query has a limit, and how many are kept.
const LIMIT: u64 = 100;
const MAX_LIMIT: u64 = 1_000;

pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) run: Run,
    /// Whether a reset repeats what it did at the start.
    pub(super) is_seed: bool,
}

type Handler = fn(&ServerState, Members) -> Result<Value, ControlError>;

/// What an operation does.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// Sends a file. It has no secret, so it requires no token.
    File {
        kind: &'static str,
        text: &'static str,
    },
    /// Reads, with the parameters of the query.
    Get(Handler),
    /// Changes the mock, with the members of the body.
    Post { status: u16, post: Handler },
    /// Removes all.
    Delete(fn(&ServerState)),
}

impl Operation {
    const fn new(method: &'static str, path: &'static str, run: Run) -> Self {
        Self {
            method,
            path,
            run,
            is_seed: false,
        }
    }

    const fn file(path: &'static str, kind: &'static str, text: &'static str) -> Self {
        Self::new("GET", path, Run::File { kind, text })
    }

    const fn get(path: &'static str, get: Handler) -> Self {
        Self::new("GET", path, Run::Get(get))
    }

    const fn action(path: &'static str, post: Handler) -> Self {
        Self::new("POST", path, Run::Post { status: 200, post })
    }

    const fn creation(path: &'static str, post: Handler) -> Self {
        Self::new("POST", path, Run::Post { status: 201, post })
    }

    const fn seed(path: &'static str, post: Handler) -> Self {
        Self {
            is_seed: true,
            ..Self::creation(path, post)
        }
    }

    const fn delete(path: &'static str, delete: fn(&ServerState)) -> Self {
        Self::new("DELETE", path, Run::Delete(delete))
    }

    pub(super) fn needs_token(&self) -> bool {
        !matches!(self.run, Run::File { .. })
    }

    /// Runs an operation that has a body.
    pub(super) fn post(
        &self,
        server: &ServerState,
        body: Map<String, Value>,
    ) -> Result<Value, ControlError> {
        match self.run {
            Run::Post { post, .. } => post(server, Members::new(body)),
            _ => Err(ControlError::not_found("the operation has no body")),
        }
    }
}

/// All operations. `openapi.yaml` describes the same ones.
pub(super) static OPERATIONS: &[Operation] = &[
    Operation::file(
        "/__mock",
        "text/html; charset=utf-8",
        include_str!("page/index.html"),
    ),
    Operation::file(
        "/__mock/page.js",
        "text/javascript; charset=utf-8",
        include_str!("page/page.js"),
    ),
    Operation::file(
        "/__mock/style.css",
        "text/css; charset=utf-8",
        include_str!("page/style.css"),
    ),
    Operation::file("/__mock/openapi.yaml", "application/yaml", DOCUMENT),
    Operation::get("/__mock/system", get_system),
    Operation::get("/__mock/users", list_users),
    Operation::seed("/__mock/users", |server, body| {
        server.behaviour.add(Item::User, body)
    }),
    Operation::seed("/__mock/api-clients", |server, body| {
        server.behaviour.add(Item::ApiClient, body)
    }),
    Operation::seed("/__mock/social-accounts", |server, body| {
        server.behaviour.add(Item::SocialAccount, body)
    }),
    Operation::seed("/__mock/terms", |server, body| {
        server.behaviour.add(Item::Terms, body)
    }),
    Operation::seed("/__mock/attributes", |server, body| {
        server.behaviour.add(Item::Attribute, body)
    }),
    Operation::creation("/__mock/credentials", issue_credentials),
    Operation::delete("/__mock/credentials", |server| {
        server.behaviour.revoke_credentials();
    }),
    Operation::get("/__mock/faults", list_faults),
    Operation::seed("/__mock/faults", add_fault),
    Operation::delete("/__mock/faults", |server| server.rules.reset()),
    Operation::get("/__mock/clock", get_clock),
    Operation::action("/__mock/clock", advance_clock),
    Operation::get("/__mock/outbox", list_messages),
    Operation::delete("/__mock/outbox", |server| server.outbox.clear()),
    Operation::action("/__mock/links", open_link),
    Operation::delete("/__mock/codes", |server| {
        server.behaviour.expire_codes();
    }),
    Operation::get("/__mock/requests", list_requests),
    Operation::delete("/__mock/requests", |server| {
        server.control().journal.clear_requests();
    }),
    Operation::get("/__mock/expectations", list_expectations),
    Operation::creation("/__mock/expectations", add_expectation),
    Operation::delete("/__mock/expectations", |server| {
        server.control().requested_expectations.clear();
    }),
    Operation::action("/__mock/reset", reset),
    Operation::get("/__outbox", |server, query| {
        query.finish()?;
        Ok(json!(server.outbox.messages()))
    }),
    Operation::get("/__clock", get_clock),
    Operation::action("/__clock", advance_clock),
];

/// The headers of the page and its parts: nothing but the mock itself may run or be loaded.
pub(super) fn page_headers() -> [(&'static str, String); 3] {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                  img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    [
        ("content-security-policy", policy.to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
    ]
}

fn get_system(server: &ServerState, query: Members) -> Result<Value, ControlError> {
    query.finish()?;
    let operations = server.operations.iter().map(|operation| {
        json!({
            "id": operation.id,
            "method": operation.method.as_str(),
            "path": operation.path,
        })
    });
    Ok(json!({
        "system": server.behaviour.system(),
        "version": env!("CARGO_PKG_VERSION"),
        "now": text(server.clock.now()),
        "operations": operations.collect::<Vec<_>>(),
    }))
}

fn list_users(server: &ServerState, query: Members) -> Result<Value, ControlError> {
    query.finish()?;
    Ok(json!({"users": server.behaviour.users()}))
}

fn issue_credentials(server: &ServerState, mut body: Members) -> Result<Value, ControlError> {
    let user = body.required("user")?;
    body.finish()?;
    let credentials = server.behaviour.credentials_for(&user);
    credentials.ok_or_else(|| {
        let detail = "the mock has no such user: name one by id, phone number or e-mail address";
        ControlError::not_found(detail)
    })
}

fn list_faults(server: &ServerState, query: Members) -> Result<Value, ControlError> {
    query.finish()?;
    let rules = server.rules.injected();
    let faults = rules
        .iter()
        .map(|(rule, applied)| faults::described(rule, *applied));
    Ok(json!({"faults": faults.collect::<Vec<_>>()}))
}

fn add_fault(server: &ServerState, body: Members) -> Result<Value, ControlError> {
    let rules = faults::rules(body, &server.operation_ids())?;
    let faults: Vec<_> = rules
        .iter()
        .map(|rule| faults::described(rule, 0))
        .collect();
    for rule in rules {
        server.rules.add(rule);
    }
    Ok(json!({"faults": faults}))
}

fn get_clock(server: &ServerState, query: Members) -> Result<Value, ControlError> {
    query.finish()?;
    Ok(json!({"now": server.clock.now().to_rfc3339()}))
}

fn advance_clock(server: &ServerState, mut body: Members) -> Result<Value, ControlError> {
    let seconds = body.integer("advance_seconds", 0, u32::MAX.into())?;
    let seconds = seconds.ok_or_else(|| ControlError::wrong("advance_seconds", "is required"))?;
    body.finish()?;
    server.clock.advance(Duration::from_secs(seconds));
    Ok(json!({"now": server.clock.now().to_rfc3339()}))
}

fn list_messages(server: &ServerState, mut query: Members) -> Result<Value, ControlError> {
    let after = query.integer("after", 0, u64::MAX)?.unwrap_or_default();
    let to = query.text("to")?;
    query.finish()?;
    let (first, next) = server.outbox.numbers();
    let messages = server.outbox.numbered_after(after).into_iter();
    let messages = messages
        .filter(|(_, message)| to.as_ref().is_none_or(|to| message.to == *to))
        .map(|(number, message)| described(number, message));
    Ok(json!({"messages": messages.collect::<Vec<_>>(), "first": first, "next": next}))
}

fn described(number: u64, message: Message) -> Value {
    let at = DateTime::from_timestamp_millis(message.at).unwrap_or_default();
    let mut described = json!({
        "number": number,
        "to": message.to,
        "channel": message.channel,
        "code": message.code,
        "link": message.link,
        "at": text(at),
    });
    if let Some(language) = message.language {
        described["language"] = json!(language);
    }
    described
}

fn open_link(server: &ServerState, mut body: Members) -> Result<Value, ControlError> {
    let code = body.required("code")?;
    body.finish()?;
    match server.behaviour.open_link(&code) {
        true => Ok(json!({"opened": true})),
        false => {
            let detail = "the mock opens no link with this code: it was not sent, is replaced, was opened \
                          before, or the application opens it by an operation of the system";
            Err(ControlError::not_found(detail))
        }
    }
}

fn list_requests(server: &ServerState, mut query: Members) -> Result<Value, ControlError> {
    let limit = query.integer("limit", 1, MAX_LIMIT)?.unwrap_or(LIMIT);
    let operation = query.text("operation")?;
    query.finish()?;
    let known = server.operation_ids();
    let operation = operation
        .map(|id| faults::known_operation(&id, &known))
        .transpose()?;
    let control = server.control();
    let requests = control.journal.numbered();
    let listed = requests.filter(|(_, it)| operation.is_none() || it.operation == operation);
    let described = listed.map(|(number, request)| {
        json!({
            "number": number,
            "operation": request.operation,
            "method": request.method,
            "path": request.path,
            "status": request.status,
            "at": text(request.at),
        })
    });
    let mut requests: Vec<Value> = described.collect();
    let skipped = requests.len()
        - requests
            .len()
            .min(usize::try_from(limit).unwrap_or(usize::MAX));
    requests.drain(..skipped);
    Ok(json!({"requests": requests}))
}

fn list_expectations(server: &ServerState, query: Members) -> Result<Value, ControlError> {
    query.finish()?;
    let control = server.control();
    let states = control.requested_expectations.states(&control.journal);
    let is_met = states.iter().all(|state| state.is_met);
    let expectations = states.iter().map(|state| {
        json!({
            "operation": state.operation,
            "expected": state.calls.to_string(),
            "calls": state.got,
            "met": state.is_met,
        })
    });
    let expectations: Vec<Value> = expectations.collect();
    Ok(json!({"expectations": expectations, "met": is_met}))
}

fn add_expectation(server: &ServerState, mut body: Members) -> Result<Value, ControlError> {
    let operation = body.required("operation")?;
    let limit = u32::MAX.into();
    let exactly = body.integer("calls", 0, limit)?;
    let (min, max) = (
        body.integer("min", 0, limit)?,
        body.integer("max", 0, limit)?,
    );
    body.finish()?;
    let operation = faults::known_operation(&operation, &server.operation_ids())?;
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let calls: Calls = match (exactly, min, max) {
        (Some(exactly), None, None) => count(exactly).into(),
        (Some(_), _, _) => {
            return Err(ControlError::wrong("calls", "excludes `min` and `max`"));
        }
        (None, None, None) => {
            let right = "is required, or `min`, `max` or both";
            return Err(ControlError::wrong("calls", right));
        }
        (None, min, Some(max)) if min.is_some_and(|min| min > max) => {
            return Err(ControlError::wrong("min", "must not exceed `max`"));
        }
        (None, min, None) => (count(min.unwrap_or_default())..).into(),
        (None, min, Some(max)) => (count(min.unwrap_or_default())..=count(max)).into(),
    };
    let mut control = server.control();
    let before = control.journal.calls(operation);
    control.requested_expectations.add(operation, calls, before);
    Ok(json!({"operation": operation, "expected": calls.to_string()}))
}

fn reset(server: &ServerState, mut body: Members) -> Result<Value, ControlError> {
    let with_clock = body.flag("clock")?;
    body.finish()?;
    server.reset();
    if with_clock {
        server.clock.set_offset(server.first_offset);
    }
    let seeds = server.seeds();
    let seeded: Result<Vec<_>, _> = seeds.iter().map(|seed| seed.add(server)).collect();
    Ok(json!({"seeded": seeded?}))
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

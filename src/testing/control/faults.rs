//! The faults of the control API: their names, and the rules that they become.

use std::time::Duration;

use serde_json::{Value, json};

use super::error::ControlError;
use super::members::Members;
use crate::testing::{Fault, FaultRule};

/// The default delay of a slow response.
const SLOW: Duration = Duration::from_secs(3);

/// The longest delay, in seconds.
const MAX_DELAY: u64 = 3600;

/// A kind of fault, without its parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Status,
    Slow,
    Reset,
    ResetBefore,
    Silence,
    Stall,
    Half,
    Truncated,
    Html,
}

const KINDS: [(&str, Kind); 9] = [
    ("status", Kind::Status),
    ("slow", Kind::Slow),
    ("reset", Kind::Reset),
    ("reset-before", Kind::ResetBefore),
    ("silence", Kind::Silence),
    ("stall", Kind::Stall),
    ("half", Kind::Half),
    ("truncated", Kind::Truncated),
    ("html", Kind::Html),
];

/// A set of faults with a name.
#[derive(Clone, Copy)]
enum Profile {
    Outage,
    RateLimit,
    Slow,
    CaptivePortal,
    Flaky,
}

const PROFILES: [(&str, Profile); 5] = [
    ("outage", Profile::Outage),
    ("rate-limit", Profile::RateLimit),
    ("slow", Profile::Slow),
    ("captive-portal", Profile::CaptivePortal),
    ("flaky", Profile::Flaky),
];

/// The rules of a request to add faults, one for each operation.
pub(super) fn rules(
    mut members: Members,
    operations: &[&'static str],
) -> Result<Vec<FaultRule>, ControlError> {
    if let Some(profile) = members.word("profile", &PROFILES)? {
        members.finish()?;
        let (fault, times) = match profile {
            Profile::Outage => (Fault::status(503), None),
            Profile::RateLimit => (Fault::status_with_retry_after(429, "5"), None),
            Profile::Slow => (Fault::Slow(SLOW), None),
            Profile::CaptivePortal => (Fault::HtmlInsteadOfJson, None),
            Profile::Flaky => (Fault::ResetAfterRequest, Some(1)),
        };
        return Ok(rules_for(&fault, operations.iter().copied(), times));
    }
    let kind = members.word("fault", &KINDS)?;
    let kind = kind.ok_or_else(|| ControlError::wrong("fault", "or `profile` is required"))?;
    let status = members.integer("status", 400, 599)?;
    let retry_after = members.integer("retry_after", 0, u32::MAX.into())?;
    let delay = members.integer("delay_seconds", 0, MAX_DELAY)?;
    let times = members.integer("times", 1, u32::MAX.into())?;
    let operation = members.text("operation")?.unwrap_or_else(|| "*".to_owned());
    members.finish()?;
    if kind != Kind::Status {
        for (name, given) in [("status", status), ("retry_after", retry_after)] {
            if given.is_some() {
                return Err(ControlError::wrong(name, "requires the fault `status`"));
            }
        }
    }
    if delay.is_some() && kind != Kind::Slow {
        return Err(ControlError::wrong(
            "delay_seconds",
            "requires the fault `slow`",
        ));
    }
    let fault = match kind {
        Kind::Status => {
            let required = || ControlError::wrong("status", "is required for the fault `status`");
            let status = u16::try_from(status.ok_or_else(required)?).unwrap_or_default();
            match retry_after {
                Some(seconds) => Fault::status_with_retry_after(status, seconds.to_string()),
                None => Fault::status(status),
            }
        }
        Kind::Slow => Fault::Slow(delay.map_or(SLOW, Duration::from_secs)),
        Kind::Reset => Fault::ResetAfterRequest,
        Kind::ResetBefore => Fault::ResetBeforeRequest,
        Kind::Silence => Fault::Silence,
        Kind::Stall => Fault::StallMidBody,
        Kind::Half => Fault::HalfBody,
        Kind::Truncated => Fault::TruncatedJson,
        Kind::Html => Fault::HtmlInsteadOfJson,
    };
    let times = times.map(|times| usize::try_from(times).unwrap_or(usize::MAX));
    if operation == "*" {
        return Ok(rules_for(&fault, operations.iter().copied(), times));
    }
    let operation = known_operation(&operation, operations)?;
    Ok(rules_for(&fault, [operation], times))
}

fn rules_for(
    fault: &Fault,
    operations: impl IntoIterator<Item = &'static str>,
    times: Option<usize>,
) -> Vec<FaultRule> {
    let rules = operations.into_iter().map(|operation| {
        let rule = FaultRule::new(fault.clone()).on_operation(operation);
        match times {
            Some(times) => rule.times(times),
            None => rule,
        }
    });
    rules.collect()
}

/// The operation with this id.
pub(super) fn known_operation(
    id: &str,
    operations: &[&'static str],
) -> Result<&'static str, ControlError> {
    let found = operations.iter().find(|known| **known == id);
    found.copied().ok_or_else(|| {
        let right = format!(
            "must be an operation of this mock: {}",
            operations.join(", ")
        );
        ControlError::wrong("operation", right)
    })
}

/// A rule as the control API lists it.
pub(super) fn described(rule: &FaultRule, applied: usize) -> Value {
    let mut described = json!({
        "operation": rule.operation(),
        "applied": applied,
        "remaining": rule.remaining(),
    });
    let kind = match rule.fault() {
        Fault::Status {
            status,
            retry_after,
        } => {
            described["status"] = json!(status);
            let seconds = retry_after.as_ref().and_then(|it| it.parse::<u64>().ok());
            if let Some(seconds) = seconds {
                described["retry_after"] = json!(seconds);
            }
            Kind::Status
        }
        Fault::Slow(delay) => {
            described["delay_seconds"] = json!(delay.as_secs());
            Kind::Slow
        }
        Fault::ResetBeforeRequest => Kind::ResetBefore,
        Fault::Silence => Kind::Silence,
        Fault::StallMidBody => Kind::Stall,
        Fault::HalfBody => Kind::Half,
        Fault::TruncatedJson => Kind::Truncated,
        Fault::HtmlInsteadOfJson => Kind::Html,
        // `rules` makes no others.
        _ => Kind::Reset,
    };
    let name = KINDS.iter().find(|(_, known)| *known == kind);
    described["fault"] = json!(name.map(|(name, _)| *name));
    described
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    const OPERATIONS: [&str; 2] = ["sign_in", "logout"];

    fn rules_of(body: Value) -> Result<Vec<FaultRule>, ControlError> {
        match body {
            Value::Object(members) => rules(Members::new(members), &OPERATIONS),
            _ => panic!("no object"),
        }
    }

    #[test]
    fn each_kind_of_fault_is_listed_as_it_was_added() {
        for (name, kind) in KINDS {
            let mut body = json!({"fault": name, "operation": "logout", "times": 2});
            if kind == Kind::Status {
                body["status"] = json!(429);
                body["retry_after"] = json!(30);
            }
            if kind == Kind::Slow {
                body["delay_seconds"] = json!(1);
            }
            let rules = rules_of(body.clone()).unwrap();
            assert_eq!(rules.len(), 1, "{name}");
            let mut listed = described(&rules[0], 0);
            assert_eq!(listed["remaining"].take(), json!(2));
            body["times"].take();
            for (name, value) in body.as_object().unwrap() {
                if !value.is_null() {
                    assert_eq!(listed[name], *value, "{name}");
                }
            }
        }
    }

    #[test]
    fn a_profile_and_a_star_apply_to_each_operation() {
        for body in [
            json!({"fault": "html"}),
            json!({"fault": "html", "operation": "*"}),
            json!({"profile": "captive-portal"}),
        ] {
            let rules = rules_of(body).unwrap();
            let operations: Vec<_> = rules.iter().map(|rule| rule.operation().unwrap()).collect();
            assert_eq!(operations, OPERATIONS);
        }
        for (name, _) in PROFILES {
            assert_eq!(
                rules_of(json!({"profile": name})).unwrap().len(),
                2,
                "{name}"
            );
        }
    }

    #[test]
    fn a_wrong_fault_is_refused_with_what_is_right() {
        for (body, right) in [
            (json!({}), "`fault` or `profile` is required"),
            (
                json!({"fault": "chaos"}),
                "`fault` must be one of status, slow, reset",
            ),
            (json!({"fault": "status"}), "`status` is required"),
            (
                json!({"fault": "status", "status": 200}),
                "`status` must be an integer from 400 to 599",
            ),
            (
                json!({"fault": "slow", "status": 503}),
                "`status` requires the fault `status`",
            ),
            (
                json!({"fault": "slow", "retry_after": 1}),
                "`retry_after` requires the fault `status`",
            ),
            (
                json!({"fault": "status", "status": 503, "delay_seconds": 1}),
                "`delay_seconds` requires the fault `slow`",
            ),
            (
                json!({"fault": "html", "times": 0}),
                "`times` must be an integer from 1",
            ),
            (
                json!({"fault": "html", "operation": "log_out"}),
                "`operation` must be an operation of this mock: sign_in, logout",
            ),
            (
                json!({"fault": "html", "time": 1}),
                "`time` is not known here",
            ),
            (
                json!({"profile": "chaos"}),
                "`profile` must be one of outage",
            ),
            (
                json!({"profile": "slow", "times": 1}),
                "`times` is not known here",
            ),
        ] {
            let error = rules_of(body.clone()).unwrap_err().to_string();
            assert!(error.starts_with(right), "{body}: {error}");
        }
    }
}

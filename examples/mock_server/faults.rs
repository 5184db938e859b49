//! The faults of the command line.

use std::str::FromStr;
use std::time::Duration;

use vestibule::testing::{Fault, FaultRule};

const SYSTEMS: [&str; 4] = ["wunder", "walletcrew", "goodcity", "fynd"];

/// The default delay of a slow response.
const SLOW: Duration = Duration::from_secs(3);

/// One `--fault`.
#[derive(Clone)]
pub struct FaultFlag {
    system: String,
    operation: String,
    fault: Fault,
    times: Option<usize>,
}

impl FromStr for FaultFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "must have the form SYSTEM:OPERATION=FAULT".to_owned();
        let (system, rest) = text.split_once(':').ok_or_else(form)?;
        let (operation, rest) = rest.split_once('=').ok_or_else(form)?;
        let (mut times, mut retry_after, mut delay) = (None, None, None);
        let mut words = rest.split(',');
        let kind = words.next().unwrap_or_default();
        for word in words {
            let number = |text: &str| -> Result<u64, String> {
                text.parse()
                    .map_err(|_| format!("`{text}` is not an integer"))
            };
            match word.split_once('=') {
                Some(("times", value)) => {
                    times = Some(usize::try_from(number(value)?).unwrap_or(usize::MAX))
                }
                Some(("retry-after", value)) => retry_after = Some(number(value)?),
                Some(("delay", value)) => delay = Some(Duration::from_secs(number(value)?)),
                _ => return Err(format!("`{word}` is not times=, retry-after= or delay=")),
            }
        }
        let (is_status, is_slow) = (kind.parse::<u16>().is_ok(), kind == "slow");
        if retry_after.is_some() && !is_status {
            return Err("retry-after= requires a status".to_owned());
        }
        if delay.is_some() && !is_slow {
            return Err("delay= requires `slow`".to_owned());
        }
        Ok(Self {
            system: known_system(system)?,
            operation: operation.to_owned(),
            fault: fault(kind, retry_after, delay)?,
            times,
        })
    }
}

fn fault(kind: &str, retry_after: Option<u64>, delay: Option<Duration>) -> Result<Fault, String> {
    Ok(match (kind, kind.parse::<u16>()) {
        (_, Ok(status @ 400..=599)) => match retry_after {
            Some(seconds) => Fault::status_with_retry_after(status, seconds.to_string()),
            None => Fault::status(status),
        },
        ("slow", _) => Fault::Slow(delay.unwrap_or(SLOW)),
        ("reset", _) => Fault::ResetAfterRequest,
        ("reset-before", _) => Fault::ResetBeforeRequest,
        ("silence", _) => Fault::Silence,
        ("stall", _) => Fault::StallMidBody,
        ("half", _) => Fault::HalfBody,
        ("truncated", _) => Fault::TruncatedJson,
        ("html", _) => Fault::HtmlInsteadOfJson,
        _ => {
            return Err(format!(
                "unknown fault `{kind}`: must be a status from 400 to 599, slow, reset, \
             reset-before, silence, stall, half, truncated or html"
            ));
        }
    })
}

/// One `--profile`.
#[derive(Clone)]
pub struct ProfileFlag {
    system: Option<String>,
    fault: Fault,
    times: Option<usize>,
}

impl FromStr for ProfileFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (system, name) = match text.split_once(':') {
            Some((system, name)) => (Some(known_system(system)?), name),
            None => (None, text),
        };
        let (fault, times) = match name {
            "outage" => (Fault::status(503), None),
            "rate-limit" => (Fault::status_with_retry_after(429, "5"), None),
            "slow" => (Fault::Slow(SLOW), None),
            "captive-portal" => (Fault::HtmlInsteadOfJson, None),
            "flaky" => (Fault::ResetAfterRequest, Some(1)),
            _ => {
                return Err(format!(
                    "unknown profile `{name}`: must be outage, rate-limit, slow, captive-portal \
                 or flaky"
                ));
            }
        };
        Ok(Self {
            system,
            fault,
            times,
        })
    }
}

fn known_system(name: &str) -> Result<String, String> {
    match SYSTEMS.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(format!(
            "unknown system `{name}`: must be one of {}",
            SYSTEMS.join(", ")
        )),
    }
}

/// Whether a fault or a profile applies to a system.
pub fn apply_to<'a>(
    system: &str,
    mut faults: impl Iterator<Item = &'a FaultFlag>,
    mut profiles: impl Iterator<Item = &'a ProfileFlag>,
) -> bool {
    faults.any(|flag| flag.system == system)
        || profiles.any(|flag| flag.system.as_deref().is_none_or(|of| of == system))
}

/// The rules of one system. Those of `--fault` come first, because they are more specific.
pub fn rules<'a>(
    system: &str,
    operations: &[&str],
    faults: impl Iterator<Item = &'a FaultFlag>,
    profiles: impl Iterator<Item = &'a ProfileFlag>,
) -> Result<Vec<FaultRule>, String> {
    let mut rules = Vec::new();
    for flag in faults.filter(|flag| flag.system == system) {
        let matches = |operation: &&&str| flag.operation == "*" || **operation == flag.operation;
        let mut matching = operations.iter().filter(matches).peekable();
        if matching.peek().is_none() {
            let known = operations.join(", ");
            let name = &flag.operation;
            return Err(format!(
                "{system} has no operation `{name}`; it has: {known}"
            ));
        }
        rules.extend(matching.map(|operation| rule(&flag.fault, operation, flag.times)));
    }
    for profile in profiles {
        if profile.system.as_deref().is_none_or(|of| of == system) {
            let all = operations.iter();
            rules.extend(all.map(|operation| rule(&profile.fault, operation, profile.times)));
        }
    }
    Ok(rules)
}

fn rule(fault: &Fault, operation: &str, times: Option<usize>) -> FaultRule {
    let rule = FaultRule::new(fault.clone()).on_operation(operation);
    match times {
        Some(times) => rule.times(times),
        None => rule,
    }
}

//! Whether Redis removes sessions when its memory is full.

use std::time::Duration;

use redis::{Cmd, Value};

use super::address::Connection;

/// How `INFO memory` names the policy.
const NAME: &str = "maxmemory_policy:";

/// Warns about a policy other than `noeviction`. Nothing is said if the server does not tell its policy.
pub(super) async fn warn_if_evicting(mut connection: Connection, timeout: Duration) {
    let mut info = Cmd::new();
    info.arg("INFO").arg("memory");
    let info = tokio::time::timeout(timeout, info.query_async::<Value>(&mut connection));
    let Ok(Ok(info)) = info.await else {
        return;
    };
    if let Some(policy) = evicting_policy(&info) {
        tracing::warn!(
            policy,
            "Redis removes sessions when its memory is full: set `maxmemory-policy` to `noeviction`"
        );
    }
}

/// The first policy that evicts, in the response of a server or in those of all nodes of a cluster.
fn evicting_policy(info: &Value) -> Option<String> {
    match info {
        Value::BulkString(text) => evicting_line(&String::from_utf8_lossy(text)),
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => evicting_line(text),
        Value::Map(nodes) => nodes.iter().find_map(|(_, info)| evicting_policy(info)),
        Value::Array(nodes) => nodes.iter().find_map(evicting_policy),
        _ => None,
    }
}

fn evicting_line(text: &str) -> Option<String> {
    let mut policies = text.lines().filter_map(|line| line.strip_prefix(NAME));
    let policy = policies.next()?.trim();
    // The server's word is not logged unless it is one that is known.
    let known = [
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ];
    known.contains(&policy).then(|| policy.to_owned())
}

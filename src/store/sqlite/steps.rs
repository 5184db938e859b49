//! What each step of the store does in the file: one transaction that holds the write lock from its
//! beginning.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::super::span::millis;
use super::super::{Fence, Record, StoreError, StoreKey, Version};
use super::worker::Failed;

/// How many slots that are over are removed by a write: more than it can add.
const EVICTED_PER_WRITE: u32 = 8;

/// The time of this machine, which all processes that share the file have in common.
const NOW: &str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

pub(super) type Found = Option<(Record, Version)>;

/// What is to be written.
pub(super) struct Write {
    pub(super) key: StoreKey,
    pub(super) body: Record,
    pub(super) time_to_live: Duration,
}

pub(super) fn load(connection: &Connection, key: &StoreKey) -> Result<Found, Failed> {
    let query = format!("SELECT body, version FROM slots WHERE key = ?1 AND record_ends > {NOW}");
    let mut query = connection.prepare_cached(&query)?;
    let row = query.query_row(params![key.as_bytes()], |row| {
        Ok((Record::new(row.get(0)?), version(row.get(1)?)))
    });
    Ok(row.optional()?)
}

pub(super) fn create(connection: &mut Connection, write: &Write) -> Result<Version, Failed> {
    step(connection, |step| {
        if live_version(step, &write.key)?.is_some() {
            return Err(StoreError::Exists.into());
        }
        put(step, write)
    })
}

pub(super) fn compare_and_swap(
    connection: &mut Connection,
    expected: Version,
    fence: Option<Fence>,
    write: &Write,
) -> Result<Version, Failed> {
    step(connection, |step| {
        if fence.is_some() && fence != newest_fence(step, &write.key)? {
            return Err(StoreError::LeaseLost.into());
        }
        if live_version(step, &write.key)? != Some(expected) {
            return Err(StoreError::Conflict.into());
        }
        put(step, write)
    })
}

pub(super) fn delete(connection: &mut Connection, key: &StoreKey) -> Result<(), Failed> {
    step(connection, |step| {
        let mut delete = step.prepare_cached(
            "UPDATE slots SET version = NULL, body = NULL, record_ends = 0 WHERE key = ?1",
        )?;
        delete.execute(params![key.as_bytes()])?;
        Ok(())
    })
}

pub(super) fn acquire(
    connection: &mut Connection,
    key: &StoreKey,
    time_to_live: Duration,
) -> Result<Option<Fence>, Failed> {
    step(connection, |step| {
        let held = format!("SELECT 1 FROM slots WHERE key = ?1 AND lease_ends > {NOW}");
        let mut held = step.prepare_cached(&held)?;
        if held.exists(params![key.as_bytes()])? {
            return Ok(None);
        }
        let fence = next_number(step)?;
        let take = format!(
            "INSERT INTO slots (key, fence, lease_ends) VALUES (?1, ?2, {NOW} + ?3)
             ON CONFLICT DO UPDATE SET fence = excluded.fence, lease_ends = excluded.lease_ends"
        );
        let mut take = step.prepare_cached(&take)?;
        take.execute(params![key.as_bytes(), fence, millis(time_to_live)])?;
        Ok(Some(Fence(fence.cast_unsigned())))
    })
}

pub(super) fn extend(
    connection: &mut Connection,
    key: &StoreKey,
    fence: Fence,
    time_to_live: Duration,
) -> Result<(), Failed> {
    step(connection, |step| {
        let extend = format!(
            "UPDATE slots SET lease_ends = {NOW} + ?3
             WHERE key = ?1 AND fence = ?2 AND lease_ends > {NOW}"
        );
        let mut extend = step.prepare_cached(&extend)?;
        let fence = fence.0.cast_signed();
        match extend.execute(params![key.as_bytes(), fence, millis(time_to_live)])? {
            0 => Err(StoreError::LeaseLost.into()),
            _ => Ok(()),
        }
    })
}

pub(super) fn release(
    connection: &mut Connection,
    key: &StoreKey,
    fence: Fence,
) -> Result<(), Failed> {
    step(connection, |step| {
        let mut release =
            step.prepare_cached("UPDATE slots SET lease_ends = 0 WHERE key = ?1 AND fence = ?2")?;
        release.execute(params![key.as_bytes(), fence.0.cast_signed()])?;
        Ok(())
    })
}

/// One transaction, undone unless it succeeds.
fn step<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&step)?;
    evict(&step)?;
    step.commit()?;
    Ok(done)
}

/// Removes some of what is over.
fn evict(step: &Transaction<'_>) -> Result<(), Failed> {
    let evict = format!(
        "DELETE FROM slots WHERE rowid IN
             (SELECT rowid FROM slots WHERE max(record_ends, lease_ends) <= {NOW}
              ORDER BY max(record_ends, lease_ends) LIMIT {EVICTED_PER_WRITE})"
    );
    step.prepare_cached(&evict)?.execute([])?;
    Ok(())
}

fn live_version(step: &Transaction<'_>, key: &StoreKey) -> Result<Option<Version>, Failed> {
    let query = format!("SELECT version FROM slots WHERE key = ?1 AND record_ends > {NOW}");
    let mut query = step.prepare_cached(&query)?;
    let found = query.query_row(params![key.as_bytes()], |row| row.get(0).map(version));
    Ok(found.optional()?)
}

fn newest_fence(step: &Transaction<'_>, key: &StoreKey) -> Result<Option<Fence>, Failed> {
    let mut query = step.prepare_cached("SELECT fence FROM slots WHERE key = ?1")?;
    let found = query.query_row(params![key.as_bytes()], |row| row.get::<_, Option<i64>>(0));
    let fence = found.optional()?.flatten();
    Ok(fence.map(|fence| Fence(fence.cast_unsigned())))
}

fn put(step: &Transaction<'_>, write: &Write) -> Result<Version, Failed> {
    let number = next_number(step)?;
    let put = format!(
        "INSERT INTO slots (key, version, body, record_ends) VALUES (?1, ?2, ?3, {NOW} + ?4)
         ON CONFLICT DO UPDATE SET version = excluded.version, body = excluded.body,
             record_ends = excluded.record_ends"
    );
    let mut put = step.prepare_cached(&put)?;
    let body = write.body.expose();
    put.execute(params![
        write.key.as_bytes(),
        number,
        body,
        millis(write.time_to_live)
    ])?;
    Ok(version(number))
}

/// The next version or fence, of any key: one sequence that no deletion touches.
fn next_number(step: &Transaction<'_>) -> Result<i64, Failed> {
    let mut next = step.prepare_cached("UPDATE numbers SET last = last + 1 RETURNING last")?;
    Ok(next.query_row([], |row| row.get(0))?)
}

fn version(number: i64) -> Version {
    Version(number.cast_unsigned())
}

//! The steps of the store as SQL: each write is one transaction that holds the write lock from its
//! start.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::worker::SqliteError;
use crate::store::{Fence, Record, StoreError, StoreKey, Version, millis};

/// How many expired slots a write removes: more than it can add.
const EVICTED_PER_WRITE: u32 = 8;

/// The time of this machine, which all processes that share the file use.
const NOW: &str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

pub(super) type LoadedRecord = Option<(Record, Version)>;

/// A record to write.
pub(super) struct Write {
    pub(super) key: StoreKey,
    pub(super) body: Record,
    pub(super) time_to_live: Duration,
}

pub(super) fn load(connection: &Connection, key: &StoreKey) -> Result<LoadedRecord, SqliteError> {
    let query = format!("SELECT body, version FROM slots WHERE key = ?1 AND record_ends > {NOW}");
    let mut query = connection.prepare_cached(&query)?;
    let row = query.query_row(params![key.as_bytes()], |row| {
        Ok((Record::new(row.get(0)?), version(row.get(1)?)))
    });
    Ok(row.optional()?)
}

pub(super) fn create(connection: &mut Connection, write: &Write) -> Result<Version, SqliteError> {
    transaction(connection, |transaction| {
        if live_version(transaction, &write.key)?.is_some() {
            return Err(StoreError::Exists.into());
        }
        put(transaction, write)
    })
}

pub(super) fn compare_and_swap(
    connection: &mut Connection,
    expected: Version,
    fence: Option<Fence>,
    write: &Write,
) -> Result<Version, SqliteError> {
    transaction(connection, |transaction| {
        if fence.is_some() && fence != newest_fence(transaction, &write.key)? {
            return Err(StoreError::LeaseLost.into());
        }
        if live_version(transaction, &write.key)? != Some(expected) {
            return Err(StoreError::Conflict.into());
        }
        put(transaction, write)
    })
}

pub(super) fn delete(connection: &mut Connection, key: &StoreKey) -> Result<(), SqliteError> {
    transaction(connection, |transaction| {
        let mut delete = transaction.prepare_cached(
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
) -> Result<Option<Fence>, SqliteError> {
    transaction(connection, |transaction| {
        let held = format!("SELECT 1 FROM slots WHERE key = ?1 AND lease_ends > {NOW}");
        let mut held = transaction.prepare_cached(&held)?;
        if held.exists(params![key.as_bytes()])? {
            return Ok(None);
        }
        let fence = next_number(transaction)?;
        let take = format!(
            "INSERT INTO slots (key, fence, lease_ends) VALUES (?1, ?2, {NOW} + ?3)
             ON CONFLICT DO UPDATE SET fence = excluded.fence, lease_ends = excluded.lease_ends"
        );
        let mut take = transaction.prepare_cached(&take)?;
        take.execute(params![key.as_bytes(), fence, millis(time_to_live)])?;
        Ok(Some(Fence(fence.cast_unsigned())))
    })
}

pub(super) fn extend(
    connection: &mut Connection,
    key: &StoreKey,
    fence: Fence,
    time_to_live: Duration,
) -> Result<(), SqliteError> {
    transaction(connection, |transaction| {
        let extend = format!(
            "UPDATE slots SET lease_ends = {NOW} + ?3
             WHERE key = ?1 AND fence = ?2 AND lease_ends > {NOW}"
        );
        let mut extend = transaction.prepare_cached(&extend)?;
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
) -> Result<(), SqliteError> {
    transaction(connection, |transaction| {
        let mut release = transaction
            .prepare_cached("UPDATE slots SET lease_ends = 0 WHERE key = ?1 AND fence = ?2")?;
        release.execute(params![key.as_bytes(), fence.0.cast_signed()])?;
        Ok(())
    })
}

/// Runs one transaction, which is rolled back unless it succeeds.
fn transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, SqliteError>,
) -> Result<T, SqliteError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    evict(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

/// Removes some expired slots.
fn evict(transaction: &Transaction<'_>) -> Result<(), SqliteError> {
    let evict = format!(
        "DELETE FROM slots WHERE rowid IN
             (SELECT rowid FROM slots WHERE max(record_ends, lease_ends) <= {NOW}
              ORDER BY max(record_ends, lease_ends) LIMIT {EVICTED_PER_WRITE})"
    );
    transaction.prepare_cached(&evict)?.execute([])?;
    Ok(())
}

fn live_version(
    transaction: &Transaction<'_>,
    key: &StoreKey,
) -> Result<Option<Version>, SqliteError> {
    let query = format!("SELECT version FROM slots WHERE key = ?1 AND record_ends > {NOW}");
    let mut query = transaction.prepare_cached(&query)?;
    let found = query.query_row(params![key.as_bytes()], |row| row.get(0).map(version));
    Ok(found.optional()?)
}

fn newest_fence(
    transaction: &Transaction<'_>,
    key: &StoreKey,
) -> Result<Option<Fence>, SqliteError> {
    let mut query = transaction.prepare_cached("SELECT fence FROM slots WHERE key = ?1")?;
    let found = query.query_row(params![key.as_bytes()], |row| row.get::<_, Option<i64>>(0));
    let fence = found.optional()?.flatten();
    Ok(fence.map(|fence| Fence(fence.cast_unsigned())))
}

fn put(transaction: &Transaction<'_>, write: &Write) -> Result<Version, SqliteError> {
    let number = next_number(transaction)?;
    let put = format!(
        "INSERT INTO slots (key, version, body, record_ends) VALUES (?1, ?2, ?3, {NOW} + ?4)
         ON CONFLICT DO UPDATE SET version = excluded.version, body = excluded.body,
             record_ends = excluded.record_ends"
    );
    let mut put = transaction.prepare_cached(&put)?;
    let body = write.body.expose();
    put.execute(params![
        write.key.as_bytes(),
        number,
        body,
        millis(write.time_to_live)
    ])?;
    Ok(version(number))
}

/// The next version or fence of any key: one sequence, which deletions do not change.
fn next_number(transaction: &Transaction<'_>) -> Result<i64, SqliteError> {
    let mut next =
        transaction.prepare_cached("UPDATE numbers SET last = last + 1 RETURNING last")?;
    Ok(next.query_row([], |row| row.get(0))?)
}

fn version(number: i64) -> Version {
    Version(number.cast_unsigned())
}

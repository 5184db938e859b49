//! The steps of the store as SQL. Each is one statement, which PostgreSQL runs as a whole or not at all.
//!
//! A statement that waits for a row evaluates its conditions and values again with the row as it is then,
//! `clock_timestamp()` included, so that none of them is stale. All times are those of the server.

/// The version of the tables. A newer one must not be used: an older crate could break its promises.
pub(super) const SCHEMA_VERSION: i32 = 1;

/// The advisory lock under which the tables are created.
const LOCK: i64 = 0x7665_7374_6962;

/// How many expired slots one statement removes.
pub(super) const EVICTED_AT_ONCE: u64 = 500;

/// Higher than every earlier number of the key, even if the server has lost those in a fail-over, because
/// it is at least the clock's microseconds. `greatest` ignores nulls.
const NUMBER: &str = "greatest(slot.version + 1, slot.fence + 1, {micros})";

/// The microseconds of the server's clock.
const MICROS: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// A slot holds the record and the newest lease of a key, and is removed an hour after both have ended.
/// A deleted record leaves its version.
const TABLES: &str = "
    SELECT pg_advisory_xact_lock({lock});
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = '{schema}') THEN
            CREATE SCHEMA {schema};
        END IF;
    END $$;
    CREATE TABLE IF NOT EXISTS {schema}.slots (
        key bytea PRIMARY KEY,
        version bigint,
        body bytea,
        record_ends timestamptz NOT NULL DEFAULT '-infinity',
        fence bigint,
        lease_ends timestamptz NOT NULL DEFAULT '-infinity'
    );
    CREATE INDEX IF NOT EXISTS slots_by_end
        ON {schema}.slots (greatest(record_ends, lease_ends));
    CREATE TABLE IF NOT EXISTS {schema}.schema_version (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        version integer NOT NULL
    );
    INSERT INTO {schema}.schema_version (version) VALUES ({version}) ON CONFLICT DO NOTHING";

const SCHEMA_VERSION_OF: &str = "SELECT version FROM {schema}.schema_version";

const LOAD: &str = "
    SELECT version, body FROM {slots}
    WHERE key = $1 AND body IS NOT NULL AND record_ends > clock_timestamp()";

/// Parameters: key, body, time to live.
const CREATE: &str = "
    INSERT INTO {slots} AS slot (key, version, body, record_ends)
    VALUES ($1, {micros}, $2, {ends})
    ON CONFLICT (key) DO UPDATE SET version = {number}, body = $2, record_ends = {ends}
    WHERE slot.body IS NULL OR slot.record_ends <= clock_timestamp()
    RETURNING slot.version";

/// Parameters: key, body, time to live, expected version, fence or null.
const COMPARE_AND_SWAP: &str = "
    UPDATE {slots} AS slot SET version = {number}, body = $2, record_ends = {ends}
    WHERE key = $1 AND version = $4 AND body IS NOT NULL AND record_ends > clock_timestamp()
        AND ($5::bigint IS NULL OR fence = $5)
    RETURNING slot.version";

const NEWEST_FENCE: &str = "SELECT fence FROM {slots} WHERE key = $1 AND fence IS NOT NULL";

const DELETE: &str = "
    UPDATE {slots} SET body = NULL, record_ends = clock_timestamp()
    WHERE key = $1 AND body IS NOT NULL RETURNING version";

/// Parameters: key, time to live.
const ACQUIRE: &str = "
    INSERT INTO {slots} AS slot (key, fence, lease_ends)
    VALUES ($1, {micros}, {lease_ends})
    ON CONFLICT (key) DO UPDATE SET fence = {number}, lease_ends = {lease_ends}
    WHERE slot.lease_ends <= clock_timestamp()
    RETURNING slot.fence";

/// Parameters: key, time to live, fence.
const EXTEND: &str = "
    UPDATE {slots} SET lease_ends = {lease_ends}
    WHERE key = $1 AND fence = $3 AND lease_ends > clock_timestamp() RETURNING fence";

/// Parameters: key, fence.
const RELEASE: &str = "
    UPDATE {slots} SET lease_ends = clock_timestamp()
    WHERE key = $1 AND fence = $2 AND lease_ends > clock_timestamp() RETURNING fence";

/// `now()` is the same for the whole statement, so the index can be used. Slots that another statement
/// holds are left.
const EVICT: &str = "
    WITH ended AS MATERIALIZED (
        SELECT key FROM {slots}
        WHERE greatest(record_ends, lease_ends) < now() - interval '1 hour'
        ORDER BY greatest(record_ends, lease_ends) LIMIT {evicted}
        FOR UPDATE SKIP LOCKED)
    DELETE FROM {slots} AS slot USING ended WHERE slot.key = ended.key";

/// The statements for the tables of one schema.
pub(super) struct Statements {
    pub(super) tables: String,
    pub(super) schema_version: String,
    pub(super) load: String,
    pub(super) create: String,
    pub(super) compare_and_swap: String,
    pub(super) newest_fence: String,
    pub(super) delete: String,
    pub(super) acquire: String,
    pub(super) extend: String,
    pub(super) release: String,
    pub(super) evict: String,
}

impl Statements {
    pub(super) fn new(schema: &str) -> Self {
        // Quoted, because it may be a reserved word.
        let identifier = format!("\"{schema}\"");
        let of = |statement: &str| {
            statement
                .replace("{number}", NUMBER)
                .replace("{micros}", MICROS)
                .replace("{ends}", &ends("$3"))
                .replace("{lease_ends}", &ends("$2"))
                .replace("{slots}", &format!("{identifier}.slots"))
                .replace("'{schema}'", &format!("'{schema}'"))
                .replace("{schema}", &identifier)
                .replace("{lock}", &LOCK.to_string())
                .replace("{version}", &SCHEMA_VERSION.to_string())
                .replace("{evicted}", &EVICTED_AT_ONCE.to_string())
        };
        Self {
            tables: of(TABLES),
            schema_version: of(SCHEMA_VERSION_OF),
            load: of(LOAD),
            create: of(CREATE),
            compare_and_swap: of(COMPARE_AND_SWAP),
            newest_fence: of(NEWEST_FENCE),
            delete: of(DELETE),
            acquire: of(ACQUIRE),
            extend: of(EXTEND),
            release: of(RELEASE),
            evict: of(EVICT),
        }
    }
}

/// When a time to live, in microseconds, ends.
fn ends(time_to_live: &str) -> String {
    format!("clock_timestamp() + {time_to_live}::bigint * interval '1 microsecond'")
}

//! The server of the store that the processes share, and what can happen to it.

use super::protocol::StoreLocation;
use super::support::postgres_server::PostgresServer;
use super::support::redis_server::RedisServer;

/// Keeps a copy of every key.
const SNAPSHOT_OF_REDIS: &str = r#"EVAL "for _,k in ipairs(redis.call('KEYS','*')) do if k ~= 'copy' then redis.call('HSET','copy',k,redis.call('PTTL',k)..' '..redis.call('DUMP',k)) end end return redis.status_reply('OK')" 0"#;

/// Restores the copies, and drops the keys that were written since.
const ROLL_BACK_REDIS: &str = r#"EVAL "for _,k in ipairs(redis.call('KEYS','*')) do if k ~= 'copy' and redis.call('HEXISTS','copy',k) == 0 then redis.call('DEL',k) end end local all = redis.call('HGETALL','copy') for i = 1,#all,2 do local at = string.find(all[i+1],' ') local left = tonumber(string.sub(all[i+1],1,at-1)) if left < 0 then left = 0 end redis.call('RESTORE',all[i],left,string.sub(all[i+1],at+1),'REPLACE') end redis.call('DEL','copy') return redis.status_reply('OK')" 0"#;

/// The same for the rows of PostgreSQL.
const SNAPSHOT_OF_POSTGRES: &str =
    "DROP TABLE IF EXISTS copy; CREATE TABLE copy AS TABLE vestibule.slots";
const ROLL_BACK_POSTGRES: &str =
    "DELETE FROM vestibule.slots; INSERT INTO vestibule.slots SELECT * FROM copy";

pub enum StoreServer {
    Redis(RedisServer),
    Postgres(PostgresServer),
}

impl StoreServer {
    pub fn redis() -> Self {
        Self::Redis(RedisServer::start())
    }

    pub fn postgres() -> Self {
        Self::Postgres(PostgresServer::start())
    }

    pub fn location(&self) -> StoreLocation {
        match self {
            Self::Redis(redis) => StoreLocation::Redis(redis.url()),
            Self::Postgres(postgres) => StoreLocation::Postgres(postgres.url()),
        }
    }

    /// Kills the server, like a crash.
    pub fn kill(&mut self) {
        match self {
            Self::Redis(redis) => redis.kill(),
            Self::Postgres(postgres) => postgres.kill(),
        }
    }

    /// Starts it again, with the same data.
    pub fn restart(&mut self) {
        match self {
            Self::Redis(redis) => redis.restart(),
            Self::Postgres(postgres) => postgres.restart(),
        }
    }

    /// Freezes it: connections stay open without responses.
    pub fn freeze(&self) {
        match self {
            Self::Redis(redis) => redis.freeze(),
            Self::Postgres(postgres) => postgres.freeze(),
        }
    }

    pub fn thaw(&self) {
        match self {
            Self::Redis(redis) => redis.thaw(),
            Self::Postgres(postgres) => postgres.thaw(),
        }
    }

    /// Makes it refuse writes: a replica without a primary, or a read-only server.
    pub fn make_read_only(&self) {
        match self {
            Self::Redis(redis) => tell(redis, "REPLICAOF 127.0.0.1 1"),
            Self::Postgres(postgres) => postgres.set_read_only(true),
        }
    }

    pub fn make_writable(&self) {
        match self {
            Self::Redis(redis) => tell(redis, "REPLICAOF NO ONE"),
            Self::Postgres(postgres) => postgres.set_read_only(false),
        }
    }

    /// Keeps a copy of everything, for [`roll_back`](Self::roll_back).
    pub fn take_snapshot(&self) {
        match self {
            Self::Redis(redis) => tell(redis, SNAPSHOT_OF_REDIS),
            Self::Postgres(postgres) => drop(postgres.sql(SNAPSHOT_OF_POSTGRES)),
        }
    }

    /// Loses what was written since the snapshot, and makes the server read-only: a fail-over is not
    /// silent.
    pub fn roll_back(&self) {
        match self {
            Self::Redis(redis) => tell(redis, ROLL_BACK_REDIS),
            Self::Postgres(postgres) => drop(postgres.sql(ROLL_BACK_POSTGRES)),
        }
        self.make_read_only();
    }
}

fn tell(redis: &RedisServer, command: &str) {
    let response = redis.command(command);
    assert!(response.starts_with('+'), "{response}");
}

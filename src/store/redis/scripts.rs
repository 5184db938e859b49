//! The steps of the store as Lua scripts, which Redis runs as a whole or not at all.
//!
//! A record has two keys in one slot of a cluster. The first holds the record and expires with it.
//! The second holds the last number and the newest lease, and expires an hour after both. All times
//! are those of the server.

pub(super) const EXISTS: i64 = -1;
pub(super) const CONFLICT: i64 = -2;
pub(super) const LEASE_LOST: i64 = -3;
pub(super) const HELD: i64 = -4;

/// `number` is higher than every earlier number of the key, even if Redis has lost those, because it
/// is at least the clock's microseconds. A double holds them exactly until the year 2255.
/// `extend_guard` must be the last step of each script.
const PRELUDE: &str = "
local record, guard = KEYS[1], KEYS[2]

local function micros()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function millis()
  return math.floor(micros() / 1000)
end

local function whole(number)
  return string.format('%.0f', number)
end

local function number()
  local next = micros()
  for _, before in ipairs({
    redis.call('HGET', guard, 'last') or '0',
    redis.call('HGET', record, 'version') or '0',
  }) do
    next = math.max(next, tonumber(before) + 1)
  end
  return whole(next)
end

local function write(body, time_to_live)
  local version = number()
  redis.call('HSET', record, 'version', version, 'body', body)
  redis.call('HSET', guard, 'last', version)
  redis.call('PEXPIRE', record, time_to_live)
  return version
end

local function lease_left()
  return tonumber(redis.call('HGET', guard, 'ends') or '0') - millis()
end

local function holds(fence)
  return redis.call('HGET', guard, 'fence') == fence and lease_left() > 0
end

local function extend_guard()
  local left = math.max(redis.call('PTTL', record), lease_left(), 0)
  redis.call('PEXPIRE', guard, whole(left + 3600000))
end
";

/// Arguments: body, time to live.
const CREATE: &str = "
if redis.call('EXISTS', record) == 1 then return -1 end
local version = write(ARGV[1], ARGV[2])
extend_guard()
return tonumber(version)
";

/// Arguments: body, time to live, expected version, fence or nothing.
const COMPARE_AND_SWAP: &str = "
if ARGV[4] and redis.call('HGET', guard, 'fence') ~= ARGV[4] then return -3 end
if redis.call('HGET', record, 'version') ~= ARGV[3] then return -2 end
local version = write(ARGV[1], ARGV[2])
extend_guard()
return tonumber(version)
";

const DELETE: &str = "
redis.call('DEL', record)
extend_guard()
return 0
";

/// Arguments: time to live.
const ACQUIRE: &str = "
if lease_left() > 0 then return -4 end
local fence = number()
local ends = whole(millis() + ARGV[1])
redis.call('HSET', guard, 'last', fence, 'fence', fence, 'ends', ends)
extend_guard()
return tonumber(fence)
";

/// Arguments: fence, time to live.
const EXTEND: &str = "
if not holds(ARGV[1]) then return -3 end
redis.call('HSET', guard, 'ends', whole(millis() + ARGV[2]))
extend_guard()
return 0
";

/// Arguments: fence.
const RELEASE: &str = "
if holds(ARGV[1]) then
  redis.call('HSET', guard, 'ends', '0')
  extend_guard()
end
return 0
";

/// A script and its digest, by which the server knows it.
pub(super) struct Script {
    pub(super) digest: String,
    pub(super) text: String,
    /// Whether a session is lost, or a token sent twice, if a fail-over loses what it writes.
    pub(super) must_survive: bool,
}

impl Script {
    fn new(body: &str, must_survive: bool) -> Self {
        let text = format!("{PRELUDE}{body}");
        let digest = redis::Script::new(&text).get_hash().to_owned();
        Self {
            digest,
            text,
            must_survive,
        }
    }
}

/// The scripts of all steps that write.
pub(super) struct Scripts {
    pub(super) create: Script,
    pub(super) compare_and_swap: Script,
    pub(super) delete: Script,
    pub(super) acquire: Script,
    pub(super) extend: Script,
    pub(super) release: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            create: Script::new(CREATE, true),
            compare_and_swap: Script::new(COMPARE_AND_SWAP, true),
            delete: Script::new(DELETE, true),
            acquire: Script::new(ACQUIRE, true),
            extend: Script::new(EXTEND, true),
            release: Script::new(RELEASE, false),
        }
    }
}

//! What each step of the store does in Redis: one script, which runs as a whole or not at all.
//!
//! A record has two keys in one slot of a cluster. The first holds the record, and Redis removes it
//! at its end. The second holds the last number that was given out and the newest lease, and
//! outlives both by an hour. All times are those of the server.

use redis::Script;

pub(super) const EXISTS: i64 = -1;
pub(super) const CONFLICT: i64 = -2;
pub(super) const LEASE_LOST: i64 = -3;
pub(super) const HELD: i64 = -4;

/// `number` is above every number of the key before, also if those are forgotten, because it is not
/// below the clock's microseconds. A double holds them exactly until the year 2255. `keep` must be
/// the last step of each script.
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

local function keep()
  local left = math.max(redis.call('PTTL', record), lease_left(), 0)
  redis.call('PEXPIRE', guard, whole(left + 3600000))
end
";

/// Arguments: body, time to live.
const CREATE: &str = "
if redis.call('EXISTS', record) == 1 then return -1 end
local version = write(ARGV[1], ARGV[2])
keep()
return tonumber(version)
";

/// Arguments: body, time to live, expected version, fence or nothing.
const COMPARE_AND_SWAP: &str = "
if ARGV[4] and redis.call('HGET', guard, 'fence') ~= ARGV[4] then return -3 end
if redis.call('HGET', record, 'version') ~= ARGV[3] then return -2 end
local version = write(ARGV[1], ARGV[2])
keep()
return tonumber(version)
";

const DELETE: &str = "
redis.call('DEL', record)
keep()
return 0
";

/// Arguments: time to live.
const ACQUIRE: &str = "
if lease_left() > 0 then return -4 end
local fence = number()
local ends = whole(millis() + ARGV[1])
redis.call('HSET', guard, 'last', fence, 'fence', fence, 'ends', ends)
keep()
return tonumber(fence)
";

/// Arguments: fence, time to live.
const EXTEND: &str = "
if not holds(ARGV[1]) then return -3 end
redis.call('HSET', guard, 'ends', whole(millis() + ARGV[2]))
keep()
return 0
";

/// Arguments: fence.
const RELEASE: &str = "
if holds(ARGV[1]) then
  redis.call('HSET', guard, 'ends', '0')
  keep()
end
return 0
";

/// A script and the digest that the server knows it by.
pub(super) struct Step {
    pub(super) digest: String,
    pub(super) text: String,
}

impl Step {
    fn new(body: &str) -> Self {
        let text = format!("{PRELUDE}{body}");
        let digest = Script::new(&text).get_hash().to_owned();
        Self { digest, text }
    }
}

/// The scripts of all steps that write.
pub(super) struct Scripts {
    pub(super) create: Step,
    pub(super) compare_and_swap: Step,
    pub(super) delete: Step,
    pub(super) acquire: Step,
    pub(super) extend: Step,
    pub(super) release: Step,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            create: Step::new(CREATE),
            compare_and_swap: Step::new(COMPARE_AND_SWAP),
            delete: Step::new(DELETE),
            acquire: Step::new(ACQUIRE),
            extend: Step::new(EXTEND),
            release: Step::new(RELEASE),
        }
    }
}

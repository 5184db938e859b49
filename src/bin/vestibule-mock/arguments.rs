//! The command line.

use std::env;
use std::net::IpAddr;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use vestibule::System;
use vestibule::testing::{ControlAccess, MockSettings, TestClock};

use crate::faults::{FaultFlag, ProfileFlag};
use crate::seeds;

/// The environment variable with the control token, which a process list does not show.
const TOKEN_VARIABLE: &str = "VESTIBULE_MOCK_CONTROL_TOKEN";

const ABOUT: &str = "\
Runs mocks of Wunder Mobility, The Wallet Crew, GoodCity and Fynd until Ctrl-C or SIGTERM.

Prints the name and base URL of each mock, then the seeded data, then `ready`.";

const AFTER_HELP: &str = "\
Each mock behaves like the real server: it verifies signatures, uses up codes, rotates tokens.
  wunder      any tenant; signature key `test-signature-key`; branch `2` serves the whole world
  walletcrew  any tenant; the provider `otp` accepts {\"identifier\": …, \"code\": …}
  goodcity    the apps `app`, `browse` and `stock`, for staff also `admin` and `settings_editor`
  fynd        any application id of 24 hex digits, any token; published signature key `1234567`

In addition to the documented endpoints, each mock has:
  GET  /__mock/   a page with the messages, the users and the last requests
  GET  /__mock/openapi.yaml
                  the description of the control API: users, credentials, faults, clock, outbox,
                  requests, expectations and reset, for tests in any language
  GET  /__outbox  the messages that it would have sent, with their codes
  GET  /__clock   the time of the mocks
  POST /__clock   {\"advance_seconds\": 60} advances the time of all four

These answer requests to an IP address, to localhost and to the names of --allow-host, but no web
page of another origin than that of --cors. With a control token they require
`Authorization: Bearer TOKEN`.

Faults, for --fault SYSTEM:OPERATION=FAULT[,times=N]; OPERATION is an operation id or `*`:
  400 … 599       responds with this status and no body; `,retry-after=SECONDS` adds the header
  slow            delays the response by 3 seconds, or by `,delay=SECONDS`
  reset           processes the request, then resets the connection
  reset-before    resets the connection without processing the request
  silence         neither processes the request nor responds
  stall           processes the request, sends half of the response, then nothing more
  half            like stall, but closes the connection
  truncated       processes the request, truncates the JSON of the response
  html            responds with an HTML page of a gateway without processing the request

Profiles, for --profile [SYSTEM:]PROFILE; without a system it applies to all four:
  outage          503 for every request
  rate-limit      429 with Retry-After: 5 for every request
  slow            delays every response by 3 seconds
  captive-portal  an HTML page of a gateway for every request
  flaky           processes the first call of every operation, then resets the connection

Examples:
  vestibule-mock --wunder-port 4001 --fynd-port 4004 --cors http://localhost:3000
  vestibule-mock --wunder-user phone=+43123456789,email=ada@example.org,password=not-a-real-one
  vestibule-mock --fault fynd:login_with_otp=429,retry-after=30,times=2 --profile goodcity:slow
  vestibule-mock --start-time 2030-01-01T00:00:00Z";

/// The parsed command line.
pub struct Arguments {
    matches: ArgMatches,
    clock: TestClock,
}

impl Arguments {
    /// Exits with a message if the arguments are invalid, and after `--help`.
    pub fn from_command_line() -> Self {
        let matches = command().get_matches();
        let start: Option<&DateTime<Utc>> = matches.get_one("start-time");
        let offset: Option<&i64> = matches.get_one("clock-offset");
        let offset = offset.and_then(|seconds| TimeDelta::try_seconds(*seconds));
        let start = start
            .copied()
            .or_else(|| Utc::now().checked_add_signed(offset?));
        Self {
            clock: start.map_or_else(TestClock::new, TestClock::starting_at),
            matches,
        }
    }

    /// The settings of a mock; all share one clock.
    pub fn settings(&self, system: System) -> Result<MockSettings, String> {
        let mut access = ControlAccess::new();
        if let Some(token) = self.token()? {
            let token = access.token(token.into());
            access = token.map_err(|error| format!("--control-token: {error}"))?;
        }
        for host in self.all("allow-host") {
            let allowed = access.allow_host(host);
            access = allowed.map_err(|error| format!("--allow-host: {error}"))?;
        }
        let mut settings = MockSettings::new()
            .port(self.port(system))
            .clock(self.clock.clone())
            .control(access);
        if let Some(address) = self.matches.get_one::<IpAddr>("bind") {
            settings = settings.address(*address);
        }
        match self.matches.get_one::<String>("cors") {
            Some(origin) => settings
                .allow_origin(origin)
                .map_err(|error| format!("--cors: {error}")),
            None => Ok(settings),
        }
    }

    /// The control token of the command line or of the environment.
    fn token(&self) -> Result<Option<String>, String> {
        if let Some(token) = self.matches.get_one::<String>("control-token") {
            return Ok(Some(token.clone()));
        }
        match env::var(TOKEN_VARIABLE) {
            Ok(token) => Ok(Some(token)),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => Err(format!("{TOKEN_VARIABLE} must be text")),
        }
    }

    pub fn port(&self, system: System) -> u16 {
        let port = self.matches.get_one(&format!("{system}-port"));
        port.copied().unwrap_or_default()
    }

    /// The values of a repeatable flag.
    pub fn all(&self, flag: &str) -> impl Iterator<Item = &String> {
        self.values(flag)
    }

    pub fn faults(&self) -> impl Iterator<Item = &FaultFlag> {
        self.values("fault")
    }

    pub fn profiles(&self) -> impl Iterator<Item = &FaultFlag> {
        let profiles = self.values("profile");
        profiles.map(|ProfileFlag(profile)| profile)
    }

    fn values<T: Clone + Send + Sync + 'static>(&self, flag: &str) -> impl Iterator<Item = &T> {
        self.matches.get_many(flag).into_iter().flatten()
    }
}

/// Exits as for an invalid command line.
pub fn exit_with_error(message: &str) -> ! {
    command().error(ErrorKind::ValueValidation, message).exit()
}

fn command() -> Command {
    Command::new("vestibule-mock")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .after_help(AFTER_HELP)
        .arg(flag("bind", "ADDRESS", value_parser!(IpAddr).into()).help(
            "The address to listen on, 127.0.0.1 by default; beyond the loopback interface it \
             requires --control-token",
        ))
        .arg(port(System::Wunder, "wunder-port"))
        .arg(port(System::WalletCrew, "walletcrew-port"))
        .arg(port(System::GoodCity, "goodcity-port"))
        .arg(port(System::Fynd, "fynd-port"))
        .arg(flag("control-token", "TOKEN", value_parser!(String)).help(format!(
            "The token that the control API requires, at least 16 characters; also in the \
             environment variable {TOKEN_VARIABLE}"
        )))
        .arg(
            flag("allow-host", "NAME", value_parser!(String))
                .action(ArgAction::Append)
                .help("A host name under which the control API may be used, such as that of a container"),
        )
        .args(seeds::FLAGS.iter().map(seed))
        .arg(
            flag("start-time", "TIME", text::<DateTime<Utc>>())
                .conflicts_with("clock-offset")
                .help("The initial time of the mocks, such as 2030-01-01T00:00:00Z"),
        )
        .arg(
            flag(
                "clock-offset",
                "SECONDS",
                value_parser!(i64)
                    .range(-3_155_760_000..=3_155_760_000)
                    .into(),
            )
            .allow_hyphen_values(true)
            .help("The difference between the time of the mocks and the system time, such as 60 or -60"),
        )
        .arg(
            many::<FaultFlag>("fault", "SYSTEM:OPERATION=FAULT")
                .help("A fault; see below"),
        )
        .arg(
            many::<ProfileFlag>("profile", "[SYSTEM:]PROFILE")
                .help("A set of faults; see below"),
        )
        .arg(flag("cors", "ORIGIN", value_parser!(String)).help(
            "The origin of web pages that may call the mocks with cookies, such as \
                 http://localhost:3000; `*` allows every origin, without cookies",
        ))
}

fn seed(seed: &seeds::SeedFlag) -> Arg {
    flag(seed.name, seed.value, value_parser!(String))
        .action(ArgAction::Append)
        .help(seed.help)
}

fn port(system: System, name: &'static str) -> Arg {
    flag(name, "PORT", value_parser!(u16).into()).help(format!(
        "The port of the mock of {system}; a free one by default"
    ))
}

/// A repeatable flag.
fn many<T>(name: &'static str, value: &'static str) -> Arg
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    flag(name, value, text::<T>()).action(ArgAction::Append)
}

fn flag(name: &'static str, value: &'static str, parser: ValueParser) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name(value)
        .value_parser(parser)
}

fn text<T>() -> ValueParser
where
    T: FromStr + Clone + Send + Sync + 'static,
    T::Err: std::fmt::Display,
{
    ValueParser::new(|text: &str| text.parse::<T>().map_err(|error| error.to_string()))
}

//! The command line.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use vestibule::testing::{MockSettings, TestClock};

use crate::faults::{FaultFlag, ProfileFlag};
use crate::seeds::{ApiClient, Attribute, Seed, SocialAccount, Terms};

const ABOUT: &str = "\
Runs mocks of Wunder Mobility, The Wallet Crew, GoodCity and Fynd on 127.0.0.1 until Ctrl-C.

Prints the name and base URL of each mock, then the seeded data, then `ready`.";

const AFTER_HELP: &str = "\
Each mock behaves like the real server: it verifies signatures, uses up codes, rotates tokens.
  wunder      any tenant; signature key `test-signature-key`; branch `2` serves the whole world
  walletcrew  any tenant; the provider `otp` accepts {\"identifier\": …, \"code\": …}
  goodcity    the apps `app`, `browse` and `stock`, for staff also `admin` and `settings_editor`
  fynd        any application id of 24 hex digits, any token; published signature key `1234567`

In addition to the documented endpoints, each mock has:
  GET  /__outbox  the messages that it would have sent, with their codes
  GET  /__clock   the time of the mocks
  POST /__clock   {\"advance_seconds\": 60} advances the time of all four

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
  mock_server --wunder-port 4001 --fynd-port 4004 --cors http://localhost:3000
  mock_server --wunder-user phone=+43123456789,email=ada@example.org,password=not-a-real-one
  mock_server --fault fynd:login_with_otp=429,retry-after=30,times=2 --profile goodcity:slow
  mock_server --start-time 2030-01-01T00:00:00Z";

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

    /// The settings of every mock; all share one clock.
    pub fn settings(&self) -> Result<MockSettings, String> {
        let settings = MockSettings::new().clock(self.clock.clone());
        match self.matches.get_one::<String>("cors") {
            Some(origin) => settings
                .allow_origin(origin)
                .map_err(|error| error.to_string()),
            None => Ok(settings),
        }
    }

    pub fn port(&self, system: &str) -> u16 {
        let port = self.matches.get_one(&format!("{system}-port"));
        port.copied().unwrap_or_default()
    }

    pub fn seeds(&self, flag: &str) -> impl Iterator<Item = &Seed> {
        self.all(flag)
    }

    pub fn terms(&self) -> impl Iterator<Item = &Terms> {
        self.all("wunder-terms")
    }

    pub fn api_clients(&self) -> impl Iterator<Item = &ApiClient> {
        self.all("wunder-api-client")
    }

    pub fn social_accounts(&self) -> impl Iterator<Item = &SocialAccount> {
        self.all("wunder-social-account")
    }

    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.all("fynd-attribute")
    }

    pub fn faults(&self) -> impl Iterator<Item = &FaultFlag> {
        self.all("fault")
    }

    pub fn profiles(&self) -> impl Iterator<Item = &ProfileFlag> {
        self.all("profile")
    }

    fn all<T: Clone + Send + Sync + 'static>(&self, flag: &str) -> impl Iterator<Item = &T> {
        self.matches.get_many(flag).into_iter().flatten()
    }
}

/// Exits as for an invalid command line.
pub fn exit_with_error(message: &str) -> ! {
    command().error(ErrorKind::ValueValidation, message).exit()
}

fn command() -> Command {
    Command::new("mock_server")
        .about(ABOUT)
        .after_help(AFTER_HELP)
        .arg(port("wunder", "wunder-port"))
        .arg(port("walletcrew", "walletcrew-port"))
        .arg(port("goodcity", "goodcity-port"))
        .arg(port("fynd", "fynd-port"))
        .arg(many::<Seed>("wunder-user", "MEMBERS").help(
            "A user: phone=, email=, unverified-email=, password=, branch=, social=PROVIDER:TOKEN, \
             second-factor=yes; separated by commas",
        ))
        .arg(
            many::<SocialAccount>("wunder-social-account", "PROVIDER:TOKEN")
                .help("A token of a social account without a user, for a sign-up"),
        )
        .arg(
            many::<ApiClient>("wunder-api-client", "ID:KEY")
                .help("An API client with this id and key"),
        )
        .arg(
            many::<Terms>("wunder-terms", "BRANCH=TITLE")
                .help("Terms of a branch, which its users have to accept"),
        )
        .arg(
            many::<Seed>("walletcrew-customer", "MEMBERS")
                .help("A customer: tenant=, and email=, phone= or id=; other members are optional"),
        )
        .arg(
            many::<Seed>("goodcity-user", "MEMBERS")
                .help("A user: mobile=+852…, first-name=, last-name=, language=en|zh-tw, app=admin"),
        )
        .arg(many::<Seed>("fynd-user", "MEMBERS").help(
            "A user: first-name=, last-name=, mobile=+91:9000000001, email=, unverified-email=, \
             password=, social=google|facebook|apple:ID; prints the id and tokens for signing in",
        ))
        .arg(
            many::<Attribute>("fynd-attribute", "SLUG=TYPE")
                .help("A user attribute; TYPE is text, number, boolean or list"),
        )
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

fn port(system: &'static str, name: &'static str) -> Arg {
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

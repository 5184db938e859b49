//! Where codes come from: the outbox of a mock, or the person at the terminal, who may try again.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Stdin};
use vestibule::challenge::{ResendTimer, StepError};
use vestibule::testing::{Outbox, TestClock};
use vestibule::{Error, ErrorKind, Secret};

use crate::steps::{Failed, Steps};

/// Where codes come from.
pub enum Codes {
    /// A mock's outbox; its clock can be moved, so that timers end at once.
    Mock { outbox: Outbox, clock: TestClock },
    /// A person.
    Terminal(BufReader<Stdin>),
}

/// What a person answered.
pub enum Typed {
    Code(Secret),
    Resend,
}

/// A sign-in that waits for a code, on any of the systems.
pub trait Challenge: Sized {
    /// What the right code leads to.
    type Next;

    /// When another message may be asked for, where the system has a rule.
    fn timer(&self) -> Option<ResendTimer>;

    async fn resend(&mut self) -> Result<(), Error>;

    async fn confirm(self, code: Secret) -> Result<Self::Next, StepError<Self>>;
}

impl Codes {
    pub fn terminal() -> Self {
        Self::Terminal(BufReader::new(tokio::io::stdin()))
    }

    /// Lets time pass, which only a mock can do.
    pub fn pass_time(&self, duration: Duration) -> bool {
        match self {
            Self::Mock { clock, .. } => {
                clock.advance(duration);
                true
            }
            Self::Terminal(_) => false,
        }
    }

    /// Asks for codes until one is right, or something else is wrong.
    pub async fn confirm<C: Challenge>(
        &mut self,
        steps: Steps,
        to: &str,
        mut pending: C,
    ) -> Result<C::Next, Failed> {
        loop {
            let timer = pending.timer();
            let code = match self.code(steps, to, timer.as_ref()).await? {
                Typed::Code(code) => code,
                Typed::Resend => {
                    match pending.resend().await {
                        Ok(()) => {
                            steps.done("resend", "another one is on its way, the first is void")
                        }
                        Err(error) if error.kind() == ErrorKind::SlowDown => {
                            steps.done("resend", format_args!("not yet: {error}"));
                        }
                        Err(error) => return Err(steps.failed("resend")(error)),
                    }
                    continue;
                }
            };
            match pending.confirm(code).await {
                Ok(next) => return Ok(next),
                Err(StepError { state, error, .. }) => match error.kind() {
                    ErrorKind::Refused | ErrorKind::InvalidInput | ErrorKind::StepRequired => {
                        steps.done("confirm", format_args!("try again: {error}"));
                        pending = state;
                    }
                    _ => return Err(steps.failed("confirm")(error)),
                },
            }
        }
    }

    /// The code that went to `to`.
    pub async fn code(
        &mut self,
        steps: Steps,
        to: &str,
        timer: Option<&ResendTimer>,
    ) -> Result<Typed, Failed> {
        match self {
            Self::Mock { outbox, .. } => outbox
                .last_code(to)
                .map(|code| Typed::Code(Secret::from(code)))
                .ok_or_else(|| steps.stopped("confirm", format!("no message went to {to}"))),
            Self::Terminal(input) => ask(input, steps, to, timer).await,
        }
    }
}

/// Asks at the terminal and counts the resend timer down while waiting.
async fn ask(
    input: &mut BufReader<Stdin>,
    steps: Steps,
    to: &str,
    timer: Option<&ResendTimer>,
) -> Result<Typed, Failed> {
    let live = io::stderr().is_terminal();
    let mut line = String::new();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    prompt(to, timer, false);
    loop {
        tokio::select! {
            read = input.read_line(&mut line) => match read {
                Ok(0) => return Err(steps.stopped("confirm", "the input ended before a code came")),
                Ok(_) => break,
                Err(error) => return Err(steps.stopped("confirm", error)),
            },
            _ = second.tick(), if live && timer.is_some() => prompt(to, timer, true),
        }
    }
    Ok(match line.trim() {
        "resend" => Typed::Resend,
        code => Typed::Code(Secret::from(code)),
    })
}

fn prompt(to: &str, timer: Option<&ResendTimer>, again: bool) {
    let wait = timer.map_or(0, |timer| timer.remaining().as_secs_f64().ceil() as u64);
    let resend = match (timer, wait) {
        (None, _) => " (or `resend`)".to_owned(),
        (Some(_), 0) => " (or `resend`)".to_owned(),
        (Some(_), wait) => format!(" (`resend` in {wait} s)"),
    };
    let start = if again { "\r\x1b[K" } else { "" };
    eprint!("{start}code for {to}{resend}: ");
    let _ = io::stderr().flush();
}

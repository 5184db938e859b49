//! Sources of codes: the outbox of a mock, or a user at the terminal, who may try again.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Stdin};
use vestibule::challenge::{ResendTimer, StepError};
use vestibule::testing::{Outbox, TestClock};
use vestibule::{Error, ErrorKind, Secret};

use crate::steps::{Failed, Steps};

/// A source of codes.
pub enum Codes {
    /// A mock's outbox, and its clock to skip timers.
    Mock { outbox: Outbox, clock: TestClock },
    /// A user at the terminal.
    Terminal(BufReader<Stdin>),
}

/// The input of a user.
pub enum Typed {
    Code(Secret),
    Resend,
}

/// A sign-in that waits for a code, on any of the systems.
pub trait Challenge: Sized {
    /// The result of the correct code.
    type Next;

    /// The resend timer, if the system has one.
    fn timer(&self) -> Option<ResendTimer>;

    async fn resend(&mut self) -> Result<(), Error>;

    async fn confirm(self, code: Secret) -> Result<Self::Next, StepError<Self>>;
}

impl Codes {
    pub fn terminal() -> Self {
        Self::Terminal(BufReader::new(tokio::io::stdin()))
    }

    /// Moves the clock of a mock; returns false without one.
    pub fn pass_time(&self, duration: Duration) -> bool {
        match self {
            Self::Mock { clock, .. } => {
                clock.advance(duration);
                true
            }
            Self::Terminal(_) => false,
        }
    }

    /// Reads codes until one is correct or another error occurs.
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
                            steps.done("resend", "a new code is on its way, the first is invalid")
                        }
                        Err(error) if error.kind() == ErrorKind::RateLimited => {
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
                    ErrorKind::Rejected | ErrorKind::InvalidInput | ErrorKind::StepRequired => {
                        steps.done("confirm", format_args!("try again: {error}"));
                        pending = state;
                    }
                    _ => return Err(steps.failed("confirm")(error)),
                },
            }
        }
    }

    /// Returns the code that was sent to `to`.
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
                .ok_or_else(|| steps.stopped("confirm", format!("no message was sent to {to}"))),
            Self::Terminal(input) => ask(input, steps, to, timer).await,
        }
    }
}

/// Reads from the terminal and shows the resend timer while waiting.
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
                Ok(0) => return Err(steps.stopped("confirm", "the input ended before a code was entered")),
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

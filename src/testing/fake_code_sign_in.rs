//! A scripted `CodeSignIn` without a network.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode};

use crate::challenge::{
    ResendTimer, StepError, advanced, check_code, check_second_factor, superseded,
    too_many_wrong_codes,
};
use crate::client_config::ClientConfig;
use crate::clock::{BoxFuture, Clock, SharedClock};
use crate::code_sign_in::{
    Awaited, CodeChallenge, CodeSignIn, Confirmed, unless_ended, unsupported,
};
use crate::contact::{Channel, Contact};
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::{CallContext, Operation, ParsedError, RawResponse, SystemRules};
use crate::random;
use crate::secret::Secret;
use crate::session::{Credential, EndReason, Session, SessionRegistry, Tokens, UserHints};

const TIME_TO_LIVE: TimeDelta = TimeDelta::minutes(15);

/// How many wrong codes are allowed per message.
const MAX_WRONG_CODES: u32 = 5;

/// A [`CodeSignIn`] for unit tests of a back end: it keeps challenges and sessions in memory, and
/// sends nothing. Clones share their state.
///
/// It behaves as the systems do: five wrong codes end a challenge, what does not look like a code is
/// [`InvalidInput`](ErrorKind::InvalidInput) and does not count, a resent code starts the count again,
/// a newer challenge for a destination replaces the earlier ones, a challenge expires after 15 minutes,
/// and is finished once its code was confirmed. Any step can be made to fail by [`fail_next`](Self::fail_next). The calls of a session fail, because there is
/// no server; a test that needs them uses the mock of a system, such as `testing::GoodCity`.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), vestibule::Error> {
/// use vestibule::Contact;
/// use vestibule::code_sign_in::{CodeSignIn, Confirmed};
/// use vestibule::testing::{self, FakeCodeSignIn, FakeStep};
/// use vestibule::{ErrorKind, System};
///
/// let fake = FakeCodeSignIn::new(System::GoodCity).code("0417");
/// let to = Contact::email("ada@example.org")?;
///
/// fake.fail_next(FakeStep::Send, testing::error(ErrorKind::Unavailable).build());
/// assert_eq!(fake.send_code(&to).await.unwrap_err().kind(), ErrorKind::Unavailable);
///
/// let challenge = fake.send_code(&to).await?;
/// let failed = challenge.confirm("0000".into()).await.unwrap_err();
/// assert_eq!(failed.error.kind(), ErrorKind::Rejected);
/// let Confirmed::SignedIn(session) = failed.state.confirm("0417".into()).await? else {
///     panic!("no second factor is set");
/// };
/// assert_eq!(fake.resume_session(session.id()).await?.id(), session.id());
/// assert_eq!(fake.sent(), [to]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FakeCodeSignIn {
    system: System,
    code: Secret,
    second_factor: Option<Secret>,
    channels: Vec<Channel>,
    resend_after: Duration,
    clock: SharedClock,
    shared: Arc<Shared>,
}

/// A step of a [`FakeCodeSignIn`] that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FakeStep {
    /// [`CodeSignIn::send_code`].
    Send,
    /// [`CodeChallenge::resend`].
    Resend,
    /// [`CodeChallenge::confirm`].
    Confirm,
    /// [`CodeSignIn::resume_challenge`] and [`CodeSignIn::resume_session`].
    Resume,
    /// [`CodeSignIn::sign_out`].
    SignOut,
}

struct Shared {
    state: Mutex<State>,
    sessions: Arc<SessionRegistry>,
    calls: CallContext,
}

#[derive(Default)]
struct State {
    challenges: HashMap<String, Challenge>,
    failures: HashMap<FakeStep, VecDeque<Error>>,
    sent: Vec<Contact>,
}

#[derive(Clone)]
struct Challenge {
    destination: Contact,
    awaits: Awaited,
    expires_at: DateTime<Utc>,
    timer: ResendTimer,
    wrong_codes: u32,
    /// Whether there is a newer challenge for the destination.
    is_superseded: bool,
}

impl fmt::Debug for FakeCodeSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "testing::FakeCodeSignIn({})", self.system)
    }
}

impl FakeCodeSignIn {
    /// A fake of a system: the code is `123456`, there is no second factor, codes go to phones and
    /// mailboxes, and may be sent again at once.
    ///
    /// # Panics
    ///
    /// If no HTTP client can be built on this machine.
    #[allow(clippy::panic)]
    pub fn new(system: System) -> Self {
        // The discard port: nothing listens there.
        let config = ClientConfig::new(system, "http://127.0.0.1:9");
        let built = config.build(|base, headers| Ok((base, NoRules { system, headers })));
        let (pipeline, _, sessions) = built.unwrap_or_else(|error| panic!("{error}"));
        Self {
            system,
            code: Secret::from("123456"),
            second_factor: None,
            channels: vec![Channel::Phone, Channel::Email],
            resend_after: Duration::ZERO,
            clock: SharedClock::default(),
            shared: Arc::new(Shared {
                state: Mutex::default(),
                sessions,
                calls: CallContext::new(pipeline),
            }),
        }
    }

    /// Sets the code that every message has.
    pub fn code(mut self, code: impl Into<Secret>) -> Self {
        self.code = code.into();
        self
    }

    /// Requires this code of an authenticator after the code of the message.
    pub fn second_factor(mut self, code: impl Into<Secret>) -> Self {
        self.second_factor = Some(code.into());
        self
    }

    /// Offers this channel only.
    pub fn only(mut self, channel: Channel) -> Self {
        self.channels = vec![channel];
        self
    }

    /// Sets the wait between two messages of a challenge.
    pub fn resend_after(mut self, wait: Duration) -> Self {
        self.resend_after = wait;
        self
    }

    /// Sets the clock of the resend timers and of the time to live, such as a
    /// [`TestClock`](super::TestClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::new(clock);
        self
    }

    /// Lets the next use of a step fail with this error. Several errors of one step come in order.
    pub fn fail_next(&self, step: FakeStep, error: Error) {
        let mut state = self.state();
        state.failures.entry(step).or_default().push_back(error);
    }

    /// The destinations of all messages, resent ones too, in order.
    pub fn sent(&self) -> Vec<Contact> {
        self.state().sent.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = &self.shared.state;
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails as the test has scripted it.
    fn scripted(&self, step: FakeStep) -> Result<(), Error> {
        let mut state = self.state();
        let failures = state.failures.get_mut(&step);
        failures.and_then(VecDeque::pop_front).map_or(Ok(()), Err)
    }

    fn error(&self, kind: ErrorKind, message: &'static str) -> Error {
        Error::new(kind, message).of(self.system)
    }

    /// The challenge, if it is neither finished nor expired.
    fn stored<'s>(&self, state: &'s mut State, id: &Secret) -> Result<&'s mut Challenge, Error> {
        let found = state.challenges.get_mut(id.expose());
        let found = found.filter(|challenge| challenge.expires_at > self.clock.now());
        let message = "there is no such challenge: it is finished, has expired or never existed";
        found.ok_or_else(|| self.error(ErrorKind::Unauthenticated, message))
    }

    /// The same, if a handle that waits for `awaits` may continue it.
    fn current<'s>(
        &self,
        state: &'s mut State,
        id: &Secret,
        awaits: Awaited,
    ) -> Result<&'s mut Challenge, Error> {
        let found = self.stored(state, id)?;
        if found.awaits != awaits {
            return Err(advanced().of(self.system));
        }
        if found.is_superseded {
            return Err(superseded().of(self.system));
        }
        Ok(found)
    }

    fn handle(&self, id: Secret, challenge: Challenge) -> Box<dyn CodeChallenge> {
        Box::new(FakeChallenge {
            fake: self.clone(),
            id,
            challenge,
        })
    }

    fn opened(&self, destination: Contact, awaits: Awaited) -> Challenge {
        let wait = match awaits {
            Awaited::Message => self.resend_after,
            // There is no message to wait for.
            _ => Duration::ZERO,
        };
        Challenge {
            destination,
            awaits,
            expires_at: self.clock.now() + TIME_TO_LIVE,
            timer: ResendTimer::start(&self.clock, wait),
            wrong_codes: 0,
            is_superseded: false,
        }
    }

    fn random_id(&self) -> Result<Secret, Error> {
        let id = random::id().map(Secret::from);
        id.map_err(|_| self.error(ErrorKind::Unavailable, "could not generate a random id"))
    }

    /// Checks a code: `Ok` with the next step, if there is one. The state is locked from the check to
    /// the next step, so that of two concurrent right codes one signs in.
    fn check(
        &self,
        id: &Secret,
        awaits: Awaited,
        code: Secret,
    ) -> Result<Option<Challenge>, Error> {
        self.scripted(FakeStep::Confirm)?;
        let (code, right) = match (awaits, &self.second_factor) {
            (Awaited::Authenticator, Some(right)) => {
                (check_second_factor(self.system, code)?, right)
            }
            _ => (check_code(self.system, &code)?, &self.code),
        };
        let mut state = self.state();
        let challenge = self.current(&mut state, id, awaits)?;
        if challenge.wrong_codes >= MAX_WRONG_CODES {
            let error = too_many_wrong_codes().of(self.system);
            return Err(challenge.timer.on_error(error));
        }
        if code != *right {
            challenge.wrong_codes += 1;
            let error = self.error(ErrorKind::Rejected, "code not accepted");
            return Err(error.with_status(StatusCode::UNPROCESSABLE_ENTITY));
        }
        let is_last = awaits == Awaited::Authenticator || self.second_factor.is_none();
        if is_last {
            state.challenges.remove(id.expose());
            return Ok(None);
        }
        *challenge = self.opened(challenge.destination.clone(), Awaited::Authenticator);
        Ok(Some(challenge.clone()))
    }

    async fn session(&self) -> Result<Session, Error> {
        let tokens = Tokens::new(self.random_id()?, None);
        let sessions = &self.shared.sessions;
        let entry = sessions.create(Credential::Tokens(tokens), UserHints::default());
        Ok(Session::new(entry.await?, &self.shared.calls))
    }
}

impl CodeSignIn for FakeCodeSignIn {
    fn system(&self) -> System {
        self.system
    }

    fn offers(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    fn send_code<'a>(
        &'a self,
        to: &'a Contact,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            self.scripted(FakeStep::Send)?;
            if !self.offers(to.channel()) {
                return Err(unsupported(
                    self.system,
                    "codes are not sent by this channel",
                ));
            }
            let id = self.random_id()?;
            let challenge = self.opened(to.clone(), Awaited::Message);
            let mut state = self.state();
            for other in state.challenges.values_mut() {
                // A second factor no longer depends on a message.
                other.is_superseded |= other.destination == *to && other.awaits == Awaited::Message;
            }
            state
                .challenges
                .insert(id.expose().to_owned(), challenge.clone());
            state.sent.push(to.clone());
            drop(state);
            Ok(self.handle(id, challenge))
        })
    }

    fn resume_challenge<'a>(
        &'a self,
        id: &'a Secret,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            self.scripted(FakeStep::Resume)?;
            let challenge = self.stored(&mut self.state(), id)?.clone();
            Ok(self.handle(id.clone(), challenge))
        })
    }

    fn resume_session<'a>(&'a self, id: &'a Secret) -> BoxFuture<'a, Result<Session, Error>> {
        Box::pin(async move {
            self.scripted(FakeStep::Resume)?;
            let entry = self.shared.sessions.resume(id).await?;
            Ok(Session::new(entry, &self.shared.calls))
        })
    }

    fn sign_out<'a>(&'a self, id: &'a Secret) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.scripted(FakeStep::SignOut)?;
            match self.shared.sessions.resume(id).await {
                Ok(entry) => entry.close(EndReason::SignedOut).await,
                Err(error) => unless_ended(error),
            }
        })
    }
}

/// A challenge of a [`FakeCodeSignIn`].
struct FakeChallenge {
    fake: FakeCodeSignIn,
    id: Secret,
    challenge: Challenge,
}

impl fmt::Debug for FakeChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "testing::FakeChallenge({})", self.fake.system)
    }
}

impl CodeChallenge for FakeChallenge {
    fn system(&self) -> System {
        self.fake.system
    }

    fn id(&self) -> &Secret {
        &self.id
    }

    fn awaits(&self) -> Awaited {
        self.challenge.awaits
    }

    fn expires_at(&self) -> DateTime<Utc> {
        self.challenge.expires_at
    }

    fn resend_timer(&self) -> Option<&ResendTimer> {
        (self.challenge.awaits == Awaited::Message).then_some(&self.challenge.timer)
    }

    fn resend(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let fake = &self.fake;
            fake.scripted(FakeStep::Resend)?;
            if self.challenge.awaits == Awaited::Authenticator {
                return Err(unsupported(
                    fake.system,
                    "there is no message to send again",
                ));
            }
            let mut state = fake.state();
            let found = fake.current(&mut state, &self.id, Awaited::Message)?;
            found.timer.check(fake.system)?;
            *found = fake.opened(found.destination.clone(), Awaited::Message);
            self.challenge = found.clone();
            state.sent.push(self.challenge.destination.clone());
            Ok(())
        })
    }

    fn confirm(
        self: Box<Self>,
        code: Secret,
    ) -> BoxFuture<'static, Result<Confirmed, StepError<Box<dyn CodeChallenge>>>> {
        Box::pin(async move {
            let checked = match self.fake.check(&self.id, self.challenge.awaits, code) {
                Ok(Some(next)) => {
                    let next = self.fake.handle(self.id.clone(), next);
                    return Ok(Confirmed::SecondFactor(next));
                }
                Ok(None) => self.fake.session().await,
                Err(error) => Err(error),
            };
            checked
                .map(Confirmed::SignedIn)
                .map_err(|error| StepError::new(self as Box<dyn CodeChallenge>, error))
        })
    }
}

/// The rules of a system that is never called.
struct NoRules {
    system: System,
    headers: HeaderMap,
}

impl SystemRules for NoRules {
    fn system(&self) -> System {
        self.system
    }

    fn default_headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn parse_error(&self, _: &Operation, _: &RawResponse) -> Option<ParsedError> {
        None
    }
}

//! The documented behaviour as a model without a network: the expected outcome of each action of a
//! user, and the requests it may send.

use vestibule::ErrorKind;

use super::action::{Action, Code, Ending, Expected};

/// Wrong codes that are sent per message.
const MOST_WRONG_CODES: u32 = 5;

/// Parameters of a system. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Minimum interval between two messages to one phone or mailbox.
    pub wait: u64,
    pub has_resend: bool,
    /// How long the client accepts a code.
    pub time_to_live: u64,
    /// How long the server accepts a code.
    pub code_life: u64,
}

#[derive(Clone, Debug)]
struct Message {
    challenge: usize,
    sent_at: u64,
    is_used: bool,
}

#[derive(Clone, Debug)]
struct Challenge {
    newest: usize,
    wrong_codes: u32,
    is_finished: bool,
}

#[derive(Clone, Debug)]
pub struct Model {
    pub terms: Terms,
    pub now: u64,
    pub expected: Expected,
    not_before: u64,
    messages: Vec<Message>,
    challenges: Vec<Challenge>,
    held: [Option<usize>; 2],
}

impl Model {
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            now: 0,
            expected: Expected::NOTHING,
            not_before: 0,
            messages: Vec::new(),
            challenges: Vec::new(),
            held: [None; 2],
        }
    }

    /// Number of messages sent.
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// Whether a device has a challenge.
    pub fn holds(&self, device: usize) -> bool {
        self.held[device].is_some()
    }

    fn is_over(&self, challenge: usize) -> bool {
        let Challenge {
            newest,
            is_finished,
            ..
        } = self.challenges[challenge];
        is_finished || self.now >= self.messages[newest].sent_at + self.terms.time_to_live
    }

    /// Whether another challenge has a newer message to the same phone or mailbox.
    fn is_replaced(&self, challenge: usize) -> bool {
        let newest = self.messages.last();
        newest.is_some_and(|newest| newest.challenge != challenge)
    }

    /// Requests a message for `challenge`.
    fn ask(&mut self, challenge: usize, fails: bool) -> Expected {
        if self.now < self.not_before {
            return Expected::refused_here(ErrorKind::RateLimited);
        }
        // A failing server may have sent it.
        self.not_before = self.now + self.terms.wait;
        let ending = if fails {
            Ending::failed(ErrorKind::Unavailable)
        } else {
            self.messages.push(Message {
                challenge,
                sent_at: self.now,
                is_used: false,
            });
            Ending::Done
        };
        Expected {
            ending,
            asked: 1,
            presented: 0,
        }
    }

    fn send(&mut self, device: usize, fails: bool) -> Expected {
        let challenge = self.challenges.len();
        let expected = self.ask(challenge, fails);
        if expected.ending == Ending::Done {
            self.challenges.push(Challenge {
                newest: self.messages.len() - 1,
                wrong_codes: 0,
                is_finished: false,
            });
            self.held[device] = Some(challenge);
        }
        expected
    }

    fn resend(&mut self, challenge: usize, fails: bool) -> Expected {
        if self.is_over(challenge) {
            return Expected::refused_here(ErrorKind::Unauthenticated);
        }
        if self.is_replaced(challenge) {
            return Expected::refused_here(ErrorKind::StepRequired);
        }
        let expected = self.ask(challenge, fails);
        if expected.ending == Ending::Done {
            self.challenges[challenge].newest = self.messages.len() - 1;
            self.challenges[challenge].wrong_codes = 0;
        }
        expected
    }

    fn confirm(&mut self, device: usize, code: Code, fails: bool) -> Expected {
        let challenge = self.held[device].expect("checked before");
        if self.is_over(challenge) {
            return Expected::refused_here(ErrorKind::Unauthenticated);
        }
        if self.is_replaced(challenge) || self.challenges[challenge].wrong_codes == MOST_WRONG_CODES
        {
            return Expected::refused_here(ErrorKind::StepRequired);
        }
        self.challenges[challenge].wrong_codes += 1;
        let (now, life) = (self.now, self.terms.code_life);
        let newest = self
            .messages
            .last_mut()
            .expect("the message of this challenge");
        let is_right = matches!(code, Code::Newest)
            && !newest.is_used
            && now < newest.sent_at.saturating_add(life);
        let ending = match (fails, is_right) {
            (true, _) => Ending::failed(ErrorKind::Unavailable),
            (false, false) => Ending::failed(ErrorKind::Rejected),
            (false, true) => {
                newest.is_used = true;
                self.challenges[challenge].is_finished = true;
                self.held[device] = None;
                Ending::SignedIn
            }
        };
        Expected {
            ending,
            asked: 0,
            presented: 1,
        }
    }

    /// A state that no longer exists is dropped.
    fn resume(&mut self, device: usize, challenge: usize) -> Expected {
        if self.is_over(challenge) {
            self.held[device] = None;
            return Expected::refused_here(ErrorKind::Unauthenticated);
        }
        self.held[device] = Some(challenge);
        Expected::NOTHING
    }

    /// The model after an action that its preconditions allow.
    pub fn after(mut self, action: &Action) -> Self {
        let held = self.held;
        let held = |device: &usize| held[*device].expect("checked before");
        self.expected = match action {
            Action::Send { device, fails } => self.send(*device, *fails),
            Action::Resend { device, fails } => self.resend(held(device), *fails),
            Action::Confirm {
                device,
                code,
                fails,
            } => self.confirm(*device, *code, *fails),
            Action::Wait { seconds } => {
                self.now += seconds;
                Expected::NOTHING
            }
            Action::Restart { device } => self.resume(*device, held(device)),
            Action::TakeOver { device } => self.resume(*device, held(&(1 - device))),
        };
        self
    }

    /// Whether the action is possible now.
    pub fn allows(&self, action: &Action) -> bool {
        match action {
            Action::Send { .. } | Action::Wait { .. } => true,
            Action::Resend { device, .. } | Action::Restart { device } => {
                self.held[*device].is_some()
            }
            Action::Confirm { device, code, .. } => {
                let is_there = match code {
                    Code::Older(back) => *back < self.messages.len(),
                    Code::Newest | Code::Wrong => true,
                };
                is_there && self.held[*device].is_some()
            }
            Action::TakeOver { device } => self.held[1 - *device].is_some(),
        }
    }
}

//! One user with two devices, each with a separate client.

use std::sync::Arc;

use vestibule::store::SessionStore;
use vestibule::{Clock, Error};

use super::action::{Action, Code, Ending};
use super::clock::ManualClock;
use super::model::Model;
use super::mutant::Mutant;
use super::run::{Harness, Promises};
use super::system::{Check, ClientSetup, System};

struct Device<S: System> {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    client: S::Client,
    pending: Option<S::Pending>,
}

impl<S: System> Device<S> {
    fn new(harness: &Harness<S>, store: Arc<dyn SessionStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            client: client(harness, &store, &clock),
            store,
            clock,
            pending: None,
        }
    }
}

fn client<S: System>(
    harness: &Harness<S>,
    store: &Arc<dyn SessionStore>,
    clock: &Arc<dyn Clock>,
) -> S::Client {
    let setup = ClientSetup {
        store: store.clone(),
        clock: clock.clone(),
        http: harness.http.clone(),
    };
    S::client(&harness.mock, setup)
}

pub struct Fixture<'a, S: System> {
    harness: &'a Harness<S>,
    to: String,
    clock: ManualClock,
    devices: [Device<S>; 2],
    /// The codes of all messages, oldest first.
    codes: Vec<String>,
    session: Option<Check>,
    pub promises: Promises,
}

impl<'a, S: System> Fixture<'a, S> {
    pub fn new(harness: &'a Harness<S>) -> Self {
        let clock = ManualClock::new(S::clock(&harness.mock).now());
        let shared = Mutant::store(harness.mutant);
        let devices = [0, 1].map(|number| {
            let store = match harness.mutant {
                Some(Mutant::StoresApart) => Mutant::store(None),
                _ => shared.clone(),
            };
            let own = match harness.mutant {
                Some(Mutant::ClocksStandStill) => clock.detached(),
                Some(Mutant::ClocksApart) if number == 1 => clock.ahead(60),
                _ => clock.clone(),
            };
            Device::new(harness, store, own.clock())
        });
        Self {
            to: S::new_user(&harness.mock, harness.sequences),
            harness,
            clock,
            devices,
            codes: Vec::new(),
            session: None,
            promises: Promises::default(),
        }
    }

    /// Number of messages to the user.
    pub fn messages(&self) -> usize {
        self.codes.len()
    }

    /// Checks the session, if there is one.
    pub async fn end(self) -> Result<(), String> {
        match self.session {
            Some(check) => check
                .await
                .map_err(|error| format!("a new session: {error}")),
            None => Ok(()),
        }
    }

    /// Executes an action. `model` says whether a request is expected, which the server then fails
    /// if the action says so.
    pub async fn take(&mut self, action: &Action, model: &Model) -> Ending {
        match *action {
            Action::Send { device, fails } => {
                self.schedule_failure(
                    fails && model.expected.asked > 0,
                    S::message_operation(&self.to, true),
                );
                self.send(device).await
            }
            Action::Resend { device, fails } => {
                self.schedule_failure(
                    fails && model.expected.asked > 0,
                    S::message_operation(&self.to, false),
                );
                self.resend(device).await
            }
            Action::Confirm {
                device,
                code,
                fails,
            } => {
                self.schedule_failure(
                    fails && model.expected.presented > 0,
                    S::code_operation(&self.to),
                );
                self.confirm(device, code).await
            }
            Action::Wait { seconds } => {
                self.clock.advance(seconds);
                let seconds = std::time::Duration::from_secs(seconds);
                S::clock(&self.harness.mock).advance(seconds);
                Ending::Done
            }
            Action::Restart { device } => {
                let pending = self.devices[device].pending.take().expect("one is held");
                let Device { store, clock, .. } = &self.devices[device];
                self.devices[device].client = client(self.harness, store, clock);
                self.resume(device, &pending).await
            }
            Action::TakeOver { device } => {
                let held = &mut self.devices[1 - device].pending;
                let pending = held.take().expect("one is held");
                let ending = self.resume(device, &pending).await;
                self.devices[1 - device].pending = Some(pending);
                ending
            }
        }
    }

    fn schedule_failure(&self, fails: bool, operation: &str) {
        if fails {
            S::fail_next(&self.harness.mock, operation);
        }
    }

    async fn send(&mut self, device: usize) -> Ending {
        let sent = S::send(&self.devices[device].client, &self.to).await;
        if self.harness.mutant == Some(Mutant::AsksTwice) {
            let clock = self.devices[device].clock.clone();
            let stray = Device::new(self.harness, Mutant::store(None), clock);
            let _ = S::send(&stray.client, &self.to).await;
        }
        match sent {
            Ok(pending) => {
                self.devices[device].pending = Some(pending);
                self.read_message();
                Ending::Done
            }
            Err(error) => Ending::failed(error.kind()),
        }
    }

    async fn resend(&mut self, device: usize) -> Ending {
        let pending = self.devices[device].pending.as_mut();
        match S::resend(pending.expect("one is held")).await {
            Ok(()) => {
                self.read_message();
                Ending::Done
            }
            Err(error) => Ending::failed(error.kind()),
        }
    }

    async fn confirm(&mut self, device: usize, code: Code) -> Ending {
        let code = self.code(code);
        let pending = self.devices[device].pending.take().expect("one is held");
        let mut confirmed = S::confirm(pending, &self.to, &code).await;
        if self.harness.mutant == Some(Mutant::ConfirmsTwice)
            && let Err((pending, _)) = confirmed
        {
            confirmed = S::confirm(pending, &self.to, &code).await;
        }
        match confirmed {
            Ok(session) => {
                self.session = Some(session);
                Ending::SignedIn
            }
            Err((pending, error)) => {
                self.devices[device].pending = Some(pending);
                Ending::failed(error.kind())
            }
        }
    }

    async fn resume(&mut self, device: usize, pending: &S::Pending) -> Ending {
        let id = S::id(pending);
        let found: Result<S::Pending, Error> = S::resume(&self.devices[device].client, &id).await;
        match found {
            Ok(pending) => {
                self.devices[device].pending = Some(pending);
                Ending::Done
            }
            Err(error) => {
                self.devices[device].pending = None;
                Ending::failed(error.kind())
            }
        }
    }

    /// The code that the user enters.
    fn code(&self, code: Code) -> String {
        let newest = self.codes.last().expect("one was sent");
        match code {
            Code::Newest => newest.clone(),
            Code::Older(back) => self.codes[self.codes.len() - 1 - back].clone(),
            Code::Wrong => {
                let wrong = (0..10).map(|digit| digit.to_string().repeat(newest.len()));
                let mut wrong = wrong.filter(|wrong| !self.codes.contains(wrong));
                wrong.next().expect("few messages")
            }
        }
    }

    fn read_message(&mut self) {
        let code = S::outbox(&self.harness.mock).last_code(&self.to);
        self.codes.extend(code);
    }
}

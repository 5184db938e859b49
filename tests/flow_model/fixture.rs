//! One user with two devices, each with a client of its own.

use std::sync::Arc;

use vestibule::store::SessionStore;
use vestibule::{Clock, Error};

use super::action::{Action, Code, Ending};
use super::clock::StillClock;
use super::model::Model;
use super::mutant::Mutant;
use super::run::{Bench, Promises};
use super::system::{Check, Place, System};

struct Device<S: System> {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    client: S::Client,
    pending: Option<S::Pending>,
}

impl<S: System> Device<S> {
    fn new(bench: &Bench<S>, store: Arc<dyn SessionStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            client: client(bench, &store, &clock),
            store,
            clock,
            pending: None,
        }
    }
}

fn client<S: System>(
    bench: &Bench<S>,
    store: &Arc<dyn SessionStore>,
    clock: &Arc<dyn Clock>,
) -> S::Client {
    let place = Place {
        store: store.clone(),
        clock: clock.clone(),
        http: bench.http.clone(),
    };
    S::client(&bench.mock, place)
}

pub struct Fixture<'a, S: System> {
    bench: &'a Bench<S>,
    to: String,
    clock: StillClock,
    devices: [Device<S>; 2],
    /// The codes of all messages, oldest first.
    codes: Vec<String>,
    session: Option<Check>,
    pub promises: Promises,
}

impl<'a, S: System> Fixture<'a, S> {
    pub fn new(bench: &'a Bench<S>) -> Self {
        let clock = StillClock::new(S::clock(&bench.mock).now());
        let shared = Mutant::store(bench.mutant);
        let devices = [0, 1].map(|number| {
            let store = match bench.mutant {
                Some(Mutant::StoresApart) => Mutant::store(None),
                _ => shared.clone(),
            };
            let own = match bench.mutant {
                Some(Mutant::ClocksStandStill) => clock.apart(),
                Some(Mutant::ClocksApart) if number == 1 => clock.ahead(60),
                _ => clock.clone(),
            };
            Device::new(bench, store, own.clock())
        });
        Self {
            to: S::newcomer(&bench.mock, bench.sequences),
            bench,
            clock,
            devices,
            codes: Vec::new(),
            session: None,
            promises: Promises::default(),
        }
    }

    /// How many messages the user got.
    pub fn messages(&self) -> usize {
        self.codes.len()
    }

    /// What a session is good for, if there is one.
    pub async fn end(self) -> Result<(), String> {
        match self.session {
            Some(check) => check
                .await
                .map_err(|error| format!("a new session: {error}")),
            None => Ok(()),
        }
    }

    /// Takes an action. `model` tells whether a request is to be made, which the server then fails
    /// if the action says so.
    pub async fn take(&mut self, action: &Action, model: &Model) -> Ending {
        match *action {
            Action::Send { device, fails } => {
                self.order_failure(fails && model.expected.asked > 0, S::asking(&self.to, true));
                self.send(device).await
            }
            Action::Resend { device, fails } => {
                self.order_failure(
                    fails && model.expected.asked > 0,
                    S::asking(&self.to, false),
                );
                self.resend(device).await
            }
            Action::Confirm {
                device,
                code,
                fails,
            } => {
                self.order_failure(
                    fails && model.expected.presented > 0,
                    S::presenting(&self.to),
                );
                self.confirm(device, code).await
            }
            Action::Wait { seconds } => {
                self.clock.advance(seconds);
                let seconds = std::time::Duration::from_secs(seconds);
                S::clock(&self.bench.mock).advance(seconds);
                Ending::Done
            }
            Action::Restart { device } => {
                let pending = self.devices[device].pending.take().expect("one is held");
                let Device { store, clock, .. } = &self.devices[device];
                self.devices[device].client = client(self.bench, store, clock);
                self.take_up(device, &pending).await
            }
            Action::TakeOver { device } => {
                let held = &mut self.devices[1 - device].pending;
                let pending = held.take().expect("one is held");
                let ending = self.take_up(device, &pending).await;
                self.devices[1 - device].pending = Some(pending);
                ending
            }
        }
    }

    fn order_failure(&self, fails: bool, operation: &str) {
        if fails {
            S::fail_next(&self.bench.mock, operation);
        }
    }

    async fn send(&mut self, device: usize) -> Ending {
        let sent = S::send(&self.devices[device].client, &self.to).await;
        if self.bench.mutant == Some(Mutant::AsksTwice) {
            let clock = self.devices[device].clock.clone();
            let stray = Device::new(self.bench, Mutant::store(None), clock);
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
        if self.bench.mutant == Some(Mutant::ConfirmsTwice)
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

    async fn take_up(&mut self, device: usize, pending: &S::Pending) -> Ending {
        let id = S::id(pending);
        let found: Result<S::Pending, Error> = S::take_up(&self.devices[device].client, &id).await;
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

    /// What the user types.
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
        let code = S::outbox(&self.bench.mock).last_code(&self.to);
        self.codes.extend(code);
    }
}

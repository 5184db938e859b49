//! The environment of a flow: a mock, a client, and a process that may restart between two steps.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use vestibule::store::SessionStore;
use vestibule::testing::{Outbox, RecordedRequest, TestClock, Variation};
use vestibule::{CallOptions, Error, Secret};

use super::failed::{Failed, check, expect};

/// A future that stays on its thread.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A future of a connection to a store, if there is one.
pub type StoreFuture<'a> = LocalFuture<'a, Option<Arc<dyn SessionStore>>>;

/// Where the states of a flow are stored, and whether the process restarts between two steps.
pub trait Persistence {
    /// A connection to the store for a new process. `None` if a single process runs the flow and keeps
    /// its state in memory.
    fn store(&self) -> StoreFuture<'_>;

    /// The options of all calls.
    fn options(&self) -> CallOptions {
        CallOptions::new()
    }

    /// The forms of the responses of the mock.
    fn variations(&self) -> Vec<Variation> {
        Vec::new()
    }
}

/// One process runs the whole flow.
pub struct SingleProcess;

impl Persistence for SingleProcess {
    fn store(&self) -> StoreFuture<'_> {
        Box::pin(std::future::ready(None))
    }
}

/// A mock of a system, and its client.
pub trait System: Sized {
    const NAME: &'static str;

    type Client;

    async fn start() -> Self;

    /// A client with its own connections and the clock of the mock.
    fn client(&self, store: Option<Arc<dyn SessionStore>>) -> Result<Self::Client, Error>;

    fn with_options(client: Self::Client, options: CallOptions) -> Self::Client;

    fn outbox(&self) -> &Outbox;

    fn clock(&self) -> &TestClock;

    fn requests(&self) -> Vec<RecordedRequest>;

    fn vary(&self, variations: Vec<Variation>);
}

/// A state that is stored between two steps and resumed by its ids.
pub trait Resumable<S: System>: Sized {
    type Ids;

    fn ids(&self) -> Self::Ids;

    async fn resume(client: &S::Client, ids: &Self::Ids) -> Result<Self, Failed>;
}

/// Implements `System` for a mock: its name and the builder of its client.
macro_rules! system {
    ($mock:ident, $name:literal, $client:ty, |$this:ident| $builder:expr) => {
        impl $crate::flows::fixture::System for $mock {
            const NAME: &'static str = $name;

            type Client = $client;

            async fn start() -> Self {
                Self::start().await
            }

            fn client(
                &self,
                store: Option<::std::sync::Arc<dyn vestibule::store::SessionStore>>,
            ) -> Result<Self::Client, vestibule::Error> {
                let $this = self;
                let mut builder = $builder.clock(self.clock().clone());
                if let Some(store) = store {
                    builder = builder.store(store);
                }
                builder.build()
            }

            fn with_options(client: Self::Client, options: vestibule::CallOptions) -> Self::Client {
                client.with_options(options)
            }

            fn outbox(&self) -> &vestibule::testing::Outbox {
                self.outbox()
            }

            fn requests(&self) -> Vec<vestibule::testing::RecordedRequest> {
                self.requests()
            }

            fn vary(&self, variations: Vec<vestibule::testing::Variation>) {
                self.vary(variations);
            }

            fn clock(&self) -> &vestibule::testing::TestClock {
                self.clock()
            }
        }
    };
}
pub(super) use system;

/// Implements `Resumable`: a state is resumed `by` a call of the client, as a variant `in` the challenge
/// of the id, or `of` the state that created it.
macro_rules! resumable {
    ($mock:ty: $state:ty, by $resume:path) => {
        $crate::flows::fixture::resumable!(@ $mock, $state, |client, id| Ok($resume(client, id).await?));
    };
    ($mock:ty: $state:ty, in $step:path) => {
        $crate::flows::fixture::resumable!(@ $mock, $state, |client, id| {
            match client.resume_challenge(id).await? {
                $step(state) => Ok(state),
                other => Err($crate::flows::failed::Failed::because(format_args!(
                    "unexpected step {other:?}"
                ))),
            }
        });
    };
    ($mock:ty: $state:ty, of $owner:ty, |$by:ident, $id:ident| $resume:expr) => {
        impl $crate::flows::fixture::Resumable<$mock> for ($owner, $state) {
            type Ids = (vestibule::Secret, vestibule::Secret);

            fn ids(&self) -> Self::Ids {
                (self.0.id().clone(), self.1.id().clone())
            }

            async fn resume(
                client: &<$mock as $crate::flows::fixture::System>::Client,
                (owner, $id): &Self::Ids,
            ) -> Result<Self, $crate::flows::failed::Failed> {
                let $by = <$owner as $crate::flows::fixture::Resumable<$mock>>::resume(client, owner);
                let $by = $by.await?;
                let state = $resume.await?;
                Ok(($by, state))
            }
        }
    };
    (@ $mock:ty, $state:ty, |$client:ident, $id:ident| $resume:expr) => {
        impl $crate::flows::fixture::Resumable<$mock> for $state {
            type Ids = vestibule::Secret;

            fn ids(&self) -> Self::Ids {
                self.id().clone()
            }

            async fn resume(
                $client: &<$mock as $crate::flows::fixture::System>::Client,
                $id: &Self::Ids,
            ) -> Result<Self, $crate::flows::failed::Failed> {
                $resume
            }
        }
    };
}
pub(super) use resumable;

/// For steps that store nothing.
impl<S: System> Resumable<S> for () {
    type Ids = ();

    fn ids(&self) {}

    async fn resume(_: &S::Client, (): &()) -> Result<Self, Failed> {
        Ok(())
    }
}

/// The mock, and the client of the current process.
pub struct Fixture<'k, S: System> {
    pub mock: S,
    pub client: S::Client,
    pub steps: usize,
    persistence: &'k dyn Persistence,
    store: Option<Weak<dyn SessionStore>>,
}

impl<'k, S: System> Fixture<'k, S> {
    pub async fn begin(persistence: &'k dyn Persistence) -> Result<Self, Failed> {
        let mock = S::start().await;
        mock.vary(persistence.variations());
        let store = persistence.store().await;
        let weak = store.as_ref().map(Arc::downgrade);
        let client = S::with_options(mock.client(store)?, persistence.options());
        Ok(Self {
            mock,
            client,
            steps: 1,
            persistence,
            store: weak,
        })
    }

    /// Ends a step and returns its state for the next one. If the process restarts here, the state and
    /// the client are dropped, and the client of the new process resumes the state by its ids.
    pub async fn next_step<K: Resumable<S>>(&mut self, state: K) -> Result<K, Failed> {
        self.steps += 1;
        let Some(store) = self.persistence.store().await else {
            return Ok(state);
        };
        let ids = state.ids();
        drop(state);
        let former = self.store.replace(Arc::downgrade(&store));
        self.client = S::with_options(self.mock.client(Some(store))?, self.persistence.options());
        // The task of an exchange ends after its caller has received the output.
        let lives_on = || {
            former
                .as_ref()
                .is_some_and(|former| former.strong_count() > 0)
        };
        for _ in 0..1_000 {
            if lives_on() {
                tokio::task::yield_now().await;
            }
        }
        check(!lives_on(), "the former process has ended")?;
        K::resume(&self.client, &ids).await
    }

    /// The newest code that was sent to this destination.
    #[track_caller]
    pub fn code(&self, to: &str) -> Result<Secret, Failed> {
        let code = self.mock.outbox().last_code(to);
        Ok(Secret::from(expect(code, "message")?))
    }

    /// A wrong code of the same format.
    #[track_caller]
    pub fn wrong_code(&self, to: &str) -> Result<Secret, Failed> {
        let mut code = self.code(to)?.expose().to_owned();
        let last = if code.ends_with('0') { '1' } else { '0' };
        code.pop();
        code.push(last);
        Ok(Secret::from(code))
    }

    pub fn messages(&self) -> usize {
        self.mock.outbox().messages().len()
    }

    pub fn wait(&self, duration: Duration) {
        self.mock.clock().advance(duration);
    }
}

//! Where a flow plays: a mock, a client, and a process that may end between two steps.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use vestibule::store::SessionStore;
use vestibule::testing::{Outbox, TestClock};
use vestibule::{Error, Secret};

use super::failed::{Failed, check, expect};

/// A future that stays on its thread.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A connection to a store, if there is one.
pub type StoreOf<'a> = LocalFuture<'a, Option<Arc<dyn SessionStore>>>;

/// Where the states of a flow are kept, and so whether its process ends between two steps.
pub trait Keeping {
    /// A connection to the store for a process that begins. Nothing if there is one process, which
    /// keeps all in its memory and does not end.
    fn store(&self) -> StoreOf<'_>;
}

/// One process walks through the whole flow.
pub struct OneProcess;

impl Keeping for OneProcess {
    fn store(&self) -> StoreOf<'_> {
        Box::pin(std::future::ready(None))
    }
}

/// A mock of a system, and how to make a client for it.
pub trait System: Sized {
    const NAME: &'static str;

    type Client;

    async fn start() -> Self;

    /// A client with connections of its own, which lives in the time of the mock.
    fn client(&self, store: Option<Arc<dyn SessionStore>>) -> Result<Self::Client, Error>;

    fn outbox(&self) -> &Outbox;

    fn clock(&self) -> &TestClock;

    /// The operations that were called, with the statuses of their answers.
    fn journal(&self) -> Vec<(&'static str, u16)>;
}

/// What is kept between two steps and taken up by its id, or its ids.
pub trait Kept<S: System>: Sized {
    type Ids;

    fn ids(&self) -> Self::Ids;

    async fn take_up(client: &S::Client, ids: &Self::Ids) -> Result<Self, Failed>;
}

/// Makes a mock a system: its name, and the builder of a client for it.
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

            fn outbox(&self) -> &vestibule::testing::Outbox {
                self.outbox()
            }

            fn clock(&self) -> &vestibule::testing::TestClock {
                self.clock()
            }

            fn journal(&self) -> Vec<(&'static str, u16)> {
                self.journal()
            }
        }
    };
}
pub(super) use system;

/// Says how a state is taken up: `by` a call of the client, as a step `in` what the client finds
/// under the id, or `of` the state that began it.
macro_rules! kept {
    ($mock:ty: $state:ty, by $take_up:path) => {
        $crate::flows::fixture::kept!(@ $mock, $state, |client, id| Ok($take_up(client, id).await?));
    };
    ($mock:ty: $state:ty, in $step:path) => {
        $crate::flows::fixture::kept!(@ $mock, $state, |client, id| {
            match client.challenge(id).await? {
                $step(state) => Ok(state),
                other => Err($crate::flows::failed::Failed::because(format_args!(
                    "{other:?} is the step"
                ))),
            }
        });
    };
    ($mock:ty: $state:ty, of $owner:ty, |$by:ident, $id:ident| $take_up:expr) => {
        impl $crate::flows::fixture::Kept<$mock> for ($owner, $state) {
            type Ids = (vestibule::Secret, vestibule::Secret);

            fn ids(&self) -> Self::Ids {
                (self.0.id().clone(), self.1.id().clone())
            }

            async fn take_up(
                client: &<$mock as $crate::flows::fixture::System>::Client,
                (owner, $id): &Self::Ids,
            ) -> Result<Self, $crate::flows::failed::Failed> {
                let $by = <$owner as $crate::flows::fixture::Kept<$mock>>::take_up(client, owner);
                let $by = $by.await?;
                let state = $take_up.await?;
                Ok(($by, state))
            }
        }
    };
    (@ $mock:ty, $state:ty, |$client:ident, $id:ident| $take_up:expr) => {
        impl $crate::flows::fixture::Kept<$mock> for $state {
            type Ids = vestibule::Secret;

            fn ids(&self) -> Self::Ids {
                self.id().clone()
            }

            async fn take_up(
                $client: &<$mock as $crate::flows::fixture::System>::Client,
                $id: &Self::Ids,
            ) -> Result<Self, $crate::flows::failed::Failed> {
                $take_up
            }
        }
    };
}
pub(super) use kept;

/// Between some steps nothing is kept.
impl<S: System> Kept<S> for () {
    type Ids = ();

    fn ids(&self) {}

    async fn take_up(_: &S::Client, (): &()) -> Result<Self, Failed> {
        Ok(())
    }
}

/// The mock, and the client of the process that runs now.
pub struct Fixture<'k, S: System> {
    pub mock: S,
    pub client: S::Client,
    pub steps: usize,
    keeping: &'k dyn Keeping,
    store: Option<Weak<dyn SessionStore>>,
}

impl<'k, S: System> Fixture<'k, S> {
    pub async fn begin(keeping: &'k dyn Keeping) -> Result<Self, Failed> {
        let mock = S::start().await;
        let store = keeping.store().await;
        let weak = store.as_ref().map(Arc::downgrade);
        let client = mock.client(store)?;
        Ok(Self {
            mock,
            client,
            steps: 1,
            keeping,
            store: weak,
        })
    }

    /// Ends a step: what is kept of it, for the next one. If the process ends here, the state and
    /// the client are gone, and the client of another process takes the state up.
    pub async fn between<K: Kept<S>>(&mut self, state: K) -> Result<K, Failed> {
        self.steps += 1;
        let Some(store) = self.keeping.store().await else {
            return Ok(state);
        };
        let ids = state.ids();
        drop(state);
        let former = self.store.replace(Arc::downgrade(&store));
        self.client = self.mock.client(Some(store))?;
        let lives_on = former.is_some_and(|former| former.strong_count() > 0);
        check(!lives_on, "nothing of the former process lives on")?;
        K::take_up(&self.client, &ids).await
    }

    /// The newest code that went there.
    #[track_caller]
    pub fn code(&self, to: &str) -> Result<Secret, Failed> {
        let code = self.mock.outbox().last_code(to);
        Ok(Secret::from(expect(code, "message")?))
    }

    /// Another code of the same form, which is wrong.
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

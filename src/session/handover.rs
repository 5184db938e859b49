//! Exchanges that their caller cannot drop, and what becomes of a session that no caller received.
//!
//! A server spends a code, a password or a login token by its response. So the exchange and the save
//! after it run in a task, and the caller waits for the output. The task learns whether the caller has
//! received it, or went away before.

use std::future::pending;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedMutexGuard, oneshot};
use tracing::{Instrument, Span};

use super::{Session, SessionContext};
use crate::clock::BoxFuture;
use crate::error::Error;

/// The session type of one system.
pub(crate) trait SignOut: Clone + Send + Sync + 'static {
    /// The session as all systems have it.
    fn shared(&self) -> &Session;

    /// Ends the session at the server, where the system can, and in the store.
    fn sign_out(self) -> BoxFuture<'static, Result<(), Error>>;
}

/// Implements [`SignOut`] for the session type of a system by its methods.
macro_rules! impl_sign_out {
    () => {
        impl $crate::session::SignOut for Session {
            fn shared(&self) -> &$crate::session::Session {
                Self::shared(self)
            }

            fn sign_out(self) -> $crate::BoxFuture<'static, Result<(), $crate::Error>> {
                ::std::boxed::Box::pin(Self::sign_out(self))
            }
        }
    };
}
pub(crate) use impl_sign_out;

/// What is done with a session whose caller is gone, under the lock of its challenge.
type Unclaimed = Box<dyn FnOnce(Option<OwnedMutexGuard<()>>) -> BoxFuture<'static, ()> + Send>;

/// The caller of an exchange, as seen from the task.
#[derive(Clone)]
pub(crate) struct Caller(Arc<CallerState>);

#[derive(Default)]
struct CallerState {
    gone: AtomicBool,
    held: Mutex<Held>,
}

/// What the task keeps until the caller has received the output.
#[derive(Default)]
struct Held {
    lock: Option<OwnedMutexGuard<()>>,
    unclaimed: Option<Unclaimed>,
}

impl Caller {
    /// Whether the caller has dropped its future.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.gone.load(Ordering::SeqCst)
    }

    /// Holds a lock until the caller has received the output.
    pub(crate) fn hold(&self, lock: OwnedMutexGuard<()>) {
        self.held().lock = Some(lock);
    }

    /// Signs `session` out if the caller does not receive the output.
    pub(crate) fn granted(&self, session: &impl SignOut) {
        let session = session.clone();
        self.if_unclaimed(move |_| Box::pin(discard(session)));
    }

    /// Sets what is done if the caller does not receive the output, in place of what was set before.
    pub(crate) fn if_unclaimed(
        &self,
        unclaimed: impl FnOnce(Option<OwnedMutexGuard<()>>) -> BoxFuture<'static, ()> + Send + 'static,
    ) {
        self.held().unclaimed = Some(Box::new(unclaimed));
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Signs a session out that no caller received.
pub(crate) async fn discard(session: impl SignOut) {
    let key = session.shared().entry.key;
    tracing::info!(session = %key, "an unclaimed session is signed out");
    if let Err(error) = session.sign_out().await {
        tracing::warn!(session = %key, %error, "an unclaimed session could not be signed out");
    }
}

/// Lives as long as the caller's future.
struct Presence {
    caller: Caller,
    _end: oneshot::Sender<()>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.caller.0.gone.store(true, Ordering::SeqCst);
    }
}

/// Runs an exchange in a task that a shutdown waits for, and returns its output. If the caller drops
/// this future, the task continues, and then does what [`Caller`] was told.
pub(crate) async fn run_exchange<T, F>(
    context: &SessionContext,
    exchange: impl FnOnce(Caller) -> F,
) -> T
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let caller = Caller(Arc::default());
    let (end, ended) = oneshot::channel();
    let presence = Presence {
        caller: caller.clone(),
        _end: end,
    };
    let slot = Arc::new(Mutex::new(None));
    let (ready, done) = oneshot::channel();
    let exchange = Box::pin(exchange(caller.clone()));
    let guard = context.track();
    let task = {
        let slot = Arc::clone(&slot);
        async move {
            let output = exchange.await;
            *lock(&slot) = Some(output);
            let _ = ready.send(());
            // Fails when the caller's future has ended, which is what this waits for.
            let _ = ended.await;
            let is_unclaimed = lock(&slot).take().is_some();
            let Held {
                lock: held,
                unclaimed,
            } = mem::take(&mut *caller.held());
            if let (true, Some(unclaimed)) = (is_unclaimed, unclaimed) {
                unclaimed(held).await;
            }
            drop(guard);
        }
    };
    let task = tokio::spawn(task.instrument(Span::current()));
    if done.await.is_err() {
        // Only a panic, or a runtime that is shutting down, ends the task before its output.
        match task.await {
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            _ => pending::<()>().await,
        }
    }
    let output = lock(&slot).take();
    drop(presence);
    match output {
        Some(output) => output,
        // The task takes the output only after the end of this future.
        None => pending().await,
    }
}

fn lock<T>(slot: &Mutex<Option<T>>) -> MutexGuard<'_, Option<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

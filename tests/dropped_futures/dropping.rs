//! Drops a future at each of its await points.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// Upper bound for the await points of a call.
const MAX_POINTS: usize = 200;

struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Polls a future `times` times, each time after it was woken, and drops it; returns its output if
/// it completed.
async fn poll_times<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let woken = Arc::new(Woken(Notify::new()));
    let waker = Waker::from(woken.clone());
    for _ in 0..times {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return Some(output),
            Poll::Pending => {
                let asked = timeout(Duration::from_secs(20), woken.0.notified()).await;
                asked.expect("a future that waits is woken");
            }
        }
    }
    None
}

/// For every n, creates a state, runs an action on it that is dropped at its nth await point, and
/// checks what is left; returns the number of points. The output of an action that completes must
/// be a success.
pub async fn at_each_point<S, T>(
    name: &str,
    before: impl AsyncFn() -> S,
    act: impl AsyncFn(&mut S) -> Result<T, vestibule::Error>,
    after: impl AsyncFn(S),
) -> usize {
    for point in 0..MAX_POINTS {
        let mut state = before().await;
        let done = poll_times(act(&mut state), point).await;
        after(state).await;
        match done {
            Some(Ok(_)) => return point,
            Some(Err(error)) => panic!("{name} fails by itself: {error}"),
            None => {}
        }
    }
    panic!("{name} never completes");
}

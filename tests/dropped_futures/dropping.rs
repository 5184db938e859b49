//! Dropping a future at each of its await points.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// More points than any call has.
const MOST: usize = 200;

struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Polls a future so many times, each time when it has asked for it, and drops it; gives its
/// output if it was done by then.
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

/// Makes a state, acts on it until the action is dropped at its nth await point, and looks at what
/// is left, for every n; answers how many points there were. What `act` gives when it is not
/// dropped must be a success.
pub async fn at_each_point<S, T>(
    name: &str,
    before: impl AsyncFn() -> S,
    act: impl AsyncFn(&mut S) -> Result<T, vestibule::Error>,
    after: impl AsyncFn(S),
) -> usize {
    for point in 0..MOST {
        let mut state = before().await;
        let done = poll_times(act(&mut state), point).await;
        after(state).await;
        match done {
            Some(Ok(_)) => return point,
            Some(Err(error)) => panic!("{name} fails by itself: {error}"),
            None => {}
        }
    }
    panic!("{name} is never done");
}

//! A store with slow operations, at one of which a refresh waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use vestibule::BoxFuture;
use vestibule::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

use super::fixture::{is_end_marker, refresh_token_of};
use super::protocol::{Point, Report};
use super::worker::report;

pub struct SteppedStore {
    pub inner: Arc<dyn SessionStore>,
    pub slowness: Duration,
    pub wait_at: Option<Point>,
    /// Whether it has waited; it waits once.
    pub waited: AtomicBool,
    /// The writes that were started under a lease.
    pub writes: AtomicUsize,
    pub go_on: Arc<Notify>,
}

impl SteppedStore {
    async fn step<T>(&self, step: BoxFuture<'_, T>) -> T {
        tokio::time::sleep(self.slowness / 2).await;
        let done = step.await;
        tokio::time::sleep(self.slowness / 2).await;
        done
    }

    /// Reported before the deletion, because the process may be killed afterwards.
    async fn report_deletion(&self, key: &StoreKey, expected: Option<Version>) {
        if let Ok(Some((record, version))) = self.inner.load(key).await
            && expected.is_none_or(|expected| expected == version)
            && let Some(refresh) = refresh_token_of(&record)
        {
            report(&Report::Deletes { refresh });
        }
    }

    async fn pass(&self, point: Point) {
        if self.wait_at == Some(point) && !self.waited.swap(true, Ordering::SeqCst) {
            report(&Report::At(point));
            self.go_on.notified().await;
        }
    }
}

impl SessionStore for SteppedStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(self.step(self.inner.load(key)))
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        self.inner.create(key, record, time_to_live)
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            // An end marker removes a record unless it is newer.
            if is_end_marker(&record) {
                self.report_deletion(key, Some(expected)).await;
            }
            // A refresh writes its in-progress marker first, and then the new tokens.
            let number = self.writes.fetch_add(1, Ordering::SeqCst);
            match number {
                0 => self.pass(Point::Read).await,
                1 => self.pass(Point::Responded).await,
                _ => {}
            }
            let swap = self
                .inner
                .compare_and_swap(key, expected, record, time_to_live, fence);
            let written = self.step(swap).await;
            if number == 0 {
                self.pass(Point::Marked).await;
            }
            written
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.report_deletion(key, None).await;
            self.inner.delete(key).await
        })
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        Box::pin(async move {
            let fence = self.step(self.inner.acquire(key, time_to_live)).await;
            if matches!(fence, Ok(Some(_))) {
                self.pass(Point::Leased).await;
            }
            fence
        })
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.extend(key, fence, time_to_live)
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.step(self.inner.release(key, fence)))
    }
}

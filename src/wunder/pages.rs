//! Paginated lists.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::Stream;

use crate::clock::BoxFuture;
use crate::error::Error;
use crate::pipeline::Response;

/// One page of a list, with the pagination headers of the response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// The number of the page, from 0 (`X-Pagination-Number`).
    pub number: Option<u32>,
    /// The maximum number of items of a page (`X-Pagination-Size`).
    pub size: Option<u32>,
    /// The number of pages (`X-Pagination-TotalPages`).
    pub total_pages: Option<u32>,
    /// The number of items of the whole list (`X-Pagination-TotalElements`).
    pub total_items: Option<u64>,
    /// Whether it is the last page (`X-Pagination-Last`).
    pub is_last: Option<bool>,
}

impl<T> Page<T> {
    pub(crate) fn of<L>(response: Response<L>, items: impl FnOnce(L) -> Vec<T>) -> Self {
        Self {
            number: header(&response, "x-pagination-number"),
            size: header(&response, "x-pagination-size"),
            total_pages: header(&response, "x-pagination-totalpages"),
            total_items: header(&response, "x-pagination-totalelements"),
            is_last: header(&response, "x-pagination-last"),
            items: items(response.into_inner()),
        }
    }

    /// Whether there is a page after the `requested` one. A response without pagination headers is
    /// the only page.
    fn has_next(&self, requested: u32) -> bool {
        let number = self.number.unwrap_or(requested);
        let more = match (self.is_last, self.total_pages) {
            (Some(last), _) => !last,
            (None, Some(total)) => number.saturating_add(1) < total,
            (None, None) => false,
        };
        // After an empty page, or another page than the requested one, the list would never end.
        more && !self.items.is_empty() && number == requested
    }
}

fn header<L, V: FromStr>(response: &Response<L>, name: &str) -> Option<V> {
    let value = response.headers().get(name)?.to_str().ok()?;
    value.trim().parse().ok()
}

/// A page that is being fetched.
type Fetching<T> = BoxFuture<'static, Result<Page<T>, Error>>;

/// Fetches one page by its number.
type Fetch<T> = Arc<dyn Fn(u32) -> Fetching<T> + Send + Sync>;

/// A list that is fetched page by page: as pages with [`next_page`](Self::next_page), or as a
/// `Stream` of its items. Each page is an idempotent call of its own. Pages are fetched when they
/// are polled for, and an error ends the stream. Use one of the two ways, not both.
#[must_use = "nothing is sent before it is polled"]
pub struct Pages<T> {
    fetch: Fetch<T>,
    next: Option<u32>,
    items: VecDeque<T>,
    /// In a mutex that is never locked, so that the list is `Sync`.
    running: Mutex<Option<Fetching<T>>>,
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wunder::Pages(next: {:?})", self.next)
    }
}

impl<T> Pages<T> {
    pub(crate) fn new(
        fetch: impl Fn(u32) -> BoxFuture<'static, Result<Page<T>, Error>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            fetch: Arc::new(fetch),
            next: Some(0),
            items: VecDeque::new(),
            running: Mutex::new(None),
        }
    }

    /// Fetches the next page; `None` after the last one. After a call that failed or was dropped,
    /// the next call requests the same page.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn next_page(&mut self) -> Result<Option<Page<T>>, Error> {
        let Some(number) = self.next else {
            return Ok(None);
        };
        let page = (self.fetch)(number).await?;
        self.next = page.has_next(number).then(|| number.saturating_add(1));
        Ok(Some(page))
    }
}

impl<T: Unpin> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            let Some(number) = this.next else {
                return Poll::Ready(None);
            };
            let running = this
                .running
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner);
            let fetch = running.get_or_insert_with(|| (this.fetch)(number));
            let fetched = ready!(fetch.as_mut().poll(context));
            *running = None;
            match fetched {
                Ok(page) => {
                    this.next = page.has_next(number).then(|| number.saturating_add(1));
                    this.items = page.items.into();
                }
                Err(error) => {
                    this.next = None;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

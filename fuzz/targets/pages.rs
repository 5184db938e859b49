//! The pagination headers of Wunder's lists, over several pages.
#![no_main]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_core::Stream;
use libfuzzer_sys::{Corpus, fuzz_target};
use tokio::runtime;
use vestibule::fuzzing::pages;
use vestibule::http::HeaderMap;
use vestibule_fuzz::{headers, memory};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((items, data)) = data.split_first() else {
        return Corpus::Reject;
    };
    memory::within(256 * 1024 + 64 * data.len(), || {
        let mut items = *items;
        let responses: Vec<_> = headers::blocks(data)
            .into_iter()
            .map(|headers| {
                // Sometimes an empty page in the middle.
                items = items.wrapping_mul(5).wrapping_add(1);
                (headers, items % 8)
            })
            .collect();
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check_input(responses));
    });
    Corpus::Keep
});

async fn check_input(responses: Vec<(HeaderMap, u8)>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut list = pages(responses.clone(), &asked);
    let mut items = 0;
    let mut fetched = 0;
    while let Some(page) = list.next_page().await.unwrap() {
        let (headers, count) = responses.get(fetched).cloned().unwrap_or_default();
        assert_eq!(page.items.len(), usize::from(count));
        items += page.items.len();
        fetched += 1;
        let says = |name: &str, value: &str| headers.get(name).is_some_and(|it| it == value);
        let last = page.items.is_empty() || says("x-pagination-last", "true");
        let silent = page.is_last.is_none() && page.total_pages.is_none();
        if last || silent {
            assert!(list.next_page().await.unwrap().is_none());
            break;
        }
    }
    let numbers = std::mem::take(&mut *asked.lock().unwrap());
    assert_eq!(
        numbers,
        (0..u32::try_from(fetched).unwrap()).collect::<Vec<_>>()
    );
    assert!(fetched <= responses.len() + 1);

    let mut stream = pages(responses, &asked);
    let mut streamed = 0;
    while let Some(item) = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
        item.unwrap();
        streamed += 1;
    }
    assert_eq!(streamed, items);
    assert_eq!(*asked.lock().unwrap(), numbers);
}

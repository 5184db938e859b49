//! Collects spans and events with their fields.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

pub type Fields = BTreeMap<String, String>;

/// A span, or an event under its message.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub name: String,
    pub parent: Option<String>,
    pub fields: Fields,
}

#[derive(Clone, Default)]
pub struct Collected {
    spans: Arc<Mutex<Vec<(Id, Recorded)>>>,
    events: Arc<Mutex<Vec<Recorded>>>,
}

impl Collected {
    /// Collects the spans and events of this thread until the guard is dropped.
    pub fn begin() -> (Self, DefaultGuard) {
        // A callsite that another thread registers first, without a subscriber, would be cached as
        // disabled. A global subscriber that is interested in everything prevents that.
        static GLOBAL_SUBSCRIBER: Once = Once::new();
        GLOBAL_SUBSCRIBER.call_once(|| {
            let all = tracing_subscriber::registry();
            tracing::subscriber::set_global_default(all).expect("it is set here alone");
        });
        let collected = Self::default();
        let subscriber = tracing_subscriber::registry().with(collected.clone());
        (collected, tracing::subscriber::set_default(subscriber))
    }

    pub fn spans(&self, name: &str) -> Vec<Recorded> {
        let spans = self.spans.lock().unwrap();
        let named = spans
            .iter()
            .map(|(_, seen)| seen)
            .filter(|seen| seen.name == name);
        named.cloned().collect()
    }

    pub fn events(&self, message: &str) -> Vec<Fields> {
        let events = self.events.lock().unwrap();
        let named = events.iter().filter(|seen| seen.name == message);
        named.map(|seen| seen.fields.clone()).collect()
    }
}

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collected {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if !attributes.metadata().target().starts_with("vestibule") {
            return;
        }
        let mut fields = Fields::new();
        attributes.record(&mut Reader(&mut fields));
        let parent = context
            .span(id)
            .and_then(|span| Some(span.parent()?.name().to_owned()));
        let name = attributes.metadata().name().to_owned();
        let seen = Recorded {
            name,
            parent,
            fields,
        };
        self.spans.lock().unwrap().push((id.clone(), seen));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _context: Context<'_, S>) {
        let mut spans = self.spans.lock().unwrap();
        if let Some((_, seen)) = spans.iter_mut().rev().find(|(known, _)| known == id) {
            values.record(&mut Reader(&mut seen.fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if !event.metadata().target().starts_with("vestibule") {
            return;
        }
        let mut fields = Fields::new();
        event.record(&mut Reader(&mut fields));
        let name = fields.remove("message").unwrap_or_default();
        let seen = Recorded {
            name,
            parent: None,
            fields,
        };
        self.events.lock().unwrap().push(seen);
    }
}

//! The messages that a mock would have sent.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// How many messages are kept.
const MAX_MESSAGES: usize = 10_000;

/// How a message is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Channel {
    /// A text message.
    Sms,
    /// An e-mail.
    Email,
}

/// A message that a mock would have sent.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// The phone number or e-mail address.
    pub to: String,
    /// How it is delivered.
    pub channel: Channel,
    /// The code in it.
    pub code: String,
    /// The language of the text, such as `zh-tw`, where the mock knows of languages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The time, in milliseconds since the Unix epoch.
    pub at: i64,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({:?} to {})", self.channel, self.to)
    }
}

/// The messages of one mock, which delivers none of them.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Mutex<Vec<Message>>>);

impl Outbox {
    /// The last 10,000 messages, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.lock().clone()
    }

    /// The code of the newest message to a phone number or e-mail address.
    pub fn last_code(&self, to: &str) -> Option<String> {
        let messages = self.lock();
        let newest = messages.iter().rev().find(|message| message.to == to);
        newest.map(|message| message.code.clone())
    }

    pub(crate) fn send(&self, message: Message) {
        let mut messages = self.lock();
        if messages.len() == MAX_MESSAGES {
            messages.remove(0);
        }
        messages.push(message);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
    /// Whether the code is part of a link, which the user opens, instead of one that the user types.
    pub link: bool,
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
pub struct Outbox(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    messages: Vec<Message>,
    /// How many messages were removed. Messages are numbered from 1, and no number is used again.
    removed: u64,
}

impl Outbox {
    /// The last 10,000 messages, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.lock().messages.clone()
    }

    /// The code of the newest message to a phone number or e-mail address.
    pub fn last_code(&self, to: &str) -> Option<String> {
        let kept = self.lock();
        let newest = kept.messages.iter().rev().find(|message| message.to == to);
        newest.map(|message| message.code.clone())
    }

    /// The messages with a greater number than `after`, oldest first, each with its number.
    pub(super) fn numbered_after(&self, after: u64) -> Vec<(u64, Message)> {
        let kept = self.lock();
        let messages = (kept.removed + 1..).zip(&kept.messages);
        messages
            .filter(|(number, _)| *number > after)
            .map(|(number, message)| (number, message.clone()))
            .collect()
    }

    /// The numbers of the oldest message that is kept and of the next one that is sent.
    pub(super) fn numbers(&self) -> (u64, u64) {
        let kept = self.lock();
        let first = kept.removed + 1;
        (first, first + kept.messages.len() as u64)
    }

    /// Removes all messages.
    pub(super) fn clear(&self) {
        let mut kept = self.lock();
        kept.removed += kept.messages.len() as u64;
        kept.messages.clear();
    }

    pub(crate) fn send(&self, message: Message) {
        let mut kept = self.lock();
        if kept.messages.len() == MAX_MESSAGES {
            kept.messages.remove(0);
            kept.removed += 1;
        }
        kept.messages.push(message);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

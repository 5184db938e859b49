//! The messages that a mock would have sent.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// How many messages are kept.
const KEPT: usize = 10_000;

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A text message.
    Sms,
    /// An e-mail.
    Email,
}

/// One message that a mock would have sent.
#[derive(Clone, Serialize)]
pub struct Message {
    /// The number or address, as sent to.
    pub to: String,
    /// How it travels.
    pub channel: Channel,
    /// The code in it.
    pub code: String,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({:?} to {})", self.channel, self.to)
    }
}

/// All messages of one mock, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Mutex<Vec<Message>>>);

impl Outbox {
    /// Every message, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.lock().clone()
    }

    /// The code of the newest message to a number or address.
    pub fn last_code(&self, to: &str) -> Option<String> {
        let messages = self.lock();
        let newest = messages.iter().rev().find(|message| message.to == to);
        newest.map(|message| message.code.clone())
    }

    pub(crate) fn send(&self, message: Message) {
        let mut messages = self.lock();
        if messages.len() == KEPT {
            messages.remove(0);
        }
        messages.push(message);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! vestibule
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod challenge;
mod clock;
mod credential;
mod error;
mod generated;
mod json;
mod pipeline;
mod random;
mod secret;
pub mod session;

pub use clock::{BoxFuture, Clock, Time};
pub use error::{Delivery, Error, ErrorKind, System};
pub use json::{AnyJson, JsonObject};
pub use pipeline::{CallOptions, QueryValue, Response, Settings};
pub use secret::Secret;

//! Messages with a link, which start no challenge.

use std::sync::Arc;
use std::time::Duration;

use super::first_message::FirstMessage;
use crate::error::Error;
use crate::session::SessionContext;

/// Sends a link by `send` to `destination`, which may get the next one after `wait`, across all
/// instances; `send` also returns whether the server may have sent it. The links of one kind have a wait
/// of their own: `kind` separates them from the codes of a sign-in, whose challenge stays valid.
///
/// Fails before anything is sent if the store fails or the last link is too recent.
pub(crate) async fn send_link<T>(
    context: &Arc<SessionContext>,
    kind: &str,
    destination: &str,
    wait: Duration,
    send: impl Future<Output = Result<(T, bool), Error>>,
) -> Result<T, Error> {
    let to = format!("{kind} {destination}");
    let first = FirstMessage::claim(context, to, wait).await?;
    first.send_link(send, wait).await
}

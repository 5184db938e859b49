//! What a call does after a 401, without a call: for simulations.

use super::credential::Credential;
use super::entry::SessionEntry;
use crate::error::Error;
use crate::pipeline::{Deadline, SessionCredential};
use crate::secret::Secret;

impl SessionEntry {
    /// Another access token for one that the server has rejected.
    pub(crate) async fn replace_rejected(&self, access: &Secret) -> Result<Secret, Error> {
        let deadline = Deadline::after(self.context.settings.deadline);
        let generation = {
            let state = self.lock();
            let known = match &state.credential {
                Credential::Tokens(tokens) => tokens.access == *access,
                #[cfg(feature = "fynd")]
                Credential::Cookies(_) => false,
            };
            known.then_some(state.generation)
        };
        if let Some(generation) = generation {
            self.refresh(generation, deadline).await?;
        }
        self.fresh_token(deadline).await
    }
}

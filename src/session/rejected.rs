//! What a call does after a 401, without a call: for simulations.

use super::core::Core;
use super::material::Material;
use crate::error::Error;
use crate::pipeline::{Deadline, SessionCredential};
use crate::secret::Secret;

impl Core {
    /// Another access token for one that the server has rejected.
    pub(crate) async fn replace_rejected(&self, access: &Secret) -> Result<Secret, Error> {
        let deadline = Deadline::after(self.host.settings.deadline);
        let stamp = {
            let state = self.lock();
            let known = match &state.material {
                Material::Tokens(tokens) => tokens.access == *access,
                #[cfg(feature = "fynd")]
                Material::Cookies(_) => false,
            };
            known.then_some(state.stamp)
        };
        if let Some(stamp) = stamp {
            self.renew(stamp, deadline).await?;
        }
        self.fresh_token(deadline).await
    }
}

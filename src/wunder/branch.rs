//! The branch that a user belongs to.

use super::client::Client;
use super::user_api::types;
use crate::error::{Delivery, Error, ErrorKind, System};

/// A branch of an operator, the home of a user.
#[derive(Clone, Debug)]
pub struct Branch {
    id: String,
    details: types::Branch,
}

impl Branch {
    pub(super) async fn resolve(
        client: &Client,
        latitude: f64,
        longitude: f64,
    ) -> Result<Self, Error> {
        for (field, degrees, bound) in [
            ("latitude", latitude, 90.0),
            ("longitude", longitude, 180.0),
        ] {
            if !(-bound..=bound).contains(&degrees) {
                let right = format!("must be from -{bound} to {bound} degrees");
                return Err(Error::invalid(field, &right).of(System::Wunder));
            }
        }
        let api = client.user_api();
        let call = api.resolve_branch().lat(latitude).lng(longitude);
        let details = call.send().await?.into_inner();
        let id = match details.id.as_ref().map(|id| &id.0) {
            Some(serde_json::Value::String(id)) => id.clone(),
            Some(serde_json::Value::Number(id)) => id.to_string(),
            _ => {
                let message = "the branch has no id";
                return Err(Error::new(ErrorKind::Undecodable, message)
                    .with_delivery(Delivery::Responded)
                    .at(System::Wunder, "resolve_branch"));
            }
        };
        Ok(Self { id, details })
    }

    /// The id, as the sign-in wants it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Everything that the server said about the branch.
    pub fn details(&self) -> &types::Branch {
        &self.details
    }
}

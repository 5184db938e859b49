//! The Wallet Crew. Each tenant defines the members of its accounts and logins: adapt them here.

use std::sync::Arc;

use serde_json::json;
use vestibule::Contact;
use vestibule::store::SessionStore;
use vestibule::walletcrew::{Client, FlowSignIn};
use vestibule::{Clock, Error};

use crate::settings::WalletCrewServer;

pub struct WalletCrew {
    pub client: Client,
    pub sign_in: FlowSignIn,
}

impl WalletCrew {
    pub(super) fn new(
        server: &WalletCrewServer,
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let builder = Client::builder(server.url.as_str()).tenant(server.tenant.as_str());
        let client = builder.store(store).clock(clock).build()?;
        let sign_in = client
            .code_sign_in(
                |to| match to {
                    Contact::Phone(_) => json!({"phone": to.to_text()}),
                    Contact::Email(_) => json!({"email": to.to_text()}),
                },
                |to, code| json!({"identifier": to.to_text(), "code": code.expose()}),
            )
            .flow(server.flow.as_str())
            .provider(server.provider.as_str());
        Ok(Self { client, sign_in })
    }
}

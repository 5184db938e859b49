//! The system that an address names.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use vestibule::System;
use vestibule::code_sign_in::CodeSignIn;

use super::Trouble;
use crate::app::App;

/// A system that is offered.
pub struct Place {
    pub app: Arc<App>,
    pub system: System,
}

impl FromRequestParts<Arc<App>> for Place {
    type Rejection = Trouble;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        // An address with a system's own step names the system in itself.
        let path = parts.uri.path().to_owned();
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Trouble::not_here())?;
        let named = params.iter().find(|(name, _)| *name == "system");
        let name = match named {
            Some((_, name)) => name,
            None => path.split('/').nth(1).unwrap_or_default(),
        };
        let system = app.systems.by_name(name).ok_or_else(Trouble::not_here)?;
        let app = app.clone();
        Ok(Self { app, system })
    }
}

impl Place {
    /// Sign-in by a code, whichever system it is.
    pub fn code_sign_in(&self) -> Result<&dyn CodeSignIn, Trouble> {
        let offered = self.app.systems.code_sign_in(self.system);
        offered.ok_or_else(Trouble::not_here)
    }
}

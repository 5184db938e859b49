//! The system that a URL names.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use vestibule::System;
use vestibule::code_sign_in::CodeSignIn;

use super::PageError;
use crate::app::App;

/// An enabled system, extracted from the path.
pub struct SystemRoute {
    pub app: Arc<App>,
    pub system: System,
}

impl FromRequestParts<Arc<App>> for SystemRoute {
    type Rejection = PageError;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        // Routes of a single system have its name in the path and not as a parameter.
        let path = parts.uri.path().to_owned();
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| PageError::not_here())?;
        let named = params.iter().find(|(name, _)| *name == "system");
        let name = match named {
            Some((_, name)) => name,
            None => path.split('/').nth(1).unwrap_or_default(),
        };
        let system = app.systems.by_name(name).ok_or_else(PageError::not_here)?;
        let app = app.clone();
        Ok(Self { app, system })
    }
}

impl SystemRoute {
    /// The code sign-in of the system.
    pub fn code_sign_in(&self) -> Result<&dyn CodeSignIn, PageError> {
        let enabled = self.app.systems.code_sign_in(self.system);
        enabled.ok_or_else(PageError::not_here)
    }
}

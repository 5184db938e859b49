//! The exchange of a refresh token for new tokens.

use std::sync::Arc;
use std::time::Duration;

use super::auth_api::{AuthApi, types};
use crate::clock::BoxFuture;
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::pipeline::{CallContext, CallOptions, Pipeline};
use crate::secret::Secret;
use crate::session::{Refresher, Tokens};

/// `POST /{tenant}/auth/refresh-token`.
pub(super) struct RefreshToken {
    pipeline: Arc<Pipeline>,
}

impl RefreshToken {
    pub(super) fn new(pipeline: Arc<Pipeline>) -> Self {
        Self { pipeline }
    }
}

impl Refresher for RefreshToken {
    fn refresh<'a>(
        &'a self,
        _session: &'a Secret,
        current: &'a Tokens,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, Error>> {
        Box::pin(async move {
            let refresh = current.refresh.clone().ok_or_else(|| {
                Error::new(
                    ErrorKind::Unauthenticated,
                    "the session has no refresh token",
                )
                .of(System::Wunder)
            })?;
            let body = types::RefreshRequest::builder().refresh_token(refresh);
            let options = CallOptions::new().deadline(within);
            let api = AuthApi::new(CallContext::new(self.pipeline.clone()).with_options(options));
            let issued = api.refresh_token().body(body).send().await?.into_inner();
            let access = issued.access_token.ok_or_else(|| {
                let message = "the response of the refresh has no access token";
                Error::new(ErrorKind::InvalidResponse, message)
                    .with_delivery(Delivery::Responded)
                    .at(System::Wunder, "refresh_token")
            })?;
            let time = &self.pipeline.time;
            let tokens = Tokens::issued(access, issued.refresh_token, time);
            Ok(tokens.or_expire_at(issued.access_token_expire_date, time.now()))
        })
    }
}

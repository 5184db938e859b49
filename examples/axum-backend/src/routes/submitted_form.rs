//! The extractor of submitted forms.

use axum::extract::{Form, FromRequest, Request};
use serde::de::DeserializeOwned;

use super::PageError;

/// The fields of a form. An invalid form gets an error page that does not quote it.
pub struct SubmittedForm<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for SubmittedForm<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match Form::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) => {
                let what = "This form is incomplete or invalid. Go back and send it again.";
                Err(PageError::new(rejection.status(), what))
            }
        }
    }
}

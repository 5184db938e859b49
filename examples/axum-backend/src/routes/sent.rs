//! A form that was sent.

use axum::extract::{Form, FromRequest, Request};
use serde::de::DeserializeOwned;

use super::Trouble;

/// The fields of a form. What is no form of this page is refused in words, and quoted nowhere.
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match Form::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) => {
                let what = "This form did not arrive as it should. Go back and send it again.";
                Err(Trouble::new(rejection.status(), what))
            }
        }
    }
}

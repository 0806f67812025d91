//! The fields of a form, read before anything is done: what cannot be read is a page,
//! as everything else that is wrong.

use super::Failed;
use crate::serve::problem::Problem;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

/// What axum says before the field.
const PREFIX: &str = "Failed to deserialize form body: ";

/// A form's fields.
pub(in crate::serve) struct Fields<T>(pub(in crate::serve) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Fields<T> {
    type Rejection = Failed;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failed> {
        let read = Form::<T>::from_request(request, state).await;
        let refused = match read {
            Ok(Form(said)) => return Ok(Fields(said)),
            Err(refused) => refused,
        };
        let text = refused.body_text();
        Err(Failed(match &refused {
            FormRejection::InvalidFormContentType(_) => Problem::media_type(
                "a form is sent as `application/x-www-form-urlencoded`, as the pages here do",
            ),
            _ if refused.status() == 422 => {
                let said = text.strip_prefix(PREFIX).unwrap_or(&text);
                Problem::invalid(format!("the form is not whole: {said}"))
            }
            _ if refused.status() == 413 => Problem::too_large("the form is too large"),
            _ => Problem::bad_request(format!("the form is not whole: {text}")),
        }))
    }
}

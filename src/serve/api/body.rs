//! Bodies read strictly, and what all deeds over HTTP share.

use crate::casework::Desk;
use crate::serve::caller::Caller;
use crate::serve::problem::Problem;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use tocsin_alerts::casework::Action;
use tocsin_alerts::docket::Intent;

/// A body of JSON; what is wrong with it is a problem.
pub(in crate::serve) struct Json<T>(pub(in crate::serve) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Json(body)),
            Err(refused) if refused.status() == 422 => Err(Problem::invalid(refused.body_text())),
            Err(refused) => Err(Problem::bad_request(refused.body_text())),
        }
    }
}

/// A deed of a caller, still about nothing.
pub(super) fn intent(desk: &Desk, caller: &Caller, key: String) -> Result<Intent, Problem> {
    Ok(Intent {
        who: caller.actor()?,
        role: String::new(),
        purpose: caller.purpose.clone(),
        subject: String::new(),
        key,
        action: Action::Read {
            path: String::new(),
        },
        expected: None,
        time_ms: desk.now_ms(),
        credential: None,
    })
}

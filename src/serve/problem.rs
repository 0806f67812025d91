//! Errors as programs read them: `application/problem+json` (RFC 9457).
//!
//! The detail names the value and what is allowed. What went wrong inside is
//! logged, never told.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tocsin_alerts::StoreError;
use tocsin_alerts::casework::Refusal;
use tocsin_alerts::docket::DocketError;

/// When to try again after a 503, in seconds.
const RETRY_AFTER_SECONDS: u64 = 2;

/// One error, as it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{title}: {detail}")]
pub(super) struct Problem {
    /// What kind of problem; stays the same from version to version.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// The kind in words.
    pub(super) title: &'static str,
    /// The HTTP status.
    pub(super) status: u16,
    /// What is wrong this time.
    pub(super) detail: String,
    /// In how many seconds to try again.
    #[serde(skip)]
    pub(super) retry_after: Option<u64>,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        Problem {
            kind,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_SECONDS),
        }
    }

    /// The same, with the seconds after which to try again.
    pub(super) fn later(self, seconds: u64) -> Problem {
        Problem {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// The header that says so.
    pub(super) fn add_retry(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
    }

    /// The request itself is wrong.
    pub(super) fn bad_request(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:bad-request";
        Problem::new(
            StatusCode::BAD_REQUEST,
            kind,
            "the request is wrong",
            detail,
        )
    }

    /// What the path names does not exist.
    pub(super) fn not_found(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:not-found";
        Problem::new(
            StatusCode::NOT_FOUND,
            kind,
            "there is no such thing",
            detail,
        )
    }

    /// What the path names was there, and went because its time was over.
    pub(super) fn gone(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:gone";
        let status = StatusCode::GONE;
        Problem::new(status, kind, "it is no longer kept", detail)
    }

    /// The path exists, but not with this method.
    pub(super) fn method(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:method-not-allowed";
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Problem::new(status, kind, "the method is not allowed here", detail)
    }

    /// The body is larger than allowed.
    pub(super) fn too_large(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:too-large";
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Problem::new(status, kind, "the body is too large", detail)
    }

    /// The body is of a type that is not taken.
    pub(super) fn media_type(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:media-type";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Problem::new(status, kind, "the media type is not supported", detail)
    }

    /// The body as a whole cannot be taken in.
    pub(super) fn refused(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:refused";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem::new(status, kind, "the records were refused as a whole", detail)
    }

    /// Rules that cannot be taken.
    pub(super) fn unfit(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:rules";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem::new(status, kind, "the rules are refused", detail)
    }

    /// Nobody has signed in, or no longer.
    pub(super) fn unauthorised(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:sign-in";
        let status = StatusCode::UNAUTHORIZED;
        Problem::new(status, kind, "one has to sign in", detail)
    }

    /// Not by this person.
    pub(super) fn forbidden(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:forbidden";
        let status = StatusCode::FORBIDDEN;
        Problem::new(status, kind, "this is not allowed to you", detail)
    }

    /// Not as things stand.
    pub(super) fn conflict(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:conflict";
        let status = StatusCode::CONFLICT;
        Problem::new(status, kind, "this cannot be done as things stand", detail)
    }

    /// Not in this form.
    pub(super) fn invalid(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:invalid";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem::new(status, kind, "what is asked for is not whole", detail)
    }

    /// Somebody else was faster.
    pub(super) fn stale(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:stale";
        let status = StatusCode::PRECONDITION_FAILED;
        Problem::new(status, kind, "it was changed meanwhile", detail)
    }

    /// It has to be said which version is meant.
    pub(super) fn unconditional(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:version";
        let status = StatusCode::PRECONDITION_REQUIRED;
        Problem::new(status, kind, "the version is missing", detail)
    }

    /// Too often.
    pub(super) fn too_many(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:too-many";
        let status = StatusCode::TOO_MANY_REQUESTS;
        Problem::new(status, kind, "too many attempts", detail)
    }

    /// Not now; later perhaps.
    pub(super) fn unavailable(detail: impl Into<String>) -> Problem {
        let kind = "urn:tocsin:problem:unavailable";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Problem::new(status, kind, "this cannot be answered now", detail)
    }

    /// Something failed inside: the log says what.
    pub(super) fn internal(fault: &dyn std::fmt::Debug) -> Problem {
        tracing::error!(?fault, "a request failed");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let kind = "urn:tocsin:problem:internal";
        let detail = "the request failed inside; the log of the process says why";
        Problem::new(status, kind, "something failed inside", detail)
    }

    /// The status to answer with.
    pub(super) fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<anyhow::Error> for Problem {
    fn from(fault: anyhow::Error) -> Problem {
        match fault.downcast::<StoreError>() {
            Ok(fault) => Problem::from(fault),
            Err(fault) => Problem::internal(&fault),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(fault: StoreError) -> Problem {
        match fault {
            StoreError::Cursor { .. } => Problem::bad_request(fault.to_string()),
            fault => Problem::internal(&fault),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        match refusal {
            Refusal::Forbidden(why) => Problem::forbidden(why),
            Refusal::Conflict(why) => Problem::conflict(why),
            Refusal::Invalid(why) => Problem::invalid(why),
            Refusal::NotFound(why) => Problem::not_found(why),
        }
    }
}

impl From<DocketError> for Problem {
    fn from(fault: DocketError) -> Problem {
        match fault {
            DocketError::Refused(refusal) => Problem::from(refusal),
            DocketError::Stale { .. } => Problem::stale(fault.to_string()),
            DocketError::KeyReused { .. } => Problem::invalid(fault.to_string()),
            DocketError::Cursor { .. } => Problem::bad_request(fault.to_string()),
            fault if fault.passes() => {
                tracing::warn!(%fault, "the casework store cannot be reached");
                Problem::unavailable("the casework store cannot be reached now")
            }
            fault => Problem::internal(&fault),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status_code();
        // A struct of texts and a number always has a JSON form.
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        self.add_retry(headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_the_rfc() {
        let problem = Problem::bad_request("level `pink`: allowed are blue, yellow, orange, red");
        let json: serde_json::Value = serde_json::to_value(&problem).unwrap();
        let expected = serde_json::json!({
            "type": "urn:tocsin:problem:bad-request",
            "title": "the request is wrong",
            "status": 400,
            "detail": "level `pink`: allowed are blue, yellow, orange, red",
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn the_response_says_what_it_is_and_when_to_come_back() {
        let response = Problem::unavailable("later").into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        let response = Problem::not_found("gone").into_response();
        assert!(!response.headers().contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn what_fails_inside_is_not_told() {
        let problem = Problem::from(anyhow::anyhow!("password of the database"));
        assert_eq!(problem.status, 500);
        assert!(!problem.detail.contains("password"));
        let cursor = StoreError::Cursor { cursor: "x".into() };
        assert_eq!(Problem::from(anyhow::Error::from(cursor)).status, 400);
    }
}

//! Parameters of queries, read strictly: an unknown one is an error, because a
//! filter that is silently ignored shows the wrong list.

use super::problem::Problem;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tocsin_alerts::level::Level;
use tocsin_alerts::lifecycle::Status;

/// The most rows one page gives.
pub(super) const MAX_LIMIT: usize = 1_000;
/// Rows of a page when nothing is asked for.
const DEFAULT_LIMIT: usize = 100;

/// The parameters of a query; `T` should deny unknown fields.
pub(super) struct Params<T>(pub(super) T);

/// No parameter is allowed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Params(params)),
            Err(refused) => Err(Problem::bad_request(refused.body_text())),
        }
    }
}

/// The segments of a path, as [`Path`] reads them.
pub(super) struct Segments<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(segments)) => Ok(Segments(segments)),
            Err(refused) => Err(Problem::bad_request(refused.body_text())),
        }
    }
}

/// How many rows to give.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked {
        None => Ok(DEFAULT_LIMIT),
        Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::bad_request(format!(
            "limit `{limit}`: allowed are 1 to {MAX_LIMIT}"
        ))),
    }
}

/// `yes`, `no`, or nothing said.
pub(super) fn yes_or_no(what: &str, text: &str) -> Result<Option<bool>, Problem> {
    match text {
        "" => Ok(None),
        "yes" => Ok(Some(true)),
        "no" => Ok(Some(false)),
        _ => Err(Problem::bad_request(format!(
            "{what} `{text}`: allowed are yes, no"
        ))),
    }
}

/// A level that an alert can have; empty is any.
pub(super) fn level(text: &str) -> Result<Option<Level>, Problem> {
    choice("level", text, &Level::ALL, Level::name)
}

/// A status; empty is any.
pub(super) fn status(text: &str) -> Result<Option<Status>, Problem> {
    let all = [Status::Open, Status::Closed, Status::Retracted];
    choice("status", text, &all, Status::name)
}

fn choice<T: Copy>(
    what: &str,
    text: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let found = all.iter().copied().find(|one| name(*one) == text);
    let allowed = || {
        all.iter()
            .map(|one| name(*one))
            .collect::<Vec<_>>()
            .join(", ")
    };
    found
        .map(Some)
        .ok_or_else(|| Problem::bad_request(format!("{what} `{text}`: allowed are {}", allowed())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_allowed_is_named_with_what_is() {
        assert_eq!(level("").unwrap(), None);
        assert_eq!(level("red").unwrap(), Some(Level::Red));
        let detail = level("pink").unwrap_err().detail;
        assert_eq!(
            detail,
            "level `pink`: allowed are none, blue, yellow, orange, red"
        );
        assert_eq!(status("retracted").unwrap(), Some(Status::Retracted));
        assert!(status("Open").is_err());
        assert_eq!(limit(None).unwrap(), 100);
        assert!(limit(Some(0)).is_err() && limit(Some(1_001)).is_err());
    }
}

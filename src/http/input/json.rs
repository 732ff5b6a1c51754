//! JSON request bodies: small, of the right type, and without unknown members.

mod bounded;

use axum::body::Body;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Number;

use crate::http::headers::media_type;
use crate::http::reply::problem::{Problem, ProblemKind};
pub(crate) use bounded::{List, Members};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// The maximum size of a JSON body, in bytes.
pub(crate) const MAX_BYTES: usize = 64 << 10;

/// The largest number that is accepted. Up to this number, every JSON implementation is exact
/// (RFC 8259 §6).
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// Deserializes a whole number without a sign. `60.0` is accepted too, because some languages
/// print numbers in this way.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    let whole = number.as_u64().or_else(|| {
        let float = number.as_f64().filter(|float| float.is_sign_positive())?;
        // Within these bounds the cast is exact.
        let exact = (0.0..=MAX_NUMBER as f64).contains(&float) && float.fract() == 0.0;
        exact.then_some(float as u64)
    });
    let within = whole.filter(|whole| *whole <= MAX_NUMBER);
    within.ok_or_else(|| {
        let reason = format!("must be a whole number from 0 to {MAX_NUMBER}, not {number}");
        serde::de::Error::custom(reason)
    })
}

/// Deserializes such a number, or `null`.
pub(crate) fn whole_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "whole")] u64);
    let number = Option::<Whole>::deserialize(deserializer)?;
    Ok(number.map(|Whole(number)| number))
}

/// A body of type `application/json`. As an `Option`, the body may be absent.
#[derive(Default)]
pub(crate) struct Json<T>(pub(crate) T);

/// A merge patch (RFC 7396), which may also be declared as `application/json`.
pub(crate) struct MergePatch<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        read(&head.headers, body, &[JSON]).await.map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Problem> {
        let (head, body) = request.into_parts();
        let bytes = bytes(body).await?;
        if bytes.is_empty() && !head.headers.contains_key(header::CONTENT_TYPE) {
            return Ok(None);
        }
        let value = read(&head.headers, Body::from(bytes), &[JSON]).await?;
        Ok(Some(Self(value)))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for MergePatch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        read(&head.headers, body, &[MERGE_PATCH, JSON])
            .await
            .map(Self)
    }
}

/// Reads a body that has one of these media types.
async fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    media_types: &[&str],
) -> Result<T, Problem> {
    refuse_other_types(headers, media_types)?;
    let bytes = bytes(body).await?;
    // Serde would also deserialize a struct from an array of its members' values.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::bad_request("the body must be a JSON object"));
    }
    parse(&bytes)
}

fn refuse_other_types(headers: &HeaderMap, media_types: &[&str]) -> Result<(), Problem> {
    let essence = media_type::of(headers).unwrap_or_default();
    let is_sent = |known: &&str| known.eq_ignore_ascii_case(essence);
    if media_types.iter().any(is_sent) {
        return Ok(());
    }
    let detail = format!("the body must be of type {}", media_types.join(" or "));
    Err(Problem::new(ProblemKind::UnsupportedType, detail).with("allowed", media_types.to_vec()))
}

async fn bytes(body: Body) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut stream = body.into_data_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece
            .map_err(|error| Problem::new(ProblemKind::UploadInterrupted, error.to_string()))?;
        if bytes.len() + piece.len() > MAX_BYTES {
            let detail = format!("the body must have at most {MAX_BYTES} bytes");
            return Err(Problem::new(ProblemKind::TooLarge, detail).with("limit", MAX_BYTES));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Parses a JSON text. Errors name the invalid member.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let refused =
        |error: serde_json::Error| Problem::bad_request(format!("the body is not valid: {error}"));
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        if path == "." || !error.inner().is_data() {
            return refused(error.into_inner());
        }
        let detail = format!("the body's member {path}: {}", error.inner());
        Problem::bad_request(detail).with("field", path)
    })?;
    reader.end().map_err(refused)?;
    Ok(value)
}

#[cfg(test)]
mod tests;

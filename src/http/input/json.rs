//! JSON request bodies: small, of the right type, and with no member that we do
//! not know.

mod bounded;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Number;

use crate::http::reply::problem::{Problem, ProblemKind};
pub(crate) use bounded::{List, Members};

/// The longest JSON body that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 64 << 10;

/// The largest number that a member may be: what JSON numbers are exact up to, whatever
/// reads them (RFC 8259 §6).
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// A whole number that has no sign. `60.0` is one too: some languages write it so.
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
        let must = format!("{number} is not a whole number from 0 to {MAX_NUMBER}");
        serde::de::Error::custom(must)
    })
}

/// The same, or nothing.
pub(crate) fn whole_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "whole")] u64);
    let number = Option::<Whole>::deserialize(deserializer)?;
    Ok(number.map(|Whole(number)| number))
}

/// Reads a body of one of these media types.
pub(crate) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    media_types: &[&str],
) -> Result<T, Problem> {
    let sent = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = sent
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    if !media_types
        .iter()
        .any(|known| known.eq_ignore_ascii_case(essence))
    {
        let detail = format!("the body must be of type {}", media_types.join(" or "));
        return Err(Problem::new(ProblemKind::UnsupportedType, detail)
            .with("allowed", media_types.to_vec()));
    }
    let bytes = bytes(body).await?;
    // A struct would also be read from an array of its members' values.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::new(
            ProblemKind::BadRequest,
            "the body must be a JSON object",
        ));
    }
    parse(&bytes)
}

/// Reads a JSON body, or none: that is as good as an empty object.
pub(crate) async fn optional_json<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Problem> {
    let bytes = bytes(body).await?;
    if bytes.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        return Ok(T::default());
    }
    json(headers, Body::from(bytes), &["application/json"]).await
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

/// Reads a JSON text; the member that cannot be so is named.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let refused = |error: serde_json::Error| {
        Problem::new(ProblemKind::BadRequest, format!("the body: {error}"))
    };
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        if path == "." || !error.inner().is_data() {
            return refused(error.into_inner());
        }
        let detail = format!("the body's member {path}: {}", error.inner());
        Problem::new(ProblemKind::BadRequest, detail).with("field", path)
    })?;
    reader.end().map_err(refused)?;
    Ok(value)
}

#[cfg(test)]
mod tests;

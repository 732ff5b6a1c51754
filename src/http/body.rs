//! JSON request bodies: small, of the right type, and with no member that we do
//! not know.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::problem::{Problem, ProblemKind};

/// The longest JSON body that is read, in bytes.
const MAX_BYTES: usize = 64 << 10;

/// Reads a body of one of these media types.
pub(super) async fn json<T: DeserializeOwned>(
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
    // A struct would also be read from an array of its members' values.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::new(
            ProblemKind::BadRequest,
            "the body must be a JSON object",
        ));
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(ProblemKind::BadRequest, format!("the body: {error}")))
}

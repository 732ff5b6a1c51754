//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): the key, and what
//! makes a repeat the same request.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::http::reply::problem::{Problem, ProblemKind};

/// The longest key, in characters.
const MAX_KEY_CHARS: usize = 255;

/// The key of a request, if it has one.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.to_str().ok().and_then(parse);
    match (key, values.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => {
            let detail = format!(
                "send one Idempotency-Key, a string in double quotes of 1 to {MAX_KEY_CHARS} \
                 printable ASCII characters"
            );
            Err(Problem::new(ProblemKind::BadRequest, detail).with("header", "Idempotency-Key"))
        }
    }
}

/// A string of RFC 9651 §3.3.3, as the draft has it; or without the quotes, as many
/// clients send it. Both are the same key.
fn parse(value: &str) -> Option<String> {
    let value = value.trim_matches(' ');
    let key = match value.strip_prefix('"') {
        Some(rest) => unquote(rest)?,
        None if value.chars().all(is_bare) => value.to_owned(),
        None => return None,
    };
    (1..=MAX_KEY_CHARS).contains(&key.len()).then_some(key)
}

fn is_bare(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ',' | ';')
}

/// What follows the opening quote, to the closing one.
fn unquote(rest: &str) -> Option<String> {
    let mut key = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(key),
            '\\' => key.push(characters.next().filter(|c| matches!(c, '"' | '\\'))?),
            c if c == ' ' || c.is_ascii_graphic() => key.push(c),
            _ => return None,
        }
    }
}

/// What makes two requests the same.
#[derive(Debug, Serialize)]
pub(crate) struct Fingerprint<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    /// Without parameters: the boundary of a form is another each time.
    pub(crate) content_type: &'a str,
    pub(crate) visibility: &'a str,
    pub(crate) tags: &'a [String],
    pub(crate) files: Vec<FileFingerprint<'a>>,
}

/// What makes two files the same.
#[derive(Debug, Serialize)]
pub(crate) struct FileFingerprint<'a> {
    pub(crate) filename: Option<&'a str>,
    pub(crate) sha256: String,
}

impl Fingerprint<'_> {
    /// As text: a hash.
    pub(crate) fn print(&self) -> String {
        let parts = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(Sha256::digest(parts))
    }
}

#[cfg(test)]
mod tests;

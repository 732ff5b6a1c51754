//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07).

use axum::http::HeaderMap;

use crate::http::reply::problem::Problem;

/// The maximum length of a key, in characters.
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
                "the request may have one Idempotency-Key: a quoted string of 1 to {MAX_KEY_CHARS} \
                 printable ASCII characters"
            );
            Err(Problem::bad_request(detail).with("header", "Idempotency-Key"))
        }
    }
}

/// Parses a string as defined in RFC 9651 §3.3.3, or the same without quotes, as many clients send
/// it. Both are the same key.
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

/// Parses the text between the opening and the closing quote.
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

#[cfg(test)]
mod tests;

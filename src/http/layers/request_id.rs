//! `X-Request-Id`: every response has the caller's id if it is valid, and a new one otherwise.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use uuid::Uuid;

use crate::platform::{self, Platform};

/// The name of the header.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The middleware that sets the header.
pub(crate) async fn set(
    platform: &dyn Platform,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let sent = request
        .headers()
        .get(&REQUEST_ID)
        .filter(|value| is_valid(value.as_bytes()));
    let id = sent.cloned().or_else(|| new_id(platform));
    let mut response = next(request).await;
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Whether an id has 1 to 128 characters that are safe in logs.
fn is_valid(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    (1..=128).contains(&id.len()) && id.iter().all(plain)
}

fn new_id(platform: &dyn Platform) -> Option<HeaderValue> {
    let id = platform::new_id(platform);
    let mut buffer = Uuid::encode_buffer();
    HeaderValue::from_str(id.simple().encode_lower(&mut buffer)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_ids_are_valid() {
        for valid in [
            "a",
            "01a20bb0-2844",
            "Root=1-67891233-abcdef",
            "a/b+c.d_e:f",
        ] {
            assert!(is_valid(valid.as_bytes()), "{valid}");
        }
        for wrong in ["", "a b", "a,b", "a\"", "é", "a\n", &"a".repeat(129)] {
            assert!(!is_valid(wrong.as_bytes()), "{wrong:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn ids_with_other_characters_are_not_valid(id: Vec<u8>, plain in "[a-zA-Z0-9_.:/+=-]{1,128}") {
            let text = String::from_utf8_lossy(&id);
            let odd = |c: char| !c.is_ascii_alphanumeric() && !"-_.:/+=".contains(c);
            let expected = (1..=128).contains(&id.len()) && !text.contains(odd);
            proptest::prop_assert_eq!(is_valid(&id), expected);
            proptest::prop_assert!(is_valid(plain.as_bytes()));
        }
    }
}

//! Items of structured fields (RFC 9651): the numbers and booleans of resumable uploads. A field
//! with another value is ignored, as its definition says.

use axum::http::HeaderMap;

/// The most digits of an integer (§3.3.1).
const MAX_DIGITS: usize = 15;

/// A non-negative integer.
pub(crate) fn integer(headers: &HeaderMap, name: &str) -> Option<u64> {
    let digits = item(headers, name)?;
    let valid =
        (1..=MAX_DIGITS).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    valid.then(|| digits.parse().ok()).flatten()
}

/// A boolean.
pub(crate) fn boolean(headers: &HeaderMap, name: &str) -> Option<bool> {
    match item(headers, name)? {
        "?0" => Some(false),
        "?1" => Some(true),
        _ => None,
    }
}

/// A boolean as it is sent.
pub(crate) fn print_boolean(value: bool) -> &'static str {
    if value { "?1" } else { "?0" }
}

/// The item of a field that occurs once, without its parameters.
fn item<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let item = value.split(';').next().unwrap_or_default();
    Some(item.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("a", axum::http::HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_items_of_the_right_type_are_read() {
        for (value, expected) in [
            ("0", Some(0)),
            (" 17 ", Some(17)),
            ("17;a=b", Some(17)),
            ("999999999999999", Some(999_999_999_999_999)),
            ("1000000000000000", None),
            ("-1", None),
            ("+1", None),
            ("1.0", None),
            ("\"1\"", None),
            ("", None),
            ("1, 2", None),
        ] {
            assert_eq!(integer(&headers(&[value]), "a"), expected, "{value}");
        }
        for (value, expected) in [
            ("?0", Some(false)),
            ("?1", Some(true)),
            ("?1;a", Some(true)),
            ("?2", None),
            ("1", None),
            ("true", None),
        ] {
            assert_eq!(boolean(&headers(&[value]), "a"), expected, "{value}");
        }
        assert_eq!(integer(&headers(&["1", "1"]), "a"), None);
        assert_eq!(boolean(&headers(&[]), "a"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_field_panics(value in "[ -~]{0,20}") {
            let value = value.parse().expect("a header");
            let headers = HeaderMap::from_iter([(axum::http::HeaderName::from_static("a"), value)]);
            let _ = (integer(&headers, "a"), boolean(&headers, "a"));
        }
    }
}

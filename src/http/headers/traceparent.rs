//! `traceparent` (W3C Trace Context §3.2): the trace that a request belongs to. A field that is not
//! valid is ignored, as the specification says.

use axum::http::HeaderMap;

const FIELD: &str = "traceparent";
/// The length of a trace's id, in hexadecimal digits.
const TRACE_ID: usize = 32;

/// Reads the field, if it is there once and valid.
pub(crate) fn read(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(FIELD).iter();
    let value = values.next()?.to_str().ok()?;
    (values.next().is_none() && is_valid(value)).then_some(value)
}

/// The id of the trace in a valid field.
pub(crate) fn trace_id(field: &str) -> Option<&str> {
    field.get(3..3 + TRACE_ID)
}

fn is_valid(field: &str) -> bool {
    let is_hex = |part: &str, length: usize| {
        let digits = part.bytes();
        part.len() == length
            && digits
                .into_iter()
                .all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &str, length: usize| is_hex(part, length) && part.bytes().any(|c| c != b'0');
    let mut parts = field.splitn(5, '-');
    let [version, trace, parent, flags] = [(); 4].map(|()| parts.next().unwrap_or_default());
    // Later versions may have more parts, which this version may not.
    let is_known = match (version, parts.next()) {
        ("00", rest) => rest.is_none(),
        ("ff", _) => false,
        (version, rest) => is_hex(version, 2) && rest.is_none_or(|rest| rest.len() <= 256),
    };
    is_known && is_id(trace, TRACE_ID) && is_id(parent, 16) && is_hex(flags, 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read_all(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(FIELD, value.parse().expect("a value"));
        }
        read(&headers).map(str::to_owned)
    }

    #[test]
    fn only_valid_fields_are_read() {
        assert_eq!(trace_id(GOOD), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        let later = format!("cc{}-what-the-future-brings", &GOOD[2..]);
        for good in [GOOD, &later] {
            assert_eq!(read_all(&[good]).as_deref(), Some(good));
        }
        let long = format!("{}-{}", later, "a".repeat(257));
        for wrong in [
            "",
            "00",
            &GOOD[..54],
            &GOOD.to_uppercase(),
            &GOOD.replace("00-4", "ff-4"),
            &GOOD.replace("00-4", "0-4"),
            &GOOD.replace("4bf9", "4bfg"),
            &format!("{GOOD}-00"),
            &format!("{GOOD} "),
            &long,
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        ] {
            assert_eq!(read_all(&[wrong]), None, "{wrong}");
        }
        assert_eq!(read_all(&[GOOD, GOOD]), None);
        assert_eq!(read_all(&[]), None);
    }

    proptest! {
        #[test]
        fn what_is_logged_has_32_digits(value in "[0-9a-f-]{50,60}|\\PC{0,80}") {
            if is_valid(&value) {
                let id = trace_id(&value).expect("an id");
                prop_assert!(id.len() == 32 && id.bytes().all(|c| c.is_ascii_hexdigit()));
            }
        }
    }
}

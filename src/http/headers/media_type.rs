//! Media types (RFC 9110 §8.3.1), without their parameters.

use axum::http::{HeaderMap, header};

/// The type of a request's or response's content, without parameters; `None` if it is absent or
/// malformed.
pub(crate) fn of(headers: &HeaderMap) -> Option<&str> {
    let declared = headers.get(header::CONTENT_TYPE)?;
    declared.to_str().ok().map(essence)
}

/// A media type without its parameters.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// The type that a file is declared to have, without parameters; `None` for generic types, which
/// fit any file.
pub(crate) fn declared(media_type: &str) -> Option<&str> {
    const GENERIC: [&str; 6] = [
        "application/octet-stream",
        "application/partial-upload",
        "binary/octet-stream",
        "image/*",
        "*/*",
        "",
    ];
    let essence = essence(media_type);
    let mut generic = GENERIC.iter();
    let is_generic = generic.any(|generic| essence.eq_ignore_ascii_case(generic));
    (!is_generic).then_some(essence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_types_declare_nothing() {
        for generic in ["", "image/*", "Application/Octet-Stream; a=b", "*/*"] {
            assert_eq!(declared(generic), None, "{generic}");
        }
        for (media_type, expect) in [
            ("image/png", "image/png"),
            ("IMAGE/JPG ; q=1", "IMAGE/JPG"),
            ("image/webp;charset=binary", "image/webp"),
            ("image/svg+xml", "image/svg+xml"),
            ("text/html", "text/html"),
            ("image", "image"),
            ("image/png, image/gif", "image/png, image/gif"),
        ] {
            assert_eq!(declared(media_type), Some(expect));
        }
    }

    proptest::proptest! {
        #[test]
        fn parameters_of_a_type_are_ignored(
            essence in "image/(png|gif|\\*|svg\\+xml)|[a-z/*]{0,20}",
            parameters in "( ?;[ -~]{0,9}){0,2}",
        ) {
            let with = format!("{essence}{parameters}");
            proptest::prop_assert_eq!(declared(&with), declared(&essence));
        }
    }
}

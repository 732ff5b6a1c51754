//! Parsing and printing of `Content-Disposition` (RFC 6266).

use std::borrow::Cow;

use axum::http::{HeaderMap, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::http::headers::field_parameters::{FieldParameters, Malformed};
use crate::http::reply::problem::Problem;

/// All characters except those that RFC 8187 §3.2.1 allows without escaping (`attr-char`).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header's value for displaying (`inline`) or saving (`attachment`) a file under a name.
/// Plain ASCII names are quoted. Other names are also encoded as in RFC 8187, after a fallback for
/// clients that do not support that.
pub(crate) fn print(attachment: bool, filename: Option<&str>) -> String {
    let kind = if attachment { "attachment" } else { "inline" };
    let Some(name) = filename else {
        return kind.to_owned();
    };
    let plain = |c: char| (c == ' ' || c.is_ascii_graphic()) && !matches!(c, '"' | '\\' | '%');
    if name.chars().all(plain) {
        return format!("{kind}; filename=\"{name}\"");
    }
    let fallback: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let extended = utf8_percent_encode(name, ESCAPED);
    format!("{kind}; filename=\"{fallback}\"; filename*=UTF-8''{extended}")
}

/// The names in a header's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// The name of the form's part (RFC 7578 §4.2).
    pub(crate) name: Option<String>,
    /// The file name. `filename*` takes precedence over `filename` (RFC 6266 §4.3).
    pub(crate) filename: Option<String>,
}

impl Named {
    /// The names in the headers of a request, or of a part of a form. A file name in an encoding
    /// other than UTF-8 is ignored.
    pub(crate) fn by(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut values = headers.get_all(header::CONTENT_DISPOSITION).iter();
        let Some(value) = values.next() else {
            return Ok(Self::default());
        };
        if values.next().is_some() {
            return Err(refused("may be given only once"));
        }
        let named = match String::from_utf8_lossy(value.as_bytes()) {
            Cow::Borrowed(text) => parse(text),
            Cow::Owned(lossy) => parse(&lossy).map(|named| Self {
                filename: None,
                ..named
            }),
        };
        named.map_err(|malformed| refused(&malformed.to_string()))
    }
}

fn refused(reason: &str) -> Problem {
    let detail = format!("Content-Disposition {reason}");
    Problem::bad_request(detail).with("header", "Content-Disposition")
}

/// Parses a header's value.
pub(crate) fn parse(value: &str) -> Result<Named, Malformed> {
    let parameters = FieldParameters::parse(value)?;
    let extended = parameters.get("filename*").and_then(decode_extended);
    let owned = |name| parameters.get(name).map(str::to_owned);
    Ok(Named {
        name: owned("name"),
        filename: extended.or_else(|| owned("filename")),
    })
}

/// Decodes `UTF-8''percent-encoded` (RFC 8187 §3.2).
fn decode_extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    percent_decode_str(encoded)
        .decode_utf8()
        .ok()
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn filename(value: &str) -> Option<String> {
        parse(value).expect(value).filename
    }

    #[test]
    fn names_are_printed_for_every_client() {
        let check = |name: &str, expect: &str| assert_eq!(print(false, Some(name)), expect);
        check("cat 1.jpg", "inline; filename=\"cat 1.jpg\"");
        check(
            "€.jpg",
            "inline; filename=\"_.jpg\"; filename*=UTF-8''%E2%82%AC.jpg",
        );
        check(
            "a\"b\\c.jpg",
            "inline; filename=\"a_b_c.jpg\"; filename*=UTF-8''a%22b%5Cc.jpg",
        );
        check(
            "100%.jpg",
            "inline; filename=\"100_.jpg\"; filename*=UTF-8''100%25.jpg",
        );
        check(
            "a\r\nb",
            "inline; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab",
        );
        assert_eq!(print(true, None), "attachment");
    }

    #[test]
    fn names_are_parsed_as_clients_send_them() {
        let check = |value: &str, expect: Option<&str>| {
            assert_eq!(filename(value).as_deref(), expect, "{value}");
        };
        check("attachment", None);
        check("attachment; filename=cat.jpg", Some("cat.jpg"));
        check(
            "attachment; filename=\"a;b \\\"c\\\".jpg\"; size=3",
            Some("a;b \"c\".jpg"),
        );
        check(
            "inline; filename=\"e.jpg\"; filename*=UTF-8''%e2%82%ac.jpg",
            Some("€.jpg"),
        );
        check("inline; FileName=a; filename*=latin1''%e4", Some("a"));
        check("inline; filename*=UTF-8''%ff", None);
        check("inline; filename=\"open", Some("open"));
        check("inline; a; filename=b", Some("b"));
    }

    #[test]
    fn a_name_within_quotes_is_not_a_parameter() {
        let check = |value: &'static str, name: Option<&str>, filename: Option<&str>| {
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
            let headers = HeaderMap::from_iter([(header::CONTENT_DISPOSITION, value)]);
            let named = Named::by(&headers).expect("is read");
            let names = (named.name.as_deref(), named.filename.as_deref());
            assert_eq!(names, (name, filename), "{headers:?}");
        };
        check("form-data; name=file", Some("file"), None);
        check(
            "form-data; filename=\"a; name=tags\"; name=\"file\"",
            Some("file"),
            Some("a; name=tags"),
        );
        check(
            "form-data; filename=\"\\\"; name=\\\"tags\\\"\"; name=\"file\"",
            Some("file"),
            Some("\"; name=\"tags\""),
        );
        check("form-data; filename=\"name=tags\"", None, Some("name=tags"));
        check("form-data; NAME=\"file\"", Some("file"), None);
        assert_eq!(Named::by(&HeaderMap::new()).ok(), Some(Named::default()));
        let latin = HeaderValue::from_bytes(b"form-data; name=file; filename=\xe9.png");
        let latin = [(header::CONTENT_DISPOSITION, latin.expect("a value"))];
        let named = Named::by(&HeaderMap::from_iter(latin)).expect("is read");
        assert_eq!(
            (named.name.as_deref(), named.filename),
            (Some("file"), None)
        );
    }

    proptest::proptest! {
        #[test]
        fn reading_is_the_inverse_of_printing(name in "\\PC{1,60}") {
            let name = name.trim();
            let read = filename(&print(true, Some(name)));
            proptest::prop_assert_eq!(read.as_deref(), Some(name));
        }

        #[test]
        fn printed_names_are_valid_headers_and_parsing_never_panics(name in ".{0,60}") {
            let printed = print(false, Some(&name));
            proptest::prop_assert!(axum::http::HeaderValue::from_str(&printed).is_ok());
            let _ = parse(&name);
        }
    }
}

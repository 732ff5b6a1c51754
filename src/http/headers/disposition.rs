//! Parsing and printing of `Content-Disposition` (RFC 6266).

use std::borrow::Cow;

use axum::http::{HeaderMap, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::http::headers::field_parameters::{FieldParameters, Malformed};
use crate::http::headers::file_name;
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
    // Some clients decode `%41` and `=?utf-8?Q?A?=`, which are no encodings in a plain name.
    let plain =
        |c: char| (c == ' ' || c.is_ascii_graphic()) && !matches!(c, '"' | '\\' | '%' | '?');
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
    /// The file name, if it can be read.
    pub(crate) filename: Option<String>,
    /// Whether there is a file name, readable or not: then the part is a file.
    pub(crate) has_filename: bool,
}

impl Named {
    /// The names in the headers of a request, or of a part of a form. A file name in an unknown
    /// charset is ignored.
    pub(crate) fn by(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut values = headers.get_all(header::CONTENT_DISPOSITION).iter();
        let Some(value) = values.next() else {
            return Ok(Self::default());
        };
        if values.next().is_some() {
            return Err(refused("may be given only once"));
        }
        let text = String::from_utf8_lossy(value.as_bytes());
        let is_utf8 = matches!(text, Cow::Borrowed(_));
        Self::parse(&text, is_utf8).map_err(|malformed| refused(&malformed.to_string()))
    }

    /// Parses a header's value. `is_utf8`: whether it is as sent; otherwise, it has U+FFFD in place of
    /// other bytes.
    pub(crate) fn parse(value: &str, is_utf8: bool) -> Result<Self, Malformed> {
        let parameters = FieldParameters::parse(value)?;
        let kind = value.split(';').next().unwrap_or_default().trim();
        let is_part = kind.eq_ignore_ascii_case("form-data");
        let is_given = |name| parameters.get(name).is_some();
        let name = parameters.get("name").map(str::to_owned);
        Ok(Self {
            // Some clients encode only names that are not ASCII.
            name: name.or_else(|| file_name::extended(&parameters, "name*")),
            filename: file_name::read(&parameters, is_part, is_utf8),
            has_filename: is_given("filename") || is_given("filename*"),
        })
    }
}

fn refused(reason: &str) -> Problem {
    let detail = format!("Content-Disposition {reason}");
    Problem::bad_request(detail).with("header", "Content-Disposition")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn filename(value: &str) -> Option<String> {
        Named::parse(value, true).expect(value).filename
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
            "=?utf-8?Q?a?=",
            "inline; filename=\"=_utf-8_Q_a_=\"; filename*=UTF-8''%3D%3Futf-8%3FQ%3Fa%3F%3D",
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
        check("form-data; name*=utf-8''%C3%BC", Some("ü"), None);
        check(
            "form-data; name*=utf-8''tags; name=file",
            Some("file"),
            None,
        );
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
            let _ = Named::parse(&name, true);
        }
    }
}

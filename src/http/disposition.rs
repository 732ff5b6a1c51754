//! `Content-Disposition` (RFC 6266), both ways.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What RFC 8187 §3.2.1 lets stand unescaped (`attr-char`).
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

/// The header's value for showing (`inline`) or saving (`attachment`) under a
/// name. Names in plain ASCII are sent quoted; others also as RFC 8187 has it,
/// after a fallback for clients that do not know it.
pub(super) fn print(attachment: bool, filename: Option<&str>) -> String {
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

/// The file name that a header's value carries; `filename*` goes before
/// `filename` (RFC 6266 §4.3).
pub(super) fn filename(value: &str) -> Option<String> {
    let parameters = parameters(value);
    let find = |wanted: &str| {
        let mut matches = parameters
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        matches.next().map(|(_, value)| value.as_str())
    };
    find("filename*")
        .and_then(decode_extended)
        .or_else(|| find("filename").map(str::to_owned))
}

/// `UTF-8''percent-encoded` (RFC 8187 §3.2).
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

/// The `name=value` pairs after the first `;`, values unquoted.
fn parameters(value: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut rest = value.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', '\t', ';']);
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let (value, after) = after.split_once(';').unwrap_or((after, ""));
                (value.trim().to_owned(), after)
            }
        };
        found.push((name, value));
        rest = after;
    }
    found
}

/// The text up to the closing quote, with escapes undone, and what follows.
fn unquote(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => text.push(c),
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn names_are_read_as_clients_send_them() {
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
    }

    proptest::proptest! {
        #[test]
        fn reading_is_the_inverse_of_printing(name in "\\PC{1,60}") {
            let name = name.trim();
            let read = filename(&print(true, Some(name)));
            proptest::prop_assert_eq!(read.as_deref(), Some(name));
        }

        #[test]
        fn what_is_printed_is_a_header_and_what_is_read_never_panics(name in ".{0,60}") {
            let printed = print(false, Some(&name));
            proptest::prop_assert!(axum::http::HeaderValue::from_str(&printed).is_ok());
            let _ = filename(&name);
        }
    }
}

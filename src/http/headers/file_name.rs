//! The name of a file, in all the ways in which clients write it into the parameters of
//! `Content-Disposition`. Every upload's name is read here.
//!
//! 1. `filename*`: percent-encoded, with its charset (RFC 8187). It takes precedence, as in
//!    RFC 6266 §4.3. .NET, urllib3 and others write it into parts of forms too.
//! 2. `filename` with encoded words (RFC 2047): .NET, and clients that are made from mail.
//! 3. `filename` of a form's part, percent-encoded (RFC 7578 §2): browsers encode only quotes and
//!    the ends of lines, aiohttp everything.
//! 4. `filename` as it is, in UTF-8.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::field_parameters::FieldParameters;
use super::{charset, encoded_words};

/// The name in the parameters of a request, or of a part of a form. A name in an unknown charset
/// is ignored. `is_utf8`: whether the parameters are as sent; otherwise, they have U+FFFD in place
/// of other bytes.
pub(super) fn read(
    parameters: &FieldParameters<'_>,
    is_part: bool,
    is_utf8: bool,
) -> Option<String> {
    extended(parameters, "filename*").or_else(|| {
        let plain = parameters.get("filename")?;
        let is_damaged = !is_utf8 && plain.contains(char::REPLACEMENT_CHARACTER);
        if is_damaged {
            return None;
        }
        if encoded_words::may_have_words(plain) {
            return encoded_words::decode(plain);
        }
        let decoded = if is_part {
            decode_part(plain)
        } else {
            plain.into()
        };
        Some(decoded.into_owned())
    })
}

/// The value of a parameter of the form `charset'language'percent-encoded` (RFC 8187 §3.2).
pub(super) fn extended(parameters: &FieldParameters<'_>, name: &str) -> Option<String> {
    let (charset, rest) = parameters.get(name)?.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    let bytes: Cow<'_, [u8]> = percent_decode_str(encoded).into();
    charset::decode(charset, &bytes)
}

/// Decodes the plain name of a form's part. A browser does not encode `%` itself, so that a name
/// may have had `%20` on the user's disk: it stays, unless the name can only have been encoded as
/// a whole.
fn decode_part(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return name.into();
    }
    match percent_decode_str(name).decode_utf8() {
        Ok(decoded) if name.is_ascii() && !decoded.is_ascii() => decoded,
        _ => {
            let name = name.replace("%22", "\"");
            name.replace("%0D", "\r").replace("%0A", "\n").into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name that these parameters of a form's part have.
    fn of_part(parameters: &str) -> Option<String> {
        let parameters = FieldParameters::parse(parameters).expect(parameters);
        read(&parameters, true, true)
    }

    #[test]
    fn names_are_read_as_each_client_writes_them() {
        let check = |parameters: &str, expect: &str| {
            let name = of_part(&format!("form-data; name=file; {parameters}"));
            assert_eq!(name.as_deref(), Some(expect), "{parameters}");
        };
        // .NET, alone and with the parameter for old clients.
        let star = "filename*=utf-8''%C3%84%C3%96%C3%A4%C3%B6.jpg";
        let word = "filename=\"=?utf-8?B?w4TDlsOkw7YuanBn?=\"";
        check(&format!("{word}; {star}"), "ÄÖäö.jpg");
        check(&format!("{star}; {word}"), "ÄÖäö.jpg");
        check(star, "ÄÖäö.jpg");
        check(word, "ÄÖäö.jpg");
        check(
            "filename=\"=?utf-8?B?0YTQsNC50Ls/Py5qcGc=?=\"; \
             filename*=utf-8''%D1%84%D0%B0%D0%B9%D0%BB%3F%3F.jpg",
            "файл??.jpg",
        );
        check(
            "filename=\"=?utf-8?B?0YTQsNC50Ls/Py5qcGc=?=\"",
            "файл??.jpg",
        );
        // Apache HttpClient quotes the extended value too.
        check(
            "filename=\"?.jpg\"; filename*=\"UTF-8''%e7%8c%ab.jpg\"",
            "猫.jpg",
        );
        check("filename*=ISO-8859-1'de'%E4.jpg", "ä.jpg");
        // Browsers, curl, httpx: UTF-8, with quotes and ends of lines encoded.
        check("filename=\"猫 %22a%22.jpg\"", "猫 \"a\".jpg");
        check("filename=\"a%0D%0Ab.jpg\"", "a\r\nb.jpg");
        // Go and old curl: with backslashes.
        check("filename=\"a \\\"b\\\" \\\\.jpg\"", "a \"b\" \\.jpg");
        // aiohttp: everything encoded.
        check("filename=\"my%20%D1%84.jpg\"", "my ф.jpg");
        // Perhaps the user's own.
        check("filename=\"my%20cat 100%.jpg\"", "my%20cat 100%.jpg");
        check("filename=\"%FF%20.jpg\"", "%FF%20.jpg");
        check("filename=\"猫%D1%84.jpg\"", "猫%D1%84.jpg");
        check("filename=\"\"", "");
    }

    #[test]
    fn a_name_that_cannot_be_read_gives_way_to_another() {
        let check = |parameters: &str, expect: Option<&str>| {
            assert_eq!(of_part(parameters).as_deref(), expect, "{parameters}");
        };
        check("form-data; filename*=utf-8''%FF; filename=a", Some("a"));
        check("form-data; filename*=koi8-r''%C6; filename=a", Some("a"));
        check("form-data; filename*=a; filename=b", Some("b"));
        check("form-data; filename*=utf-8''%FF", None);
        check("form-data; filename=\"=?koi8-r?B?xg==?=\"", None);
        let damaged = FieldParameters::parse("a; filename=\u{fffd}; filename*=utf-8''b");
        let damaged = damaged.expect("two parameters");
        assert_eq!(read(&damaged, true, false).as_deref(), Some("b"));
    }

    #[test]
    fn only_parts_of_forms_are_percent_encoded() {
        let parameters = FieldParameters::parse("attachment; filename=\"%22%D1%84\"");
        let parameters = parameters.expect("a parameter");
        assert_eq!(read(&parameters, false, true).as_deref(), Some("%22%D1%84"));
        let word = FieldParameters::parse("attachment; filename=\"=?utf-8?Q?=C3=84?=\"");
        let word = word.expect("a parameter");
        assert_eq!(read(&word, false, true).as_deref(), Some("Ä"));
    }

    proptest::proptest! {
        #[test]
        fn names_from_browsers_are_read_unless_they_look_encoded(name in "[^%=\0]{0,40}") {
            let escaped = name
                .replace('"', "%22")
                .replace('\r', "%0D")
                .replace('\n', "%0A")
                .replace('\\', "\\\\");
            let read = of_part(&format!("form-data; filename=\"{escaped}\""));
            proptest::prop_assert_eq!(read, Some(name));
        }

        #[test]
        fn no_parameters_panic(
            value in r#"(filename|\*|=|\?|utf-8|''|%22|%D1%84|"|\\|;|é|B|Q| ){0,30}|.{0,60}"#,
        ) {
            if let Ok(parameters) = FieldParameters::parse(&value) {
                for (is_part, is_utf8) in [(true, true), (false, true), (true, false)] {
                    let _ = read(&parameters, is_part, is_utf8);
                }
            }
        }
    }
}

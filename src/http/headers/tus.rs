//! The grammar of the header fields of tus 1.0.0 (<https://tus.io/protocols/resumable-upload>).

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::reply::problem::Problem;
use crate::number;
use crate::service::resumable::{Checksum, ChecksumAlgorithm};

/// The most keys of `Upload-Metadata`.
const MAX_KEYS: usize = 64;

/// The value of a field that may occur once, as text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        _ => Err(wrong(name, "must occur once, and must be ASCII")),
    }
}

/// A whole number.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Problem> {
    let Some(text) = text(headers, name)? else {
        return Ok(None);
    };
    // Signed in the catalog.
    let number = number::whole(text).filter(|number| i64::try_from(*number).is_ok());
    let number = number.ok_or_else(|| wrong(name, "must be a whole number"));
    number.map(Some)
}

/// `Upload-Metadata`: pairs of a key and a value in base64, or a key alone, separated by commas.
/// A value is text in UTF-8.
pub(crate) fn metadata(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Problem> {
    const NAME: &str = "Upload-Metadata";
    let mut pairs = BTreeMap::new();
    let field = text(headers, NAME)?.unwrap_or_default();
    if field.trim().is_empty() {
        return Ok(pairs);
    }
    for pair in field.split(',') {
        if pairs.len() >= MAX_KEYS {
            return Err(wrong(NAME, "may have at most 64 keys"));
        }
        let pair = pair.trim();
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        if key.is_empty() || !key.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(wrong(NAME, "must have keys of printable ASCII characters"));
        }
        let decoded = STANDARD.decode(value.trim()).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(decoded) = decoded else {
            return Err(wrong(
                NAME,
                "must have values that are UTF-8 text in base64",
            ));
        };
        if pairs.insert(key.to_owned(), decoded).is_some() {
            return Err(wrong(NAME, "must not have a key twice"));
        }
    }
    Ok(pairs)
}

/// `Upload-Checksum`: the name of an algorithm and a checksum in base64.
pub(crate) fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    const NAME: &str = "Upload-Checksum";
    let Some(field) = text(headers, NAME)? else {
        return Ok(None);
    };
    let (name, value) = field.trim().split_once(' ').unwrap_or((field, ""));
    let Some(algorithm) = ChecksumAlgorithm::parse(name) else {
        let names: Vec<&str> = ChecksumAlgorithm::ALL.map(ChecksumAlgorithm::as_str).into();
        return Err(wrong(NAME, "must name a supported algorithm").with("allowed", names));
    };
    let value = STANDARD.decode(value.trim()).ok();
    let value = value.filter(|value| value.len() == algorithm.length());
    let value = value.ok_or_else(|| wrong(NAME, "must have a checksum of the algorithm in base64"));
    Ok(Some(Checksum {
        algorithm,
        value: value?,
    }))
}

/// What `Upload-Concat` says an upload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Concat {
    /// A part of another upload.
    Partial,
    /// The concatenation of the uploads with these URLs.
    Final(Vec<String>),
}

/// `Upload-Concat`: `partial`, or `final;` and the URLs of the parts, separated by spaces.
pub(crate) fn concat(headers: &HeaderMap) -> Result<Option<Concat>, Problem> {
    const NAME: &str = "Upload-Concat";
    let Some(field) = text(headers, NAME)? else {
        return Ok(None);
    };
    match field.trim() {
        "partial" => Ok(Some(Concat::Partial)),
        field => match field.strip_prefix("final;") {
            Some(urls) => {
                let urls = urls.split_ascii_whitespace().map(str::to_owned);
                Ok(Some(Concat::Final(urls.collect())))
            }
            None => Err(wrong(
                NAME,
                "must be partial, or final; and the URLs of the parts",
            )),
        },
    }
}

/// 400: a field does not have its form.
pub(crate) fn wrong(name: &str, rule: &str) -> Problem {
    Problem::bad_request(format!("{name} {rule}")).with("header", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &'static str, value: &str) -> HeaderMap {
        let value = value.parse().expect("a header");
        HeaderMap::from_iter([(axum::http::HeaderName::from_static(name), value)])
    }

    #[test]
    fn metadata_has_keys_and_values_in_base64() {
        let check = |value: &str, expected: Option<&[(&str, &str)]>| {
            let read = metadata(&one("upload-metadata", value)).ok();
            let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            let expected = expected.map(|pairs| pairs.iter().map(owned).collect());
            assert_eq!(read, expected, "{value}");
        };
        check("", Some(&[]));
        check("filename Y2F0LmpwZw==", Some(&[("filename", "cat.jpg")]));
        check(
            "filename Wm/Dqy5wbmc=,is_confidential, a ",
            Some(&[("filename", "Zoë.png"), ("is_confidential", ""), ("a", "")]),
        );
        for wrong in [
            "a Y2F0LmpwZw",
            "a ?",
            "a /w==",
            "a YQ==,a YQ==",
            ",",
            "a YQ==,",
            "é YQ==",
        ] {
            let value = axum::http::HeaderValue::from_bytes(wrong.as_bytes()).expect("a header");
            let name = axum::http::HeaderName::from_static("upload-metadata");
            let headers = HeaderMap::from_iter([(name, value)]);
            assert!(metadata(&headers).is_err(), "{wrong}");
        }
    }

    #[test]
    fn checksums_and_concatenations_have_one_form() {
        let read = checksum(&one("upload-checksum", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="));
        let read = read.ok().flatten().expect("a checksum");
        assert_eq!(read.algorithm, ChecksumAlgorithm::Sha1);
        for wrong in [
            "sha1",
            "sha1 Kq5s",
            "crc32 AAAA",
            "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "",
        ] {
            assert!(checksum(&one("upload-checksum", wrong)).is_err(), "{wrong}");
        }
        let parts = vec!["/a".to_owned(), "https://b/c".to_owned()];
        for (value, expected) in [
            ("partial", Some(Concat::Partial)),
            ("final;/a https://b/c", Some(Concat::Final(parts.clone()))),
            ("final; /a  https://b/c ", Some(Concat::Final(parts))),
            ("final;", Some(Concat::Final(Vec::new()))),
            ("final", None),
            ("Partial", None),
        ] {
            let read = concat(&one("upload-concat", value)).ok().flatten();
            assert_eq!(read, expected, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_field_panics(value in "([ -~]{0,30}|(a|sha1|final|;|,| |YQ==|/){0,20})") {
            let _ = metadata(&one("upload-metadata", &value));
            let _ = checksum(&one("upload-checksum", &value));
            let _ = concat(&one("upload-concat", &value));
            let _ = number(&one("upload-length", &value), "upload-length");
        }
    }
}

//! `Repr-Digest` and `Content-Digest` (RFC 9530): `sha-256=:base64:` in a
//! structured-field dictionary. Other algorithms are ignored, as §2 allows.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::reply::problem::Problem;
use crate::model::Sha256;

/// The SHA-256 that the request declares for its content. An upload has no content coding, so the
/// two fields have the same meaning and must not differ.
pub(crate) fn sha256(headers: &HeaderMap) -> Result<Option<Sha256>, Problem> {
    found(headers, &["repr-digest", "content-digest"])
}

/// The SHA-256 that a request with a piece of a file declares for the whole file.
pub(crate) fn of_representation(headers: &HeaderMap) -> Result<Option<Sha256>, Problem> {
    found(headers, &["repr-digest"])
}

/// The SHA-256 that such a request declares for the piece.
pub(crate) fn of_content(headers: &HeaderMap) -> Result<Option<Sha256>, Problem> {
    found(headers, &["content-digest"])
}

/// The SHA-256 that the fields with these names declare.
fn found(headers: &HeaderMap, names: &[&str]) -> Result<Option<Sha256>, Problem> {
    let mut found = None;
    for name in names {
        for value in headers.get_all(*name) {
            for digest in members(value.to_str().map_err(|_| malformed(name))?) {
                let digest = decode(digest).ok_or_else(|| malformed(name))?;
                if found.is_some_and(|known| known != digest) {
                    return Err(malformed(name));
                }
                found = Some(digest);
            }
        }
    }
    Ok(found)
}

/// The values of the dictionary's members named `sha-256`. Parsers disagree on which of several
/// applies, so they must not differ.
fn members(dictionary: &str) -> impl Iterator<Item = &str> {
    let members = dictionary.split(',').map(str::trim);
    let named = members.filter_map(|member| member.split_once('='));
    named.filter_map(|(key, value)| (key == "sha-256").then_some(value))
}

/// The length of 32 bytes in base64, with padding.
const BASE64_LENGTH: usize = 44;

fn decode(value: &str) -> Option<Sha256> {
    let base64 = value.strip_prefix(':')?.strip_suffix(':')?;
    if base64.len() != BASE64_LENGTH {
        return None;
    }
    let digest: [u8; 32] = STANDARD.decode(base64).ok()?.try_into().ok()?;
    Some(digest.into())
}

fn malformed(name: &str) -> Problem {
    let detail = format!("{name} must have the form sha-256=:<base64>:, with one SHA-256 digest");
    Problem::bad_request(detail)
}

/// The field's value for a digest.
pub(crate) fn print(digest: &Sha256) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of `{"hello": "world"}` and a line end, from RFC 9530 §B.1.
    const EXAMPLE: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";

    fn check(values: &[(&'static str, &'static str)], expect: Option<Option<u8>>) {
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(*name, axum::http::HeaderValue::from_static(value));
        }
        let first = sha256(&headers)
            .ok()
            .map(|digest| digest.map(|digest| digest.0[0]));
        assert_eq!(first, expect, "{values:?}");
    }

    #[test]
    fn digests_are_read_as_rfc_9530_writes_them() {
        check(&[], Some(None));
        check(&[("repr-digest", EXAMPLE)], Some(Some(0x44)));
        check(
            &[("content-digest", EXAMPLE), ("repr-digest", EXAMPLE)],
            Some(Some(0x44)),
        );
        check(
            &[(
                "repr-digest",
                "md5=:AAAA:, sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
            )],
            Some(Some(0x44)),
        );
        check(&[("repr-digest", "sha-512=:AAAA:")], Some(None));
        check(&[("repr-digest", "sha-256=:AAAA:")], None);
        check(&[("repr-digest", "sha-256=RK/0")], None);
        let other = "sha-256=:AAAAqy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
        check(&[("content-digest", EXAMPLE), ("repr-digest", other)], None);
        let both = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:, \
                    sha-256=:AAAAqy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
        check(&[("repr-digest", both)], None);
    }

    #[test]
    fn printing_is_the_inverse_of_reading() {
        let hex = "44aff4ab2d7c3250525675a08f0cfa9591168cffe51791c5f5bbc417c15a6c38";
        assert_eq!(print(&Sha256::parse(hex).expect("a digest")), EXAMPLE);
    }

    proptest::proptest! {
        #[test]
        fn reading_is_the_inverse_of_printing(digest: [u8; 32], before in "([a-z-]{1,9}=:[A-Za-z]{0,8}:, ?)?") {
            let digest = Sha256::from(digest);
            let field = format!("{before}{}", print(&digest));
            let value = field.parse().expect("a header");
            let headers = HeaderMap::from_iter([(axum::http::HeaderName::from_static("repr-digest"), value)]);
            proptest::prop_assert_eq!(sha256(&headers).ok(), Some(Some(digest)));
        }

        #[test]
        fn no_field_panics(value in "(sha-256|md5|,|=|:| |[a-zA-Z0-9+/=]){0,40}|[ -~]{0,40}") {
            let value = value.parse().expect("a header");
            let headers = HeaderMap::from_iter([(axum::http::HeaderName::from_static("content-digest"), value)]);
            let _ = sha256(&headers);
        }
    }
}

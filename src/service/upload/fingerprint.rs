//! Decides whether two requests with the same key are the same request.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Attributes;
use super::intake::Received;

/// The identity of a request as far as front ends know it. It is only compared.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RequestIdentity {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query as it was sent.
    pub query: String,
    /// The type of the body without parameters: the boundary of a form differs each time.
    pub content_type: String,
}

/// The identity of an upload.
#[derive(Debug, Serialize)]
pub(super) struct Fingerprint<'a> {
    #[serde(flatten)]
    request: &'a RequestIdentity,
    visibility: &'a str,
    tags: &'a [String],
    /// Left out if it is empty, as in the fingerprints that were recorded before forms had it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<String, String>,
    files: Vec<FileFingerprint<'a>>,
}

/// The identity of a file.
#[derive(Debug, Serialize)]
struct FileFingerprint<'a> {
    filename: Option<&'a str>,
    /// The SHA-256 of the received bytes.
    sha256: String,
}

impl<'a> Fingerprint<'a> {
    pub(super) fn of(
        request: &'a RequestIdentity,
        files: &'a [Received],
        attributes: &'a Attributes,
    ) -> Self {
        let files = files.iter().map(|file| FileFingerprint {
            filename: file.filename.as_deref(),
            sha256: file.original_sha256.to_string(),
        });
        Self {
            request,
            visibility: attributes.visibility.as_str(),
            tags: &attributes.tags,
            metadata: &attributes.metadata,
            files: files.collect(),
        }
    }

    /// Formats the fingerprint as text: a hash. It is recorded, so a different form would
    /// refuse the repeats of requests that were answered before.
    pub(super) fn print(&self) -> String {
        let parts = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(Sha256::digest(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static NO_METADATA: BTreeMap<String, String> = BTreeMap::new();

    fn fingerprint<'a>(
        request: &'a RequestIdentity,
        tags: &'a [String],
        files: &[(Option<&'a str>, &'a str)],
    ) -> Fingerprint<'a> {
        let files = files.iter().map(|(filename, sha256)| FileFingerprint {
            filename: *filename,
            sha256: (*sha256).to_owned(),
        });
        Fingerprint {
            request,
            visibility: "private",
            tags,
            metadata: &NO_METADATA,
            files: files.collect(),
        }
    }

    fn request() -> RequestIdentity {
        RequestIdentity {
            method: "POST".to_owned(),
            path: "/v1/images".to_owned(),
            query: String::new(),
            content_type: "image/png".to_owned(),
        }
    }

    #[test]
    fn different_requests_have_different_fingerprints() {
        let metadata = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let (request, tags) = (request(), ["a".to_owned()]);
        let first = fingerprint(&request, &tags, &[(None, "00")]);
        let same = fingerprint(&request, &tags, &[(None, "00")]);
        assert_eq!(first.print(), same.print());
        let with_query = RequestIdentity {
            query: "a=b".to_owned(),
            ..request.clone()
        };
        let without_type = RequestIdentity {
            content_type: String::new(),
            ..request.clone()
        };
        let others = [
            fingerprint(&request, &[], &[(None, "00")]),
            fingerprint(&request, &tags, &[(Some(""), "00")]),
            fingerprint(&request, &tags, &[(None, "01")]),
            fingerprint(&request, &tags, &[(None, "00"), (None, "00")]),
            fingerprint(&with_query, &tags, &[(None, "00")]),
            fingerprint(&without_type, &tags, &[(None, "00")]),
            Fingerprint {
                visibility: "public",
                ..fingerprint(&request, &tags, &[(None, "00")])
            },
            Fingerprint {
                metadata: &metadata,
                ..fingerprint(&request, &tags, &[(None, "00")])
            },
        ];
        for other in others {
            assert_ne!(first.print(), other.print(), "{other:?}");
        }
    }

    /// Answers that were recorded before an upgrade are compared with later requests.
    #[test]
    fn a_fingerprint_does_not_change_between_versions() {
        let (request, tags) = (request(), ["a".to_owned()]);
        let print = fingerprint(&request, &tags, &[(Some("a.png"), "00"), (None, "01")]).print();
        let text = r#"{"method":"POST","path":"/v1/images","query":"","content_type":"image/png","visibility":"private","tags":["a"],"files":[{"filename":"a.png","sha256":"00"},{"filename":null,"sha256":"01"}]}"#;
        assert_eq!(print, URL_SAFE_NO_PAD.encode(Sha256::digest(text)));
    }
}

//! The head of an upload: everything that is known before its body is read, except credentials.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::form;
use super::query::{self, FromQuery, Query};
use crate::http::headers::disposition::Named;
use crate::http::headers::{digest, idempotency, media_type};
use crate::http::reply::problem::Problem;
use crate::number;
use crate::service::{Declared, KeyedRequest, RequestIdentity};

/// The query of an upload.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadParameters {
    /// The file's name, for a raw body that does not name it in `Content-Disposition`.
    filename: Option<String>,
}

impl FromQuery for UploadParameters {
    /// The ticket is read with the other credentials, by [`super::upload_terms`].
    const NAMES: &'static [&'static str] = &["filename", "ticket"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let filename = query.one("filename")?.map(str::to_owned);
        Ok(Self { filename })
    }
}

/// The head of an upload, read once.
///
/// A problem with the query or the key is reported before anything else is done. Other problems
/// are kept here until later: an upload whose key is held, or whose ticket has been used, is
/// answered accordingly, whatever else is wrong with it.
pub(crate) struct UploadHead {
    /// The idempotency key, if the request has one.
    pub(crate) keyed: Option<KeyedRequest>,
    /// The form of the body, and what is declared about it.
    pub(crate) content: Result<Content, Problem>,
}

/// The form of an upload's body, and what is declared about it.
pub(crate) enum Content {
    /// One file.
    Raw {
        /// Its length in bytes, if declared.
        length: Option<u64>,
        /// Everything that is declared about the file. The upload is admitted by its length
        /// before a problem with the declaration is reported.
        declared: Result<Declared, Problem>,
    },
    /// `multipart/form-data`.
    Form {
        /// The text that separates the parts.
        boundary: String,
    },
}

impl<S: Sync> FromRequestParts<S> for UploadHead {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts)
    }
}

impl UploadHead {
    fn parse(parts: &Parts) -> Result<Self, Problem> {
        let parameters: UploadParameters = query::parse(&parts.uri)?;
        let key = idempotency::key(&parts.headers)?;
        Ok(Self {
            keyed: key.map(|key| KeyedRequest {
                key,
                request: identity(parts),
            }),
            content: Content::parse(&parts.headers, parameters.filename),
        })
    }
}

impl Content {
    /// `filename` is the name in the query.
    fn parse(headers: &HeaderMap, filename: Option<String>) -> Result<Self, Problem> {
        let media_type = match headers.get(header::CONTENT_TYPE) {
            None => "",
            Some(value) => value
                .to_str()
                .map_err(|_| Problem::bad_request("the Content-Type must be ASCII"))?,
        };
        if media_type::essence(media_type).eq_ignore_ascii_case("multipart/form-data") {
            let boundary = form::boundary(media_type)?;
            return Ok(Self::Form { boundary });
        }
        let length = content_length(headers)?;
        let declared = Named::by(headers).and_then(|named| {
            Ok(Declared {
                length,
                media_type: media_type::declared(media_type).map(str::to_owned),
                sha256: digest::sha256(headers)?,
                filename: named.filename.or(filename),
            })
        });
        Ok(Self::Raw { length, declared })
    }
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(None);
    };
    let length = value.to_str().ok().and_then(number::whole);
    let malformed = || Problem::bad_request("the Content-Length must be a whole number");
    length.ok_or_else(malformed).map(Some)
}

/// The properties, besides its files, that two requests must share to count as the same.
fn identity(parts: &Parts) -> RequestIdentity {
    let content_type = media_type::of(&parts.headers).unwrap_or_default();
    RequestIdentity {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        content_type: content_type.to_ascii_lowercase(),
    }
}

//! `/v1/images/{id}/content`: the bytes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::Response;
use axum::routing::get;
use futures_util::StreamExt as _;
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::Scope;
use crate::catalog::{Image, Visibility};
use crate::http::extract::{ImageId, Reader};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::{App, digest, disposition};
use crate::service::ServiceError;

pub(in crate::http) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/images/{id}/content", get(content))
}

#[derive(Debug, Deserialize)]
struct ContentParameters {
    download: Option<String>,
}

/// Serves GET and HEAD. Nothing is read for HEAD.
async fn content(
    State(app): State<Arc<App>>,
    reader: Reader,
    ImageId(id): ImageId,
    method: Method,
    uri: Uri,
) -> Result<Response, Problem> {
    let Query(parameters) = Query::<ContentParameters>::try_from_uri(&uri)
        .map_err(|error| Problem::new(ProblemKind::BadRequest, error.body_text()))?;
    let image = find(&app, &reader, id).await?;
    let attachment = parameters.download.as_deref() == Some("1");
    let mut headers = headers(&image, attachment);
    headers.insert(
        header::CACHE_CONTROL,
        cache_control(&app, &reader, image.visibility)?,
    );
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        body(&app, &image).await?
    };
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    Ok(response)
}

/// The image, if the reader may have its bytes. Whether a private one exists is told
/// only to who could read it.
async fn find(app: &App, reader: &Reader, id: Uuid) -> Result<Image, Problem> {
    let (grant, refusal) = match reader {
        Reader::Linked(link) => return Ok(app.service.find_linked(id, *link).await?),
        Reader::Granted(grant) if grant.allows(Scope::Read) => (Some(grant), None),
        Reader::Granted(_) => (None, Some(Problem::scope_missing(Scope::Read))),
        Reader::Anybody => (None, Some(Problem::token_missing())),
    };
    match app.service.find_readable(grant, id).await {
        Err(ServiceError::NotFound) => {
            Err(refusal.unwrap_or_else(|| ServiceError::NotFound.into()))
        }
        found => Ok(found?),
    }
}

async fn body(app: &App, image: &Image) -> Result<Body, Problem> {
    let mut stream = app.service.read(image, 0..image.blob.size).await?;
    if image.blob.chunks() <= 1 {
        // The one chunk has been read already: a body without a stream is cheaper.
        let bytes = stream
            .next()
            .await
            .transpose()
            .map_err(ServiceError::from)?;
        return Ok(Body::from(bytes.unwrap_or_default()));
    }
    let service = app.service.clone();
    let id = image.id;
    Ok(Body::from_stream(stream.inspect(move |piece| {
        if let Err(error) = piece {
            service.log(&format!(
                "the transfer of image {id} was broken off: {error}"
            ));
        }
    })))
}

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
/// Whatever the bytes are, they run no script and reach nothing.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

fn headers(image: &Image, attachment: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, &image.content_type);
    set(header::CONTENT_LENGTH, &image.blob.size.to_string());
    set(header::ETAG, &format!("\"{}\"", image.sha256));
    let created = std::time::Duration::from_secs(image.created_at.seconds());
    let created = httpdate::fmt_http_date(std::time::SystemTime::UNIX_EPOCH + created);
    set(header::LAST_MODIFIED, &created);
    let disposition = disposition::print(attachment, image.filename.as_deref());
    set(header::CONTENT_DISPOSITION, &disposition);
    if let Some(digest) = digest::print(&image.sha256) {
        set(REPR_DIGEST, &digest);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    headers
}

/// The longest that a cache keeps what it got by a link, in seconds: so long may a
/// link that was revoked still be served by it.
const LINK_MAX_AGE: u64 = 300;

/// Caches ask each time, so that an image made private is so at once. Only what
/// comes by a link is kept a while, and never past the link's expiry.
fn cache_control(
    app: &App,
    reader: &Reader,
    visibility: Visibility,
) -> Result<HeaderValue, Problem> {
    if let Reader::Linked(link) = reader {
        let left = link.expires.saturating_sub(app.service.now().seconds());
        let value = format!("public, max-age={}", left.min(LINK_MAX_AGE));
        return HeaderValue::from_str(&value)
            .map_err(|_| Problem::new(ProblemKind::Internal, "the headers can not be made"));
    }
    Ok(HeaderValue::from_static(match visibility {
        Visibility::Private => "private, no-cache",
        Visibility::Public => "public, max-age=0, must-revalidate",
    }))
}

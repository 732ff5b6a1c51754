//! `/v1/images/{id}/content`: the content of an image, and of images derived from it.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use darkroom_transform::{FormatChoice, Request as TransformRequest};
use futures_util::{StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use super::Route;
use crate::auth::{Scope, link};
use crate::http::app::App;
use crate::http::headers::byteranges::{Byteranges, content_range};
use crate::http::headers::conditional::{self, Validators, Verdict};
use crate::http::headers::entity_tag::EntityTag;
use crate::http::headers::range::{self, Selection};
use crate::http::headers::{digest, disposition};
use crate::http::input::extract::{ImageId, Reader};
use crate::http::input::query::{Query, refused};
use crate::http::input::transform::{self, TransformParameters};
use crate::http::layers::security;
use crate::http::openapi::schema;
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::{Image, Visibility};
use crate::service::{Content, Found, ServiceError, Wanted, filename};

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/images/{id}/content", get(content))]
}

#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "for the description of the API")]
pub(crate) struct ContentParameters {
    /// Whether browsers save the file (`1`) or display it (`0`, the default).
    #[param(value_type = Option<schema::Flag>, inline)]
    download: bool,
}

/// What a query asks for.
struct Asked {
    download: bool,
    request: TransformRequest,
}

impl Asked {
    /// Reads a query. The query of a signed URL also has the link's own parameters; its
    /// verification has already refused all others.
    fn read(app: &App, uri: &Uri, reader: &Reader) -> Result<Self, Problem> {
        let query = Query::parse(uri.query().unwrap_or_default())?;
        if !matches!(reader, Reader::Linked(_)) {
            query.refuse_unknown(&link::PARAMETERS)?;
        }
        let download = match query.one("download")? {
            None | Some("0") => false,
            Some("1") => true,
            Some(_) => {
                let problem = refused("download", "download must be 0 or 1");
                return Err(problem.with("allowed", vec!["0", "1"]));
            }
        };
        let request = transform::of_query(app, &query, reader)?;
        Ok(Self { download, request })
    }
}

/// Download an image
///
/// Returns the content of an image as it is stored, or an image that is derived from it if the
/// query has parameters of a transform. The request needs a token with `images:read` or a signed
/// URL, unless the image is public. HEAD returns the same headers without the content.
#[utoipa::path(
    method(get, head), path = "/v1/images/{id}/content", operation_id = "downloadImage", tag = "Images",
    params(ContentParameters, TransformParameters, ("Range", Header), ("If-Range", Header)),
    responses(
        (status = 200, description = "The content.",
            content((Vec<u8> = "image/*")),
            headers(("Accept-Ranges"), ("Cache-Control"), ("Content-Disposition"), ("Repr-Digest"))),
        (status = 206, description = "The requested range, or several ranges as parts.",
            content((Vec<u8> = "image/*"), (Vec<u8> = "multipart/byteranges")),
            headers(("Cache-Control"), ("Content-Range"), ("ETag"))),
    ),
    security(("token" = ["images:read"]), ("signedUrl" = []), ()),
    extensions(
        ("x-conditional" = json!(true)),
        ("x-problems" = json!([LinkInvalid, LinkExpired, LinkRevoked, RangeNotSatisfiable,
            TransformNotAllowed, DerivedTooLarge, NotDerivable, DerivationUnavailable,
            DerivationBusy])),
    ),
)]
pub(crate) async fn content(
    State(app): State<Arc<App>>,
    reader: Reader,
    ImageId(id): ImageId,
    request: Request,
) -> Result<Response, Problem> {
    let (request, _) = request.into_parts();
    // A query is judged only for callers that may read the image.
    let asked = Asked::read(&app, &request.uri, &reader);
    let wanted = match &asked {
        Ok(asked) => transform::wanted(&asked.request, &request.headers),
        Err(_) => Wanted::default(),
    };
    let found = find(&app, &reader, id, &wanted).await?;
    let asked = asked?;
    let varies = wanted.transform.format() == FormatChoice::Auto;
    let vary = |problem: Problem| match varies {
        true => problem.with_header(header::VARY, "Accept"),
        false => problem,
    };
    transform::permit(&app, &asked.request, &reader)?;
    let content = app.service.content(&found, &wanted).await;
    let content = content.map_err(|error| vary(error.into()))?;
    let mut headers = headers(&found.image, &content, asked.download);
    if varies {
        headers.append(header::VARY, HeaderValue::from_static("Accept"));
    }
    let visibility = found.image.visibility;
    headers.insert(
        header::CACHE_CONTROL,
        cache_control(&app, &reader, visibility)?,
    );
    if matches!(reader, Reader::Linked(_)) || visibility == Visibility::Public {
        security::allow_embedding(&mut headers);
    }
    serve(&app, &request, &content, headers).await.map_err(vary)
}

/// Serves a content as the request's conditions and ranges ask for it.
pub(super) async fn serve(
    app: &App,
    request: &Parts,
    content: &Content,
    mut headers: HeaderMap,
) -> Result<Response, Problem> {
    // A content never changes, so it was last modified when it came into being.
    let validators = Validators {
        etag: EntityTag::strong(content.sha256.to_string()),
        equivalent: None,
        last_modified: content.since.seconds(),
    };
    validators.print(&mut headers, app.service.now());
    match conditional::evaluate(&request.method, &request.headers, &validators) {
        Verdict::Perform => {}
        Verdict::NotModified => return Ok(conditional::not_modified(headers)),
        Verdict::Failed => return Err(ServiceError::Changed.into()),
    }
    let mut response = if request.method == Method::HEAD {
        Response::new(Body::empty())
    } else {
        let selection = selection(&request.headers, &validators, content);
        send(app, content, selection, &mut headers).await?
    };
    *response.headers_mut() = headers;
    Ok(response)
}

/// The image, if the reader may download it. Only readers who may download a private image learn
/// that it exists.
pub(super) async fn find(
    app: &App,
    reader: &Reader,
    id: Uuid,
    wanted: &Wanted,
) -> Result<Found, Problem> {
    let (grant, refusal) = match reader {
        Reader::Linked(link) => return Ok(app.service.find_linked(id, *link, wanted).await?),
        Reader::Granted(grant) if grant.allows(Scope::Read) => (Some(grant), None),
        Reader::Granted(_) => (None, Some(Problem::scope_missing(Scope::Read))),
        Reader::Anybody => (None, Some(Problem::token_missing())),
    };
    match app.service.find_readable(grant, id, wanted).await {
        Err(ServiceError::NotFound) => {
            Err(refusal.unwrap_or_else(|| ServiceError::NotFound.into()))
        }
        found => Ok(found?),
    }
}

/// The parts of the content that a GET returns.
fn selection(request: &HeaderMap, validators: &Validators, content: &Content) -> Selection {
    let mut ranges = request.get_all(header::RANGE).iter();
    match (ranges.next(), ranges.next()) {
        (Some(range), None) if conditional::range_applies(request, validators) => {
            let cost = |ranges: &[Range<u64>]| content.blob.fetches(ranges);
            let range = range.to_str().unwrap_or_default();
            range::select(range, content.blob.size, cost)
        }
        _ => Selection::Whole,
    }
}

/// The status and the body. Changes `headers` from those of the whole content to those of the
/// response. They are complete even if the request has `If-Range`, for caches that store each
/// partial response separately.
async fn send(
    app: &App,
    content: &Content,
    selection: Selection,
    headers: &mut HeaderMap,
) -> Result<Response, Problem> {
    let size = content.blob.size;
    let mut set = |name: HeaderName, value: String| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    let (status, ranges, frame) = match selection {
        Selection::Unsatisfiable => return Err(Problem::range_not_satisfiable(size)),
        Selection::Whole => {
            let whole = 0..size;
            (StatusCode::OK, vec![whole], None)
        }
        Selection::Parts(ranges) => {
            let frame = if let [range] = ranges.as_slice() {
                set(header::CONTENT_RANGE, content_range(range, size));
                set(
                    header::CONTENT_LENGTH,
                    (range.end - range.start).to_string(),
                );
                None
            } else {
                // No one can create a file that contains its own digest.
                let boundary = content.sha256.to_string();
                let frame = Byteranges::new(&boundary, content.kind.media_type(), &ranges, size);
                set(header::CONTENT_TYPE, frame.content_type());
                set(header::CONTENT_LENGTH, frame.length().to_string());
                Some(frame)
            };
            (StatusCode::PARTIAL_CONTENT, ranges, frame)
        }
    };
    let mut response = Response::new(body(app, content, &ranges, frame).await?);
    *response.status_mut() = status;
    Ok(response)
}

async fn body(
    app: &App,
    content: &Content,
    ranges: &[Range<u64>],
    frame: Option<Byteranges>,
) -> Result<Body, Problem> {
    let bytes = app.service.read(content, ranges).await?;
    let stream = match frame {
        Some(frame) => frame.body(bytes).boxed(),
        None => bytes,
    };
    if content.blob.fetches(ranges) > 1 {
        return Ok(Body::from_stream(stream));
    }
    // The only chunk has already been read, and a body without a stream is cheaper.
    let pieces: Vec<Bytes> = stream.try_collect().await.map_err(ServiceError::from)?;
    Ok(match pieces.as_slice() {
        [piece] => Body::from(piece.clone()),
        pieces => Body::from(pieces.concat()),
    })
}

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
/// The content cannot run scripts or load resources, whatever it is.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// The headers of the whole content of an image, or of an image that is derived from it.
pub(super) fn headers(image: &Image, content: &Content, attachment: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, content.kind.media_type());
    set(header::CONTENT_LENGTH, &content.blob.size.to_string());
    set(header::ACCEPT_RANGES, "bytes");
    let filename = image.filename.as_deref();
    // A name stays as it was given unless it may say another format than the content has.
    let renamed = filename
        .filter(|_| content.kind != image.kind)
        .map(|name| filename::of_kind(name, content.kind));
    let disposition = disposition::print(attachment, renamed.as_deref().or(filename));
    set(header::CONTENT_DISPOSITION, &disposition);
    set(REPR_DIGEST, &digest::print(&content.sha256));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    headers
}

/// The longest time, in seconds, for which caches keep responses to a signed URL. A cache may
/// serve a revoked link for this long.
const LINK_MAX_AGE: u64 = 300;

/// Caches revalidate each time, so that making an image private takes effect immediately. Only
/// responses to signed URLs are kept for a while, and never past the URL's expiry.
pub(super) fn cache_control(
    app: &App,
    reader: &Reader,
    visibility: Visibility,
) -> Result<HeaderValue, Problem> {
    if let Reader::Linked(link) = reader {
        let left = link.expires.saturating_sub(app.service.now().seconds());
        let value = format!("public, max-age={}", left.min(LINK_MAX_AGE));
        return HeaderValue::from_str(&value).map_err(|_| {
            Problem::new(
                ProblemKind::Internal,
                "the Cache-Control header cannot be created",
            )
        });
    }
    Ok(HeaderValue::from_static(match visibility {
        Visibility::Private => "private, no-cache",
        Visibility::Public => "public, max-age=0, must-revalidate",
    }))
}

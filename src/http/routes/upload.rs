//! `POST /v1/images` and `/v1/images/batch`: uploads of a raw body, or of a form with one or more
//! files.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::post;

use super::Route;
use super::uploads::draft::{self, Wanted};
use crate::http::app::App;
use crate::http::input::upload_head::{Content, UploadHead, UploadParameters};
use crate::http::input::{form, resumable};
use crate::http::reply;
use crate::http::reply::image::{ImageView, ItemsView, object};
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::http::reply::urls::Urls;
use crate::model::Image;
use crate::service::{Attributes, Upload, UploadTerms};

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/images/batch", post(create_batch))]
}

/// The problems of uploads, for their description.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the description is generated in tests only")
)]
const PROBLEMS: [ProblemKind; 16] = [
    BadRequest,
    UploadInterrupted,
    DigestMismatch,
    TicketInvalid,
    TicketSpent,
    TicketExpired,
    TicketRevoked,
    TooLarge,
    UnsupportedType,
    UndecodableImage,
    TooManyPixels,
    TrailingData,
    MetadataTooLarge,
    QuotaExceeded,
    IdempotencyKeyHeld,
    IdempotencyKeyReused,
];

/// Upload an image
///
/// The body is either the file itself, or a form with a part named `file`. A form's text in parts
/// with other names is ignored, unless `strict_forms` is on. The type of a file is determined from
/// its content. A declared type, such as `Content-Type: image/jpeg`, must be that of the file;
/// `application/octet-stream` declares none.
///
/// A `Content-Length` that exceeds the limit is refused before the body is read. `Repr-Digest` and
/// `Content-Digest`, of the body or of a part, are verified.
///
/// A form may also have several parts named `file`. It is answered as by `uploadImages`, which
/// has the same answer for any number of files.
///
/// With `Upload-Complete: ?0`, the body is the first piece of a file, and `Location` is the URL of
/// an upload that `appendToUpload` continues (draft-ietf-httpbis-resumable-upload).
#[utoipa::path(
    post, path = "/v1/images", operation_id = "uploadImage", tag = "Images",
    params(UploadParameters, ("Content-Disposition", Header), ("Repr-Digest", Header), ("Content-Digest", Header), ("Idempotency-Key", Header)),
    request_body(content(
        (Vec<u8> = "application/octet-stream"),
        (form::FormView = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "The image.", body = ImageView, headers(("Location"), ("ETag"))),
    ),
    security(("token" = ["images:write"]), ("ticket" = [])),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    terms: UploadTerms,
    mut head: UploadHead,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let wanted = Wanted::by(&headers)?;
    if let Wanted::Resumable(version) = wanted {
        let UploadHead { keyed, content } = head;
        return Ok(draft::create(&app, terms, &headers, keyed, content, body, version).await);
    }
    let length = match &head.content {
        Ok(Content::Raw { length, .. }) => *length,
        _ => None,
    };
    let mut attributes = Attributes::default();
    if wanted != Wanted::Nothing {
        draft::check_length(&headers, length)?;
        if let Ok(Content::Raw { declared, .. }) = &mut head.content
            && let Ok(declared) = declared
        {
            attributes = resumable::attributes(&headers, &terms, declared)?;
        }
    }
    let images = store(&app, terms, head, attributes, body).await?;
    let mut response = match images.as_slice() {
        [image] => one(&app, image)?,
        images => several(&app, images),
    };
    if let Wanted::Whole(version) = wanted {
        draft::complete(&mut response, length, version);
    }
    Ok(response)
}

/// Upload several images
///
/// The body is a form with one or more parts named `file`. Either all files are stored, or none.
/// In all else, this is like `uploadImage`.
#[utoipa::path(
    post, path = "/v1/images/batch", operation_id = "uploadImages", tag = "Images",
    params(("Idempotency-Key", Header)),
    request_body(content((form::BatchFormView = "multipart/form-data"))),
    responses((status = 201, description = "The images.", body = ItemsView)),
    security(("token" = ["images:write"]), ("ticket" = [])),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn create_batch(
    State(app): State<Arc<App>>,
    terms: UploadTerms,
    mut head: UploadHead,
    body: Body,
) -> Result<Response, Problem> {
    head.content = head.content.and_then(|content| match content {
        Content::Form { .. } => Ok(content),
        Content::Raw { .. } => {
            let form = "multipart/form-data";
            let detail = format!("the body must be a form ({form}) with parts named \"file\"");
            Err(Problem::new(UnsupportedType, detail).with("allowed", vec![form]))
        }
    });
    let images = store(&app, terms, head, Attributes::default(), body).await?;
    Ok(several(&app, &images))
}

/// Stores all files of a request, or none. The attributes are those of a raw body.
async fn store(
    app: &App,
    terms: UploadTerms,
    head: UploadHead,
    attributes: Attributes,
    body: Body,
) -> Result<Vec<Image>, Problem> {
    let mut upload = app.service.begin_upload(terms, head.keyed).await?;
    match receive(app, &mut upload, head.content, attributes, body).await {
        Ok(attributes) => Ok(upload.commit(attributes).await?),
        Err(problem) => {
            upload.abort().await;
            Err(problem)
        }
    }
}

/// Receives all files of a request. Returns the attributes that apply to all of them: those of a
/// raw body, or what a form says.
async fn receive(
    app: &App,
    upload: &mut Upload,
    content: Result<Content, Problem>,
    attributes: Attributes,
    body: Body,
) -> Result<Attributes, Problem> {
    match content? {
        Content::Raw { length, declared } => {
            upload.admit(length).await?;
            upload.file(body.into_data_stream(), declared?).await?;
            Ok(attributes)
        }
        Content::Form { boundary } => {
            upload.admit(None).await?;
            form::receive(upload, boundary, body, app.settings.http.strict_forms).await
        }
    }
}

/// The response with an image object.
pub(super) fn one(app: &App, image: &Image) -> Result<Response, Problem> {
    let (mut response, _) = object(app, image)?;
    *response.status_mut() = StatusCode::CREATED;
    let location = Urls::of(&app.settings).image(image.id);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The response with a list of image objects.
fn several(app: &App, images: &[Image]) -> Response {
    let urls = Urls::of(&app.settings);
    let images = images.iter().map(|image| ImageView::new(urls, image));
    reply::created(&ItemsView {
        items: images.collect(),
    })
}

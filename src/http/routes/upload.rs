//! `POST /v1/images`: uploads of a raw body, or of a form with one or more files.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::http::app::App;
use crate::http::input::form;
use crate::http::input::upload_head::{Content, UploadHead, UploadParameters};
use crate::http::reply;
use crate::http::reply::image::{ImageView, ItemsView, object};
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::urls::Urls;
use crate::model::Image;
use crate::service::{Attributes, Upload, UploadTerms};

/// Upload images
///
/// The body is either the file itself, or a form with one or more parts named `file`. A form's
/// text in parts with other names is ignored, unless `strict_forms` is on. The type of a file is determined from its content, and a declared type that differs is refused. Either all
/// files of a form are stored, or none.
///
/// A `Content-Length` that exceeds the limit is refused before the body is read. `Repr-Digest` and
/// `Content-Digest`, of the body or of a part, are verified.
#[utoipa::path(
    post, path = "/v1/images", operation_id = "uploadImage", tag = "Images",
    params(UploadParameters, ("Content-Disposition", Header), ("Repr-Digest", Header), ("Content-Digest", Header), ("Idempotency-Key", Header)),
    request_body(content(
        (Vec<u8> = "image/*"), (Vec<u8> = "application/octet-stream"),
        (form::FormView = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "The image, or a list of images if the form has several files.",
            body = CreatedView, headers(("Location"))),
    ),
    security(("token" = ["images:write"]), ("ticket" = [])),
    extensions(("x-problems" = json!([
        BadRequest, UploadInterrupted, DigestMismatch, TicketInvalid, TicketSpent, TicketExpired,
        TooLarge, UnsupportedType, UndecodableImage, TooManyPixels,
        TrailingData, MetadataTooLarge, QuotaExceeded,
        IdempotencyKeyHeld, IdempotencyKeyReused,
    ]))),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    terms: UploadTerms,
    head: UploadHead,
    body: Body,
) -> Result<Response, Problem> {
    let mut upload = app.service.begin_upload(terms, head.keyed).await?;
    match receive(&app, &mut upload, head.content, body).await {
        Ok(attributes) => created(&app, &upload.commit(attributes).await?),
        Err(problem) => {
            upload.abort().await;
            Err(problem)
        }
    }
}

/// Receives all files of a request, and the attributes that apply to all of them.
async fn receive(
    app: &App,
    upload: &mut Upload,
    content: Result<Content, Problem>,
    body: Body,
) -> Result<Attributes, Problem> {
    match content? {
        Content::Raw { length, declared } => {
            upload.admit(length).await?;
            upload.file(body.into_data_stream(), declared?).await?;
            Ok(Attributes::default())
        }
        Content::Form { boundary } => {
            upload.admit(None).await?;
            form::receive(upload, boundary, body, app.settings.http.strict_forms).await
        }
    }
}

/// The uploaded image, or the images of several files.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[schema(as = Created)]
#[expect(dead_code, reason = "describes the response of `created`")]
pub(crate) enum CreatedView<'a> {
    One(Box<ImageView<'a>>),
    Several(ItemsView<'a>),
}

/// The response with one image, or with the items of several.
fn created(app: &App, images: &[Image]) -> Result<Response, Problem> {
    let urls = Urls::of(&app.settings);
    let mut response = match images {
        [image] => object(app, image)?.0,
        images => reply::ok(&ItemsView {
            items: images
                .iter()
                .map(|image| ImageView::new(urls, image))
                .collect(),
        }),
    };
    if let [image] = images
        && let Ok(location) = HeaderValue::from_str(&urls.image(image.id))
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

//! `POST /v1/images`: a raw body, or a form with one or more files.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use futures_util::TryStreamExt as _;
use multer::{Constraints, Field, Multipart};
use serde::Deserialize;

use crate::auth::Grant;
use crate::catalog::Visibility;
use crate::http::extract::{Authorized, Write};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::view::{ImageView, ItemsView, json, url};
use crate::http::{App, digest, disposition};
use crate::media::Kind;
use crate::service::{Attributes, Expected, Received};

/// The most files of one request.
const MAX_FILES: usize = 32;
/// The longest value of a form field that is no file, in bytes.
const MAX_FIELD_BYTES: usize = 8 << 10;
/// The most tags of an image, and the longest in characters.
const MAX_TAGS: usize = 32;
const MAX_TAG_CHARS: usize = 64;

#[derive(Debug, Deserialize)]
struct UploadParameters {
    filename: Option<String>,
}

/// What the body is.
enum BodyForm {
    /// One file; of this kind, where one is declared.
    Raw(Option<Kind>),
    /// `multipart/form-data` with this boundary.
    Form(String),
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (files, attributes) = match body_form(&parts.headers)? {
        BodyForm::Raw(kind) => {
            let file = receive_raw(&app, &parts.headers, &parts.uri, kind, body).await?;
            (vec![file], Attributes::default())
        }
        BodyForm::Form(boundary) => receive_form(&app, boundary, body).await?,
    };
    respond(&app, &caller.grant, files, &attributes).await
}

/// Commits the files and shows what became of them.
async fn respond(
    app: &App,
    grant: &Grant,
    files: Vec<Received>,
    attributes: &Attributes,
) -> Result<Response, Problem> {
    let images = app.service.commit(&grant.owner, files, attributes).await?;
    let base = app.settings.public_base_url.as_deref().unwrap_or_default();
    let mut response = match images.as_slice() {
        [image] => {
            let mut response = json(&ImageView::new(base, image));
            if let Ok(location) = HeaderValue::from_str(&url(base, image.id)) {
                response.headers_mut().insert(header::LOCATION, location);
            }
            response
        }
        images => json(&ItemsView {
            items: images
                .iter()
                .map(|image| ImageView::new(base, image))
                .collect(),
        }),
    };
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

fn body_form(headers: &HeaderMap) -> Result<BodyForm, Problem> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(BodyForm::Raw(None));
    };
    let value = value
        .to_str()
        .map_err(|_| Problem::new(ProblemKind::BadRequest, "the Content-Type can not be read"))?;
    if essence(value).eq_ignore_ascii_case("multipart/form-data") {
        return multer::parse_boundary(value)
            .map(BodyForm::Form)
            .map_err(|_| {
                Problem::new(
                    ProblemKind::BadRequest,
                    "the form's Content-Type has no boundary",
                )
            });
    }
    declared_kind(value).map(BodyForm::Raw)
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// The kind that a media type declares; `None` for types that leave it open. The
/// bytes decide in the end, but what is no image by its own words is refused.
fn declared_kind(media_type: &str) -> Result<Option<Kind>, Problem> {
    if let Some(kind) = Kind::from_media_type(media_type) {
        return Ok(Some(kind));
    }
    let open = [
        "application/octet-stream",
        "binary/octet-stream",
        "image/*",
        "*/*",
        "",
    ];
    let essence = essence(media_type);
    if open.iter().any(|open| essence.eq_ignore_ascii_case(open)) {
        return Ok(None);
    }
    let detail = format!(
        "a body of type {essence:?} is not accepted: send the image itself with its own type, \
         or a multipart/form-data form with a part named \"file\""
    );
    Err(Problem::new(ProblemKind::UnsupportedType, detail)
        .with("allowed", Kind::ALL.map(Kind::media_type).to_vec()))
}

async fn receive_raw(
    app: &App,
    headers: &HeaderMap,
    uri: &Uri,
    kind: Option<Kind>,
    body: Body,
) -> Result<Received, Problem> {
    let Query(parameters) = Query::<UploadParameters>::try_from_uri(uri)
        .map_err(|error| Problem::new(ProblemKind::BadRequest, error.body_text()))?;
    let named = headers.get(header::CONTENT_DISPOSITION);
    let named = named.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let filename = named
        .and_then(disposition::filename)
        .or(parameters.filename);
    let expected = Expected {
        length: content_length(headers)?,
        kind,
        sha256: digest::sha256(headers)?,
    };
    let stream = body.into_data_stream();
    Ok(app
        .service
        .receive(stream, filename.as_deref(), &expected)
        .await?)
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(None);
    };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    let unreadable = || Problem::new(ProblemKind::BadRequest, "the Content-Length is no number");
    length.ok_or_else(unreadable).map(Some)
}

/// What a form has held so far.
#[derive(Default)]
struct Form {
    files: Vec<Received>,
    attributes: Attributes,
}

async fn receive_form(
    app: &App,
    boundary: String,
    body: Body,
) -> Result<(Vec<Received>, Attributes), Problem> {
    let stream = body.into_data_stream().map_err(std::io::Error::other);
    let mut parts = Multipart::with_constraints(stream, boundary, Constraints::new());
    let mut form = Form::default();
    let read = read_form(app, &mut parts, &mut form).await;
    let none = || {
        Problem::new(
            ProblemKind::BadRequest,
            "the form has no part named \"file\"",
        )
    };
    let read = read.and_then(|()| {
        if form.files.is_empty() {
            Err(none())
        } else {
            Ok(())
        }
    });
    match read {
        Ok(()) => Ok((form.files, form.attributes)),
        Err(problem) => {
            app.service.discard(form.files).await;
            Err(problem)
        }
    }
}

async fn read_form(
    app: &App,
    parts: &mut Multipart<'static>,
    form: &mut Form,
) -> Result<(), Problem> {
    while let Some(field) = parts.next_field().await.map_err(form_problem)? {
        match field.name().unwrap_or_default() {
            "file" => {
                if form.files.len() == MAX_FILES {
                    let detail = format!("a form may have at most {MAX_FILES} files");
                    return Err(
                        Problem::new(ProblemKind::TooLarge, detail).with("limit", MAX_FILES)
                    );
                }
                form.files.push(receive_part(app, field).await?);
            }
            "tags" => read_tags(&text(field).await?, &mut form.attributes.tags)?,
            "visibility" => form.attributes.visibility = visibility(&text(field).await?)?,
            other => {
                let detail = format!("the form has an unknown part named {other:?}");
                return Err(Problem::new(ProblemKind::BadRequest, detail)
                    .with("allowed", vec!["file", "tags", "visibility"]));
            }
        }
    }
    Ok(())
}

async fn receive_part(app: &App, field: Field<'static>) -> Result<Received, Problem> {
    let declared = field.headers().get(header::CONTENT_TYPE);
    let declared = declared
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let expected = Expected {
        length: None,
        kind: declared_kind(declared)?,
        sha256: digest::sha256(field.headers())?,
    };
    let filename = field.file_name().map(str::to_owned);
    Ok(app
        .service
        .receive(field, filename.as_deref(), &expected)
        .await?)
}

/// A part's short text.
async fn text(mut field: Field<'static>) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(form_problem)? {
        if bytes.len() + chunk.len() > MAX_FIELD_BYTES {
            let detail = format!("a form field may have at most {MAX_FIELD_BYTES} bytes");
            return Err(Problem::new(ProblemKind::TooLarge, detail).with("limit", MAX_FIELD_BYTES));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes)
        .map_err(|_| Problem::new(ProblemKind::BadRequest, "a form field is not UTF-8"))
}

/// Adds tags: separated by commas, or one in each of several `tags` parts.
fn read_tags(text: &str, tags: &mut Vec<String>) -> Result<(), Problem> {
    for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        if tag.chars().count() > MAX_TAG_CHARS || tag.chars().any(char::is_control) {
            let detail =
                format!("a tag has at most {MAX_TAG_CHARS} characters, none a control character");
            return Err(Problem::new(ProblemKind::BadRequest, detail).with("limit", MAX_TAG_CHARS));
        }
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    if tags.len() > MAX_TAGS {
        let detail = format!("an image has at most {MAX_TAGS} tags");
        return Err(Problem::new(ProblemKind::BadRequest, detail).with("limit", MAX_TAGS));
    }
    Ok(())
}

fn visibility(text: &str) -> Result<Visibility, Problem> {
    Visibility::parse(text.trim()).ok_or_else(|| {
        Problem::new(
            ProblemKind::BadRequest,
            "visibility must be private or public",
        )
        .with("allowed", vec!["private", "public"])
    })
}

fn form_problem(error: multer::Error) -> Problem {
    let kind = match &error {
        multer::Error::StreamReadFailed(_)
        | multer::Error::IncompleteStream
        | multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders => ProblemKind::UploadInterrupted,
        _ => ProblemKind::BadRequest,
    };
    Problem::new(kind, format!("the form can not be read: {error}"))
}

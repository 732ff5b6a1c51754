//! `POST /v1/images`: a raw body, or a form with one or more files.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;

use super::form;
use super::tickets::{self, Redeemed};
use crate::auth::Scope;
use crate::http::app::App;
use crate::http::headers::digest;
use crate::http::headers::disposition::Named;
use crate::http::headers::idempotency::{self, FileFingerprint, Fingerprint};
use crate::http::input::extract;
use crate::http::input::query::{self, FromQuery, Parameters, Query};
use crate::http::reply;
use crate::http::reply::image::{ImageView, ItemsView, object};
#[cfg(test)]
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::http::reply::urls::Urls;
use crate::model::{Image, Kind};
use crate::number;
use crate::service::{
    Answering, Attributes, Begun, Expected, KeyAnswer, KeyClaim, Received, ServiceError,
};

#[derive(Debug)]
#[cfg_attr(test, derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub(crate) struct UploadParameters {
    /// The file's name, for a raw body that does not name it in `Content-Disposition`.
    filename: Option<String>,
}

impl FromQuery for UploadParameters {
    /// A ticket, in the place of a token, is read by [`tickets::redeem`].
    const NAMES: &'static [&'static str] = &["filename", "ticket"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let filename = query.one("filename")?.map(str::to_owned);
        Ok(Self { filename })
    }
}

/// What the body is.
enum BodyForm {
    /// One file; of this kind, where one is declared.
    Raw(Option<Kind>),
    /// `multipart/form-data` with this boundary.
    Form(String),
}

impl BodyForm {
    /// What its files are held to, besides what is `expected` of all.
    fn expected(&self, headers: &HeaderMap, expected: Expected) -> Result<Expected, Problem> {
        Ok(match self {
            Self::Raw(kind) => Expected {
                kind: *kind,
                length: content_length(headers)?,
                ..expected
            },
            Self::Form(_) => expected,
        })
    }
}

/// Who uploads: the holder of a token with `images:write`, or of an upload ticket.
pub(crate) struct Uploader(Redeemed);

impl FromRequestParts<Arc<App>> for Uploader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if let Some(redeemed) = tickets::redeem(app, &parts.uri)? {
            return Ok(Self(redeemed));
        }
        let grant = extract::authorize(parts, app, Scope::Write)?;
        Ok(Self(Redeemed {
            attributes: Attributes {
                quota: grant.quota.over(app.settings.quota),
                ..Attributes::default()
            },
            owner: grant.owner,
            expected: Expected::default(),
        }))
    }
}

/// Upload an image, or several
///
/// The body is the file itself, or a form with one or more parts named `file`. What a file
/// is, its bytes decide: a declared type that differs is refused. All files of a form are
/// stored, or none.
///
/// `Content-Length` over the limit is refused before a byte is read. Where `Repr-Digest` or
/// `Content-Digest` is sent, for the body or for a part, it is checked.
#[cfg_attr(test, utoipa::path(
    post, path = "/v1/images", operation_id = "uploadImage", tag = "Images",
    params(UploadParameters, ("Content-Disposition", Header), ("Repr-Digest", Header), ("Content-Digest", Header), ("Idempotency-Key", Header)),
    request_body(content(
        (Vec<u8> = "image/*"), (Vec<u8> = "application/octet-stream"),
        (form::FormView = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "The image; or the images, where there are several.",
            body = CreatedView, headers(("Location"))),
    ),
    security(("token" = ["images:write"]), ("ticket" = [])),
    extensions(("x-problems" = json!([
        BadRequest, UploadInterrupted, DigestMismatch, TicketInvalid, TicketSpent, TicketExpired,
        TooLarge, UnsupportedType, UndecodableImage, TooManyPixels,
        TrailingData, MetadataTooLarge, QuotaExceeded,
        IdempotencyKeyHeld, IdempotencyKeyReused,
    ]))),
))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Uploader(redeemed): Uploader,
    _: Parameters<UploadParameters>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let Some(key) = idempotency::key(&parts.headers)? else {
        return upload(&app, &parts, body, redeemed, None).await;
    };
    match app.service.begin(&redeemed.scope(), &key).await? {
        Begun::First(claim) => {
            let answer = upload(&app, &parts, body, redeemed, Some(&claim)).await;
            if answer.is_err() {
                app.service.release(&claim).await;
            }
            answer
        }
        Begun::Repeat(answer) => repeat(&app, &parts, body, redeemed, &answer).await,
    }
}

/// Makes images of what is sent, and records the answer under the key, if there is one.
async fn upload(
    app: &App,
    parts: &Parts,
    body: Body,
    redeemed: Redeemed,
    claim: Option<&KeyClaim>,
) -> Result<Response, Problem> {
    let Redeemed {
        owner,
        attributes,
        expected,
    } = redeemed;
    if let Some(ticket) = &attributes.ticket {
        app.service.refuse_spent(ticket).await?;
    }
    let form = body_form(&parts.headers)?;
    let expected = form.expected(&parts.headers, expected)?;
    app.service.admit(&owner, &attributes, &expected).await?;
    let (files, attributes) = receive(app, parts, form, body, expected, attributes).await?;
    let answering = claim.map(|claim| Answering {
        claim: claim.clone(),
        fingerprint: fingerprint(parts, &files, &attributes),
    });
    let answering = answering.as_ref();
    let images = app
        .service
        .commit_answering(&owner, files, &attributes, answering)
        .await?;
    created(app, &images)
}

/// Answers as the first request with the key was answered, if this is the same.
async fn repeat(
    app: &App,
    parts: &Parts,
    body: Body,
    redeemed: Redeemed,
    first: &KeyAnswer,
) -> Result<Response, Problem> {
    let form = body_form(&parts.headers)?;
    let expected = form.expected(&parts.headers, redeemed.expected)?;
    let attributes = redeemed.attributes;
    let (files, attributes) = receive(app, parts, form, body, expected, attributes).await?;
    let fingerprint = fingerprint(parts, &files, &attributes);
    app.service.discard(files.clone());
    if fingerprint != first.fingerprint {
        return Err(ServiceError::KeyReused.into());
    }
    let unreadable = || Problem::new(ProblemKind::Internal, "the first answer cannot be read");
    let owner = &redeemed.owner;
    let images = app.service.images_of(first, owner, files, &attributes);
    created(app, &images.ok_or_else(unreadable)?)
}

fn fingerprint(parts: &Parts, files: &[Received], attributes: &Attributes) -> String {
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type = essence(content_type.unwrap_or_default()).to_ascii_lowercase();
    let files = files.iter().map(|file| FileFingerprint {
        filename: file.filename.as_deref(),
        sha256: file.original_sha256().to_string(),
    });
    let fingerprint = Fingerprint {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        content_type: &content_type,
        visibility: attributes.visibility.as_str(),
        tags: &attributes.tags,
        files: files.collect(),
    };
    fingerprint.print()
}

async fn receive(
    app: &App,
    parts: &Parts,
    form: BodyForm,
    body: Body,
    expected: Expected,
    attributes: Attributes,
) -> Result<(Vec<Received>, Attributes), Problem> {
    match form {
        BodyForm::Raw(_) => {
            let file = receive_raw(app, &parts.headers, &parts.uri, expected, body).await?;
            Ok((vec![file], attributes))
        }
        BodyForm::Form(boundary) => form::receive(app, boundary, body, expected, attributes).await,
    }
}

/// An image, or the images of several files.
#[cfg(test)]
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[schema(as = Created)]
#[expect(dead_code, reason = "describes what `created` answers")]
pub(crate) enum CreatedView<'a> {
    One(Box<ImageView<'a>>),
    Several(ItemsView<'a>),
}

/// Shows what was made: one image, or the items of several.
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

fn body_form(headers: &HeaderMap) -> Result<BodyForm, Problem> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(BodyForm::Raw(None));
    };
    let value = value
        .to_str()
        .map_err(|_| Problem::new(ProblemKind::BadRequest, "the Content-Type cannot be read"))?;
    if essence(value).eq_ignore_ascii_case("multipart/form-data") {
        return form::boundary(value).map(BodyForm::Form);
    }
    declared_kind(value).map(BodyForm::Raw)
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// The kind that a media type declares; `None` for types that leave it open. The
/// bytes decide in the end, but what is no image by its own words is refused.
pub(super) fn declared_kind(media_type: &str) -> Result<Option<Kind>, Problem> {
    let essence = essence(media_type);
    if let Some(kind) = Kind::from_media_type(essence) {
        return Ok(Some(kind));
    }
    let open = [
        "application/octet-stream",
        "binary/octet-stream",
        "image/*",
        "*/*",
        "",
    ];
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
    expected: Expected,
    body: Body,
) -> Result<Received, Problem> {
    let parameters: UploadParameters = query::parse(uri)?;
    let filename = Named::by(headers)?.filename.or(parameters.filename);
    let expected = Expected {
        sha256: digest::sha256(headers)?,
        ..expected
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
    let length = value.to_str().ok().and_then(number::whole);
    let unreadable = || Problem::new(ProblemKind::BadRequest, "the Content-Length is no number");
    length.ok_or_else(unreadable).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_is_of_a_kind_or_leaves_it_open() {
        let check = |media_type: &str, expect: Option<Option<Kind>>| {
            assert_eq!(declared_kind(media_type).ok(), expect, "{media_type}");
        };
        check("image/png", Some(Some(Kind::Png)));
        check("IMAGE/JPG ; q=1", Some(Some(Kind::Jpeg)));
        check("image/webp;charset=binary", Some(Some(Kind::Webp)));
        for open in ["", "image/*", "application/octet-stream; a=b", "*/*"] {
            check(open, Some(None));
        }
        for other in [
            "image/svg+xml",
            "text/html",
            "image",
            "image/png, image/gif",
        ] {
            check(other, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn parameters_of_a_type_mean_nothing(
            essence in "image/(png|gif|\\*|svg\\+xml)|[a-z/*]{0,20}",
            parameters in "( ?;[ -~]{0,9}){0,2}",
        ) {
            let bare = declared_kind(&essence).ok();
            let with = declared_kind(&format!("{essence}{parameters}")).ok();
            proptest::prop_assert_eq!(with, bare);
        }
    }
}

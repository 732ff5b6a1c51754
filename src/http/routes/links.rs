//! `/v1/images/{id}/links`: signed URLs. One with a name is recorded, as its [`Contents`].

mod terms;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get};
use serde::{Deserialize, Serialize};

use super::Route;
use crate::http::app::App;
use crate::http::input::extract::{Authorized, ImageId, LinkId, Read, Write};
use crate::http::input::json::{self, Json};
use crate::http::input::transform::{Parameters, Widths};
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::model::{Image, NamedLink};
use crate::service::{ServiceError, fields};
use terms::Contents;
pub(super) use terms::{Derived, Terms};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/v1/images/{id}/links",
            get(list).post(create).delete(revoke),
        ),
        ("/v1/images/{id}/links/{link}", delete(revoke_one)),
    ]
}

/// The terms of a new signed URL.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    /// The lifetime in seconds, at most the deployment's `max_link_seconds`.
    #[serde(deserialize_with = "json::whole")]
    #[schema(value_type = schema::LinkSeconds)]
    expires_in: u64,
    /// The method that the URL allows: `GET`, which includes HEAD, or `HEAD` only.
    #[serde(default)]
    #[schema(value_type = Option<schema::Method>)]
    method: Option<String>,
    /// Whether browsers save the file instead of displaying it.
    #[serde(default)]
    download: bool,
    /// The image to derive, instead of the original.
    #[serde(default)]
    #[schema(value_type = Option<schema::Transform>)]
    transform: Option<Parameters>,
    /// The name of a preset. With it, `transform` may have `dpr`, `format` and `q` only.
    #[serde(default)]
    preset: Option<String>,
    /// Widths in pixels for `srcset`. The ratio of `w` and `h` in `transform` is kept.
    #[serde(default)]
    #[schema(value_type = Option<schema::Widths>)]
    widths: Option<Widths>,
    /// Whether the URL is that of the image information of the IIIF Image API, and allows all that
    /// it offers. It cannot be combined with other members than `expires_in` and `name`.
    #[serde(default)]
    iiif: bool,
    /// The name of the link, which makes it one that is listed and can be revoked by itself.
    #[serde(default)]
    #[schema(value_type = Option<schema::ShortName>)]
    name: Option<String>,
}

/// A signed URL.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Link)]
pub(crate) struct LinkView {
    /// The URL, which allows anyone to download the image. It begins with `public_base_url` if that
    /// is set.
    #[schema(format = "uri-reference")]
    url: String,
    /// Signed URLs of the image in several widths, as the attribute `srcset` of HTML has them, if
    /// `widths` was given. Widths that the image does not have are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    srcset: Option<String>,
    /// The time at which the URL expires. It is rounded up, so that links that are created within
    /// the same minute are identical.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The id of the link, if it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    id: Option<String>,
    /// The name, if the link has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The time at which the link was created, if it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    created_at: Option<String>,
}

/// The named links of an image.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = NamedLinks)]
pub(crate) struct NamedLinksView {
    /// The links, newest first.
    items: Vec<LinkView>,
}

/// Create a link
///
/// Creates a signed URL, which allows anyone to download the image, or an image that is derived
/// from it, without a token until it expires. A link with a `name` is listed, and can be revoked by
/// itself; an image has at most 100 of them.
#[utoipa::path(
    post, path = "/v1/images/{id}/links", operation_id = "createLink", tag = "Links",
    request_body = NewLink,
    responses((status = 201, description = "The link.", body = LinkView)),
    security(("token" = ["images:read"])),
    extensions(("x-problems" = json!([TransformNotAllowed, DerivedTooLarge, TooManyLinks]))),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
    ImageId(id): ImageId,
    Json(body): Json<NewLink>,
) -> Result<Response, Problem> {
    let (transform, preset) = (body.transform.as_ref(), body.preset.as_deref());
    let derived = Derived::new(&app, transform, preset, body.widths.as_ref())?;
    let method = body.method.as_deref();
    let mut terms = Terms::new(&app, body.expires_in, method, body.download, derived)?;
    if body.iiif {
        let is_alone = method.is_none() && transform.is_none() && preset.is_none();
        let is_alone = is_alone && body.widths.is_none();
        terms = terms.for_iiif(&app, is_alone)?;
    }
    let name = named(body.name)?;
    let image = app.service.find(&caller.grant, id).await?;
    let Some(name) = name else {
        return Ok(reply::created(&terms.link(&app, &image)?));
    };
    let new = terms.named_link(&app, image, name)?;
    let mut created = app.service.create_links(vec![new]).await?;
    let (image, link) = created.pop().ok_or(ServiceError::NotFound)??;
    Ok(reply::created(&of_record(&app, &image, &link)?))
}

/// Checks the name of a link, if there is one.
pub(super) fn named(name: Option<String>) -> Result<Option<String>, Problem> {
    Ok(name.as_deref().map(fields::name).transpose()?)
}

/// The view of a named link.
pub(super) fn of_record(app: &App, image: &Image, link: &NamedLink) -> Result<LinkView, Problem> {
    let contents = serde_json::from_str(&link.terms);
    let contents: Contents = contents.map_err(|_| {
        let detail = "the record of the link is damaged";
        Problem::new(Internal, detail)
    })?;
    let expires = link.expires_at.seconds();
    Ok(LinkView {
        id: Some(link.id.to_string()),
        name: Some(link.name.clone()),
        created_at: Some(link.created_at.to_string()),
        ..contents.view(app, image, expires, Some(link.id))?
    })
}

/// Revoke all links
///
/// Revokes all signed URLs that were created for this image, with or without a name. Caches may serve responses to them
/// for another five minutes.
#[utoipa::path(
    delete, path = "/v1/images/{id}/links", operation_id = "revokeLinks", tag = "Links",
    responses((status = 204, description = "The links were revoked.")),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    ImageId(id): ImageId,
) -> Result<StatusCode, Problem> {
    app.service.revoke_links(&caller.grant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List named links
///
/// Returns the links of an image that have a name, newest first, unless they have expired or were
/// revoked.
#[utoipa::path(
    get, path = "/v1/images/{id}/links", operation_id = "listLinks", tag = "Links",
    responses((status = 200, description = "The links.", body = NamedLinksView)),
    security(("token" = ["images:read"])),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
    ImageId(id): ImageId,
) -> Result<Response, Problem> {
    let (image, links) = app.service.links(&caller.grant, id).await?;
    let items = links.iter().map(|link| of_record(&app, &image, link));
    let items = items.collect::<Result<_, Problem>>()?;
    Ok(reply::ok(&NamedLinksView { items }))
}

/// Revoke a link
///
/// Revokes a link that has a name. The other links of the image stay valid. Caches may serve
/// responses to it for another five minutes.
#[utoipa::path(
    delete, path = "/v1/images/{id}/links/{link}", operation_id = "revokeLink", tag = "Links",
    responses((status = 204, description = "The link was revoked.")),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn revoke_one(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    LinkId { image, link }: LinkId,
) -> Result<StatusCode, Problem> {
    app.service.revoke_link(&caller.grant, image, link).await?;
    Ok(StatusCode::NO_CONTENT)
}

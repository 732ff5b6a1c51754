//! `/v1/images` and `/v1/images/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::{Route, upload, uploads};
use crate::http::app::App;
use crate::http::headers::conditional::{self, Verdict};
use crate::http::input::extract::{Authorized, Delete, ImageId, Read, Write};
use crate::http::input::json::{List, Members, MergePatch};
use crate::http::input::listing::ListParameters;
use crate::http::input::listing::Listing;
use crate::http::input::owner;
use crate::http::input::visibility::visibility;
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::image::{ImageView, PageView, object, validators_for_change};
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::urls::Urls;
use crate::model::Image;
use crate::service::fields::{MAX_METADATA_MEMBERS, MAX_TAGS};
use crate::service::{AsSeen, Patch, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/v1/images",
            get(list).post(upload::create).options(uploads::discover),
        ),
        ("/v1/images/{id}", get(show).patch(edit).delete(delete)),
    ]
}

/// List images
///
/// Returns a page of the token owner's images, or with the scope `admin` of all images, newest
/// first unless `sort` is given. An image is listed if it matches all filters. `next_cursor` and `Link` refer to the next page; a cursor is valid only
/// with the same filters and order. Uploads and deletions between two requests do not cause
/// other images to be repeated or skipped.
#[utoipa::path(
    get, path = "/v1/images", operation_id = "listImages", tag = "Images",
    params(ListParameters),
    responses((status = 200, description = "A page of images.", body = PageView, headers(("Link")))),
    security(("token" = ["images:read"])),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Authorized<Read, Listing>,
) -> Result<Response, Problem> {
    let listing = &caller.parameters;
    let keys = &app.settings.access.signing_keys;
    let owner = owner::limited_to(&caller.grant, listing.owner.as_deref())?;
    let request = listing.request(keys, owner)?;
    let page = app.service.list(&caller.grant, request).await?;
    let urls = Urls::of(&app.settings);
    let next_cursor = page.next.map(|next| listing.cursor_to(&next, keys, owner));
    let link = next_cursor.as_ref().map(|cursor| {
        let next = urls.at(&format!("/v1/images?{}", listing.print(cursor)));
        format!("<{next}>; rel=\"next\"")
    });
    let items = page
        .images
        .iter()
        .map(|image| ImageView::new(urls, image))
        .collect();
    let mut response = reply::ok(&PageView { items, next_cursor });
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Get an image
///
/// Returns an image object: everything about an image except its content.
#[utoipa::path(
    get, path = "/v1/images/{id}", operation_id = "getImage", tag = "Images",
    responses((status = 200, description = "The image.", body = ImageView)),
    security(("token" = ["images:read"])),
    extensions(("x-conditional" = json!(true))),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
    ImageId(id): ImageId,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let image = app.service.find(&caller.grant, id).await?;
    let (response, validators) = object(&app, &image)?;
    match conditional::evaluate(&method, &headers, &validators) {
        Verdict::Perform => Ok(response),
        Verdict::NotModified => Ok(conditional::not_modified(response.into_parts().0.headers)),
        Verdict::Failed => Err(ServiceError::Changed.into()),
    }
}

/// The check that an image satisfies the conditions of a request that changes it; `None` if the
/// request has no conditions.
fn as_seen(
    app: &App,
    method: &Method,
    headers: &HeaderMap,
) -> Option<impl Fn(&Image) -> bool + Sync> {
    conditional::has_conditions(headers).then_some(move |image: &Image| {
        validators_for_change(app, image).is_ok_and(|validators| {
            conditional::evaluate(method, headers, &validators) == Verdict::Perform
        })
    })
}

/// A merge patch (RFC 7396): absent members are unchanged, `null` resets a member.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ImagePatch)]
pub(crate) struct PatchView {
    /// The file name.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<schema::Filename>)]
    filename: Option<Option<String>>,
    /// The tags, which replace all existing ones.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<schema::Tags>)]
    tags: Option<Option<List<String, MAX_TAGS>>>,
    /// Who may download the image without a token.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<schema::Visibility>)]
    visibility: Option<Option<String>>,
    /// Changes to the metadata: a string sets a member, `null` removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<schema::MetadataPatch>)]
    metadata: Option<Option<Members<Option<String>, MAX_METADATA_MEMBERS>>>,
}

/// Distinguishes a member that is `null` from one that is absent.
fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Update an image
///
/// Applies a merge patch (RFC 7396): members that are not sent are unchanged, and `null` resets a
/// member to its default. Changes that make tags or metadata longer count towards the quota.
#[utoipa::path(
    patch, path = "/v1/images/{id}", operation_id = "editImage", tag = "Images",
    request_body(content(
        (PatchView = "application/merge-patch+json"),
        (PatchView = "application/json"),
    )),
    responses((status = 200, description = "The updated image.", body = ImageView)),
    security(("token" = ["images:write"])),
    extensions(("x-conditional" = json!(true)), ("x-problems" = json!([QuotaExceeded]))),
)]
pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    ImageId(id): ImageId,
    method: Method,
    headers: HeaderMap,
    MergePatch(body): MergePatch<PatchView>,
) -> Result<Response, Problem> {
    let visibility = match body.visibility {
        Some(Some(word)) => Some(Some(visibility(&word)?)),
        Some(None) => Some(None),
        None => None,
    };
    let patch = Patch {
        filename: body.filename,
        tags: body.tags.map(|tags| tags.map(|List(tags)| tags)),
        visibility,
        metadata: body
            .metadata
            .map(|members| members.map(|Members(members)| members)),
    };
    let as_seen = as_seen(&app, &method, &headers);
    let as_seen = as_seen.as_ref().map(|as_seen| as_seen as &AsSeen<'_>);
    let (grant, service) = (&caller.grant, &app.service);
    let quota = grant.quota.over(app.settings.uploads.quota);
    let image = service.edit(grant, id, &patch, quota, as_seen).await?;
    Ok(object(&app, &image)?.0)
}

/// Delete an image
///
/// Deletes an image immediately: its content is no longer served, and its links stop working.
#[utoipa::path(
    delete, path = "/v1/images/{id}", operation_id = "deleteImage", tag = "Images",
    responses((status = 204, description = "The image was deleted.")),
    security(("token" = ["images:delete"])),
    extensions(("x-conditional" = json!(true))),
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Authorized<Delete>,
    ImageId(id): ImageId,
    method: Method,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let as_seen = as_seen(&app, &method, &headers);
    let as_seen = as_seen.as_ref().map(|as_seen| as_seen as &AsSeen<'_>);
    app.service.delete(&caller.grant, id, as_seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

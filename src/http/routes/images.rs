//! `/v1/images` and `/v1/images/{id}`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::{Route, upload};
use crate::http::body::{self, List, Members};
use crate::http::conditional::{self, Verdict};
use crate::http::extract::{Authorized, Delete, ImageId, Read, Write};
use crate::http::listing::{self, Listing};
#[cfg(test)]
use crate::http::openapi::schema;
use crate::http::problem::Problem;
#[cfg(test)]
use crate::http::problem::ProblemKind::*;
use crate::http::query::{Nothing, Parameters};
use crate::http::view::{ImageView, PageView, json, object};
use crate::http::{App, cursor};
use crate::model::Image;
use crate::service::fields::{MAX_METADATA_MEMBERS, MAX_TAGS};
use crate::service::{AsSeen, ListRequest, Patch, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/v1/images", get(list).post(upload::create)),
        ("/v1/images/{id}", get(show).patch(edit).delete(delete)),
    ]
}

/// List images
///
/// A page of images, newest first unless `sort` says otherwise. All filters have to match.
/// The next page is at `next_cursor`, and in `Link`: a cursor belongs to its filters and order.
/// Images that are uploaded or deleted meanwhile make no page repeat or skip another.
#[cfg_attr(test, utoipa::path(
    get, path = "/v1/images", operation_id = "listImages", tag = "Images",
    params(listing::Described),
    responses((status = 200, description = "A page of images.", body = PageView, headers(("Link")))),
    security(("token" = ["images:read"])),
))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
    uri: Uri,
) -> Result<Response, Problem> {
    let listing = Listing::parse(uri.query().unwrap_or_default())?;
    let walk = listing.walk();
    let walk = cursor::Walk {
        owner: caller.grant.confined_to(),
        query: &walk,
    };
    let keys = &app.settings.access.signing_keys;
    let after = match &listing.cursor {
        Some(text) => Some(cursor::parse(keys, &walk, text).ok_or_else(foreign_cursor)?),
        None => None,
    };
    let request = ListRequest {
        filters: listing.filters.clone(),
        sort: listing.sort,
        after,
        limit: listing.limit,
    };
    let page = app.service.list(&caller.grant, request).await?;
    let base = app
        .settings
        .http
        .public_base_url
        .as_deref()
        .unwrap_or_default();
    let next_cursor = page.next.map(|next| cursor::print(keys, &walk, &next));
    let link = next_cursor
        .as_ref()
        .map(|cursor| format!("<{base}/v1/images?{}>; rel=\"next\"", listing.print(cursor)));
    let items = page
        .images
        .iter()
        .map(|image| ImageView::new(base, image))
        .collect();
    let mut response = json(&PageView { items, next_cursor });
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn foreign_cursor() -> Problem {
    let detail = "the cursor is not one of ours, or was made for other filters, another order \
                  or another owner";
    listing::refused("cursor", detail.to_owned())
}

/// Show an image
///
/// Everything about an image but its bytes.
#[cfg_attr(test, utoipa::path(
    get, path = "/v1/images/{id}", operation_id = "getImage", tag = "Images",
    responses((status = 200, description = "The image.", body = ImageView)),
    security(("token" = ["images:read"])),
    extensions(("x-conditional" = json!(true))),
))]
pub(in crate::http) async fn show(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
    ImageId(id): ImageId,
    _: Parameters<Nothing>,
    request: Request,
) -> Result<Response, Problem> {
    let (request, _) = request.into_parts();
    let image = app.service.find(&caller.grant, id).await?;
    let (response, validators) = object(&app, &image)?;
    match conditional::evaluate(&request.method, &request.headers, &validators) {
        Verdict::Perform => Ok(response),
        Verdict::NotModified => Ok(conditional::not_modified(response.into_parts().0.headers)),
        Verdict::Failed => Err(ServiceError::Changed.into()),
    }
}

/// Whether an image is as a request that changes it wants it to be, if it says so.
fn as_seen(app: &App, request: &Parts) -> Option<impl Fn(&Image) -> bool + Sync> {
    let Parts {
        method, headers, ..
    } = request;
    conditional::has_conditions(headers).then_some(move |image: &Image| {
        object(app, image).is_ok_and(|(_, validators)| {
            conditional::evaluate(method, headers, &validators) == Verdict::Perform
        })
    })
}

/// A merge patch (RFC 7396): a member that is not there stays, `null` sets it back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = ImagePatch))]
pub(in crate::http) struct PatchView {
    /// The name.
    #[serde(default, deserialize_with = "nullable")]
    #[cfg_attr(test, schema(value_type = Option<schema::Filename>))]
    filename: Option<Option<String>>,
    /// All tags.
    #[serde(default, deserialize_with = "nullable")]
    #[cfg_attr(test, schema(value_type = Option<schema::Tags>))]
    tags: Option<Option<List<String, MAX_TAGS>>>,
    /// Who may read the bytes without a token.
    #[serde(default, deserialize_with = "nullable")]
    #[cfg_attr(test, schema(value_type = Option<schema::Visibility>))]
    visibility: Option<Option<String>>,
    /// Members of the metadata: a string sets one, `null` removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[cfg_attr(test, schema(value_type = Option<schema::MetadataPatch>))]
    metadata: Option<Option<Members<Option<String>, MAX_METADATA_MEMBERS>>>,
}

/// Tells a member that is `null` from one that is not there.
fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Edit an image
///
/// A merge patch (RFC 7396): members that are not sent stay as they are, `null` sets one
/// back to what a new image has. What makes tags and metadata longer is held to the quota.
#[cfg_attr(test, utoipa::path(
    patch, path = "/v1/images/{id}", operation_id = "editImage", tag = "Images",
    request_body(content(
        (PatchView = "application/merge-patch+json"),
        (PatchView = "application/json"),
    )),
    responses((status = 200, description = "The image as it is now.", body = ImageView)),
    security(("token" = ["images:write"])),
    extensions(("x-conditional" = json!(true)), ("x-problems" = json!([QuotaExceeded]))),
))]
pub(in crate::http) async fn edit(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    ImageId(id): ImageId,
    _: Parameters<Nothing>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let media_types = ["application/merge-patch+json", "application/json"];
    let wanted: PatchView = body::json(&parts.headers, body, &media_types).await?;
    let visibility = match wanted.visibility {
        Some(Some(word)) => Some(Some(super::visibility(&word)?)),
        Some(None) => Some(None),
        None => None,
    };
    let patch = Patch {
        filename: wanted.filename,
        tags: wanted.tags.map(|tags| tags.map(|List(tags)| tags)),
        visibility,
        metadata: wanted
            .metadata
            .map(|members| members.map(|Members(members)| members)),
    };
    let as_seen = as_seen(&app, &parts);
    let as_seen = as_seen.as_ref().map(|as_seen| as_seen as &AsSeen<'_>);
    let (grant, service) = (&caller.grant, &app.service);
    let quota = grant.quota.over(app.settings.uploads.quota);
    let image = service.edit(grant, id, &patch, quota, as_seen).await?;
    Ok(object(&app, &image)?.0)
}

/// Delete an image
///
/// It is gone at once: its bytes are no longer served, its links are good for nothing.
#[cfg_attr(test, utoipa::path(
    delete, path = "/v1/images/{id}", operation_id = "deleteImage", tag = "Images",
    responses((status = 204, description = "It is gone.")),
    security(("token" = ["images:delete"])),
    extensions(("x-conditional" = json!(true))),
))]
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    caller: Authorized<Delete>,
    ImageId(id): ImageId,
    _: Parameters<Nothing>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (request, _) = request.into_parts();
    let as_seen = as_seen(&app, &request);
    let as_seen = as_seen.as_ref().map(|as_seen| as_seen as &AsSeen<'_>);
    app.service.delete(&caller.grant, id, as_seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `/v1/images` and `/v1/images/{id}`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::upload;
use crate::catalog::Image;
use crate::http::body::{self, Members};
use crate::http::conditional::{self, Verdict};
use crate::http::extract::{Authorized, Delete, ImageId, Read, Write};
use crate::http::listing::{self, Listing};
use crate::http::problem::Problem;
use crate::http::view::{ImageView, PageView, json, object};
use crate::http::{App, cursor};
use crate::service::{AsSeen, ListRequest, Patch, ServiceError};

pub(in crate::http) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/images", get(list).post(upload::create))
        .route("/v1/images/{id}", get(show).patch(edit).delete(delete))
}

async fn list(
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
    let keys = &app.settings.signing_keys;
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
    let base = app.settings.public_base_url.as_deref().unwrap_or_default();
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

async fn show(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
    ImageId(id): ImageId,
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
struct PatchView {
    #[serde(default, deserialize_with = "nullable")]
    filename: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    tags: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "nullable")]
    visibility: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    metadata: Option<Option<Members<Option<String>>>>,
}

/// Tells a member that is `null` from one that is not there.
fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

async fn edit(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    ImageId(id): ImageId,
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
        tags: wanted.tags,
        visibility,
        metadata: wanted
            .metadata
            .map(|members| members.map(|Members(members)| members)),
    };
    let as_seen = as_seen(&app, &parts);
    let as_seen = as_seen.as_ref().map(|as_seen| as_seen as &AsSeen<'_>);
    let image = app.service.edit(&caller.grant, id, &patch, as_seen).await?;
    Ok(object(&app, &image)?.0)
}

async fn delete(
    State(app): State<Arc<App>>,
    caller: Authorized<Delete>,
    ImageId(id): ImageId,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (request, _) = request.into_parts();
    let as_seen = as_seen(&app, &request);
    let as_seen = as_seen.as_ref().map(|as_seen| as_seen as &AsSeen<'_>);
    app.service.delete(&caller.grant, id, as_seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

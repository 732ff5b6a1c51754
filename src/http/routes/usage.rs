//! `/v1/usage`: how much the caller keeps, and may keep.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::Route;
use crate::http::app::App;
use crate::http::input::extract::{Authorized, Read};
use crate::http::reply;
use crate::http::reply::problem::Problem;

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/usage", get(show))]
}

/// How much an owner keeps, and may keep.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Usage))]
pub(crate) struct UsageView {
    /// How many images.
    images: u64,
    /// The sum of their sizes, equal files once for each image, and the bytes of tags,
    /// metadata and answers under keys.
    bytes: u64,
    /// The most of both.
    quota: QuotaView,
}

/// The most that an owner may keep; `null` where there is no limit.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Quota))]
struct QuotaView {
    /// Images.
    #[cfg_attr(test, schema(required = true))]
    images: Option<u64>,
    /// Bytes.
    #[cfg_attr(test, schema(required = true))]
    bytes: Option<u64>,
}

/// Show what is kept
///
/// How many images and bytes the token's owner keeps, and may keep.
#[cfg_attr(test, utoipa::path(
    get, path = "/v1/usage", operation_id = "getUsage", tag = "Images",
    responses((status = 200, description = "What is kept.", body = UsageView)),
    security(("token" = ["images:read"])),
))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Authorized<Read>,
) -> Result<Response, Problem> {
    let usage = app.service.usage(&caller.grant.owner).await?;
    let quota = caller.grant.quota.over(app.settings.uploads.quota);
    Ok(reply::ok(&UsageView {
        images: usage.images,
        bytes: usage.bytes,
        quota: QuotaView {
            images: quota.images,
            bytes: quota.bytes,
        },
    }))
}

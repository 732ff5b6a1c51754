//! `/v1/usage`: usage and quota of the caller, or of an owner that an admin names.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::Route;
use crate::http::app::App;
use crate::http::input::extract::{Authorized, Read};
use crate::http::input::owner::{self, NamedOwner};
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::problem::Problem;

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/usage", get(show))]
}

/// The usage and the quota of an owner.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageView {
    /// The number of images.
    images: u64,
    /// The total size in bytes: the size of each image, even if several have the same content, plus
    /// the tags, the metadata and the records of uploads with an `Idempotency-Key`.
    bytes: u64,
    /// The quota.
    quota: QuotaView,
}

/// The quota of an owner; `null` means unlimited.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Quota)]
struct QuotaView {
    /// The maximum number of images.
    #[schema(required = true)]
    images: Option<u64>,
    /// The maximum total size, in bytes.
    #[schema(required = true)]
    bytes: Option<u64>,
}

/// The parameters of the request, for the description of the API.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub(crate) struct UsageParameters {
    /// The owner, if it is not the token's. Requires the scope `admin`.
    #[param(value_type = Option<schema::Owner>, inline)]
    owner: Option<String>,
}

/// Get usage
///
/// Returns how many images and bytes the token's owner has stored, and the quota. With the scope
/// `admin`, `owner` selects another owner; the quota is then the deployment's, because an owner's
/// tokens may set a different one.
#[utoipa::path(
    get, path = "/v1/usage", operation_id = "getUsage", tag = "Images",
    params(UsageParameters),
    responses((status = 200, description = "The usage and the quota.", body = UsageView)),
    security(("token" = ["images:read"])),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Authorized<Read, NamedOwner>,
) -> Result<Response, Problem> {
    let (grant, NamedOwner(named)) = (&caller.grant, &caller.parameters);
    owner::limited_to(grant, named.as_deref())?;
    let owner = named.as_ref().unwrap_or(&grant.owner);
    let usage = app.service.usage(owner).await?;
    let quota = match named {
        Some(_) => app.settings.uploads.quota,
        None => grant.quota.over(app.settings.uploads.quota),
    };
    Ok(reply::ok(&UsageView {
        images: usage.images,
        bytes: usage.bytes,
        quota: QuotaView {
            images: quota.images,
            bytes: quota.bytes,
        },
    }))
}

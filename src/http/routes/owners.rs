//! `/v1/owners/{owner}`: deletes everything that is kept for an owner, step by step.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::delete;
use serde::Serialize;

use super::{Route, admin};
use crate::http::app::App;
use crate::http::input::extract::{Admin, Authorized};
use crate::http::input::owner::OwnerInPath;
use crate::http::input::query::{FromQuery, Query, refused};
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::number;

/// The default and the maximum number of images that one call deletes.
const DEFAULT_LIMIT: u32 = 200;
const MAX_LIMIT: u32 = 1000;

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/owners/{owner}", delete(erase))]
}

/// The query of the request.
pub(crate) struct Step {
    limit: u32,
}

impl FromQuery for Step {
    const NAMES: &'static [&'static str] = &["limit"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let Some(text) = query.one("limit")? else {
            let limit = DEFAULT_LIMIT;
            return Ok(Self { limit });
        };
        let must = "limit must be a whole number";
        let requested = number::whole(text).ok_or_else(|| refused("limit", must))?;
        let limit = admin::limit(Some(requested), DEFAULT_LIMIT, MAX_LIMIT)?;
        Ok(Self { limit })
    }
}

/// The parameters of the request, for the description of the API.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub(crate) struct StepParameters {
    /// The maximum number of images to delete. The default is 200.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// The result of a call that deletes an owner.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DeletedOwner)]
pub(crate) struct ErasedView {
    /// The number of images that this call deleted.
    deleted: u32,
    /// The number of images that are left.
    remaining: u64,
    /// Whether to call again.
    more: bool,
}

/// Delete an owner
///
/// Deletes all images of an owner, and the recorded responses to its uploads with an
/// `Idempotency-Key`. Each call deletes a limited number of images; `more` says whether to call
/// again. The call can be interrupted and repeated at any time, and succeeds also if nothing is
/// left. Tokens and upload tickets stay valid until they expire.
#[utoipa::path(
    delete, path = "/v1/owners/{owner}", operation_id = "deleteOwner", tag = "Service",
    params(StepParameters),
    responses((status = 200, description = "The result of the call.", body = ErasedView)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    caller: Authorized<Admin, Step>,
    OwnerInPath(owner): OwnerInPath,
) -> Result<Response, Problem> {
    let limit = caller.parameters.limit;
    let erased = app.service.erase_owner(&owner, limit).await?;
    Ok(reply::ok(&ErasedView {
        deleted: erased.deleted,
        remaining: erased.remaining,
        more: erased.more,
    }))
}

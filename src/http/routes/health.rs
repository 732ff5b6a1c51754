//! `/health/live` and `/health/ready`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::Route;
use crate::http::app::App;
use crate::http::reply;
use crate::http::reply::problem::Problem;

/// The path of liveness, which does not depend on the application.
pub(crate) const LIVE: &str = "/health/live";

pub(super) fn routes() -> Vec<Route> {
    vec![(LIVE, get(live)), ("/health/ready", get(ready))]
}

/// The service is healthy. Otherwise, the response is a problem.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthView {
    /// Always `ok`.
    status: &'static str,
}

const OK: HealthView = HealthView { status: "ok" };

/// Check liveness
///
/// Checks whether the process can respond.
#[utoipa::path(
    get, path = "/health/live", operation_id = "isLive", tag = "Service",
    responses((status = 200, description = "The process is live.", body = HealthView)),
)]
pub(crate) async fn live() -> Response {
    reply::ok(&OK)
}

/// Check readiness
///
/// Checks whether the catalog and the blob store are available.
#[utoipa::path(
    get, path = "/health/ready", operation_id = "isReady", tag = "Service",
    responses((status = 200, description = "Both stores are available.", body = HealthView)),
)]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    app.service.check().await?;
    Ok(reply::ok(&OK))
}

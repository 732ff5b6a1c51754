//! `/v1/usage`: how much the caller keeps, and may keep.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use crate::http::extract::{Authorized, Read};
use crate::http::problem::Problem;
use crate::http::{App, view};

pub(in crate::http) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/usage", get(show))
}

#[derive(Debug, Serialize)]
struct UsageView {
    images: u64,
    bytes: u64,
    quota: QuotaView,
}

/// `null` where there is no limit.
#[derive(Debug, Serialize)]
struct QuotaView {
    images: Option<u64>,
    bytes: Option<u64>,
}

async fn show(State(app): State<Arc<App>>, caller: Authorized<Read>) -> Result<Response, Problem> {
    let usage = app.service.usage(&caller.grant.owner).await?;
    let quota = caller.grant.quota.over(app.settings.quota);
    Ok(view::json(&UsageView {
        images: usage.images,
        bytes: usage.bytes,
        quota: QuotaView {
            images: quota.images,
            bytes: quota.bytes,
        },
    }))
}

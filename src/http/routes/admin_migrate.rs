//! `/v1/admin/migrate-blobs`: moves blobs from the previous store, step by step.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use crate::blobs::BlobId;
use crate::http::extract::{Admin, Authorized};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::{App, body, view};

/// How many blobs a step takes on, where nothing is said, and at most.
const LIMIT: u32 = 16;
const MOST: u32 = 200;

pub(in crate::http) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/admin/migrate-blobs", post(migrate))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Where the step before ended.
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<u32>,
}

#[derive(Debug, Serialize)]
struct MigratedView {
    moved: u64,
    moved_bytes: u64,
    moved_before: u64,
    damaged: Vec<DamagedView>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct DamagedView {
    blob: String,
    reason: String,
}

async fn migrate(
    State(app): State<Arc<App>>,
    _: Authorized<Admin>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let step: Step = body::json(&parts.headers, body, &["application/json"]).await?;
    if !app.service.is_migrating() {
        let detail = "there is no store to move blobs from: set blob_store_previous";
        return Err(Problem::new(ProblemKind::NothingToMigrate, detail));
    }
    let limit = step.limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        let detail = format!("limit must be from 1 to {MOST}");
        return Err(Problem::new(ProblemKind::BadRequest, detail).with("limit", MOST));
    }
    let after = step.cursor.unwrap_or_default();
    if !after.is_empty() && BlobId::new(after.as_str()).is_none() {
        let detail = "the cursor is not one that was given out";
        return Err(Problem::new(ProblemKind::BadRequest, detail));
    }
    let done = app.service.migrate(&after, limit).await?;
    let damaged = done.damaged.into_iter().map(|(blob, reason)| DamagedView {
        blob: blob.to_string(),
        reason,
    });
    Ok(view::json(&MigratedView {
        moved: done.moved,
        moved_bytes: done.moved_bytes,
        moved_before: done.moved_before,
        damaged: damaged.collect(),
        next_cursor: done.next.map(|id| id.to_string()),
    }))
}

//! `/v1/admin/migrate-blobs`: moves blobs from the previous store, step by step.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use super::{Route, admin};
use crate::http::app::App;
use crate::http::input::extract::{Authorized, Maintenance};
use crate::http::input::json::{self, Json};
use crate::http::reply;
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::BlobId;

/// The default and the maximum number of blobs in a step.
const DEFAULT_LIMIT: u32 = 16;
const MAX_LIMIT: u32 = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/admin/migrate-blobs", post(migrate))]
}

/// The parameters of a step of the migration.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MigrationStep)]
pub(crate) struct Step {
    /// The `next_cursor` of the previous step.
    #[serde(default)]
    cursor: Option<String>,
    /// The maximum number of blobs to check. The default is 16.
    #[serde(default, deserialize_with = "json::whole_or_null")]
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// The result of a step of the migration.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Migrated)]
pub(crate) struct MigratedView {
    /// The number of blobs that were moved.
    moved: u64,
    /// The total size of the moved blobs, in bytes.
    moved_bytes: u64,
    /// The number of blobs that had already been moved.
    moved_before: u64,
    /// The blobs that could not be moved.
    damaged: Vec<DamagedView>,
    /// The `cursor` of the next step; `null` after the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A blob that could not be moved.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DamagedBlob)]
struct DamagedView {
    /// The blob's id.
    blob: String,
    /// Why the blob could not be moved.
    reason: String,
}

/// Migrate blobs
///
/// Moves a batch of blobs from the previous store, `blob_store_previous`, to the current one.
/// Images remain available during the migration. `darkroom migrate` performs all steps.
#[utoipa::path(
    post, path = "/v1/admin/migrate-blobs", operation_id = "migrateBlobs", tag = "Service",
    request_body = Step,
    responses((status = 200, description = "The result of the step.", body = MigratedView)),
    security(("token" = ["maintenance"])),
    extensions(("x-problems" = json!([NothingToMigrate])), ("x-optional-body" = json!(true))),
)]
pub(crate) async fn migrate(
    State(app): State<Arc<App>>,
    _: Authorized<Maintenance>,
    step: Option<Json<Step>>,
) -> Result<Response, Problem> {
    let Json(step) = step.unwrap_or_default();
    let Some(migration) = &app.migration else {
        let detail = "there is no previous store to move blobs from: set blob_store_previous";
        return Err(Problem::new(ProblemKind::NothingToMigrate, detail));
    };
    let limit = admin::limit(step.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let after = step.cursor.unwrap_or_default();
    if !after.is_empty() && BlobId::new(after.as_str()).is_none() {
        let detail = "the cursor must be the next_cursor of an earlier step";
        return Err(Problem::bad_request(detail));
    }
    let done = migration.step(&after, limit).await?;
    let damaged = done.damaged.into_iter().map(|(blob, reason)| DamagedView {
        blob: blob.to_string(),
        reason,
    });
    Ok(reply::ok(&MigratedView {
        moved: done.moved,
        moved_bytes: done.moved_bytes,
        moved_before: done.moved_before,
        damaged: damaged.collect(),
        next_cursor: done.next.map(|id| id.to_string()),
    }))
}

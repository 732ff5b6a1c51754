//! `/v1/admin/…`: maintenance, from a cron job or by hand.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use super::Route;
use crate::auth::Scope;
use crate::http::app::App;
use crate::http::input::extract::{Authorized, Maintenance, require};
use crate::http::input::json::{self, Json};
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::service::audit::{Audit, Finding, Place};

/// The maximum number of records that one call sweeps.
const MAX_SWEPT: u32 = 1000;
const DEFAULT_SWEPT: u32 = 200;
/// The maximum number of records on a page of an audit.
const MAX_AUDITED: u32 = 200;
const DEFAULT_AUDITED: u32 = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/v1/admin/sweep", post(sweep)),
        ("/v1/admin/audit", post(audit)),
    ]
}

/// The parameters of a sweep.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Sweep)]
pub(crate) struct SweepRequest {
    /// The maximum number of records to sweep. The default is 200.
    #[serde(default, deserialize_with = "json::whole_or_null")]
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
}

/// The result of a sweep.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Swept)]
pub(crate) struct SweepView {
    /// The number of deleted blobs whose bytes were removed.
    blobs: u32,
    /// The number of expired leases whose remains were removed.
    leases: u32,
    /// The number of resumable uploads that had expired.
    uploads: u32,
    /// The number of derived images that were deleted to make room for others.
    variants: u32,
    /// Whether there may be more records to sweep.
    more: bool,
}

/// Sweep deleted data
///
/// Removes the bytes of deleted images and the remains of interrupted uploads. Each call handles
/// a limited number of records; `more` says whether to call again.
#[utoipa::path(
    post, path = "/v1/admin/sweep", operation_id = "sweep", tag = "Service",
    request_body = SweepRequest,
    responses((status = 200, description = "The result of the sweep.", body = SweepView)),
    security(("token" = ["maintenance"])),
    extensions(("x-optional-body" = json!(true))),
)]
pub(crate) async fn sweep(
    State(app): State<Arc<App>>,
    _: Authorized<Maintenance>,
    body: Option<Json<SweepRequest>>,
) -> Result<Response, Problem> {
    let Json(body) = body.unwrap_or_default();
    let limit = limit(body.limit, DEFAULT_SWEPT, MAX_SWEPT)?;
    let swept = app.service.sweep(limit).await?;
    Ok(reply::ok(&SweepView {
        blobs: swept.blobs,
        leases: swept.leases,
        uploads: swept.uploads,
        variants: swept.variants,
        more: swept.more,
    }))
}

/// The parameters of a page of an audit.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Audit)]
pub(crate) struct AuditRequest {
    /// The `next_cursor` of the previous page.
    #[serde(default)]
    cursor: Option<String>,
    /// The maximum number of records on the page. The default is 50.
    #[serde(default, deserialize_with = "json::whole_or_null")]
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// Whether to repair faults that can be repaired without data loss.
    #[serde(default)]
    repair: bool,
    /// Whether to delete images whose bytes are missing or wrong. Requires the scope `admin`.
    #[serde(default)]
    remove_damaged: bool,
}

/// The result of a page of an audit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Audited)]
pub(crate) struct AuditView {
    /// The number of images whose records were checked.
    images: u64,
    /// The number of blobs whose records were checked.
    blobs: u64,
    /// The number of checked blobs that are waiting for a sweep.
    dead: u64,
    /// The number of open resumable uploads that were checked.
    uploads: u64,
    /// The total size of all blobs that were read, in bytes.
    bytes: u64,
    /// The faults that were found.
    findings: Vec<FindingView>,
    /// The `cursor` of the next page; `null` after the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A fault.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Finding)]
struct FindingView {
    /// The kind of fault.
    fault: &'static str,
    /// The affected blob; `null` if there is none.
    #[schema(required = true)]
    blob: Option<String>,
    /// The affected images, at most a hundred.
    images: Vec<String>,
    /// A description of this fault.
    detail: String,
    /// How the fault can be repaired; `null` if it cannot be.
    #[schema(required = true)]
    remedy: Option<&'static str>,
    /// Whether the fault was repaired.
    repaired: bool,
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        Self {
            fault: finding.fault.as_str(),
            blob: finding.blob,
            images: finding.images,
            detail: finding.detail,
            remedy: finding.fault.remedy().map(|remedy| remedy.as_str()),
            repaired: finding.repaired,
        }
    }
}

/// Audit stored data
///
/// Checks records and bytes, page by page: first all images, then all blobs, and finally the
/// usage totals. `darkroom fsck` requests all pages.
#[utoipa::path(
    post, path = "/v1/admin/audit", operation_id = "audit", tag = "Service",
    request_body = AuditRequest,
    responses((status = 200, description = "The result of the page.", body = AuditView)),
    security(("token" = ["maintenance"])),
    extensions(("x-optional-body" = json!(true))),
)]
pub(crate) async fn audit(
    State(app): State<Arc<App>>,
    caller: Authorized<Maintenance>,
    body: Option<Json<AuditRequest>>,
) -> Result<Response, Problem> {
    let Json(body) = body.unwrap_or_default();
    // Damage may be an outage, or a mistake in the configuration of a store. A credential of a
    // cron job must not be able to make it final.
    if body.remove_damaged {
        require(&caller.grant, Scope::Admin)?;
    }
    let refused = |detail: String| Problem::bad_request(detail);
    let from = match &body.cursor {
        Some(cursor) => cursor
            .parse()
            .map_err(|error| refused(format!("{error}")))?,
        None => Place::default(),
    };
    let page = app
        .service
        .audit(&Audit {
            from,
            limit: limit(body.limit, DEFAULT_AUDITED, MAX_AUDITED)?,
            repair: body.repair,
            remove_damaged: body.remove_damaged,
        })
        .await?;
    Ok(reply::ok(&AuditView {
        images: page.images,
        blobs: page.blobs,
        dead: page.dead,
        uploads: page.uploads,
        bytes: page.bytes,
        findings: page.findings.into_iter().map(FindingView::from).collect(),
        next_cursor: page.next.map(|place| place.to_string()),
    }))
}

/// The number of records that a call handles: the requested number, or `default`.
pub(super) fn limit(requested: Option<u64>, default: u32, max: u32) -> Result<u32, Problem> {
    let requested = requested.unwrap_or(default.into());
    let limit = u32::try_from(requested).ok();
    limit
        .filter(|limit| (1..=max).contains(limit))
        .ok_or_else(|| {
            let detail = format!("limit must be from 1 to {max}");
            Problem::bad_request(detail)
                .with("limit", max)
                .with("actual", requested)
        })
}

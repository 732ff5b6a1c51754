//! `/v1/admin/…`: what an operator does, by a cron job or by hand.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use super::Route;
use crate::http::app::App;
use crate::http::input::extract::{Admin, Authorized};
use crate::http::input::json::{self, Json};
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::service::audit::{Audit, Finding, Place};

/// The most records that one call sweeps.
const MAX_SWEPT: u32 = 1000;
const DEFAULT_SWEPT: u32 = 200;
/// The most records on a page of an audit.
const MAX_AUDITED: u32 = 200;
const DEFAULT_AUDITED: u32 = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/v1/admin/sweep", post(sweep)),
        ("/v1/admin/audit", post(audit)),
    ]
}

/// A sweep.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Sweep))]
pub(crate) struct WantedSweep {
    /// The most records that are swept; 200 where nothing is said.
    #[serde(default, deserialize_with = "json::whole_or_null")]
    #[cfg_attr(test, schema(minimum = 1, maximum = 1000))]
    limit: Option<u64>,
}

/// What a sweep did.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Swept))]
pub(crate) struct SweepView {
    /// Deleted blobs whose bytes are gone now.
    blobs: u32,
    /// Expired leases whose remains are gone now.
    leases: u32,
    /// Whether there may be more to do.
    more: bool,
}

/// Sweep
///
/// Deletes the bytes of deleted images, and what crashes left of uploads. A call is
/// bounded; `more` says whether to call again.
#[cfg_attr(test, utoipa::path(
    post, path = "/v1/admin/sweep", operation_id = "sweep", tag = "Service",
    request_body = WantedSweep,
    responses((status = 200, description = "What was done.", body = SweepView)),
    security(("token" = ["admin"])),
    extensions(("x-optional-body" = json!(true))),
))]
pub(crate) async fn sweep(
    State(app): State<Arc<App>>,
    _: Authorized<Admin>,
    wanted: Option<Json<WantedSweep>>,
) -> Result<Response, Problem> {
    let Json(wanted) = wanted.unwrap_or_default();
    let limit = limit(wanted.limit, DEFAULT_SWEPT, MAX_SWEPT)?;
    let swept = app.service.sweep(limit).await?;
    Ok(reply::ok(&SweepView {
        blobs: swept.blobs,
        leases: swept.leases,
        more: swept.more,
    }))
}

/// A page of an audit.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Audit))]
pub(crate) struct WantedAudit {
    /// Where the page before ended.
    #[serde(default)]
    cursor: Option<String>,
    /// The most records on it; 50 where nothing is said.
    #[serde(default, deserialize_with = "json::whole_or_null")]
    #[cfg_attr(test, schema(minimum = 1, maximum = 200))]
    limit: Option<u64>,
    /// Whether to repair what can be without losing anything.
    #[serde(default)]
    repair: bool,
    /// Whether to delete images whose bytes are gone or are not theirs.
    #[serde(default)]
    remove_damaged: bool,
}

/// What was audited, and what is wrong.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Audited))]
pub(crate) struct AuditView {
    /// Images whose records were checked.
    images: u64,
    /// Blobs whose records were checked.
    blobs: u64,
    /// Those of them that wait for the sweep.
    dead: u64,
    /// The length of all blobs that were read.
    bytes: u64,
    /// What is wrong.
    findings: Vec<FindingView>,
    /// The `cursor` of the next page; `null` after the last one.
    #[cfg_attr(test, schema(required = true))]
    next_cursor: Option<String>,
}

/// Something that is wrong.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Finding))]
struct FindingView {
    /// What kind of thing.
    fault: &'static str,
    /// The blob that it is about; `null` where it is about none.
    #[cfg_attr(test, schema(required = true))]
    blob: Option<String>,
    /// The images that it is about, a hundred at most.
    images: Vec<String>,
    /// What it is in this case.
    detail: String,
    /// What can be done about it; `null` where nothing can.
    #[cfg_attr(test, schema(required = true))]
    remedy: Option<&'static str>,
    /// Whether that was done.
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

/// Audit
///
/// Checks records and bytes, page by page: all images first, then all blobs, and what is
/// counted of them last. `darkroom fsck` makes all pages.
#[cfg_attr(test, utoipa::path(
    post, path = "/v1/admin/audit", operation_id = "audit", tag = "Service",
    request_body = WantedAudit,
    responses((status = 200, description = "What was found.", body = AuditView)),
    security(("token" = ["admin"])),
    extensions(("x-optional-body" = json!(true))),
))]
pub(crate) async fn audit(
    State(app): State<Arc<App>>,
    _: Authorized<Admin>,
    wanted: Option<Json<WantedAudit>>,
) -> Result<Response, Problem> {
    let Json(wanted) = wanted.unwrap_or_default();
    let bad = |detail: String| Problem::bad_request(detail);
    let from = match &wanted.cursor {
        Some(cursor) => cursor.parse().map_err(|error| bad(format!("{error}")))?,
        None => Place::default(),
    };
    let page = app
        .service
        .audit(&Audit {
            from,
            limit: limit(wanted.limit, DEFAULT_AUDITED, MAX_AUDITED)?,
            repair: wanted.repair,
            remove_damaged: wanted.remove_damaged,
        })
        .await?;
    Ok(reply::ok(&AuditView {
        images: page.images,
        blobs: page.blobs,
        dead: page.dead,
        bytes: page.bytes,
        findings: page.findings.into_iter().map(FindingView::from).collect(),
        next_cursor: page.next.map(|place| place.to_string()),
    }))
}

/// How many records a call takes on: as wanted, or `default`.
pub(super) fn limit(wanted: Option<u64>, default: u32, most: u32) -> Result<u32, Problem> {
    let wanted = wanted.unwrap_or(default.into());
    let within = u32::try_from(wanted).ok();
    within
        .filter(|limit| (1..=most).contains(limit))
        .ok_or_else(|| {
            let detail = format!("limit must be from 1 to {most}");
            Problem::bad_request(detail)
                .with("limit", most)
                .with("actual", wanted)
        })
}

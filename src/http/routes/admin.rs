//! `/v1/admin/…`: what an operator does, by a cron job or by hand.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use crate::http::extract::{Admin, Authorized};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::{App, body, view};
use crate::service::audit::{Audit, Finding, Place};

/// The most records that one call sweeps.
const MAX_SWEPT: u32 = 1000;
const DEFAULT_SWEPT: u32 = 200;
/// The most records on a page of an audit.
const MAX_AUDITED: u32 = 200;
const DEFAULT_AUDITED: u32 = 50;

pub(in crate::http) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/admin/sweep", post(sweep))
        .route("/v1/admin/audit", post(audit))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedSweep {
    limit: Option<u32>,
}

#[derive(Debug, Serialize)]
struct SweepView {
    blobs: u32,
    leases: u32,
    more: bool,
}

async fn sweep(
    State(app): State<Arc<App>>,
    _caller: Authorized<Admin>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let wanted: WantedSweep = body::optional_json(&parts.headers, body).await?;
    let limit = limit(wanted.limit, DEFAULT_SWEPT, MAX_SWEPT)?;
    let swept = app.service.sweep(limit).await?;
    Ok(view::json(&SweepView {
        blobs: swept.blobs,
        leases: swept.leases,
        more: swept.more,
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedAudit {
    cursor: Option<String>,
    limit: Option<u32>,
    #[serde(default)]
    repair: bool,
    #[serde(default)]
    remove_damaged: bool,
}

#[derive(Debug, Serialize)]
struct AuditView {
    images: u64,
    blobs: u64,
    dead: u64,
    bytes: u64,
    findings: Vec<FindingView>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct FindingView {
    fault: &'static str,
    blob: Option<String>,
    images: Vec<String>,
    detail: String,
    remedy: Option<&'static str>,
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

async fn audit(
    State(app): State<Arc<App>>,
    _caller: Authorized<Admin>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let wanted: WantedAudit = body::optional_json(&parts.headers, body).await?;
    let bad = |detail: String| Problem::new(ProblemKind::BadRequest, detail);
    if wanted.remove_damaged && !wanted.repair {
        return Err(bad("remove_damaged goes with repair only".to_owned()));
    }
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
    Ok(view::json(&AuditView {
        images: page.images,
        blobs: page.blobs,
        dead: page.dead,
        bytes: page.bytes,
        findings: page.findings.into_iter().map(FindingView::from).collect(),
        next_cursor: page.next.map(|place| place.to_string()),
    }))
}

fn limit(wanted: Option<u32>, default: u32, most: u32) -> Result<u32, Problem> {
    let limit = wanted.unwrap_or(default);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("limit must be from 1 to {most}");
    Err(Problem::new(ProblemKind::BadRequest, detail)
        .with("limit", most)
        .with("actual", limit))
}

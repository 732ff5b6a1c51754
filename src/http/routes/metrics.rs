//! `/metrics`: statistics of the stores, for Prometheus.
//!
//! Instances share no memory, so all metrics come from the stores; requests are counted by the
//! host. Every value is a single look-up, however many images are stored.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::Route;
use crate::auth::{Grant, Scope, pseudonym};
use crate::http::app::App;
use crate::http::input::extract::{Caller, require};
use crate::http::reply::exposition::{Exposition, MEDIA_TYPE};
use crate::http::reply::problem::Problem;
use crate::service::Report;
use crate::settings::MetricsAccess;

/// The number of owners that are reported: those with the most bytes.
const OWNERS: u32 = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![("/metrics", get(metrics))]
}

/// Prometheus metrics
///
/// Returns statistics of the stores in the Prometheus text format, and on the embedded host
/// statistics of requests. Owners are named only if the token has the scope `admin`. If the setting
/// `metrics` is `public`, no token is required.
#[utoipa::path(
    get, path = "/metrics", operation_id = "getMetrics", tag = "Service",
    responses((status = 200, description = "The metrics.", content((String = "text/plain")))),
    security(("token" = ["metrics"])),
)]
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    Caller(grant): Caller,
) -> Result<Response, Problem> {
    if app.settings.http.metrics == MetricsAccess::Admin {
        let grant = grant.as_ref().ok_or_else(Problem::token_missing)?;
        require(grant, Scope::Metrics)?;
    }
    let is_admin = grant.as_ref().is_some_and(Grant::is_admin);
    let report = app.service.report(OWNERS).await?;
    let mut metrics = Exposition::default();
    write_totals(&mut metrics, &report);
    write_owners(&mut metrics, &app, &report, is_admin);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, metrics.into_text()).into_response())
}

fn write_totals(metrics: &mut Exposition, report: &Report) {
    let statistics = &report.statistics;
    let version = [([("version", env!("CARGO_PKG_VERSION"))], 1)];
    metrics.gauge(
        "darkroom_build_info",
        "The version of the running component.",
        version,
    );
    let mut total = |name: &str, help: &str, value: u64| metrics.gauge(name, help, [([], value)]);
    total(
        "darkroom_images",
        "The number of images.",
        statistics.images.images,
    );
    total(
        "darkroom_image_bytes",
        "The total size of all images in bytes.",
        statistics.images.bytes,
    );
    total(
        "darkroom_leases",
        "The number of upload leases, both active ones and those waiting for a sweep.",
        statistics.leases,
    );
    total(
        "darkroom_oldest_lease_age_seconds",
        "The age of the oldest upload lease in seconds.",
        report.oldest_lease_seconds,
    );
    total(
        "darkroom_oldest_dead_blob_age_seconds",
        "The time since the deletion of the oldest dead blob in seconds.",
        report.oldest_death_seconds,
    );
    total(
        "darkroom_variants",
        "The number of stored derived images.",
        statistics.variants.variants,
    );
    total(
        "darkroom_variant_bytes",
        "The total size of stored derived images in bytes.",
        statistics.variants.bytes,
    );
    let by_state = |live, dead| [([("state", "live")], live), ([("state", "dead")], dead)];
    metrics.gauge(
        "darkroom_blobs",
        "The number of blobs that images or derived images refer to (live) or that are to be \
         deleted (dead).",
        by_state(statistics.live.blobs, statistics.dead.blobs),
    );
    metrics.gauge(
        "darkroom_blob_bytes",
        "The total size of blobs in bytes. Images of an owner with equal content share a blob.",
        by_state(statistics.live.bytes, statistics.dead.bytes),
    );
}

/// Writes owners by pseudonym, as in the log. Only admins see the names.
fn write_owners(metrics: &mut Exposition, app: &App, report: &Report, is_named: bool) {
    let owners = &report.statistics.owners;
    let keys = &app.settings.access.signing_keys;
    let pseudonyms: Vec<String> = owners.iter().map(|of| pseudonym(keys, &of.owner)).collect();
    let labels = || {
        owners.iter().zip(&pseudonyms).map(|(of, pseudonym)| {
            let mut labels = vec![("pseudonym", pseudonym.as_str())];
            if is_named {
                labels.push(("owner", of.owner.as_str()));
            }
            (labels, of.usage)
        })
    };
    metrics.gauge(
        "darkroom_owner_images",
        "The number of images of the owners with the most bytes.",
        labels().map(|(labels, usage)| (labels, usage.images)),
    );
    metrics.gauge(
        "darkroom_owner_bytes",
        "The total size of the images of the owners with the most bytes, in bytes.",
        labels().map(|(labels, usage)| (labels, usage.bytes)),
    );
}

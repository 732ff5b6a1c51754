//! `/metrics`: what is kept, for Prometheus.
//!
//! Instances share nothing, so these are what the stores know: requests are counted
//! from the log. Every figure is a look-up, however much is kept.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::Route;
use crate::auth::{Scope, pseudonym};
use crate::http::app::App;
use crate::http::input::extract::Caller;
use crate::http::reply::exposition::{Exposition, MEDIA_TYPE};
use crate::http::reply::problem::Problem;
use crate::service::Report;
use crate::settings::MetricsAccess;

/// How many owners are told: those who keep the most bytes.
const OWNERS: u32 = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![("/metrics", get(metrics))]
}

/// Measure what is kept
///
/// What the stores know, in the text format of Prometheus. With `metrics` set to `public`
/// no token is needed, and owners are not told by name.
#[cfg_attr(test, utoipa::path(
    get, path = "/metrics", operation_id = "getMetrics", tag = "Service",
    responses((status = 200, description = "The figures.", content((String = "text/plain")))),
    security(("token" = ["admin"])),
))]
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    Caller(grant): Caller,
) -> Result<Response, Problem> {
    let is_admin = grant
        .as_ref()
        .is_some_and(|grant| grant.allows(Scope::Admin));
    if !is_admin && app.settings.http.metrics == MetricsAccess::Admin {
        return Err(match grant {
            Some(_) => Problem::scope_missing(Scope::Admin),
            None => Problem::token_missing(),
        });
    }
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
    let known = &report.statistics;
    let version = [([("version", env!("CARGO_PKG_VERSION"))], 1)];
    metrics.gauge("darkroom_build_info", "The version that answers.", version);
    let mut total = |name: &str, help: &str, value: u64| metrics.gauge(name, help, [([], value)]);
    total("darkroom_images", "Images.", known.images.images);
    total(
        "darkroom_image_bytes",
        "The sum of the sizes of all images.",
        known.images.bytes,
    );
    total(
        "darkroom_leases",
        "Leases to write blobs under, in force or to be swept.",
        known.leases,
    );
    total(
        "darkroom_oldest_lease_age_seconds",
        "The age of the oldest lease.",
        report.oldest_lease_seconds,
    );
    total(
        "darkroom_oldest_dead_blob_age_seconds",
        "For how long the longest dead blob has been dead.",
        report.oldest_death_seconds,
    );
    let by_state = |live, dead| [([("state", "live")], live), ([("state", "dead")], dead)];
    metrics.gauge(
        "darkroom_blobs",
        "Blobs that images refer to, and blobs to be deleted.",
        by_state(known.live.blobs, known.dead.blobs),
    );
    metrics.gauge(
        "darkroom_blob_bytes",
        "The sum of their lengths: equal content of an owner is one blob.",
        by_state(known.live.bytes, known.dead.bytes),
    );
}

/// Owners by pseudonym, as in the log. Only admins are told the names.
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
        "Images of the owners who keep the most bytes.",
        labels().map(|(labels, usage)| (labels, usage.images)),
    );
    metrics.gauge(
        "darkroom_owner_bytes",
        "The sum of their sizes.",
        labels().map(|(labels, usage)| (labels, usage.bytes)),
    );
}

//! One file per resource of the API, each with its routes, its request types and its handlers, in
//! that order.

pub(super) mod admin;
pub(super) mod admin_migrate;
pub(super) mod bulk;
pub(super) mod content;
pub(super) mod docs;
pub(super) mod fallback;
pub(super) mod health;
pub(super) mod iiif;
pub(super) mod images;
pub(super) mod integrations;
pub(super) mod limits;
pub(super) mod links;
pub(super) mod metrics;
pub(super) mod owners;
pub(super) mod page;
pub(super) mod problems;
pub(super) mod tickets;
pub(super) mod upload;
pub(super) mod uploads;
pub(super) mod usage;
pub(super) mod variants;

use std::sync::Arc;

use axum::routing::MethodRouter;

use crate::http::app::App;
use crate::http::reply::problem::Problem;

/// A path and its methods.
pub(super) type Route = (&'static str, MethodRouter<Arc<App>>);

/// All routes. A test compares the description of the API with this list.
pub(super) fn all() -> impl Iterator<Item = Route> {
    guarded().chain(open())
}

/// The routes whose handlers check the caller first, and then the query. `Authorized` does both.
pub(super) fn guarded() -> impl Iterator<Item = Route> {
    let resources = [
        images::routes(),
        upload::routes(),
        uploads::routes(),
        content::routes(),
        variants::routes(),
        iiif::routes(),
        links::routes(),
        bulk::routes(),
        tickets::routes(),
        integrations::routes(),
        limits::routes(),
        usage::routes(),
        owners::routes(),
        admin::routes(),
        admin_migrate::routes(),
    ];
    resources.into_iter().flatten()
}

/// The routes that are open to everyone. They have no query parameters, which is checked before
/// their handlers are called.
pub(super) fn open() -> impl Iterator<Item = Route> {
    let resources = [
        health::routes(),
        metrics::routes(),
        problems::routes(),
        docs::routes(),
        page::routes(),
    ];
    resources.into_iter().flatten()
}

/// Checks a member of a request that is a lifetime in seconds.
fn seconds(name: &str, value: u64, max: u64) -> Result<u64, Problem> {
    if (1..=max).contains(&value) {
        return Ok(value);
    }
    let detail = format!("{name} must be from 1 to {max} seconds");
    Err(Problem::bad_request(detail)
        .with("limit", max)
        .with("actual", value))
}

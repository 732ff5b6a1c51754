//! One file per resource of the contract, each with its routes, its request types
//! and its handlers, in that order.

pub(super) mod admin;
pub(super) mod admin_migrate;
pub(super) mod content;
pub(super) mod docs;
pub(super) mod form;
pub(super) mod health;
pub(super) mod images;
pub(super) mod limits;
pub(super) mod links;
pub(super) mod metrics;
pub(super) mod problems;
pub(super) mod tickets;
pub(super) mod upload;
pub(super) mod usage;

use std::sync::Arc;

use axum::routing::MethodRouter;

use crate::http::app::App;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::Visibility;

/// A path, and the methods that it has.
pub(super) type Route = (&'static str, MethodRouter<Arc<App>>);

/// Every route: the router is made of this list, and the description of the API is
/// held against it.
pub(super) fn all() -> impl Iterator<Item = Route> {
    let resources = [
        images::routes(),
        content::routes(),
        links::routes(),
        tickets::routes(),
        usage::routes(),
        limits::routes(),
        health::routes(),
        metrics::routes(),
        admin::routes(),
        admin_migrate::routes(),
        problems::routes(),
        docs::routes(),
    ];
    resources.into_iter().flatten()
}

/// A member of a request that says how long something lives.
fn seconds(name: &str, value: u64, most: u64) -> Result<u64, Problem> {
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    let detail = format!("{name} must be from 1 to {most} seconds");
    Err(Problem::new(ProblemKind::BadRequest, detail)
        .with("limit", most)
        .with("actual", value))
}

/// A member of a request that says who may read.
fn visibility(text: &str) -> Result<Visibility, Problem> {
    Visibility::parse(text.trim()).ok_or_else(|| {
        Problem::new(
            ProblemKind::BadRequest,
            "visibility must be private or public",
        )
        .with("field", "visibility")
        .with("allowed", vec!["private", "public"])
    })
}

//! One file per resource of the contract, each with its router, its request types
//! and its handlers, in that order.

pub(super) mod admin_migrate;
pub(super) mod content;
mod form;
pub(super) mod health;
pub(super) mod images;
pub(super) mod links;
pub(super) mod metrics;
pub(super) mod tickets;
mod upload;
pub(super) mod usage;

use crate::catalog::Visibility;
use crate::http::problem::{Problem, ProblemKind};

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

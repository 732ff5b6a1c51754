//! The visibility of an image: who may download it without a token.

use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::Visibility;

/// Parses a visibility: `private` or `public`.
pub(crate) fn visibility(text: &str) -> Result<Visibility, Problem> {
    Visibility::parse(text.trim()).ok_or_else(|| {
        Problem::new(
            ProblemKind::BadRequest,
            "visibility must be private or public",
        )
        .with("field", "visibility")
        .with("allowed", vec!["private", "public"])
    })
}

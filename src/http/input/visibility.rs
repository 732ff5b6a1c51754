//! The visibility of an image: who may download it without a token.

use crate::http::reply::problem::Problem;
use crate::model::Visibility;

/// Parses a visibility: `private` or `public`.
pub(crate) fn visibility(text: &str) -> Result<Visibility, Problem> {
    Visibility::parse(text.trim()).ok_or_else(|| {
        Problem::bad_request("visibility must be private or public")
            .with("field", "visibility")
            .with("allowed", vec!["private", "public"])
    })
}

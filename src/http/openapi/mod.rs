//! The description of the API: what annotations of handlers and types refer to ([`schema`]), and
//! the document that is generated from them (`document`, for unit tests only).
//!
//! Nothing calls what the annotations expand to, so the component does not contain it.

#[cfg(test)]
mod document;
#[allow(
    dead_code,
    reason = "annotations name the types, and only tests evaluate annotations"
)]
pub(super) mod schema;

use serde::{Serialize, Serializer};

use super::reply::problem::ProblemKind;

/// Serializes a kind as its slug, which annotations use as its name.
impl Serialize for ProblemKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

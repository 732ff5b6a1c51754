//! Signed URLs that are recorded, because they have a name.

use uuid::Uuid;

use super::Timestamp;

/// A named link as the catalog records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedLink {
    /// Identifies the link; its URL has it.
    pub id: Uuid,
    /// The image that it opens.
    pub image: Uuid,
    /// The owner's name of the link.
    pub name: String,
    /// What the link opens, in a form that is opaque to the catalog.
    pub terms: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

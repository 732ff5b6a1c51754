//! Why a database refuses a statement, as far as it matters to the catalog.

use crate::catalog::CatalogError;

/// Something that already exists, or no longer exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::catalog) enum Conflict {
    /// The upload ticket has been revoked.
    TicketRevoked,
    /// The upload ticket has been used as often as it may be.
    TicketSpent,
    /// The key is not held by the claim under which it would be answered.
    ClaimLost,
    /// The resumable upload is not where its completion began.
    UploadMoved,
    /// An image with the same id exists.
    ImageExists,
    /// The column to be added already exists.
    ColumnExists,
}

impl Conflict {
    /// Spin passes on nothing but SQLite's message. It names the column whose constraint is
    /// violated, and contains the text of a trigger's `RAISE` unchanged. PostgreSQL's names the
    /// constraint, in whatever language the rest is.
    fn from_message(message: &str) -> Option<Self> {
        [
            ("upload_tickets.revoked_at", Self::TicketRevoked),
            ("spent_tickets.id", Self::TicketSpent),
            ("idempotency_keys.claim", Self::ClaimLost),
            ("resumable_uploads.received", Self::UploadMoved),
            ("images.id", Self::ImageExists),
            ("images_pkey", Self::ImageExists),
            ("duplicate column name", Self::ColumnExists),
        ]
        .into_iter()
        .find_map(|(part, conflict)| message.contains(part).then_some(conflict))
    }

    /// Returns the conflict behind a database failure, if there is one.
    pub(in crate::catalog) fn of(error: &CatalogError) -> Option<Self> {
        match error {
            CatalogError::Database(cause) => Self::from_message(&cause.to_string()),
            _ => None,
        }
    }
}

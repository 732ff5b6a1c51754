//! What SQLite refuses a statement for, as far as it matters to the catalog.

use crate::catalog::CatalogError;

/// Something that was there already, or is there no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::catalog) enum Conflict {
    /// The upload ticket has a record.
    TicketSpent,
    /// The key is not held by the claim that it would be answered for.
    ClaimLost,
    /// The column that is to be added exists.
    ColumnExists,
}

impl Conflict {
    /// SQLite's message is all that Spin passes on. It names the column whose constraint is
    /// violated, and has the text of a trigger's `RAISE` as it is.
    fn from_message(message: &str) -> Option<Self> {
        [
            ("spent_tickets.id", Self::TicketSpent),
            ("idempotency_keys.claim", Self::ClaimLost),
            ("duplicate column name", Self::ColumnExists),
        ]
        .into_iter()
        .find_map(|(part, conflict)| message.contains(part).then_some(conflict))
    }

    /// The conflict behind a database's failure, if it is one.
    pub(in crate::catalog) fn of(error: &CatalogError) -> Option<Self> {
        match error {
            CatalogError::Database(cause) => Self::from_message(&cause.to_string()),
            _ => None,
        }
    }
}

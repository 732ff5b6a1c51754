//! Why the catalog could not do what was requested.

use std::error::Error;

use crate::cause::Cause;
use crate::model::QuotaExceeded;

/// Why the catalog could not do what was requested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// A blob's lease expired before the commit: its bytes may have been deleted.
    #[error("the upload did not finish before its lease expired")]
    LeaseExpired,
    /// Another request holds the key that this one would be answered under.
    #[error("another request with the same key is under way")]
    ClaimLost,
    /// The resumable upload that an image completes has ended, or others have continued it.
    #[error("the upload has ended or has been continued by another request")]
    UploadMoved,
    /// The upload ticket has been used as often as it may be.
    #[error("the upload ticket has been used as often as it may be")]
    TicketSpent,
    /// The upload ticket has been revoked.
    #[error("the upload ticket has been revoked")]
    TicketRevoked,
    /// The owner would keep more than the quota allows.
    #[error(transparent)]
    QuotaExceeded(#[from] QuotaExceeded),
    /// A row has a value that this version does not write.
    #[error("a catalog row is damaged: column {column} of {table}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The column, counted from 0 in the order of the statement.
        column: usize,
    },
    /// Changes are refused while the catalog is moved.
    #[error("no changes are accepted: the variable read_only is on")]
    ReadOnly,
    /// The database itself failed: it is unreachable, locked or full. Retrying may help.
    #[error("the catalog's database failed: {0}")]
    Database(#[source] Cause),
    /// The statement was sent, but no answer has arrived: it may have been carried out, or may
    /// still be.
    #[error("the catalog's database has not answered, so the outcome is unknown: {0}")]
    Unknown(#[source] Cause),
    /// The database has undone the statement because of others at the same time (`SQLSTATE` class
    /// 40): it had no effect, and can be repeated.
    #[error("the catalog's database has undone the statement because of others: {0}")]
    Undone(#[source] Cause),
    /// A newer version of this program has changed the schema in a way that this one does not
    /// understand.
    #[error(
        "the catalog's schema has version {found}, which needs a newer program than this one, \
         which knows version {known}"
    )]
    NewerSchema {
        /// The version of the schema.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
}

impl CatalogError {
    /// Creates the error of a database that failed for this reason: an error, or a text.
    pub fn database(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Database(Cause::new(cause))
    }

    /// Creates the error of a statement whose answer is missing for this reason.
    pub fn unknown(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unknown(Cause::new(cause))
    }

    /// Creates the error of a statement that was undone because of others.
    pub fn undone(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Undone(Cause::new(cause))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_failure_keeps_its_source() {
        let error = CatalogError::database(io::Error::other("the disk is full"));
        assert!(
            error
                .source()
                .is_some_and(|source| source.is::<io::Error>())
        );
        assert!(error.to_string().ends_with("the disk is full"), "{error}");
    }
}

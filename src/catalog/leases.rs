//! Leases: the right to write blobs, and the way to find those that were never committed.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::{BlobId, Timestamp};

/// The right to write blobs under the ids `{id}.0` to `{id}.{capacity - 1}`
/// until `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The id: letters and digits.
    pub id: String,
    /// How many blob ids the lease has.
    pub capacity: u32,
    /// Nothing is committed under it from this time on.
    pub expires_at: Timestamp,
}

impl Lease {
    /// Returns the blob id with this number. `None` past the capacity, or if the lease's
    /// own id has characters other than letters and digits.
    pub fn blob_id(&self, number: u32) -> Option<BlobId> {
        (number < self.capacity)
            .then(|| BlobId::new(format!("{}.{number}", self.id)))
            .flatten()
    }
}

/// The records of leases.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Records a lease. Its id must be new.
    async fn lease(&self, lease: &Lease) -> Result<(), CatalogError>;

    /// Returns at most `limit` leases that had expired at `at`, oldest first.
    async fn expired_leases(&self, at: Timestamp, limit: u32) -> Result<Vec<Lease>, CatalogError>;

    /// Ends a lease: nothing is committed under it from then on, at whatever time.
    async fn close_lease(&self, id: &str) -> Result<(), CatalogError>;

    /// Returns the lease's blobs that have a record, dead or alive, an image or a variant, or are
    /// segments of a resumable upload.
    async fn recorded_blobs(&self, lease: &Lease) -> Result<Vec<BlobId>, CatalogError>;

    /// Deletes the record of an expired lease, once its remains have been deleted.
    async fn forget_lease(&self, id: &str) -> Result<(), CatalogError>;
}

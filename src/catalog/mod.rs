//! The catalog: what is known of images, and which blobs are in use.
//!
//! [`Catalog`] is what the service asks for: a trait for each subject, in the subject's
//! file with its types. [`SqlCatalog`] implements them over any SQL connection that
//! speaks SQLite's dialect ([`Database`]: Spin's SQLite interface, rusqlite in native
//! tests), each in the file of the same name in `sql/`; the `testing` module in maps,
//! as a model that tests hold the other against.
//!
//! No call spans two statements, because statements of other requests may run in
//! between: every invariant is kept by one statement and its triggers.
//!
//! The life of a blob, as the catalog sees it:
//! 1. [`Leases::lease`]: an instance may write under the ids of a [`Lease`].
//! 2. [`Commits::commit`]: images refer to it; it is live. Content that the owner
//!    has already is not recorded again: the image refers to the blob that is
//!    there, and the new one stays uncommitted.
//! 3. The last image that refers to it is deleted: it is dead, for good.
//! 4. [`Blobs::dead_blobs`] names it, its bytes are deleted, and
//!    [`Blobs::forget_blob`] drops the record.
//! 5. [`Remains::remains`] names it once more, when no write of it can come any more:
//!    its bytes are deleted again, and [`Remains::forget_remains`] drops the last record.
//!
//! What was written and never committed is found from leases that have expired
//! ([`Leases::expired_leases`]): nothing can be committed under those any more.

mod accounts;
mod audit;
mod blobs;
mod commits;
pub mod conformance;
mod error;
mod health;
mod images;
mod keys;
mod leases;
mod listings;
pub mod migrations;
mod remains;
mod sql;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod testing;
mod tickets;

pub use accounts::{Accounts, BlobCount, Miscount, OwnerUsage, Statistics};
pub use audit::{Audit, ImageCheck, ImageFault};
pub use blobs::{BlobEntry, BlobRecord, Blobs};
pub use commits::{Commits, NewImage};
pub use error::CatalogError;
pub use health::Health;
pub use images::Images;
pub use keys::{AnswerRecord, KeyAnswer, KeyClaim, KeyOutcome, Keys};
pub use leases::{Lease, Leases};
pub use listings::Listings;
pub use remains::Remains;
pub use sql::{Database, Row, SqlCatalog, Value};
pub use tickets::Tickets;

/// What the service needs of a catalog. Every method is atomic and durable on
/// return. Times come from the caller, so that tests can choose them.
pub trait Catalog:
    Accounts + Audit + Blobs + Commits + Health + Images + Keys + Leases + Listings + Remains + Tickets
{
}

impl<C> Catalog for C where
    C: Accounts
        + Audit
        + Blobs
        + Commits
        + Health
        + Images
        + Keys
        + Leases
        + Listings
        + Remains
        + Tickets
{
}

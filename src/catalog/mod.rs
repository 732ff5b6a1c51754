//! The catalog: what is known about images, and which blobs are in use.
//!
//! [`Catalog`] is the interface that the service needs: a trait for each subject, in the
//! subject's file with its types. [`SqlCatalog`] implements them on any SQL connection that
//! understands SQLite's dialect or PostgreSQL's ([`Database`]: Spin's interfaces to both, rusqlite
//! and tokio-postgres in native tests), each in the file of the same name in `sql/`; the `testing`
//! module implements them in maps, as a model that tests compare the SQL catalog with.
//!
//! No call spans two statements, because statements of other requests may run in
//! between: every invariant is maintained by one statement and what it starts within the
//! database, which is triggers and, on PostgreSQL, functions that take locks.
//!
//! The life of a blob, as seen by the catalog:
//! 1. [`Leases::lease`]: an instance may write under the ids of a [`Lease`].
//! 2. [`Commits::commit`]: images refer to it; it is live. Content that the owner
//!    already has is not recorded again: the image refers to the existing blob, and the
//!    new one stays uncommitted.
//!    [`Variants::commit_variant`] does the same for a derived image.
//! 3. The last image or variant that refers to it is deleted: the blob is dead, for good.
//! 4. [`Blobs::dead_blobs`] returns it, its bytes are deleted, and
//!    [`Blobs::forget_blob`] deletes the record.
//! 5. [`Remains::remains`] returns it once more, when no write of it can complete any
//!    more: its bytes are deleted again, and [`Remains::forget_remains`] deletes the last
//!    record.
//!
//! The bytes of an upload that arrives piece by piece are in blobs without a record, which its
//! segments name ([`Resumables`]).
//!
//! Blobs that were written and never committed are found through leases that have expired
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
mod links;
mod listings;
pub mod migrations;
mod rates;
mod remains;
mod resumables;
mod sql;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod testing;
mod tickets;
mod variants;

pub use accounts::{Accounts, BlobCount, Miscount, OwnerUsage, Statistics, VariantCount};
pub use audit::{Audit, ImageCheck, ImageFault};
pub use blobs::{BlobEntry, BlobRecord, Blobs};
pub use commits::{Commits, NewImage};
pub use error::CatalogError;
pub use health::Health;
pub use images::Images;
pub use keys::{AnswerRecord, KeyAnswer, KeyClaim, KeyOutcome, Keys};
pub use leases::{Lease, Leases};
pub use links::{Links, NewLink};
pub use listings::Listings;
pub use rates::Rates;
pub use remains::Remains;
pub use resumables::{
    Begun, Completion, Ending, Growth, NewSegment, Position, Resumable, Resumables, Segment,
};
pub use sql::{Database, Dialect, Guarded, Row, SqlCatalog, Value, is_read};
pub use tickets::{TicketUse, Tickets};
pub use variants::{NewVariant, VariantClaim, VariantCommit, VariantState, Variants};

/// What the service needs from a catalog. Every method is atomic, and durable when it
/// returns. Times are given by the caller, so that tests can choose them.
pub trait Catalog:
    Accounts
    + Audit
    + Blobs
    + Commits
    + Health
    + Images
    + Keys
    + Leases
    + Links
    + Listings
    + Rates
    + Remains
    + Resumables
    + Tickets
    + Variants
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
        + Links
        + Listings
        + Rates
        + Remains
        + Resumables
        + Tickets
        + Variants
{
}

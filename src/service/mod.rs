//! What the product does, in its own words: take images in, find them, give
//! them out, delete them, and clean up. Knows stores and media, not HTTP.

mod access;
pub mod audit;
mod digests;
mod discard;
mod edit;
mod error;
mod fetch;
pub mod fields;
pub mod filename;
mod idempotency;
mod kept;
mod lease;
mod migrate;
mod sweep;
mod upload;
mod usage;
mod verify;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::blobs::{BlobStore, MovingBlobs};
use crate::catalog::Catalog;
use crate::model::{Image, Timestamp};
use crate::settings::Settings;

pub use crate::catalog::{KeyAnswer, KeyClaim};
pub use access::TICKET_RECORD_SECONDS;
pub use edit::{EditError, Patch};
pub use error::{ServiceError, StoreError};
pub use fetch::ListRequest;
pub use idempotency::{ANSWER_SECONDS, Answering, Begun, HOLD_SECONDS};
pub use lease::Term;
pub use migrate::Migrated;
pub use sweep::Swept;
pub use upload::{Attributes, Expected, Received, UploadError};
pub use usage::Report;

/// What the service needs of the world besides its stores.
pub struct Runtime {
    /// The time.
    pub now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Runs work after the response has been sent, with no promise that it ends.
    pub spawn: Box<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>,
    /// Takes a line for the operator.
    pub log: Box<dyn Fn(&str) + Send + Sync>,
}

/// Whether an image is still as the caller saw it. Asked again after each change by
/// others, until what it was asked of is what is changed.
pub type AsSeen<'a> = dyn Fn(&Image) -> bool + Sync + 'a;

/// The image service. Clones share everything.
#[derive(Clone)]
pub struct Service {
    parts: Arc<Parts>,
}

struct Parts {
    catalog: Arc<dyn Catalog>,
    blobs: Arc<dyn BlobStore>,
    /// The same store, where blobs are being moved from another.
    moving: Option<MovingBlobs>,
    settings: Arc<Settings>,
    /// How long uploads may take, and so how long remains may stay.
    lease_term: Term,
    runtime: Runtime,
    leases: lease::LeasePool,
    sweeps: sweep::Schedule,
    abandoned: idempotency::Abandoned,
}

impl Service {
    /// A service over two stores.
    pub fn new(
        catalog: Arc<dyn Catalog>,
        blobs: Arc<dyn BlobStore>,
        settings: Arc<Settings>,
        runtime: Runtime,
    ) -> Self {
        Self::over(catalog, blobs, None, settings, runtime)
    }

    /// The same, while blobs are moved from one store to another.
    pub fn migrating(
        catalog: Arc<dyn Catalog>,
        blobs: MovingBlobs,
        settings: Arc<Settings>,
        runtime: Runtime,
    ) -> Self {
        let moving = Some(blobs.clone());
        Self::over(catalog, Arc::new(blobs), moving, settings, runtime)
    }

    fn over(
        catalog: Arc<dyn Catalog>,
        blobs: Arc<dyn BlobStore>,
        moving: Option<MovingBlobs>,
        settings: Arc<Settings>,
        runtime: Runtime,
    ) -> Self {
        Self {
            parts: Arc::new(Parts {
                catalog,
                blobs,
                moving,
                lease_term: Term::new(
                    settings.uploads.max_seconds,
                    settings.stores.late_write_seconds,
                ),
                settings,
                runtime,
                leases: lease::LeasePool::default(),
                sweeps: sweep::Schedule::default(),
                abandoned: idempotency::Abandoned::default(),
            }),
        }
    }

    fn settings(&self) -> &Settings {
        &self.parts.settings
    }

    fn lease_term(&self) -> Term {
        self.parts.lease_term
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.parts.runtime.now)()
    }

    /// Writes a line for the operator.
    pub fn log(&self, line: &str) {
        (self.parts.runtime.log)(line);
    }

    /// Runs work after the response has been sent, with no promise that it ends.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        (self.parts.runtime.spawn)(Box::pin(work));
    }

    /// Whether both stores answer.
    pub async fn check(&self) -> Result<(), ServiceError> {
        self.catalog().check().await?;
        self.blobs().check().await?;
        Ok(())
    }

    fn catalog(&self) -> &dyn Catalog {
        &*self.parts.catalog
    }

    fn blobs(&self) -> &dyn BlobStore {
        &*self.parts.blobs
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod interleavings;
#[cfg(test)]
mod tests;

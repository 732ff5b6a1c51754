//! What the product does, in its own words: take images in, find them, give
//! them out, delete them, and clean up. Knows stores and media, not HTTP.

mod access;
pub mod audit;
mod edit;
mod error;
mod fetch;
pub mod fields;
pub mod filename;
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
use crate::media::{Strip, Trailing};
use crate::model::{Image, Kind, Timestamp};
use crate::settings::Settings;

pub use edit::{EditError, Patch};
pub use error::{ServiceError, StoreError};
pub use fetch::ListRequest;
pub use lease::Term;
pub use migrate::Migrated;
pub use sweep::Swept;
pub use upload::{
    ANSWER_SECONDS, Attributes, Declared, HOLD_SECONDS, KeyedRequest, MAX_FILES, RequestIdentity,
    TICKET_RECORD_SECONDS, Upload, UploadError, UploadTerms, UploadTicket,
};
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

/// What uploads, and the sweep, are held to.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest file in bytes.
    pub max_upload_bytes: u64,
    /// The largest image in pixels, width times height.
    pub max_pixels: u64,
    /// The widest image in pixels, before orientation.
    pub max_width: u32,
    /// The highest image in pixels, before orientation.
    pub max_height: u32,
    /// The most frames.
    pub max_frames: u32,
    /// The largest piece of metadata in bytes.
    pub max_metadata_bytes: u64,
    /// The kinds that are taken.
    pub accepted_types: Vec<Kind>,
    /// What metadata is removed, if any.
    pub strip_metadata: Option<Strip>,
    /// What becomes of bytes after an image's end.
    pub trailing_data: Trailing,
    /// Whether whole files are held against their SHA-256 when they are read.
    pub verify_downloads: bool,
    /// How long uploads may take, and so how long remains may stay.
    pub lease: Term,
    /// How long the bytes of a deleted image stay for those who are reading them,
    /// in milliseconds.
    pub grace_millis: i64,
}

impl From<&Settings> for Limits {
    fn from(settings: &Settings) -> Self {
        Self {
            max_upload_bytes: settings.max_upload_bytes,
            max_pixels: settings.max_pixels,
            max_width: settings.max_width,
            max_height: settings.max_height,
            max_frames: settings.max_frames,
            max_metadata_bytes: settings.max_metadata_bytes,
            accepted_types: settings.accepted_types.clone(),
            strip_metadata: settings.strip_metadata,
            trailing_data: settings.trailing_data,
            verify_downloads: settings.verify_downloads,
            lease: Term::new(settings.max_upload_seconds, settings.late_write_seconds),
            grace_millis: i64::try_from(settings.delete_grace_seconds * 1000).unwrap_or(i64::MAX),
        }
    }
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
    limits: Limits,
    runtime: Runtime,
    leases: lease::LeasePool,
    sweeps: sweep::Schedule,
    abandoned: upload::idempotency::Abandoned,
}

impl Service {
    /// A service over two stores.
    pub fn new(
        catalog: Arc<dyn Catalog>,
        blobs: Arc<dyn BlobStore>,
        limits: Limits,
        runtime: Runtime,
    ) -> Self {
        Self::over(catalog, blobs, None, limits, runtime)
    }

    /// The same, while blobs are moved from one store to another.
    pub fn migrating(
        catalog: Arc<dyn Catalog>,
        blobs: MovingBlobs,
        limits: Limits,
        runtime: Runtime,
    ) -> Self {
        let moving = Some(blobs.clone());
        Self::over(catalog, Arc::new(blobs), moving, limits, runtime)
    }

    fn over(
        catalog: Arc<dyn Catalog>,
        blobs: Arc<dyn BlobStore>,
        moving: Option<MovingBlobs>,
        limits: Limits,
        runtime: Runtime,
    ) -> Self {
        Self {
            parts: Arc::new(Parts {
                catalog,
                blobs,
                moving,
                limits,
                runtime,
                leases: lease::LeasePool::default(),
                sweeps: sweep::Schedule::default(),
                abandoned: upload::idempotency::Abandoned::default(),
            }),
        }
    }

    /// What uploads are held to.
    pub fn limits(&self) -> &Limits {
        &self.parts.limits
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

//! What the product does, in its own terms: accept images, find them, serve them, delete
//! them, and clean up. Knows stores and media, but not HTTP.

mod access;
pub mod audit;
mod bulk;
mod derive;
mod edit;
mod erase;
mod error;
mod fetch;
pub mod fields;
pub mod filename;
mod lease;
mod links;
mod migrate;
mod outcome;
mod rates;
pub mod resumable;
mod sweep;
mod tickets;
mod upload;
mod usage;
mod verify;

use std::sync::Arc;

use crate::blobs::BlobStore;
use crate::catalog::Catalog;
use crate::model::{Image, Timestamp};
use crate::platform::{self, Deriver, Platform};
use crate::settings::Settings;

pub use derive::{DerivationError, Found, Wanted};
pub use edit::{EditError, Patch};
pub use erase::Erased;
pub use error::{ServiceError, StoreError};
pub use fetch::{Content, ListRequest};
pub use lease::Term;
pub use links::{CreatedLink, MAX_NAMED_LINKS, NewLink};
pub use migrate::{Migrated, Migration};
pub use rates::RateClient;
pub use sweep::Swept;
pub use tickets::{MAX_TICKET_UPLOADS, TicketPage};
pub use upload::{
    ANSWER_SECONDS, Attributes, Declared, HOLD_SECONDS, KeyedRequest, MAX_FILES, RequestIdentity,
    TICKET_RECORD_SECONDS, Upload, UploadError, UploadTerms, UploadTicket,
};
pub use usage::Report;

/// Whether an image is still as the caller saw it. Checked again after each concurrent
/// change, until the version that was checked is the one that is changed.
pub type AsSeen<'a> = dyn Fn(&Image) -> bool + Sync + 'a;

/// The image service. Clones share all state.
#[derive(Clone)]
pub struct Service {
    parts: Arc<Parts>,
}

struct Parts {
    catalog: Arc<dyn Catalog>,
    blobs: Arc<dyn BlobStore>,
    settings: Arc<Settings>,
    /// How long uploads may take, and therefore how long remains may exist.
    lease_term: Term,
    platform: Arc<dyn Platform>,
    /// What derives images, if anything does.
    deriver: Option<Arc<dyn Deriver>>,
    derivations: derive::Queue,
    leases: lease::LeasePool,
    sweeps: sweep::Schedule,
    rate_failures: rates::Failures,
    abandoned: upload::idempotency::Abandoned,
}

impl Service {
    /// Creates a service on two stores.
    pub fn new(
        catalog: Arc<dyn Catalog>,
        blobs: Arc<dyn BlobStore>,
        settings: Arc<Settings>,
        platform: Arc<dyn Platform>,
        deriver: Option<Arc<dyn Deriver>>,
    ) -> Self {
        let derivations = derive::Queue::new(settings.derived.max_derivations);
        let lease_term = Term::new(
            settings.uploads.max_seconds,
            settings.stores.late_write_seconds,
        );
        Self {
            parts: Arc::new(Parts {
                catalog,
                blobs,
                settings,
                lease_term,
                platform,
                deriver,
                derivations,
                leases: lease::LeasePool::default(),
                sweeps: sweep::Schedule::default(),
                rate_failures: rates::Failures::default(),
                abandoned: upload::idempotency::Abandoned::default(),
            }),
        }
    }

    fn settings(&self) -> &Settings {
        &self.parts.settings
    }

    fn lease_term(&self) -> Term {
        self.parts.lease_term
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.parts.platform.now()
    }

    /// Returns the host's clock, randomness, background work and log.
    pub fn platform(&self) -> &Arc<dyn Platform> {
        &self.parts.platform
    }

    /// Returns a new unique id as text.
    pub fn new_id(&self) -> String {
        let id = platform::new_id(&**self.platform());
        id.simple().to_string()
    }

    /// Writes a line to the operator's log.
    pub fn log(&self, line: &str) {
        self.parts.platform.log(line);
    }

    /// Runs work after the response has been sent. It may be cut off before it ends.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.parts.platform.spawn(Box::pin(work));
    }

    /// Checks that both stores respond.
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

//! A catalog in maps: the model that the SQL catalog is compared with, and that tests use
//! where there is no SQLite. Each subject is in the file of its name.

mod accounts;
mod audit;
mod blobs;
mod commits;
mod health;
mod images;
mod keys;
mod leases;
mod links;
mod listings;
#[cfg(all(test, not(target_family = "wasm")))]
pub(crate) mod native;
#[cfg(all(test, not(target_family = "wasm")))]
pub(crate) mod postgres;
mod rates;
mod remains;
mod resumables;
mod tickets;
mod variants;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use darkroom_transform::Placeholder;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{CatalogError, Lease};
use crate::model::{BlobRef, Image, NamedLink, Sha256, Timestamp};

/// A [`Catalog`](super::Catalog) in maps.
pub(crate) struct MemoryCatalog {
    state: Mutex<State>,
    /// The time of the database's own clock.
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    interceptor: Option<Interceptor>,
}

/// A moment of a call at which a test may delay it or make it fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before a call that changes nothing.
    Read,
    /// Before a call that may change something.
    Write,
    /// Before the answer to either.
    Answer,
}

/// Waits at a moment of a call; if it fails, so does the call.
pub(crate) type Interceptor =
    Box<dyn Fn(Moment) -> BoxFuture<'static, Result<(), CatalogError>> + Send + Sync>;

impl Default for MemoryCatalog {
    fn default() -> Self {
        Self::timed_by(wall_clock)
    }
}

#[derive(Debug, Default)]
struct State {
    images: BTreeMap<Uuid, Image>,
    blobs: BTreeMap<String, Blob>,
    leases: BTreeMap<String, Lease>,
    tickets: tickets::Records,
    links: BTreeMap<Uuid, NamedLink>,
    keys: keys::Records,
    rates: rates::Records,
    remains: remains::Records,
    resumables: resumables::Records,
    variants: variants::Records,
}

#[derive(Debug)]
struct Blob {
    blob: BlobRef,
    owner: String,
    sha256: Sha256,
    refs: u64,
    died_at: Option<Timestamp>,
    placeholder: Option<Placeholder>,
}

impl State {
    /// An image as it is read: with the placeholder of its content.
    fn seen(&self, image: &Image) -> Image {
        let blob = self.blobs.get(image.blob.id.as_str());
        Image {
            placeholder: blob.and_then(|blob| blob.placeholder.clone()),
            ..image.clone()
        }
    }
}

impl MemoryCatalog {
    /// Creates an empty catalog whose database has this clock.
    pub(crate) fn timed_by(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            state: Mutex::default(),
            clock: Box::new(clock),
            interceptor: None,
        }
    }

    /// Delays every call by `interceptor`.
    #[cfg(test)]
    pub(crate) fn intercepted_by(self, interceptor: Interceptor) -> Self {
        Self {
            interceptor: Some(interceptor),
            ..self
        }
    }

    /// The names of all records other than images: blobs, then leases, then keys, then
    /// remains, then resumable uploads, then what belongs to variants, then tickets, then links.
    #[cfg(test)]
    pub(crate) fn other_records(&self) -> Vec<String> {
        let state = self.lock();
        state
            .blobs
            .keys()
            .chain(state.leases.keys())
            .cloned()
            .chain(state.keys.names())
            .chain(state.remains.names())
            .chain(state.resumables.keys().cloned())
            .chain(state.variants.names())
            .chain(state.tickets.names())
            .chain(state.links.keys().map(Uuid::to_string))
            .collect()
    }

    /// A call that changes nothing.
    async fn read<T: Send>(
        &self,
        look: impl FnOnce(&State) -> T + Send,
    ) -> Result<T, CatalogError> {
        self.intercept(Moment::Read).await?;
        let answer = look(&self.lock());
        self.intercept(Moment::Answer).await?;
        Ok(answer)
    }

    /// A call that may change something, at the time of the database's clock.
    async fn write<T: Send>(
        &self,
        change: impl FnOnce(&mut State, Timestamp) -> Result<T, CatalogError> + Send,
    ) -> Result<T, CatalogError> {
        self.intercept(Moment::Write).await?;
        let now = (self.clock)();
        let answer = change(&mut self.lock(), now);
        self.intercept(Moment::Answer).await?;
        answer
    }

    async fn intercept(&self, moment: Moment) -> Result<(), CatalogError> {
        match &self.interceptor {
            Some(interceptor) => interceptor(moment).await,
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A limit as the number of items of an iterator.
fn items(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::conformance;

    #[tokio::test]
    async fn the_memory_catalog_conforms() {
        let catalog = MemoryCatalog::default();
        conformance::run(&catalog, "run").await.expect("conforms");
        assert_eq!(catalog.other_records(), Vec::<String>::new());
    }
}

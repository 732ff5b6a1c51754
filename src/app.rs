//! The composition root: turns stores, settings and a platform into one application. The
//! component, tests and fuzzers all start here.

use std::sync::Arc;

use async_trait::async_trait;

use crate::blobs::{BlobError, BlobStore, ChunkedBlobs, KeyValue, MovingBlobs, S3Blobs};
use crate::catalog::{Catalog, CatalogError, Database, Guarded, SqlCatalog};
use crate::http::App;
use crate::patience::{Patient, SILENCE, within};
use crate::platform::{Deriver, HttpClient, Platform};
use crate::service::{Migration, Service, StoreError};
use crate::settings::{self, BlobStoreSetting, DatabaseSetting, Settings};

/// A platform with stores.
#[async_trait]
pub trait Host: Platform + HttpClient + Sized + 'static {
    /// Its key-value store.
    type KeyValue: KeyValue + 'static;
    /// Its database.
    type Database: Database + 'static;

    /// Opens the key-value store.
    async fn key_value(&self) -> Result<Self::KeyValue, BlobError>;

    /// Opens a database.
    async fn database(&self, setting: &DatabaseSetting) -> Result<Self::Database, CatalogError>;
}

/// The stores of an application.
pub struct Stores {
    /// Everything except bytes.
    pub catalog: Arc<dyn Catalog>,
    /// Where bytes are written.
    pub blobs: Arc<dyn BlobStore>,
    /// Where the bytes that have not been moved yet are.
    pub previous_blobs: Option<Arc<dyn BlobStore>>,
}

impl Stores {
    /// Opens the stores that the settings name.
    pub async fn open<H: Host>(settings: &Settings, host: &Arc<H>) -> Result<Self, StoreError> {
        let catalog = open_catalog(&settings.catalog, host).await;
        let catalog = catalog.map_err(StoreError::Catalog)?;
        let settings = &settings.stores;
        let open = async |store| {
            let opened = open_blobs(store, settings.chunk_bytes, host).await;
            opened.map_err(StoreError::Blobs)
        };
        Ok(Self {
            catalog: Arc::new(catalog),
            blobs: open(&settings.blobs).await?,
            previous_blobs: match &settings.previous_blobs {
                Some(previous) => Some(open(previous).await?),
                None => None,
            },
        })
    }
}

/// Opens the catalog. Fails instead of waiting forever for its database.
pub async fn open_catalog<H: Host>(
    settings: &settings::Catalog,
    host: &Arc<H>,
) -> Result<SqlCatalog<Guarded<Patient<H::Database>>>, CatalogError> {
    let opened = within(SILENCE, &**host, host.database(&settings.database)).await;
    let database = opened.map_err(CatalogError::database)??;
    let database = Patient::new(database, Arc::clone(host) as _);
    let catalog = SqlCatalog::open(Guarded::new(database, settings.read_only)).await?;
    if catalog.is_on_libsql().await {
        host.log(LIBSQL);
    }
    Ok(catalog)
}

/// What the log says when the catalog is on libSQL.
const LIBSQL: &str = "warning: the catalog is on libSQL, whose server has been seen to stop answering, \
    for good, under a few uploads at the same time; set catalog = postgres (docs/stores.md)";

/// Opens a blob store that cuts new blobs into chunks of `chunk_bytes`.
pub async fn open_blobs<H: Host>(
    store: &BlobStoreSetting,
    chunk_bytes: u32,
    host: &Arc<H>,
) -> Result<Arc<dyn BlobStore>, BlobError> {
    Ok(match store {
        BlobStoreSetting::KeyValue => {
            let opened = within(SILENCE, &**host, host.key_value()).await;
            let values = opened.map_err(BlobError::store)??;
            let values = Patient::new(values, Arc::clone(host) as _);
            Arc::new(ChunkedBlobs::new(Arc::new(values), chunk_bytes))
        }
        BlobStoreSetting::S3(config) => {
            let http = Arc::clone(host) as _;
            Arc::new(S3Blobs::new(config.clone(), http, chunk_bytes))
        }
    })
}

impl App {
    /// Builds the application on these stores. `deriver` makes derived images, if anything does.
    pub fn assemble(
        stores: Stores,
        settings: Settings,
        platform: Arc<dyn Platform>,
        deriver: Option<Arc<dyn Deriver>>,
    ) -> Self {
        let settings = Arc::new(settings);
        let moving = stores
            .previous_blobs
            .map(|previous| MovingBlobs::new(Arc::clone(&stores.blobs), previous));
        let blobs = match &moving {
            Some(moving) => Arc::new(moving.clone()),
            None => stores.blobs,
        };
        let service = Service::new(
            stores.catalog,
            blobs,
            Arc::clone(&settings),
            platform,
            deriver,
        );
        Self {
            migration: moving.map(|blobs| Migration::new(service.clone(), blobs)),
            service,
            settings,
        }
    }
}

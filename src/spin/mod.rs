//! The edge: where Spin's interfaces become the traits of the layers above, and
//! where a request comes in.
//!
//! An instance serves many requests, several at a time: the application is built
//! once, by the first of them, and lives as long as the instance.

mod body;
#[cfg(feature = "conformance")]
pub mod conformance;
mod http;
mod key_value;
#[cfg(feature = "conformance")]
mod misbehaviour;
mod sqlite;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use spin_sdk::http::Request;
use spin_sdk::variables;

use crate::blobs::{BlobError, BlobStore, ChunkedBlobs, MovingBlobs, S3Blobs};
use crate::catalog::{CatalogError, SqlCatalog};
use crate::http::App;
use crate::http::problem::{Problem, ProblemKind};
use crate::model::Timestamp;
use crate::patience::{Patient, SILENCE, Timer, within};
use crate::service::{Runtime, Service};
use crate::settings::{self, BlobStoreSetting, Settings, SettingsError};

pub use http::SpinHttp;
pub use key_value::SpinKeyValue;
pub use sqlite::SpinDatabase;

/// The label of both stores in `spin.toml`.
const LABEL: &str = "default";

static ROUTER: OnceLock<Router> = OnceLock::new();

/// Answers one request.
pub async fn handle(request: Request) -> Response {
    // Two first requests may both build it; one of the results stays. A lock held
    // across the building would need wake-ups between tasks, which are not to be had.
    let router = match ROUTER.get() {
        Some(router) => router.clone(),
        None => match build().await {
            Ok(router) => ROUTER.get_or_init(|| router).clone(),
            Err(problem) => crate::http::broken(problem),
        },
    };
    let response = crate::http::respond(router, request.map(body::body)).await;
    body::as_asked(response)
}

async fn build() -> Result<Router, Problem> {
    let settings = read_settings().await.map_err(|error| {
        log(&error.to_string());
        Problem::new(ProblemKind::Misconfigured, error.to_string()).with("variable", error.variable)
    })?;
    let unavailable = |error: &dyn std::fmt::Display| {
        log(&format!("the stores cannot be opened: {error}"));
        Problem::new(ProblemKind::Unavailable, "the stores cannot be opened")
            .with_header(RETRY_AFTER, "5")
    };
    let catalog = open_catalog().await.map_err(|error| unavailable(&error))?;
    let blobs = open_blobs(&settings.stores.blobs, settings.stores.chunk_bytes)
        .await
        .map_err(|error| unavailable(&error))?;
    let catalog = Arc::new(catalog);
    let settings = Arc::new(settings);
    let service = match &settings.stores.previous_blobs {
        None => Service::new(catalog, blobs, Arc::clone(&settings), runtime()),
        Some(previous) => {
            let previous = open_blobs(previous, settings.stores.chunk_bytes)
                .await
                .map_err(|error| unavailable(&error))?;
            let blobs = MovingBlobs::new(blobs, previous);
            Service::migrating(catalog, blobs, Arc::clone(&settings), runtime())
        }
    };
    Ok(crate::http::router(Arc::new(App { service, settings })))
}

/// Opens the catalog. It fails rather than wait for ever for its database.
async fn open_catalog() -> Result<SqlCatalog<Patient<SpinDatabase>>, CatalogError> {
    let opened = within(SILENCE, &timer(), SpinDatabase::open(LABEL)).await;
    let database = opened.map_err(|silence| CatalogError::Database(silence.to_string()))??;
    SqlCatalog::open(Patient::new(database, timer())).await
}

async fn open_blobs(
    setting: &BlobStoreSetting,
    chunk_bytes: u32,
) -> Result<Arc<dyn BlobStore>, BlobError> {
    Ok(match setting {
        BlobStoreSetting::KeyValue => {
            let opened = within(SILENCE, &timer(), SpinKeyValue::open(LABEL)).await;
            let values = opened.map_err(|silence| BlobError::Store(silence.to_string()))??;
            let values = Patient::new(values, timer());
            Arc::new(ChunkedBlobs::new(Arc::new(values), chunk_bytes))
        }
        BlobStoreSetting::S3(config) => {
            let http = Box::new(SpinHttp);
            Arc::new(S3Blobs::new(config.clone(), http, chunk_bytes))
        }
    })
}

async fn read_settings() -> Result<Settings, SettingsError> {
    let mut values = BTreeMap::new();
    for settings::Variable { name, .. } in settings::variables() {
        match variables::get(name).await {
            Ok(value) => {
                values.insert(*name, value);
            }
            Err(variables::Error::Undefined(_)) => {}
            Err(error) => {
                let reason = format!("cannot be read: {error}");
                return Err(SettingsError {
                    variable: name,
                    reason,
                });
            }
        }
    }
    Settings::parse(&values)
}

fn runtime() -> Runtime {
    Runtime {
        now: Box::new(now),
        spawn: Box::new(spin_sdk::wit_bindgen::spawn),
        log: Box::new(log),
    }
}

fn timer() -> Timer {
    Box::new(|time| Box::pin(spin_sdk::time::sleep(time)))
}

fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// Spin gathers what a component writes to its standard error.
/// What stores say of their failures may have several lines. Each write is a call of
/// the host, so there is one.
fn log(line: &str) {
    use std::io::Write as _;
    let line = line.replace(['\r', '\n'], " ");
    // Nothing can be done where standard error is gone.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

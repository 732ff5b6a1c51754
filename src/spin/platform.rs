//! Spin as the platform and the host of the application.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::{SpinDatabase, SpinKeyValue};
use crate::app::Host;
use crate::blobs::BlobError;
use crate::catalog::CatalogError;
use crate::model::Timestamp;
use crate::platform::{Clock, Platform};
use crate::settings::DatabaseSetting;

/// The label of the key-value store in `spin.toml`.
const LABEL: &str = "default";

/// The host.
pub(super) struct Spin;

impl Clock for Spin {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(spin_sdk::time::sleep(time))
    }
}

impl Platform for Spin {
    fn random(&self) -> u128 {
        static RANDOMNESS: Mutex<Randomness> = Mutex::new(Randomness::NONE);
        let mut randomness = RANDOMNESS.lock().unwrap_or_else(PoisonError::into_inner);
        u128::from_le_bytes(randomness.take())
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        spin_sdk::wit_bindgen::spawn(work);
    }

    /// Spin collects what a component writes to its standard error. The error messages of
    /// stores may have several lines. Each write is a call to the host, so there is only
    /// one.
    fn log(&self, line: &str) {
        use std::io::Write as _;
        let line = line.replace(['\r', '\n'], " ");
        // Nothing can be done if standard error is closed.
        let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    }

    /// The embedded host sets the variable; Spin does not.
    fn route_header(&self) -> Option<String> {
        std::env::var("ROUTE_HEADER").ok()
    }
}

/// How many random bytes are fetched at once, as each time is a call of the host.
const FETCHED: usize = 1024;

/// Random bytes from the host. Each is used once, and then erased.
struct Randomness {
    bytes: [u8; FETCHED],
    used: usize,
}

impl Randomness {
    /// Those of a new instance, which has fetched none.
    const NONE: Self = Self {
        bytes: [0; FETCHED],
        used: FETCHED,
    };

    fn take(&mut self) -> [u8; 16] {
        if self.used == self.bytes.len() {
            let filled = getrandom::fill(&mut self.bytes);
            assert!(
                filled.is_ok(),
                "WASI's random number generator does not fail"
            );
            self.used = 0;
        }
        let mut taken = [0; 16];
        taken.swap_with_slice(&mut self.bytes[self.used..self.used + 16]);
        self.used += 16;
        taken
    }
}

#[async_trait]
impl Host for Spin {
    type KeyValue = SpinKeyValue;
    type Database = SpinDatabase;

    async fn key_value(&self) -> Result<SpinKeyValue, BlobError> {
        SpinKeyValue::open(LABEL).await
    }

    async fn database(&self, setting: &DatabaseSetting) -> Result<SpinDatabase, CatalogError> {
        SpinDatabase::open(setting).await
    }
}

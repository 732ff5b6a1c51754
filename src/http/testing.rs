//! The whole application with stores in memory and without a host, for tests and fuzzers.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::Api;
use crate::app::Stores;
use crate::auth::{Claims, KeyRing, token};
use crate::blobs::{ChunkedBlobs, KeyValue, MemoryKeyValue};
use crate::catalog::testing::MemoryCatalog;
use crate::http::app::App;
use crate::model::Timestamp;
use crate::platform::testing::{FakeDeriver, TestPlatform};
use crate::settings::{Settings, TEST_KEYS};

pub(super) const KEYS: &str = TEST_KEYS;
pub(super) const NOW: i64 = 1_800_000_000_000;

/// A client of the whole application, with stores in memory and without a host.
pub(super) struct Client {
    pub(super) api: Api,
    pub(super) values: MemoryKeyValue,
    #[cfg(test)]
    catalog: Arc<MemoryCatalog>,
    platform: Arc<TestPlatform>,
    #[cfg(test)]
    pub(super) deriver: Arc<FakeDeriver>,
}

impl Client {
    /// Creates a client whose catalog has this clock.
    #[cfg(test)]
    pub(super) fn timed_by(
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        variables: &[(&'static str, &str)],
    ) -> Self {
        let values = MemoryKeyValue::default();
        let catalog = Arc::new(MemoryCatalog::timed_by(clock));
        Self::on(catalog, values.clone(), Arc::new(values), variables)
    }

    pub(super) fn with(variables: &[(&'static str, &str)]) -> Self {
        let values = MemoryKeyValue::default();
        Self::over(values.clone(), Arc::new(values), variables)
    }

    /// Creates a client with a store that keeps its values in `values`.
    pub(super) fn over(
        values: MemoryKeyValue,
        store: Arc<dyn KeyValue>,
        variables: &[(&'static str, &str)],
    ) -> Self {
        Self::on(Arc::default(), values, store, variables)
    }

    /// Creates another instance with the same stores and its own settings.
    #[cfg(test)]
    pub(super) fn beside(&self, variables: &[(&'static str, &str)]) -> Self {
        let store = Arc::new(self.values.clone());
        Self::on(
            Arc::clone(&self.catalog),
            self.values.clone(),
            store,
            variables,
        )
    }

    fn on(
        catalog: Arc<MemoryCatalog>,
        values: MemoryKeyValue,
        store: Arc<dyn KeyValue>,
        variables: &[(&'static str, &str)],
    ) -> Self {
        let settings = Settings::of_test(variables).expect("valid settings");
        let blobs = ChunkedBlobs::new(store, settings.stores.chunk_bytes);
        let stores = Stores {
            catalog: Arc::clone(&catalog) as _,
            blobs: Arc::new(blobs),
            previous_blobs: None,
        };
        let platform = Arc::new(TestPlatform::new(|| Timestamp::from_millis(NOW)));
        let deriver = Arc::new(FakeDeriver::default());
        let app = App::assemble(
            stores,
            settings,
            Arc::clone(&platform) as _,
            Some(Arc::clone(&deriver) as _),
        );
        Self {
            #[cfg(test)]
            deriver,
            api: Api::new(Arc::new(app)),
            values,
            #[cfg(test)]
            catalog,
            platform,
        }
    }

    /// The sum of the sizes of all variants.
    #[cfg(test)]
    pub(super) async fn variant_bytes(&self) -> u64 {
        use crate::catalog::Accounts as _;
        let statistics = self.catalog.statistics(0).await.expect("statistics");
        statistics.variants.bytes
    }

    /// The log lines written since the last call.
    pub(super) fn lines(&self) -> Vec<String> {
        self.platform.take_lines()
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.api.respond(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        self.platform.do_spawned().await;
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        };
        answer.check_line();
        answer
    }
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// Checks that JSON ends with a line feed, which `Content-Length` includes.
    fn check_line(&self) {
        let is_json = self.header("content-type").ends_with("json");
        if !is_json || self.body.is_empty() || self.header("content-encoding") == "gzip" {
            return;
        }
        assert!(self.body.ends_with(b"}\n"), "{:?}", self.body);
        let length = self.header("content-length");
        assert_eq!(length, self.body.len().to_string());
    }
}

pub(super) fn bearer(owner: &str, scope: &str) -> String {
    let ring = KeyRing::parse(KEYS).expect("a ring");
    let exp = NOW.unsigned_abs() / 1000 + 60;
    let claims = Claims {
        sub: owner.into(),
        exp,
        scope: scope.into(),
        ..Claims::default()
    };
    format!(
        "Bearer {}",
        token::mint(&ring, None, &claims).expect("mints")
    )
}

//! The whole application over memory, without a host: for tests and fuzzers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::{respond, router};
use crate::auth::{Claims, KeyRing, token};
use crate::blobs::{ChunkedBlobs, KeyValue, MemoryKeyValue};
use crate::catalog::MemoryCatalog;
use crate::http::app::App;
use crate::model::Timestamp;
use crate::service::{Limits, Runtime, Service};
use crate::settings::Settings;

pub(super) const KEYS: &str = "test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
pub(super) const NOW: i64 = 1_800_000_000_000;

/// The whole application over memory, without a host.
pub(super) struct Client {
    pub(super) router: Router,
    pub(super) values: MemoryKeyValue,
    #[cfg(test)]
    catalog: Arc<MemoryCatalog>,
    lines: Arc<Mutex<Vec<String>>>,
    spawned: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

impl Client {
    pub(super) fn with(variables: &[(&'static str, &str)]) -> Self {
        let values = MemoryKeyValue::default();
        Self::over(values.clone(), Arc::new(values), variables)
    }

    /// Over a store that keeps its values in `values`.
    pub(super) fn over(
        values: MemoryKeyValue,
        store: Arc<dyn KeyValue>,
        variables: &[(&'static str, &str)],
    ) -> Self {
        Self::on(Arc::default(), values, store, variables)
    }

    /// Another instance on the same stores, with settings of its own.
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
        let mut all = BTreeMap::from([("signing_keys", KEYS.to_owned())]);
        all.extend(
            variables
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let settings = Settings::parse(&all).expect("good settings");
        let blobs = ChunkedBlobs::new(store, settings.chunk_bytes);
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&lines);
        let spawned: Arc<Mutex<Vec<BoxFuture<'static, ()>>>> = Arc::default();
        let queue = Arc::clone(&spawned);
        let runtime = Runtime {
            now: Box::new(|| Timestamp::from_millis(NOW)),
            spawn: Box::new(move |work| queue.lock().expect("not poisoned").push(work)),
            log: Box::new(move |line| log.lock().expect("not poisoned").push(line.to_owned())),
        };
        let limits = Limits::from(&settings);
        let service = Service::new(catalog.clone(), Arc::new(blobs), limits, runtime);
        Self {
            router: router(Arc::new(App { service, settings })),
            values,
            #[cfg(test)]
            catalog,
            lines,
            spawned,
        }
    }

    /// The lines of the log written since this was last asked.
    pub(super) fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().expect("not poisoned"))
    }

    /// Does what was left for the time after the response.
    async fn do_spawned(&self) {
        let spawned = std::mem::take(&mut *self.spawned.lock().expect("not poisoned"));
        for work in spawned {
            work.await;
        }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = respond(self.router.clone(), request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        self.do_spawned().await;
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
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

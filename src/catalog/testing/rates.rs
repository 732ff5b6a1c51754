//! Rate limits, in a map.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryCatalog, items};
use crate::catalog::{CatalogError, Rates};
use crate::model::{LONGEST_DEBT_MICROS, RateUse, Timestamp};

/// When the allowances of each client are full.
pub(super) type Records = BTreeMap<String, RateUse>;

#[async_trait]
impl Rates for MemoryCatalog {
    async fn use_rate(
        &self,
        client: &str,
        cost: RateUse,
        most: i64,
    ) -> Result<(bool, RateUse), CatalogError> {
        self.write(|state, now| {
            let now = micros(now);
            let known = state.rates.get(client).copied().unwrap_or_default();
            let (requests, bytes) = (known.requests.max(now), known.bytes.max(now));
            let has_room = requests + cost.requests <= now + most && bytes < now + most;
            let full_at = if has_room || !state.rates.contains_key(client) {
                let full_at = RateUse {
                    requests: requests + cost.requests,
                    bytes: (bytes + cost.bytes).min(now + LONGEST_DEBT_MICROS),
                };
                state.rates.insert(client.to_owned(), full_at);
                full_at
            } else {
                RateUse { requests, bytes }
            };
            let used = RateUse {
                requests: full_at.requests - now,
                bytes: full_at.bytes - now,
            };
            Ok((has_room, used))
        })
        .await
    }

    async fn forget_rates(&self, limit: u32) -> Result<(), CatalogError> {
        self.write(|state, now| {
            let now = micros(now);
            let full = state.rates.iter();
            let full = full.filter(|(_, used)| used.requests <= now && used.bytes <= now);
            let full: Vec<String> = full.map(|(client, _)| client.clone()).collect();
            for client in full.iter().take(items(limit)) {
                state.rates.remove(client);
            }
            Ok(())
        })
        .await
    }
}

fn micros(time: Timestamp) -> i64 {
    time.millis() * 1000
}

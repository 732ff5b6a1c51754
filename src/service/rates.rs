//! Rate limits: what a client may do per minute, in the whole deployment.
//!
//! An instance lives for a second, or for a few requests, so it cannot count: the catalog does, in
//! one statement per request. Whatever cannot be counted is served: a limit must not make the
//! service less available than its stores are.

use super::{Service, sweep};
use crate::auth::pseudonym;
use crate::catalog::CatalogError;
use crate::model::{RateStanding, RateUse, WINDOW_MICROS};

/// Far more than any allowance, but too little for an overflow.
const NO_LIMIT: i64 = i64::MAX / 4;
/// The most clients that one sweep forgets.
const FORGOTTEN: u32 = 10_000;

/// Whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RateClient {
    /// Everybody with a token of this owner.
    Owner(String),
    /// Everybody with this upload ticket. Strangers who hold it must not use up what its owner
    /// may do.
    Ticket(String),
}

impl Service {
    /// Counts a request of a client. `None`: nothing is limited, or it is not known what the client
    /// has used.
    pub async fn admit(&self, client: &RateClient) -> Option<RateStanding> {
        let limits = self.settings().rates;
        let cost = RateUse {
            requests: limits.requests.map_or(0, |limit| limit.cost(1)),
            bytes: 0,
        };
        let used = self.use_rate(client, cost, WINDOW_MICROS).await?;
        Some(limits.standing(cost, used))
    }

    /// Adds bytes that a client has sent or receives.
    pub async fn count_bytes(&self, client: &RateClient, bytes: u64) {
        if let Some(limit) = self.settings().rates.bytes
            && bytes > 0
        {
            let cost = RateUse {
                requests: 0,
                bytes: limit.cost(bytes),
            };
            self.use_rate(client, cost, NO_LIMIT).await;
        }
    }

    async fn use_rate(
        &self,
        client: &RateClient,
        cost: RateUse,
        most: i64,
    ) -> Option<(bool, RateUse)> {
        if !self.settings().rates.are_on() {
            return None;
        }
        // No name of an owner, so that nothing of an owner has to be deleted here.
        let client = match client {
            RateClient::Owner(owner) => pseudonym(&self.settings().access.signing_keys, owner),
            RateClient::Ticket(id) => format!("ticket {id}"),
        };
        match self.catalog().use_rate(&client, cost, most).await {
            Ok(used) => Some(used),
            Err(error) => {
                if self.parts.rate_failures.begin(self.now()) {
                    self.log(&format!("rate limits are not enforced: {error}"));
                }
                None
            }
        }
    }

    /// Forgets clients whose allowances are full.
    pub(super) async fn sweep_rates(&self) -> Result<(), CatalogError> {
        match self.settings().rates.are_on() {
            true => self.catalog().forget_rates(FORGOTTEN).await,
            false => Ok(()),
        }
    }
}

/// How often a failure to count is logged: as seldom as an instance sweeps.
pub(super) type Failures = sweep::Schedule;

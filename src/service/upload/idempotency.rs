//! Requests with an idempotency key are carried out once and answered alike each time.
//!
//! A request holds its key from before its body is read, and the commit that creates its
//! images records the answer under the key in the same statement, so that there is never
//! one without the other. A request that fails releases its key. A request that crashed
//! holds it until [`HOLD_SECONDS`] have passed; after that another request may claim it,
//! and if the first one resumes, it commits nothing.
//!
//! If the catalog does not respond to a claim, the claim may already hold the key, or may
//! still come to hold it. The claim is then abandoned with a record that outlasts it, at
//! once and, while that fails, whenever another request uses its key: so a repeat needs to
//! wait only for the catalog.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::fingerprint::RequestIdentity;
use super::kept::Kept;
use super::{Service, ServiceError};
use crate::catalog::{AnswerRecord, CatalogError, KeyAnswer, KeyClaim, KeyOutcome};
use crate::model::{Image, Timestamp};

/// How long a request holds its key without an answer. A longer upload continues, unless
/// the key is used again meanwhile.
pub const HOLD_SECONDS: i64 = 5 * 60;

/// How long answers are kept.
pub const ANSWER_SECONDS: i64 = 24 * 3600;

/// A request with an idempotency key.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    /// The key. It is unrelated to the same key of another owner or ticket.
    pub key: String,
    /// The properties that a repeat shares with it, besides its files and their attributes.
    pub request: RequestIdentity,
}

/// Whether a request is the first with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::service) enum Hold {
    /// It is the first, and holds the key until it is answered or releases it.
    First(KeyClaim),
    /// The first request was given this answer.
    Repeat(KeyAnswer),
}

/// What to record with a commit.
#[derive(Clone, Debug)]
pub(super) struct Answering {
    /// The request's hold on its key.
    pub(super) claim: KeyClaim,
    /// Distinguishes the request from different ones.
    pub(super) fingerprint: String,
}

impl Answering {
    /// Creates the record for these images, which are made at `now`.
    pub(super) fn record<'a>(
        self,
        images: impl Iterator<Item = &'a Image>,
        now: Timestamp,
    ) -> AnswerRecord {
        AnswerRecord {
            claim: self.claim,
            answer: KeyAnswer {
                fingerprint: self.fingerprint,
                answer: Kept::of(images, now).print(),
            },
            expires_at: now.plus_seconds(ANSWER_SECONDS),
        }
    }
}

/// The most claims that are kept to be abandoned later.
const MOST_ABANDONED: usize = 256;

/// Claims that may hold a key and must not, each with its time, oldest first. If the
/// instance ends before they are abandoned, they hold until they expire.
#[derive(Debug, Default)]
pub(in crate::service) struct Abandoned {
    // Never held across an await.
    claims: Mutex<VecDeque<(KeyClaim, Timestamp)>>,
}

impl Abandoned {
    fn with<T>(&self, act: impl FnOnce(&mut VecDeque<(KeyClaim, Timestamp)>) -> T) -> T {
        act(&mut self.claims.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, claim: KeyClaim, at: Timestamp) {
        self.with(|claims| {
            if claims.len() >= MOST_ABANDONED {
                claims.pop_front();
            }
            claims.push_back((claim, at));
        });
    }

    /// Returns the claims with the same key as `claim`.
    fn rivals_of(&self, claim: &KeyClaim) -> Vec<(KeyClaim, Timestamp)> {
        let is_rival = |other: &&(KeyClaim, Timestamp)| {
            other.0.scope == claim.scope && other.0.key == claim.key
        };
        self.with(|claims| claims.iter().filter(is_rival).cloned().collect())
    }

    fn remove(&self, claim: &KeyClaim) {
        self.with(|claims| claims.retain(|(other, _)| other.id != claim.id));
    }
}

impl Service {
    /// Claims the key for a request. Keys in different scopes are unrelated.
    pub(in crate::service) async fn hold_key(
        &self,
        scope: &str,
        key: &str,
    ) -> Result<Hold, ServiceError> {
        let claim = KeyClaim {
            scope: scope.to_owned(),
            key: key.to_owned(),
            id: self.new_id(),
        };
        let mut state = self.claim(&claim).await?;
        let rivals = self.parts.abandoned.rivals_of(&claim);
        if state == KeyOutcome::InProgress && !rivals.is_empty() {
            for (rival, at) in rivals {
                self.abandon(&rival, at).await?;
            }
            state = self.claim(&claim).await?;
        }
        match state {
            KeyOutcome::Claimed => Ok(Hold::First(claim)),
            KeyOutcome::InProgress => Err(ServiceError::KeyHeld),
            KeyOutcome::Answered(answer) => Ok(Hold::Repeat(answer)),
        }
    }

    async fn claim(&self, claim: &KeyClaim) -> Result<KeyOutcome, CatalogError> {
        let now = self.now();
        let until = now.plus_seconds(HOLD_SECONDS);
        let state = self.catalog().claim_key(claim, now, until).await;
        if state.is_err() {
            self.parts.abandoned.add(claim.clone(), now);
            let (service, claim) = (self.clone(), claim.clone());
            self.spawn(async move {
                if let Err(error) = service.abandon(&claim, now).await {
                    service.log(&format!(
                        "an abandoned claim may still hold its key: {error}"
                    ));
                }
            });
        }
        state
    }

    async fn abandon(&self, claim: &KeyClaim, at: Timestamp) -> Result<(), CatalogError> {
        self.catalog().abandon_key(claim, at).await?;
        self.parts.abandoned.remove(claim);
        Ok(())
    }

    /// Releases the key of a request that failed.
    pub(in crate::service) async fn release_key(&self, claim: &KeyClaim) {
        if let Err(error) = self.catalog().release_key(claim).await {
            self.parts.abandoned.add(claim.clone(), self.now());
            self.log(&format!(
                "a key was not released, and will be when it is used again: {error}"
            ));
        }
    }
}

//! Requests that name a key are done once, and answered alike each time.
//!
//! A key is held by its request from before the body is read, and the commit that
//! makes its images records the answer under it: one statement, so that there is
//! never the one without the other. A request that fails lets its key go. One that
//! crashed holds it until [`HOLD_SECONDS`] have passed; after that another may take it,
//! and should the first come back to life, it commits nothing.
//!
//! Where the catalog does not answer a claim, the claim may hold, or hold yet. It is
//! abandoned in a way that outlasts it, at once and, while that fails, whenever somebody
//! asks for its key: so a repeat needs to wait for no more than the catalog.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::fingerprint::RequestIdentity;
use super::kept::Kept;
use super::{Service, ServiceError};
use crate::catalog::{AnswerRecord, CatalogError, KeyAnswer, KeyClaim, KeyOutcome};
use crate::model::{Image, Timestamp};

/// How long a request holds its key without an answer. A longer upload goes on, unless
/// the key is used again meanwhile.
pub const HOLD_SECONDS: i64 = 5 * 60;

/// How long answers are kept.
pub const ANSWER_SECONDS: i64 = 24 * 3600;

/// A request that names a key.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    /// The key. Keys of other owners, and of each ticket, have nothing to do with it.
    pub key: String,
    /// What a repeat has in common with it, besides its files and their attributes.
    pub request: RequestIdentity,
}

/// Whether a request is the first with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::service) enum Hold {
    /// It is, and holds the key until it is answered or lets it go.
    First(KeyClaim),
    /// The first was answered so.
    Repeat(KeyAnswer),
}

/// What is to be recorded with a commit.
#[derive(Clone, Debug)]
pub(super) struct Answering {
    /// The request's hold on its key.
    pub(super) claim: KeyClaim,
    /// Tells the request from others that are not the same.
    pub(super) fingerprint: String,
}

impl Answering {
    /// The record for these images, which are made `now`.
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

/// The most claims that are kept to be abandoned.
const MOST_ABANDONED: usize = 256;

/// Claims that may hold a key and are not to, each with its time, oldest first. What an
/// instance takes with it holds until its time is over.
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

    /// Those of the same key as `claim`.
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
    /// Takes the key for a request. Keys of different scopes have nothing to do with each
    /// other.
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
                    service.log(&format!("a key may be held by nobody: {error}"));
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

    /// Lets the key of a request go that failed.
    pub(in crate::service) async fn release_key(&self, claim: &KeyClaim) {
        if let Err(error) = self.catalog().release_key(claim).await {
            self.parts.abandoned.add(claim.clone(), self.now());
            self.log(&format!("a key is let go when it is used again: {error}"));
        }
    }
}

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

use super::kept::Kept;
use super::{Attributes, Received, Service, ServiceError};
use crate::catalog::{CatalogError, KeyAnswer, KeyClaim, KeyState, NewAnswer};
use crate::model::{Image, Timestamp};

/// How long a request holds its key without an answer. A longer upload goes on, unless
/// the key is used again meanwhile.
pub const HOLD_SECONDS: i64 = 5 * 60;

/// How long answers are kept.
pub const ANSWER_SECONDS: i64 = 24 * 3600;

/// Whether a request is the first with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is; give the claim to [`Service::release`] if it fails.
    First(KeyClaim),
    /// One was answered so.
    Repeat(KeyAnswer),
}

/// What is to be recorded with a commit.
#[derive(Clone, Debug)]
pub struct Answering {
    /// The request's hold on its key.
    pub claim: KeyClaim,
    /// Tells the request from others that are not the same.
    pub fingerprint: String,
}

impl Answering {
    /// The record for these images, kept from `now` on.
    pub(super) fn record(&self, images: &[Image], now: Timestamp) -> NewAnswer {
        NewAnswer {
            claim: self.claim.clone(),
            answer: KeyAnswer {
                fingerprint: self.fingerprint.clone(),
                answer: Kept::of(images).print(),
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
pub(super) struct Abandoned {
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
    /// Begins a request with a key. Keys of different scopes have nothing to do with
    /// each other.
    pub async fn begin(&self, scope: &str, key: &str) -> Result<Begun, ServiceError> {
        let claim = KeyClaim {
            scope: scope.to_owned(),
            key: key.to_owned(),
            id: self.new_id(),
        };
        let mut state = self.claim(&claim).await?;
        let rivals = self.parts.abandoned.rivals_of(&claim);
        if state == KeyState::Held && !rivals.is_empty() {
            for (rival, at) in rivals {
                self.abandon(&rival, at).await?;
            }
            state = self.claim(&claim).await?;
        }
        match state {
            KeyState::Claimed => Ok(Begun::First(claim)),
            KeyState::Held => Err(ServiceError::KeyHeld),
            KeyState::Answered(answer) => Ok(Begun::Repeat(answer)),
        }
    }

    async fn claim(&self, claim: &KeyClaim) -> Result<KeyState, CatalogError> {
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

    /// The images that the first request with a key was answered with, as they were then:
    /// whatever became of them since, a repeat with the same files gets the same answer.
    /// `None` where what is kept does not go with the files.
    pub fn images_of(
        &self,
        answer: &KeyAnswer,
        owner: &str,
        files: Vec<Received>,
        attributes: &Attributes,
    ) -> Option<Vec<Image>> {
        let kept = Kept::parse(&answer.answer)?;
        if kept.images.len() != files.len() {
            return None;
        }
        let images = files
            .into_iter()
            .zip(&kept.images)
            .map(|(file, kept_image)| {
                let mut image = file.into_image(kept_image.id, owner, attributes, kept.created_at);
                image.blob.size = kept_image.size;
                image.sha256 = kept_image.sha256;
                image
            });
        Some(images.collect())
    }

    /// Lets the key of a request go that failed.
    pub async fn release(&self, claim: &KeyClaim) {
        if let Err(error) = self.catalog().release_key(claim).await {
            self.parts.abandoned.add(claim.clone(), self.now());
            self.log(&format!("a key is let go when it is used again: {error}"));
        }
    }
}

//! Keys under which requests are answered once.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::Timestamp;

/// A request's hold on a key while it is under way. Another request may take it over
/// once it has expired, and then this one commits nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyClaim {
    /// Whose the key is: equal keys of two scopes have nothing to do with each other.
    pub scope: String,
    /// The key.
    pub key: String,
    /// Tells the request from all others.
    pub id: String,
}

/// What came of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOutcome {
    /// The claim holds the key now.
    Claimed,
    /// Another request holds it, and is under way.
    InProgress,
    /// A request was answered under it.
    Answered(KeyAnswer),
}

/// What a request was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAnswer {
    /// Tells the request from others that are not the same.
    pub fingerprint: String,
    /// The answer, in a form that the catalog does not look into.
    pub answer: String,
}

/// An answer that is recorded together with the images that it tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRecord {
    /// The request's hold on its key.
    pub claim: KeyClaim,
    /// What is kept of the request and its answer.
    pub answer: KeyAnswer,
    /// Until when.
    pub expires_at: Timestamp,
}

impl AnswerRecord {
    /// What it counts of the quota of bytes of whoever has its images, while it is kept.
    pub fn charge(&self) -> u64 {
        charge(&self.claim.scope, &self.claim.key, &self.answer)
    }
}

/// The bytes of what is kept under a key.
pub(super) fn charge(scope: &str, key: &str, answer: &KeyAnswer) -> u64 {
    let parts = [scope, key, &answer.fingerprint, &answer.answer];
    parts.iter().map(|part| part.len() as u64).sum()
}

/// Keys, each of which is held by one request at a time. A commit answers under them.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Takes a key for a request, until `until` if it is not answered by then: one that
    /// nobody has, or not any more at `now`.
    async fn claim_key(
        &self,
        claim: &KeyClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyOutcome, CatalogError>;

    /// Lets a key go that the claim still holds, because its request was not answered.
    async fn release_key(&self, claim: &KeyClaim) -> Result<(), CatalogError>;

    /// Lets a key go that was claimed at `at`, if it was: also where the claim itself is
    /// carried out only after this.
    async fn abandon_key(&self, claim: &KeyClaim, at: Timestamp) -> Result<(), CatalogError>;

    /// Drops what is known of keys that had expired at `at`.
    async fn forget_keys(&self, at: Timestamp) -> Result<(), CatalogError>;
}

//! Keys under which requests are answered once.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::Timestamp;

/// A request's hold on a key while it is in progress. Another request may take the key over
/// once the hold has expired; then this request commits nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyClaim {
    /// The scope of the key: equal keys in two scopes are unrelated.
    pub scope: String,
    /// The key.
    pub key: String,
    /// Distinguishes the request from all others.
    pub id: String,
}

/// The outcome of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOutcome {
    /// The claim holds the key now.
    Claimed,
    /// Another request holds it, and is in progress.
    InProgress,
    /// A request was answered under it.
    Answered(KeyAnswer),
}

/// The recorded answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAnswer {
    /// Distinguishes the request from different ones.
    pub fingerprint: String,
    /// The answer, in a form that is opaque to the catalog.
    pub answer: String,
}

/// An answer that is recorded together with the images that it contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRecord {
    /// The request's hold on its key.
    pub claim: KeyClaim,
    /// What is recorded about the request and its answer.
    pub answer: KeyAnswer,
    /// When the record expires.
    pub expires_at: Timestamp,
}

impl AnswerRecord {
    /// How much it counts towards the byte quota of the images' owner while it is kept.
    pub fn charge(&self) -> u64 {
        charge(&self.claim.scope, &self.claim.key, &self.answer)
    }
}

/// The number of bytes that are kept under a key.
pub(super) fn charge(scope: &str, key: &str, answer: &KeyAnswer) -> u64 {
    let parts = [scope, key, &answer.fingerprint, &answer.answer];
    parts.iter().map(|part| part.len() as u64).sum()
}

/// Keys, each of which is held by one request at a time. A commit records their answers.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Claims a key for a request, until `until` if it is not answered by then, provided that
    /// nobody holds it, or that the hold or answer has expired at `now`.
    async fn claim_key(
        &self,
        claim: &KeyClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyOutcome, CatalogError>;

    /// Releases a key that the claim still holds, because its request was not answered.
    async fn release_key(&self, claim: &KeyClaim) -> Result<(), CatalogError>;

    /// Releases a key that was claimed at `at`, if it was: even if the claim itself is
    /// carried out only after this.
    async fn abandon_key(&self, claim: &KeyClaim, at: Timestamp) -> Result<(), CatalogError>;

    /// Deletes at most `limit` records of keys in `scope`, or of answers with images of `owner`,
    /// expired or not. Returns how many there were. A request that holds such a key commits
    /// nothing.
    async fn forget_keys_of(
        &self,
        owner: &str,
        scope: &str,
        limit: u32,
    ) -> Result<u32, CatalogError>;

    /// Deletes the records of keys that had expired at `at`.
    async fn forget_keys(&self, at: Timestamp) -> Result<(), CatalogError>;
}

//! Keys under which requests are answered once, in a map.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryCatalog, items};
use crate::catalog::keys::charge;
use crate::catalog::{AnswerRecord, CatalogError, KeyAnswer, KeyClaim, KeyOutcome, Keys};
use crate::model::Timestamp;

#[async_trait]
impl Keys for MemoryCatalog {
    async fn claim_key(
        &self,
        claim: &KeyClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyOutcome, CatalogError> {
        self.write(|state, _| Ok(state.keys.claim(claim, now, until)))
            .await
    }

    async fn release_key(&self, claim: &KeyClaim) -> Result<(), CatalogError> {
        self.write(|state, _| {
            state.keys.release(claim);
            Ok(())
        })
        .await
    }

    async fn abandon_key(&self, claim: &KeyClaim, at: Timestamp) -> Result<(), CatalogError> {
        self.write(|state, _| {
            state.keys.abandon(claim, at);
            Ok(())
        })
        .await
    }

    async fn forget_keys_of(
        &self,
        owner: &str,
        scope: &str,
        limit: u32,
    ) -> Result<u32, CatalogError> {
        self.write(|state, _| Ok(state.keys.forget_some_of(owner, scope, limit)))
            .await
    }

    async fn forget_keys(&self, at: Timestamp) -> Result<(), CatalogError> {
        self.write(|state, _| {
            state.keys.forget_expired(at);
            Ok(())
        })
        .await
    }
}

/// What is known of each key, by scope and key.
#[derive(Debug, Default)]
pub(super) struct Records {
    records: BTreeMap<(String, String), Record>,
}

#[derive(Debug)]
struct Record {
    claim: String,
    /// The owner of the images in the answer.
    owner: String,
    answer: Option<KeyAnswer>,
    expires_at: Timestamp,
}

fn name(claim: &KeyClaim) -> (String, String) {
    (claim.scope.clone(), claim.key.clone())
}

impl Records {
    fn claim(&mut self, claim: &KeyClaim, now: Timestamp, until: Timestamp) -> KeyOutcome {
        let known = self.records.get(&name(claim));
        if let Some(record) = known.filter(|record| record.expires_at > now) {
            let answer = record.answer.clone();
            return answer.map_or(KeyOutcome::InProgress, KeyOutcome::Answered);
        }
        let record = Record {
            claim: claim.id.clone(),
            owner: String::new(),
            answer: None,
            expires_at: until,
        };
        self.records.insert(name(claim), record);
        KeyOutcome::Claimed
    }

    /// Whether the claim still holds its key.
    pub(super) fn holds(&self, claim: &KeyClaim) -> bool {
        let record = self.records.get(&name(claim));
        record.is_some_and(|record| record.claim == claim.id && record.answer.is_none())
    }

    fn release(&mut self, claim: &KeyClaim) {
        if self.holds(claim) {
            self.records.remove(&name(claim));
        }
    }

    /// Releases the key of a claim made at `at`, even if the claim is carried out only later.
    fn abandon(&mut self, claim: &KeyClaim, at: Timestamp) {
        let known = self.records.get(&name(claim));
        if self.holds(claim) || known.is_none_or(|record| record.expires_at <= at) {
            let record = Record {
                claim: claim.id.clone(),
                owner: String::new(),
                answer: None,
                expires_at: at.plus_millis(1),
            };
            self.records.insert(name(claim), record);
        }
    }

    pub(super) fn answer(&mut self, owner: &str, new: &AnswerRecord) {
        let record = Record {
            claim: new.claim.id.clone(),
            owner: owner.to_owned(),
            answer: Some(new.answer.clone()),
            expires_at: new.expires_at,
        };
        self.records.insert(name(&new.claim), record);
    }

    /// The bytes of the answers that are kept for an owner.
    pub(super) fn kept(&self, owner: &str) -> u64 {
        let records = self.records.iter();
        let ours = records.filter(|(_, record)| record.owner == owner);
        ours.filter_map(|((scope, key), record)| Some(charge(scope, key, record.answer.as_ref()?)))
            .sum()
    }

    fn forget_some_of(&mut self, owner: &str, scope: &str, limit: u32) -> u32 {
        let records = self.records.iter();
        let is_of = |(name, record): &(&(String, String), &Record)| {
            (record.answer.is_some() && record.owner == owner) || name.0 == scope
        };
        let ours = records.filter(is_of).map(|(name, _)| name.clone());
        let ours: Vec<_> = ours.take(items(limit)).collect();
        ours.iter().for_each(|name| {
            self.records.remove(name);
        });
        u32::try_from(ours.len()).unwrap_or(u32::MAX)
    }

    fn forget_expired(&mut self, at: Timestamp) {
        self.records.retain(|_, record| record.expires_at > at);
    }

    /// The keys that have a record.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.records.keys().map(|(_, key)| key.clone())
    }
}

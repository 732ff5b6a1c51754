//! Keys under which requests are answered once, in a map.

use std::collections::BTreeMap;

use crate::catalog::idempotency::charge;
use crate::catalog::{KeyAnswer, KeyClaim, KeyState, NewAnswer};
use crate::model::Timestamp;

/// What is known of each key, by scope and key.
#[derive(Debug, Default)]
pub(super) struct Keys {
    records: BTreeMap<(String, String), Record>,
}

#[derive(Debug)]
struct Record {
    claim: String,
    /// Whose the images of the answer are.
    owner: String,
    answer: Option<KeyAnswer>,
    expires_at: Timestamp,
}

fn name(claim: &KeyClaim) -> (String, String) {
    (claim.scope.clone(), claim.key.clone())
}

impl Keys {
    pub(super) fn claim(&mut self, claim: &KeyClaim, now: Timestamp, until: Timestamp) -> KeyState {
        let known = self.records.get(&name(claim));
        if let Some(record) = known.filter(|record| record.expires_at > now) {
            let answer = record.answer.clone();
            return answer.map_or(KeyState::Held, KeyState::Answered);
        }
        let record = Record {
            claim: claim.id.clone(),
            owner: String::new(),
            answer: None,
            expires_at: until,
        };
        self.records.insert(name(claim), record);
        KeyState::Claimed
    }

    /// Whether the claim still holds its key.
    pub(super) fn holds(&self, claim: &KeyClaim) -> bool {
        let record = self.records.get(&name(claim));
        record.is_some_and(|record| record.claim == claim.id && record.answer.is_none())
    }

    pub(super) fn let_go(&mut self, claim: &KeyClaim) {
        if self.holds(claim) {
            self.records.remove(&name(claim));
        }
    }

    /// Lets the key go of a claim made at `at`, also where it is carried out only later.
    pub(super) fn abandon(&mut self, claim: &KeyClaim, at: Timestamp) {
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

    pub(super) fn answer(&mut self, owner: &str, new: &NewAnswer) {
        let record = Record {
            claim: new.claim.id.clone(),
            owner: owner.to_owned(),
            answer: Some(new.answer.clone()),
            expires_at: new.expires_at,
        };
        self.records.insert(name(&new.claim), record);
    }

    /// The bytes of the answers that are kept of an owner.
    pub(super) fn kept(&self, owner: &str) -> u64 {
        let records = self.records.iter();
        let ours = records.filter(|(_, record)| record.owner == owner);
        ours.filter_map(|((scope, key), record)| Some(charge(scope, key, record.answer.as_ref()?)))
            .sum()
    }

    pub(super) fn forget_expired(&mut self, at: Timestamp) {
        self.records.retain(|_, record| record.expires_at > at);
    }

    /// The keys that have a record.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.records.keys().map(|(_, key)| key.clone())
    }
}

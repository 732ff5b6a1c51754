//! Keys under which requests are answered once, in SQL. The trigger `images_answer` of
//! `migrations/0005_idempotency.sql` records the answers.

use async_trait::async_trait;
use serde::Serialize;

use super::{Columns, Database, SqlCatalog, Value, count};
use crate::catalog::{AnswerRecord, CatalogError, KeyAnswer, KeyClaim, KeyOutcome, Keys};
use crate::model::Timestamp;

/// How often to try to claim a key that is repeatedly released between two statements.
const ATTEMPTS: u32 = 3;

/// The statement of [`Keys::forget_keys_of`].
pub(super) const FORGET_KEYS_OF: &str = "DELETE FROM idempotency_keys WHERE (scope, key) IN (
        SELECT scope, key FROM idempotency_keys WHERE owner = ?1 OR scope = ?2 LIMIT ?3)
    RETURNING key";

/// An answer, in the form that the trigger reads.
#[derive(Serialize)]
pub(super) struct AnswerRow<'a> {
    scope: &'a str,
    key: &'a str,
    claim: &'a str,
    fingerprint: &'a str,
    answer: &'a str,
    expires_at: i64,
}

impl<'a> From<&'a AnswerRecord> for AnswerRow<'a> {
    fn from(new: &'a AnswerRecord) -> Self {
        Self {
            scope: &new.claim.scope,
            key: &new.claim.key,
            claim: &new.claim.id,
            fingerprint: &new.answer.fingerprint,
            answer: &new.answer.answer,
            expires_at: new.expires_at.millis(),
        }
    }
}

#[async_trait]
impl<D: Database> Keys for SqlCatalog<D> {
    async fn claim_key(
        &self,
        claim: &KeyClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyOutcome, CatalogError> {
        for _ in 0..ATTEMPTS {
            if self.take(claim, now, until).await? {
                return Ok(KeyOutcome::Claimed);
            }
            if let Some(outcome) = self.look_up(claim).await? {
                return Ok(outcome);
            }
        }
        Ok(KeyOutcome::InProgress)
    }

    async fn release_key(&self, claim: &KeyClaim) -> Result<(), CatalogError> {
        let sql = "DELETE FROM idempotency_keys
            WHERE scope = ?1 AND key = ?2 AND claim = ?3 AND answer IS NULL";
        self.execute(sql, values(claim).into()).await
    }

    /// Leaves a record, in the place of the claim's record, that expires a moment after the
    /// claim was made: a claim that arrives late then finds the key held.
    async fn abandon_key(&self, claim: &KeyClaim, at: Timestamp) -> Result<(), CatalogError> {
        let sql = "INSERT INTO idempotency_keys (scope, key, claim, expires_at)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (scope, key) DO UPDATE SET claim = excluded.claim,
                expires_at = excluded.expires_at, fingerprint = NULL, answer = NULL
            WHERE idempotency_keys.expires_at < excluded.expires_at
                OR (idempotency_keys.claim = excluded.claim AND idempotency_keys.answer IS NULL)";
        let [scope, key, id] = values(claim);
        let expires_at = at.plus_millis(1).into();
        self.execute(sql, vec![scope, key, id, expires_at]).await
    }

    async fn forget_keys_of(
        &self,
        owner: &str,
        scope: &str,
        limit: u32,
    ) -> Result<u32, CatalogError> {
        let parameters = vec![owner.into(), scope.into(), i64::from(limit).into()];
        let deleted = self.query(FORGET_KEYS_OF, parameters).await?;
        Ok(count(&deleted))
    }

    async fn forget_keys(&self, at: Timestamp) -> Result<(), CatalogError> {
        // Looked up first: a deletion that deletes nothing would still wait for a commit.
        let oldest = "SELECT 1 FROM idempotency_keys WHERE expires_at <= ?1 LIMIT 1";
        if !self.exists(oldest, vec![at.into()]).await? {
            return Ok(());
        }
        let sql = "DELETE FROM idempotency_keys WHERE expires_at <= ?1";
        self.execute(sql, vec![at.into()]).await
    }
}

/// The parameters that identify a claim.
fn values(claim: &KeyClaim) -> [Value; 3] {
    [&claim.scope, &claim.key, &claim.id].map(|text| text.as_str().into())
}

impl<D: Database> SqlCatalog<D> {
    /// Claims the key if nobody holds it any more. Returns whether it did.
    async fn take(
        &self,
        claim: &KeyClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        let sql = "INSERT INTO idempotency_keys (scope, key, claim, expires_at)
            VALUES (?1, ?2, ?3, ?5)
            ON CONFLICT (scope, key) DO UPDATE SET claim = excluded.claim,
                expires_at = excluded.expires_at, fingerprint = NULL, answer = NULL
            WHERE idempotency_keys.expires_at <= ?4 RETURNING claim";
        let [scope, key, id] = values(claim);
        let parameters = vec![scope, key, id, now.into(), until.into()];
        self.exists(sql, parameters).await
    }

    /// Looks up a key that could not be claimed; `None` if it has no record any more.
    async fn look_up(&self, claim: &KeyClaim) -> Result<Option<KeyOutcome>, CatalogError> {
        let sql = "SELECT fingerprint, answer FROM idempotency_keys WHERE scope = ?1 AND key = ?2";
        let [scope, key, _] = values(claim);
        let rows = self.query(sql, vec![scope, key]).await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let mut row = Columns::new("idempotency_keys", row);
        let answer = row.optional_text()?.zip(row.optional_text()?);
        Ok(Some(answer.map_or(
            KeyOutcome::InProgress,
            |(fingerprint, answer)| {
                KeyOutcome::Answered(KeyAnswer {
                    fingerprint,
                    answer,
                })
            },
        )))
    }
}

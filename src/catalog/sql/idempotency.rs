//! Keys under which requests are answered once, in SQL. What records an answer is
//! the trigger `images_answer` of `migrations/0005_idempotency.sql`.

use serde::Serialize;

use super::{Columns, Database, SqlCatalog};
use crate::catalog::{CatalogError, KeyAnswer, KeyClaim, KeyState, NewAnswer};
use crate::model::Timestamp;

/// How often a key is tried that is let go between two statements, time after time.
const ATTEMPTS: u32 = 3;

/// An answer as the trigger reads it.
#[derive(Serialize)]
pub(super) struct AnswerRow<'a> {
    scope: &'a str,
    key: &'a str,
    claim: &'a str,
    fingerprint: &'a str,
    answer: &'a str,
    expires_at: i64,
}

impl<'a> From<&'a NewAnswer> for AnswerRow<'a> {
    fn from(new: &'a NewAnswer) -> Self {
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

/// The trigger's message, where a commit comes without its claim.
pub(super) fn is_lost_claim(message: &str) -> bool {
    message.contains("idempotency_keys.claim")
}

impl<D: Database> SqlCatalog<D> {
    pub(super) async fn try_claim(
        &self,
        claim: &KeyClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState, CatalogError> {
        for _ in 0..ATTEMPTS {
            if self.take(claim, now, until).await? {
                return Ok(KeyState::Claimed);
            }
            if let Some(state) = self.state(claim).await? {
                return Ok(state);
            }
        }
        Ok(KeyState::Held)
    }

    /// Takes the key if nobody has it any more. Whether it did.
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
        let (scope, key) = (claim.scope.as_str().into(), claim.key.as_str().into());
        let parameters = vec![
            scope,
            key,
            claim.id.as_str().into(),
            now.into(),
            until.into(),
        ];
        let rows = self.database.query(sql, parameters).await?;
        Ok(!rows.is_empty())
    }

    async fn state(&self, claim: &KeyClaim) -> Result<Option<KeyState>, CatalogError> {
        let sql = "SELECT fingerprint, answer FROM idempotency_keys WHERE scope = ?1 AND key = ?2";
        let parameters = vec![claim.scope.as_str().into(), claim.key.as_str().into()];
        let rows = self.database.query(sql, parameters).await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let mut row = Columns::new("idempotency_keys", row);
        let answer = row.optional_text()?.zip(row.optional_text()?);
        Ok(Some(answer.map_or(
            KeyState::Held,
            |(fingerprint, answer)| {
                KeyState::Answered(KeyAnswer {
                    fingerprint,
                    answer,
                })
            },
        )))
    }

    pub(super) async fn let_go(&self, claim: &KeyClaim) -> Result<(), CatalogError> {
        let sql = "DELETE FROM idempotency_keys
            WHERE scope = ?1 AND key = ?2 AND claim = ?3 AND answer IS NULL";
        let (scope, key) = (claim.scope.as_str().into(), claim.key.as_str().into());
        let parameters = vec![scope, key, claim.id.as_str().into()];
        self.database.query(sql, parameters).await.map(|_| ())
    }

    /// Leaves a record, where the claim has or would have, that expires a moment after the
    /// claim was made: so a claim that comes late finds the key held.
    pub(super) async fn abandon(
        &self,
        claim: &KeyClaim,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        let sql = "INSERT INTO idempotency_keys (scope, key, claim, expires_at)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (scope, key) DO UPDATE SET claim = excluded.claim,
                expires_at = excluded.expires_at, fingerprint = NULL, answer = NULL
            WHERE idempotency_keys.expires_at < excluded.expires_at
                OR (idempotency_keys.claim = excluded.claim AND idempotency_keys.answer IS NULL)";
        let (scope, key) = (claim.scope.as_str().into(), claim.key.as_str().into());
        let expires_at = at.plus_millis(1).into();
        let parameters = vec![scope, key, claim.id.as_str().into(), expires_at];
        self.database.query(sql, parameters).await.map(|_| ())
    }

    pub(super) async fn forget_expired_keys(&self, at: Timestamp) -> Result<(), CatalogError> {
        // Asked before it is done: a deletion of nothing would still wait for a commit.
        let oldest = "SELECT 1 FROM idempotency_keys WHERE expires_at <= ?1 LIMIT 1";
        let expired = self.database.query(oldest, vec![at.into()]).await?;
        if expired.is_empty() {
            return Ok(());
        }
        let sql = "DELETE FROM idempotency_keys WHERE expires_at <= ?1";
        self.database.query(sql, vec![at.into()]).await.map(|_| ())
    }
}

//! Keys: held by one request at a time, answered once.

use super::{NOW, Suite};
use crate::catalog::{AnswerRecord, CatalogError, KeyAnswer, KeyClaim, KeyOutcome, NewImage};
use crate::conformance::{Failure, ensure_eq};
use crate::model::{Quota, Timestamp};

impl Suite<'_> {
    fn claim(&self, key: &str, id: &str) -> KeyClaim {
        KeyClaim {
            scope: format!("{}scope", self.prefix),
            key: key.to_owned(),
            id: id.to_owned(),
        }
    }

    /// The outcome of a claim that is made at `at` milliseconds, for 100 milliseconds.
    async fn claimed(&self, claim: &KeyClaim, at: i64) -> Result<KeyOutcome, Failure> {
        let (now, until) = (NOW + at, NOW + at + 100);
        let (now, until) = (Timestamp::from_millis(now), Timestamp::from_millis(until));
        let state = self.catalog.claim_key(claim, now, until).await;
        self.step("a claim", state)
    }

    fn answer(&self, claim: &KeyClaim) -> AnswerRecord {
        AnswerRecord {
            claim: claim.clone(),
            answer: KeyAnswer {
                fingerprint: "f".to_owned(),
                answer: "{\"a\": \"'ü\\\"\"}".to_owned(),
            },
            expires_at: Timestamp::from_millis(NOW + 1000),
        }
    }

    async fn try_commit(&self, images: &[NewImage]) -> Result<(), CatalogError> {
        let now = Timestamp::from_millis(NOW);
        let committed = self.catalog.commit(images, Quota::default(), now).await;
        committed.map(|_| ())
    }

    async fn forget_keys(&self) -> Result<(), Failure> {
        let end = Timestamp::from_millis(NOW + 1_000_000);
        self.step("forgetting keys", self.catalog.forget_keys(end).await)
    }

    pub(super) async fn a_key_is_held_by_one_request_at_a_time(&self) -> Result<(), Failure> {
        let (first, second) = (self.claim("held", "1"), self.claim("held", "2"));
        let (other_key, mut other_scope) = (self.claim("other", "3"), self.claim("held", "4"));
        other_scope.scope.push('x');
        for (claim, at, expected) in [
            (&first, 0, KeyOutcome::Claimed),
            (&second, 0, KeyOutcome::InProgress),
            (&other_key, 0, KeyOutcome::Claimed),
            (&other_scope, 0, KeyOutcome::Claimed),
            (&first, 99, KeyOutcome::InProgress),
            (&second, 100, KeyOutcome::Claimed),
        ] {
            ensure_eq(
                "a key is held until it expires",
                self.claimed(claim, at).await?,
                expected,
            )?;
        }
        self.step("releasing a key", self.catalog.release_key(&first).await)?;
        let still = self.claimed(&first, 100).await?;
        ensure_eq(
            "a claim that lost its key does not release it",
            still,
            KeyOutcome::InProgress,
        )?;
        self.step("releasing a key", self.catalog.release_key(&second).await)?;
        let free = self.claimed(&first, 100).await?;
        ensure_eq("a released key is free", free, KeyOutcome::Claimed)?;
        let now = Timestamp::from_millis(NOW + 199);
        self.step("forgetting keys", self.catalog.forget_keys(now).await)?;
        let held = self.claimed(&second, 199).await?;
        ensure_eq(
            "a key that is held is not forgotten",
            held,
            KeyOutcome::InProgress,
        )?;
        self.forget_keys().await
    }

    pub(super) async fn an_abandoned_claim_holds_nothing(&self) -> Result<(), Failure> {
        let at = Timestamp::from_millis(NOW + 200);
        for claimed_first in [false, true] {
            let key = format!("abandoned{claimed_first}");
            let [expired, late, next] = ["1", "2", "3"].map(|id| self.claim(&key, id));
            if claimed_first {
                self.claimed(&expired, 0).await?;
                self.claimed(&late, 200).await?;
            }
            for _ in 0..2 {
                self.step("abandoning", self.catalog.abandon_key(&late, at).await)?;
            }
            let late = self.claimed(&late, 200).await?;
            ensure_eq("a claim that arrives late", late, KeyOutcome::InProgress)?;
            let state = self.claimed(&next, 201).await?;
            ensure_eq("the key is free a moment later", state, KeyOutcome::Claimed)?;
            self.step("abandoning", self.catalog.abandon_key(&expired, at).await)?;
            let state = self.claimed(&expired, 202).await?;
            ensure_eq(
                "another claim keeps its hold",
                state,
                KeyOutcome::InProgress,
            )?;
        }
        self.forget_keys().await
    }

    pub(super) async fn a_key_is_answered_once(&self) -> Result<(), Failure> {
        let (lost, claim) = (self.claim("answered", "1"), self.claim("answered", "2"));
        self.claimed(&lost, 0).await?;
        self.claimed(&claim, 100).await?;
        let (mut first, second) = (self.image("keys", 1, "a")?, self.image("keys", 2, "b")?);
        first.answer = Some(self.answer(&lost));
        let late = self.try_commit(&[first.clone(), second.clone()]).await;
        ensure_eq(
            "nothing is committed without the key",
            late,
            Err(CatalogError::ClaimLost),
        )?;
        let found = self.catalog.find(second.image.id).await;
        ensure_eq("no other image of the commit is committed", found, Ok(None))?;
        let answer = self.answer(&claim);
        first.answer = Some(answer.clone());
        self.step(
            "a commit",
            self.try_commit(&[first.clone(), second.clone()]).await,
        )?;
        let found = self.catalog.find(first.image.id).await;
        ensure_eq(
            "the image is the same as without a key",
            found,
            Ok(Some(first.image.clone())),
        )?;
        self.delete(&first).await?;
        let again = self.try_commit(std::slice::from_ref(&first)).await;
        ensure_eq(
            "a key is answered once",
            again,
            Err(CatalogError::ClaimLost),
        )?;
        self.step("releasing a key", self.catalog.release_key(&claim).await)?;
        for (at, expected) in [
            (200, KeyOutcome::Answered(answer.answer)),
            (1000, KeyOutcome::Claimed),
        ] {
            let state = self.claimed(&lost, at).await?;
            ensure_eq("an answer is kept until it expires", state, expected)?;
        }
        self.delete(&second).await?;
        self.forget_keys().await?;
        self.forget_dead().await
    }

    pub(super) async fn keys_of_an_owner_are_forgotten(&self) -> Result<(), Failure> {
        // Answers of the owner in two scopes, and a key of the owner that is held.
        let own = self.claim("own", "1");
        let held = self.claim("held", "2");
        let mut ticket = self.claim("ticket", "3");
        ticket.scope.push_str("ticket");
        let mut other = self.claim("other", "4");
        other.scope.push_str("other");
        for claim in [&own, &held, &ticket, &other] {
            self.claimed(claim, 0).await?;
        }
        let mut images = vec![
            self.image("forgotten", 1, "a")?,
            self.image("forgotten", 2, "b")?,
            self.image("remembered", 3, "c")?,
        ];
        for (image, claim) in images.iter_mut().zip([&own, &ticket, &other]) {
            image.answer = Some(self.answer(claim));
            let committed = self.try_commit(std::slice::from_ref(image)).await;
            self.step("a commit", committed)?;
        }
        let owner = images[0].image.owner.clone();
        for image in &images {
            self.delete(image).await?;
        }
        for (limit, forgotten) in [(2, 2), (2, 1), (2, 0)] {
            let count = self.catalog.forget_keys_of(&owner, &own.scope, limit).await;
            ensure_eq("keys are forgotten up to the limit", count, Ok(forgotten))?;
        }
        let usage = self.step("usage", self.catalog.usage(&owner).await)?;
        ensure_eq("forgotten answers do not count", usage.bytes, 0)?;
        for (claim, expected) in [
            (&own, KeyOutcome::Claimed),
            (&held, KeyOutcome::Claimed),
            (&ticket, KeyOutcome::Claimed),
            (&other, KeyOutcome::Answered(self.answer(&other).answer)),
        ] {
            let outcome = self.claimed(claim, 50).await?;
            ensure_eq("only the owner's keys are free", outcome, expected)?;
        }
        self.forget_keys().await?;
        self.forget_dead().await
    }
}

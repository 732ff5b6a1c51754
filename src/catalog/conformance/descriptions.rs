//! Bytes that count besides those of files: tags, metadata, and answers.

use std::collections::BTreeMap;

use super::{NOW, Suite};
use crate::catalog::{AnswerRecord, CatalogError, KeyAnswer, KeyClaim, NewImage};
use crate::conformance::{Failure, ensure_eq};
use crate::model::{Image, Quota, QuotaExceeded, Resource, Timestamp};

fn within(bytes: u64) -> Quota {
    Quota {
        images: None,
        bytes: Some(bytes),
    }
}

fn refused<T>(limit: u64, actual: u64) -> Result<T, CatalogError> {
    Err(CatalogError::QuotaExceeded(QuotaExceeded {
        resource: Resource::Bytes,
        limit,
        actual,
    }))
}

impl Suite<'_> {
    async fn described(&self, owner: &str) -> Result<u64, Failure> {
        let owner = format!("{}{owner}", self.prefix);
        let usage = self.step("usage", self.catalog.usage(&owner).await)?;
        Ok(usage.bytes)
    }

    async fn commit_at(&self, new: &NewImage, quota: Quota) -> Result<(), CatalogError> {
        let now = Timestamp::from_millis(NOW);
        let committed = self.catalog.commit(std::slice::from_ref(new), quota, now);
        committed.await.map(|_| ())
    }

    /// Replaces the image's tags by these, if the quota allows it.
    async fn tag(
        &self,
        image: &mut Image,
        tags: &[&str],
        quota: Quota,
    ) -> Result<bool, CatalogError> {
        let mut changed = image.clone();
        changed.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        changed.updated_at = image.updated_at.plus_millis(1);
        let updated = self.catalog.update(&changed, image.updated_at, quota).await;
        if updated == Ok(true) {
            *image = changed;
        }
        updated
    }

    pub(super) async fn tags_and_metadata_count_as_bytes(&self) -> Result<(), Failure> {
        let mut new = self.image("described", 1, "a")?;
        // In their stored form: "é","t\"" and "k":"v".
        new.image.tags = vec!["é".to_owned(), "t\"".to_owned()];
        new.image.metadata = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        let promise = "tags and metadata count";
        let narrow = self.commit_at(&new, within(26)).await;
        ensure_eq(promise, narrow, refused(26, 27))?;
        let wide = self.commit_at(&new, within(27)).await;
        ensure_eq(promise, wide, Ok(()))?;
        ensure_eq(promise, self.described("described").await?, 27)?;
        let mut image = new.image.clone();
        for (tags, quota, expected, bytes) in [
            (&["abcd"][..], 9, Ok(true), 23),
            (&["abcdef"], 24, refused(24, 25), 23),
            (&["abcdef"], 25, Ok(true), 25),
            (&[], 0, Ok(true), 17),
        ] {
            let tagged = self.tag(&mut image, tags, within(quota)).await;
            ensure_eq("growth is limited by the quota", tagged, expected)?;
            let counted = self.described("described").await?;
            ensure_eq("a change is counted", counted, bytes)?;
        }
        let mut other = image.clone();
        other.updated_at = image.updated_at.plus_millis(9);
        let stale = self.tag(&mut other, &["abcdefghij"], within(0)).await;
        ensure_eq(
            "a version that was not seen is reported first",
            stale,
            Ok(false),
        )?;
        self.delete(&new).await?;
        let counted = self.described("described").await?;
        ensure_eq("a deletion frees all of it", counted, 0)?;
        self.forget_dead().await
    }

    pub(super) async fn answers_count_while_they_are_kept(&self) -> Result<(), Failure> {
        let mut new = self.image("answered", 1, "a")?;
        let claim = KeyClaim {
            scope: format!("{}é", self.prefix),
            key: "key".to_owned(),
            id: "1".to_owned(),
        };
        let answer = KeyAnswer {
            fingerprint: "f".to_owned(),
            answer: "an answer, é".to_owned(),
        };
        new.answer = Some(AnswerRecord {
            claim: claim.clone(),
            answer,
            expires_at: Timestamp::from_millis(NOW + 1000),
        });
        let (now, until) = (NOW, NOW + 100);
        let (now, until) = (Timestamp::from_millis(now), Timestamp::from_millis(until));
        let claimed = self.catalog.claim_key(&claim, now, until).await;
        self.step("a claim", claimed)?;
        ensure_eq(
            "a claim counts nothing",
            self.described("answered").await?,
            0,
        )?;
        let kept = claim.scope.len() as u64 + 3 + 1 + 13;
        let promise = "an answer counts";
        let narrow = self.commit_at(&new, within(kept + 9)).await;
        ensure_eq(promise, narrow, refused(kept + 9, kept + 10))?;
        let wide = self.commit_at(&new, within(kept + 10)).await;
        ensure_eq(promise, wide, Ok(()))?;
        let mut second = self.image("answered", 2, "b")?;
        second.image.blob.size = 1;
        let full = self.commit_at(&second, within(kept + 10)).await;
        ensure_eq(
            "an answer that is kept leaves less room",
            full,
            refused(kept + 10, kept + 11),
        )?;
        self.delete(&new).await?;
        let counted = self.described("answered").await?;
        ensure_eq(
            "an answer counts even when its images are deleted",
            counted,
            kept,
        )?;
        let still = self.commit_at(&second, within(kept)).await;
        ensure_eq(
            "the quota includes that answer",
            still,
            refused(kept, kept + 1),
        )?;
        // Another request claims the key, once the answer has expired.
        let (now, until) = (NOW + 1000, NOW + 1100);
        let (now, until) = (Timestamp::from_millis(now), Timestamp::from_millis(until));
        let mut next = claim.clone();
        next.id = "2".to_owned();
        let claimed = self.catalog.claim_key(&next, now, until).await;
        self.step("a claim", claimed)?;
        let counted = self.described("answered").await?;
        ensure_eq("an answer counts only while it is kept", counted, 0)?;
        self.step("releasing a key", self.catalog.release_key(&next).await)?;
        self.forget_dead().await
    }
}

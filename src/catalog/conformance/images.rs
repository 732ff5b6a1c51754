//! Images, one by one.

use std::collections::BTreeMap;

use super::{Suite, digest};
use crate::conformance::{Failure, ensure_eq};
use crate::model::{Quota, Visibility};

impl Suite<'_> {
    pub(super) async fn images_are_found_as_committed(&self) -> Result<(), Failure> {
        let plain = self.image("plain", 1, "a")?;
        let mut full = self.image("full", 2, "b")?;
        full.image.filename = Some("Grüße \"\\\0\u{202e}.png".replace('\0', ""));
        full.image.visibility = Visibility::Public;
        full.image.tags = vec!["a b".to_owned(), "ü'\"".to_owned()];
        full.image.metadata = BTreeMap::from([("k'".to_owned(), "{\"v\": 1}".to_owned())]);
        full.image.original_sha256 = digest("f");
        full.image.frames = u32::MAX;
        full.image.blob.size = 1 << 40;
        for new in [plain, full] {
            let blobs = self.commit(std::slice::from_ref(&new)).await?;
            ensure_eq(
                "a new image keeps its blob",
                blobs,
                vec![new.image.blob.clone()],
            )?;
            let found = self.catalog.find(new.image.id).await;
            ensure_eq(
                "an image is found as committed",
                found,
                Ok(Some(new.image.clone())),
            )?;
            self.delete(&new).await?;
            let found = self.catalog.find(new.image.id).await;
            ensure_eq("a deleted image is not found", found, Ok(None))?;
            let again = self.catalog.delete(new.image.id, None, None).await;
            ensure_eq("a second deletion does nothing", again, Ok(false))?;
        }
        self.forget_dead().await
    }

    pub(super) async fn changes_apply_only_to_the_version_that_was_seen(
        &self,
    ) -> Result<(), Failure> {
        let new = self.image("changes", 1, "a")?;
        self.commit(std::slice::from_ref(&new)).await?;
        let before = new.image.updated_at;
        let mut changed = new.image.clone();
        changed.filename = Some("b.png".to_owned());
        changed.visibility = Visibility::Public;
        changed.tags = vec!["t".to_owned()];
        changed.metadata = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        changed.updated_at = before.plus_seconds(1);
        for expected in [true, false] {
            let updated = self
                .catalog
                .update(&changed, before, Quota::default())
                .await;
            ensure_eq(
                "a change applies once to the version that was seen",
                updated,
                Ok(expected),
            )?;
        }
        let found = self.catalog.find(changed.id).await;
        ensure_eq(
            "a changed image is found as changed",
            found,
            Ok(Some(changed.clone())),
        )?;
        for (seen, expected) in [(before, false), (changed.updated_at, true)] {
            let owner = Some(changed.owner.as_str());
            let deleted = self.catalog.delete(changed.id, owner, Some(seen)).await;
            ensure_eq(
                "a deletion applies to the version that was seen",
                deleted,
                Ok(expected),
            )?;
        }
        self.forget_dead().await
    }

    pub(super) async fn links_are_revoked_only_by_permission(&self) -> Result<(), Failure> {
        let new = self.image("links", 1, "a")?;
        self.commit(std::slice::from_ref(&new)).await?;
        let (id, owner) = (new.image.id, new.image.owner.as_str());
        for (by, expected) in [(Some("stranger"), false), (Some(owner), true), (None, true)] {
            let revoked = self.catalog.revoke_links(id, by).await;
            ensure_eq(
                "links are revoked only by permission",
                revoked,
                Ok(expected),
            )?;
        }
        let found = self.step("a find", self.catalog.find(id).await)?;
        ensure_eq(
            "each revocation raises the epoch",
            found.map(|image| image.link_epoch),
            Some(2),
        )?;
        self.delete(&new).await?;
        let absent = self.catalog.revoke_links(id, None).await;
        ensure_eq("an absent image has no links", absent, Ok(false))?;
        self.forget_dead().await
    }
}

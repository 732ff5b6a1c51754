//! Images, one by one.

use std::collections::BTreeMap;

use darkroom_transform::Placeholder;
use uuid::Uuid;

use super::{Suite, digest};
use crate::conformance::{Failure, ensure_eq};
use crate::model::{Image, Quota, Traits, Visibility};

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
        full.image.traits = Some(Traits {
            orientation: 8,
            has_alpha: true,
            has_standard_colours: false,
            has_metadata: true,
        });
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

    pub(super) async fn a_placeholder_belongs_to_the_content(&self) -> Result<(), Failure> {
        let placeholder = |color: &str| Placeholder::parse(&format!("AAAA 000000 {color}"));
        let (first, second) = (placeholder("#a1b2c3"), placeholder("#000000"));
        let (Some(first), Some(second)) = (first, second) else {
            return Err(Failure::new("placeholders", "they are not valid"));
        };
        let images = [
            self.image("placed", 1, "a")?,
            self.image("placed", 2, "a")?,
            self.image("placed", 3, "b")?,
            self.image("other", 4, "a")?,
        ];
        let [one, equal, ..] = &images;
        let check = async |promise: &str, expected: [Option<&Placeholder>; 4]| {
            let ids: Vec<_> = images.iter().map(|new| new.image.id).collect();
            let found = self.step(promise, self.catalog.find_many(&ids).await)?;
            for (new, expected) in images.iter().zip(expected) {
                let of = |found: &&Image| found.id == new.image.id;
                let found = found.iter().find(of).map(|found| found.placeholder.clone());
                ensure_eq(promise, found.flatten(), expected.cloned())?;
            }
            Ok::<(), Failure>(())
        };
        for new in [&images[0], &images[2], &images[3]] {
            self.commit(std::slice::from_ref(new)).await?;
        }
        check("a new image has no placeholder", [None; 4]).await?;
        for made in [&first, &second] {
            let set = self.catalog.set_placeholder(one.image.id, made).await;
            ensure_eq("a placeholder is stored", set, Ok(()))?;
        }
        // An image of the same content, uploaded later, has it too.
        self.commit(std::slice::from_ref(equal)).await?;
        let expected = [Some(&first), Some(&first), None, None];
        check("the first placeholder of a content stays", expected).await?;
        let found = self.catalog.find(one.image.id).await;
        let updated = found.map(|found| found.map(|found| found.updated_at));
        let before = Ok(Some(one.image.updated_at));
        ensure_eq("a placeholder is no change", updated, before)?;
        self.delete(one).await?;
        let expected = [None, Some(&first), None, None];
        check("it stays while an image has the content", expected).await?;
        let late = self.catalog.set_placeholder(one.image.id, &second).await;
        ensure_eq("a deleted image has no placeholder", late, Ok(()))?;
        self.delete(equal).await?;
        let again = self.image("placed", 5, "a")?;
        self.commit(std::slice::from_ref(&again)).await?;
        let found = self.catalog.find(again.image.id).await;
        let expected = Ok(Some(again.image.clone()));
        ensure_eq("it goes with the content", found, expected)?;
        for new in [&again, &images[2], &images[3]] {
            self.delete(new).await?;
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

    pub(super) async fn many_images_are_found_and_deleted_together(&self) -> Result<(), Failure> {
        let ours = [self.image("many", 1, "a")?, self.image("many", 2, "b")?];
        let kept = self.image("many", 3, "c")?;
        let foreign = self.image("others", 4, "a")?;
        let all = [&ours[0], &ours[1], &kept, &foreign].map(|new| new.image.clone());
        self.commit(&[ours[0].clone(), ours[1].clone(), kept.clone()])
            .await?;
        self.commit(std::slice::from_ref(&foreign)).await?;
        let absent = Uuid::from_u128(7);
        let ids = [all[0].id, all[3].id, absent, all[1].id, all[0].id];
        let found = self.step("a find", self.catalog.find_many(&ids).await)?;
        ensure_eq(
            "the images that exist are found once, as committed",
            sorted(found),
            sorted(vec![all[0].clone(), all[1].clone(), all[3].clone()]),
        )?;
        for expected in [vec![all[0].id, all[1].id], vec![]] {
            let deleted = self.catalog.delete_many(&ids, Some(&all[0].owner)).await;
            let mut deleted = self.step("a deletion", deleted)?;
            deleted.sort();
            ensure_eq("the owner's images are deleted once", deleted, expected)?;
        }
        let ids = all.each_ref().map(|image| image.id);
        let left = self.catalog.delete_many(&ids, None).await;
        let mut left = self.step("a deletion", left)?;
        left.sort();
        ensure_eq(
            "all others are left, and deleted whatever their owners",
            left,
            vec![all[2].id, all[3].id],
        )?;
        let none = self.catalog.delete_many(&[], None).await;
        ensure_eq("no ids delete nothing", none, Ok(vec![]))?;
        self.forget_dead().await
    }

    pub(super) async fn the_oldest_images_of_an_owner_are_deleted_first(
        &self,
    ) -> Result<(), Failure> {
        let ours = [
            self.image("oldest", 1, "a")?,
            self.image("oldest", 2, "a")?,
            self.image("oldest", 3, "b")?,
        ];
        let foreign = self.image("oldest2", 4, "a")?;
        // In another order than that of their age.
        for number in [2, 0, 1] {
            self.commit(std::slice::from_ref(&ours[number])).await?;
        }
        self.commit(std::slice::from_ref(&foreign)).await?;
        let owner = &ours[0].image.owner;
        for (limit, deleted, left) in [(0, 0, 3), (2, 2, 1), (2, 1, 0), (2, 0, 0)] {
            let count = self.catalog.delete_oldest(owner, limit).await;
            ensure_eq("images are deleted up to the limit", count, Ok(deleted))?;
            for (number, new) in ours.iter().enumerate() {
                let found = self.step("a find", self.catalog.find(new.image.id).await)?;
                ensure_eq(
                    "the newest images are left",
                    found.is_some(),
                    number >= ours.len() - left,
                )?;
            }
            let usage = self.step("usage", self.catalog.usage(owner).await)?;
            ensure_eq("deletions free room", usage.images, left as u64)?;
        }
        let found = self.step("a find", self.catalog.find(foreign.image.id).await)?;
        ensure_eq(
            "images of others are kept",
            found,
            Some(foreign.image.clone()),
        )?;
        self.delete(&foreign).await?;
        self.forget_dead().await
    }
}

fn sorted(mut images: Vec<Image>) -> Vec<Image> {
    images.sort_by_key(|image| image.id);
    images
}

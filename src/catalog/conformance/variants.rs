//! Variants: made by one request, found with their image, deleted with it, and evicted.

use super::{NOW, Suite, digest};
use crate::catalog::{NewImage, NewVariant, VariantClaim, VariantCommit, VariantState};
use crate::conformance::{Failure, ensure, ensure_eq};
use crate::model::{BlobRef, Kind, Timestamp, Variant};

/// Room for all variants of the suite, and of others.
const BUDGET: u64 = u64::MAX;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW + millis)
}

impl Suite<'_> {
    fn variant_claim(&self, image: &NewImage, transform: &str, id: &str) -> VariantClaim {
        VariantClaim {
            image: image.image.id,
            transform: transform.to_owned(),
            id: format!("{}{id}", self.prefix),
        }
    }

    /// A variant in the blob numbered `number`, of `size` bytes, used at `used` milliseconds
    /// since the Unix epoch.
    fn new_variant(
        &self,
        claim: &VariantClaim,
        number: u32,
        size: u64,
        used: i64,
    ) -> Result<NewVariant, Failure> {
        let blob = self.image("variants", number, "")?.image.blob;
        Ok(NewVariant {
            claim: claim.clone(),
            lease: self.lease.id.clone(),
            variant: Variant {
                transform: claim.transform.clone(),
                blob: BlobRef { size, ..blob },
                sha256: digest(&format!("variant {number}")),
                kind: Kind::Webp,
                width: 2,
                height: 1,
                frames: 1,
                created_at: at(1),
                used_at: Timestamp::from_millis(used),
            },
        })
    }

    /// Claims and commits a variant.
    async fn stored(
        &self,
        image: &NewImage,
        transform: &str,
        number: u32,
    ) -> Result<NewVariant, Failure> {
        let claim = self.variant_claim(image, transform, transform);
        ensure_eq(
            "a variant is claimed",
            self.claimed_variant(&claim, 0).await?,
            true,
        )?;
        let new = self.new_variant(&claim, number, 10, i64::from(number))?;
        let blob = new.variant.blob.clone();
        let outcome = self.committed_variant(&new, BUDGET).await?;
        ensure_eq("a variant is stored", outcome, VariantCommit::Stored(blob))?;
        Ok(new)
    }

    /// Whether a claim that is made at `millis`, for 100 milliseconds, succeeds.
    async fn claimed_variant(&self, claim: &VariantClaim, millis: i64) -> Result<bool, Failure> {
        let claimed = self
            .catalog
            .claim_variant(claim, at(millis), at(millis + 100));
        self.step("a claim of a variant", claimed.await)
    }

    async fn committed_variant(
        &self,
        new: &NewVariant,
        budget: u64,
    ) -> Result<VariantCommit, Failure> {
        let committed = self.catalog.commit_variant(new, budget, at(1)).await;
        self.step("a commit of a variant", committed)
    }

    async fn state_of(
        &self,
        image: &NewImage,
        transform: &str,
        millis: i64,
    ) -> Result<VariantState, Failure> {
        let state = self
            .catalog
            .variant_state(image.image.id, transform, at(millis));
        self.step("the state of a variant", state.await)
    }

    /// The variants of an image with these transforms, in order.
    async fn variants(
        &self,
        image: &NewImage,
        transforms: &[&str],
    ) -> Result<Vec<Variant>, Failure> {
        let transforms: Vec<String> = transforms.iter().map(|text| (*text).to_owned()).collect();
        let found = self
            .catalog
            .find_with_variants(image.image.id, &transforms)
            .await;
        let found = self.step("an image with variants", found)?;
        let (found, mut variants) =
            found.ok_or_else(|| Failure::new("an image is found with its variants", "none"))?;
        ensure_eq("the image is as committed", &found, &image.image)?;
        variants.sort_by(|one, other| one.transform.cmp(&other.transform));
        Ok(variants)
    }

    pub(super) async fn variants_are_found_with_their_image(&self) -> Result<(), Failure> {
        let (image, other) = (
            self.image("variants", 1, "a")?,
            self.image("variants", 2, "b")?,
        );
        self.commit(&[image.clone(), other.clone()]).await?;
        let small = self.stored(&image, "w=1&format=webp", 3).await?;
        let large = self.stored(&image, "w=2&format=webp", 4).await?;
        self.stored(&other, "w=1&format=webp", 5).await?;
        let found = self.variants(&image, &["w=1&format=webp", "w=9"]).await?;
        ensure_eq("one variant", found, vec![small.variant.clone()])?;
        let found = self
            .variants(&image, &["w=1&format=webp", "w=2&format=webp"])
            .await?;
        let both = vec![small.variant.clone(), large.variant.clone()];
        ensure_eq("both variants", found, both)?;
        ensure_eq("no variants", self.variants(&image, &[]).await?, vec![])?;
        let touched = self
            .catalog
            .touch_variant(image.image.id, "w=1&format=webp", at(9))
            .await;
        self.step("a use of a variant", touched)?;
        let used = Variant {
            used_at: at(9),
            ..small.variant.clone()
        };
        let state = self.state_of(&image, "w=1&format=webp", 0).await?;
        ensure_eq(
            "a variant that was used",
            state,
            VariantState::Stored(Box::new(used)),
        )?;
        let nobody = self
            .catalog
            .delete_variants(image.image.id, Some("nobody"))
            .await;
        ensure_eq("another owner deletes no variants", nobody, Ok(false))?;
        let owner = Some(image.image.owner.as_str());
        let deleted = self.catalog.delete_variants(image.image.id, owner).await;
        ensure_eq("variants are deleted", deleted, Ok(true))?;
        let found = self
            .variants(&image, &["w=1&format=webp", "w=2&format=webp"])
            .await?;
        ensure_eq("deleted variants", found, vec![])?;
        let dead = self.dead().await?;
        ensure(
            "their blobs are dead",
            dead.contains(&small.variant.blob.id),
        )?;
        for image in [&image, &other] {
            self.delete(image).await?;
        }
        let dead = self.dead().await?.len();
        ensure_eq("all blobs are dead without their images", dead, 5)?;
        self.forget_dead().await
    }

    pub(super) async fn a_variant_is_made_by_one_request_at_a_time(&self) -> Result<(), Failure> {
        let image = self.image("variants", 1, "a")?;
        let first = self.variant_claim(&image, "w=1", "first");
        let second = self.variant_claim(&image, "w=1", "second");
        ensure_eq("no image", self.claimed_variant(&first, 0).await?, false)?;
        ensure_eq(
            "no image",
            self.state_of(&image, "w=1", 0).await?,
            VariantState::NoImage,
        )?;
        self.commit(std::slice::from_ref(&image)).await?;
        ensure_eq(
            "absent",
            self.state_of(&image, "w=1", 0).await?,
            VariantState::Absent,
        )?;
        for (claim, millis, expected) in [
            (&first, 0, true),
            (&second, 99, false),
            (&second, 100, true),
            (&first, 150, false),
        ] {
            let claimed = self.claimed_variant(claim, millis).await?;
            ensure_eq("a claim lasts until it expires", claimed, expected)?;
        }
        let state = self.state_of(&image, "w=1", 150).await?;
        ensure_eq("a claimed variant", state, VariantState::InProgress)?;
        let state = self.state_of(&image, "w=1", 200).await?;
        ensure_eq("an expired claim", state, VariantState::Absent)?;
        let late = self.new_variant(&first, 2, 10, 0)?;
        let outcome = self.committed_variant(&late, BUDGET).await?;
        ensure_eq(
            "a lost claim stores nothing",
            outcome,
            VariantCommit::Refused,
        )?;
        let released = self.catalog.release_variant(&first).await;
        self.step("releasing a claim that is lost", released)?;
        let state = self.state_of(&image, "w=1", 150).await?;
        ensure_eq("a claim of another", state, VariantState::InProgress)?;
        let released = self.catalog.release_variant(&second).await;
        self.step("releasing a claim", released)?;
        let state = self.state_of(&image, "w=1", 150).await?;
        ensure_eq("a released claim", state, VariantState::Absent)?;
        let new = self.stored(&image, "w=1", 3).await?;
        let again = self.claimed_variant(&second, 500).await?;
        ensure_eq("a stored variant is not made again", again, false)?;
        let expired = NewVariant {
            lease: format!("{}none", self.prefix),
            ..self.new_variant(&self.variant_claim(&image, "w=2", "x"), 4, 10, 0)?
        };
        ensure_eq(
            "a claim",
            self.claimed_variant(&expired.claim, 0).await?,
            true,
        )?;
        let outcome = self.committed_variant(&expired, BUDGET).await?;
        ensure_eq(
            "a lease that is not in force",
            outcome,
            VariantCommit::Refused,
        )?;
        let forgotten = self.catalog.forget_variant_records(at(100)).await;
        self.step("forgetting claims", forgotten)?;
        self.delete(&image).await?;
        let outcome = self.committed_variant(&new, BUDGET).await?;
        ensure_eq(
            "no variant without an image",
            outcome,
            VariantCommit::Refused,
        )?;
        self.forget_dead().await
    }

    pub(super) async fn a_variant_of_a_deleted_image_is_not_stored(&self) -> Result<(), Failure> {
        let image = self.image("variants", 1, "a")?;
        self.commit(std::slice::from_ref(&image)).await?;
        let claim = self.variant_claim(&image, "w=1", "first");
        ensure_eq("a claim", self.claimed_variant(&claim, 0).await?, true)?;
        self.delete(&image).await?;
        let new = self.new_variant(&claim, 2, 10, 0)?;
        let outcome = self.committed_variant(&new, BUDGET).await?;
        ensure_eq("a deleted image", outcome, VariantCommit::Refused)?;
        let recorded = self.catalog.is_recorded(&new.variant.blob.id).await;
        ensure_eq("nothing is left", recorded, Ok(false))?;
        self.forget_dead().await
    }

    pub(super) async fn equal_variants_of_one_owner_are_one_blob(&self) -> Result<(), Failure> {
        let images = [
            self.image("variants", 1, "a")?,
            self.image("variants", 2, "b")?,
        ];
        self.commit(&images).await?;
        let first = self.stored(&images[0], "w=1", 3).await?;
        let claim = self.variant_claim(&images[1], "w=1", "second");
        ensure_eq("a claim", self.claimed_variant(&claim, 0).await?, true)?;
        let mut second = self.new_variant(&claim, 4, 10, 0)?;
        second.variant.sha256 = first.variant.sha256;
        let outcome = self.committed_variant(&second, BUDGET).await?;
        let shared = VariantCommit::Stored(first.variant.blob.clone());
        ensure_eq("equal content is one blob", outcome, shared)?;
        self.delete(&images[0]).await?;
        let dead = self.dead().await?;
        ensure(
            "a shared blob lives on",
            !dead.contains(&first.variant.blob.id),
        )?;
        let blob = first.variant.blob.id.as_str();
        let users = self.catalog.images_of(blob, 9).await;
        ensure_eq(
            "who uses it",
            users,
            Ok(vec![images[1].image.id.to_string()]),
        )?;
        self.step("a recount", self.catalog.recount_blob(blob).await)?;
        self.step(
            "deleting variants",
            self.catalog.delete_variants_of(blob).await,
        )?;
        let found = self.variants(&images[1], &["w=1"]).await?;
        ensure_eq("variants of a blob are deleted", found, vec![])?;
        ensure(
            "it is dead",
            self.dead().await?.contains(&first.variant.blob.id),
        )?;
        self.delete(&images[1]).await?;
        self.forget_dead().await
    }

    pub(super) async fn variants_stay_within_their_budget(&self) -> Result<(), Failure> {
        let image = self.image("variants", 1, "a")?;
        self.commit(std::slice::from_ref(&image)).await?;
        let usage = self.catalog.usage(&image.image.owner).await;
        let before = self.variant_bytes().await?;
        for (number, transform) in [(3, "w=3"), (2, "w=2"), (4, "w=4")] {
            self.stored(&image, transform, number).await?;
        }
        ensure_eq(
            "variants are counted",
            self.variant_bytes().await?,
            before + 30,
        )?;
        let after = self.catalog.usage(&image.image.owner).await;
        ensure_eq("variants count towards no quota", after, usage)?;
        let claim = self.variant_claim(&image, "w=5", "5");
        ensure_eq("a claim", self.claimed_variant(&claim, 0).await?, true)?;
        let new = self.new_variant(&claim, 5, 7, 5)?;
        let outcome = self.committed_variant(&new, before + 36).await?;
        ensure_eq("a byte too many", outcome, VariantCommit::OverBudget)?;
        // Those of the suite were used long before any other.
        let none = self.catalog.evict_variants(before + 30, 9).await;
        ensure_eq("nothing is evicted without need", none, Ok(0))?;
        let evicted = self.catalog.evict_variants(before + 29, 9).await;
        ensure_eq("no more is evicted than necessary", evicted, Ok(1))?;
        let left = self.variants(&image, &["w=2", "w=3", "w=4"]).await?;
        let left: Vec<&str> = left
            .iter()
            .map(|variant| variant.transform.as_str())
            .collect();
        ensure_eq(
            "the least recently used goes first",
            left,
            vec!["w=3", "w=4"],
        )?;
        let outcome = self.committed_variant(&new, before + 27).await?;
        let blob = new.variant.blob.clone();
        ensure_eq("there is room", outcome, VariantCommit::Stored(blob))?;
        let evicted = self.catalog.evict_variants(before, 2).await;
        ensure_eq("no more is evicted than allowed", evicted, Ok(2))?;
        ensure_eq(
            "the size of the rest",
            self.variant_bytes().await?,
            before + 7,
        )?;
        self.delete(&image).await?;
        ensure_eq("none are left", self.variant_bytes().await?, before)?;
        self.forget_dead().await
    }

    async fn variant_bytes(&self) -> Result<u64, Failure> {
        let statistics = self.step("statistics", self.catalog.statistics(0).await)?;
        Ok(statistics.variants.bytes)
    }

    pub(super) async fn a_source_that_fails_twice_is_left_alone(&self) -> Result<(), Failure> {
        let image = self.image("variants", 1, "a")?;
        let mut same = self.image("variants", 2, "a")?;
        same.image.blob = image.image.blob.clone();
        self.commit(&[image.clone(), same.clone()]).await?;
        for expected in [VariantState::Absent, VariantState::SourceFailed] {
            let failed = self
                .catalog
                .count_failure(image.image.id, at(0), at(1000))
                .await;
            self.step("a failure", failed)?;
            for (image, millis) in [(&image, 0), (&same, 999)] {
                let state = self.state_of(image, "w=1", millis).await?;
                ensure_eq("a source after a failure", &state, &expected)?;
            }
        }
        let claim = self.variant_claim(&image, "w=1", "1");
        let claimed = self.claimed_variant(&claim, 999).await?;
        ensure_eq("nothing is made of it", claimed, false)?;
        let state = self.state_of(&image, "w=1", 1000).await?;
        ensure_eq("failures expire", state, VariantState::Absent)?;
        let failed = self
            .catalog
            .count_failure(image.image.id, at(1000), at(2000))
            .await;
        self.step("a failure", failed)?;
        let state = self.state_of(&image, "w=1", 1000).await?;
        ensure_eq("expired failures do not count", state, VariantState::Absent)?;
        let forgotten = self.catalog.forget_variant_records(at(2000)).await;
        self.step("forgetting failures", forgotten)?;
        for image in [&image, &same] {
            self.delete(image).await?;
        }
        self.forget_dead().await
    }
}

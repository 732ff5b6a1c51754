//! Counts, and the quotas that depend on them.

use super::{NOW, Suite};
use crate::catalog::{BlobCount, CatalogError, NewImage, OwnerUsage, Statistics};
use crate::conformance::{Failure, ensure, ensure_eq};
use crate::model::{Quota, QuotaExceeded, Resource, Timestamp, Usage};

/// More owners than may exist in the suite's catalog.
const ALL_OWNERS: u32 = 10_000;

impl Suite<'_> {
    pub(super) async fn used(&self, owner: &str) -> Result<(u64, u64), Failure> {
        let owner = format!("{}{owner}", self.prefix);
        let usage = self.step("usage", self.catalog.usage(&owner).await)?;
        Ok((usage.images, usage.bytes))
    }

    async fn commit_within(&self, images: &[NewImage], quota: Quota) -> Result<(), CatalogError> {
        let now = Timestamp::from_millis(NOW);
        self.catalog.commit(images, quota, now).await.map(|_| ())
    }

    pub(super) async fn usage_is_the_sum_of_the_images(&self) -> Result<(), Failure> {
        let first = self.image("usage", 1, "a")?;
        let mut equal = self.image("usage", 2, "a")?;
        equal.image.blob = first.image.blob.clone();
        let mut large = self.image("usage", 3, "b")?;
        large.image.blob.size = 1 << 40;
        let other = self.image("neighbour", 4, "a")?;
        ensure_eq(
            "nothing is kept at first",
            self.used("usage").await?,
            (0, 0),
        )?;
        self.commit(&[first.clone(), equal.clone()]).await?;
        self.commit(std::slice::from_ref(&large)).await?;
        self.commit(std::slice::from_ref(&other)).await?;
        let all = (3, 20 + (1 << 40));
        ensure_eq("every image counts in full", self.used("usage").await?, all)?;
        let repeated = self.commit_within(std::slice::from_ref(&first), Quota::default());
        ensure("an id that is in use is refused", repeated.await.is_err())?;
        let foreign = self
            .catalog
            .delete(first.image.id, Some("stranger"), None)
            .await;
        ensure_eq("another owner's image is kept", foreign, Ok(false))?;
        ensure_eq(
            "a failed operation does not count",
            self.used("usage").await?,
            all,
        )?;
        for (image, left) in [(large, (2, 20)), (first, (1, 10)), (equal, (0, 0))] {
            self.delete(&image).await?;
            ensure_eq("a deletion frees room", self.used("usage").await?, left)?;
        }
        ensure_eq(
            "owners are counted separately",
            self.used("neighbour").await?,
            (1, 10),
        )?;
        self.delete(&other).await?;
        self.forget_dead().await
    }

    pub(super) async fn a_quota_of_bytes_is_exact(&self) -> Result<(), Failure> {
        let images = [
            self.image("bytes", 1, "a")?,
            self.image("bytes", 2, "b")?,
            self.image("bytes", 3, "c")?,
        ];
        let within = |bytes| Quota {
            images: None,
            bytes: Some(bytes),
        };
        let refused = |limit, actual| {
            Err(CatalogError::QuotaExceeded(QuotaExceeded {
                resource: Resource::Bytes,
                limit,
                actual,
            }))
        };
        let promise = "no byte more than the quota";
        let one = &images[..1];
        ensure_eq(
            promise,
            self.commit_within(one, within(9)).await,
            refused(9, 10),
        )?;
        let three = self.commit_within(&images, within(29)).await;
        ensure_eq(
            "all images of a commit count together",
            three,
            refused(29, 30),
        )?;
        ensure_eq(
            "none of them is committed alone",
            self.used("bytes").await?,
            (0, 0),
        )?;
        ensure_eq("no blob of them is recorded", self.dead().await?, vec![])?;
        let three = self.commit_within(&images, within(30)).await;
        ensure_eq("a commit that fits exactly is accepted", three, Ok(()))?;
        let more = [self.image("bytes", 4, "a")?];
        ensure_eq(
            "content that exists already counts again",
            self.commit_within(&more, within(39)).await,
            refused(39, 40),
        )?;
        self.delete(&images[0]).await?;
        let room = self.commit_within(&more, within(30)).await;
        ensure_eq("a deletion makes room", room, Ok(()))?;
        for image in images[1..].iter().chain(&more) {
            self.delete(image).await?;
        }
        self.forget_dead().await
    }

    pub(super) async fn a_quota_of_images_is_exact(&self) -> Result<(), Failure> {
        let images = [self.image("count", 1, "a")?, self.image("count", 2, "b")?];
        let within = |images| Quota {
            images: Some(images),
            bytes: Some(u64::MAX),
        };
        let refused = |limit, actual| {
            Err(CatalogError::QuotaExceeded(QuotaExceeded {
                resource: Resource::Images,
                limit,
                actual,
            }))
        };
        let promise = "no image more than the quota";
        let two = self.commit_within(&images, within(1)).await;
        ensure_eq(promise, two, refused(1, 2))?;
        let none = self.commit_within(&images[..1], within(0)).await;
        ensure_eq("a quota of 0 allows nothing", none, refused(0, 1))?;
        for (image, expected) in [(&images[..1], Ok(())), (&images[1..], refused(1, 2))] {
            let alone = self.commit_within(image, within(1)).await;
            ensure_eq(promise, alone, expected)?;
        }
        let mut late = images[1].clone();
        late.lease = format!("{}none", self.prefix);
        let both = self.commit_within(&[late], within(1)).await;
        ensure_eq(
            "a lease is checked first",
            both,
            Err(CatalogError::LeaseExpired),
        )?;
        self.delete(&images[0]).await?;
        self.forget_dead().await
    }

    async fn statistics(&self) -> Result<Statistics, Failure> {
        let statistics = self.catalog.statistics(ALL_OWNERS).await;
        self.step("statistics", statistics)
    }

    /// Counts what this suite adds to the existing records.
    pub(super) async fn totals_follow_every_change(&self) -> Result<(), Failure> {
        let before = self.statistics().await?;
        let first = self.image("totals", 1, "a")?;
        let mut equal = self.image("totals", 2, "a")?;
        equal.image.blob = first.image.blob.clone();
        self.commit(&[first.clone(), equal.clone()]).await?;
        let added = |blobs, bytes, count: BlobCount| BlobCount {
            blobs: count.blobs + blobs,
            bytes: count.bytes + bytes,
        };
        let mut expected = Statistics {
            images: Usage {
                images: before.images.images + 2,
                bytes: before.images.bytes + 20,
            },
            live: added(1, 10, before.live),
            ..before.clone()
        };
        let reported = self.statistics().await?;
        let owner = OwnerUsage {
            owner: first.image.owner.clone(),
            usage: Usage {
                images: 2,
                bytes: 20,
            },
        };
        ensure("an owner is reported", reported.owners.contains(&owner))?;
        let ordered = reported
            .owners
            .is_sorted_by_key(|of| std::cmp::Reverse(of.usage.bytes));
        ensure("the largest owner comes first", ordered)?;
        expected.owners.clone_from(&reported.owners);
        ensure_eq(
            "equal content is one blob of two images",
            reported,
            expected,
        )?;
        let largest = self.catalog.statistics(1).await;
        let largest = self.step("statistics", largest)?.owners.len();
        ensure_eq("no more owners are reported than requested", largest, 1)?;

        self.delete(&first).await?;
        self.delete(&equal).await?;
        let reported = self.statistics().await?;
        ensure_eq(
            "a dead blob is reported",
            reported.dead,
            added(1, 10, before.dead),
        )?;
        ensure(
            "the time of its death is reported",
            reported.oldest_death.is_some(),
        )?;
        ensure_eq("it is not reported as live", reported.live, before.live)?;
        self.forget_dead().await?;
        ensure_eq("nothing is left", self.statistics().await?, before.clone())?;

        let mut lease = self.lease.clone();
        lease.id = format!("{}second", self.prefix);
        lease.expires_at = Timestamp::from_millis(1);
        self.step("a second lease", self.catalog.lease(&lease).await)?;
        let reported = self.statistics().await?;
        ensure_eq("leases are counted", reported.leases, before.leases + 1)?;
        ensure_eq(
            "the oldest lease is reported",
            reported.oldest_expiry,
            Some(lease.expires_at),
        )?;
        let forgotten = self.catalog.forget_lease(&lease.id).await;
        self.step("forgetting a lease", forgotten)?;
        ensure_eq("nothing is left", self.statistics().await?, before)
    }
}

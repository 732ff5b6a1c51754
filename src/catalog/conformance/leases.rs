//! Leases: nothing is committed without one, and blobs that were written under it are found.

use super::{NOW, Suite};
use crate::catalog::CatalogError;
use crate::conformance::{Failure, ensure, ensure_eq};
use crate::model::{Quota, Timestamp};

impl Suite<'_> {
    pub(super) async fn a_lease_is_recorded(&self) -> Result<(), Failure> {
        let recorded = self.catalog.lease(&self.lease).await;
        self.step("a lease is recorded", recorded)
    }

    pub(super) async fn expired_leases_commit_nothing(&self) -> Result<(), Failure> {
        let mut image = self.image("late", 1, "a")?;
        for (at, lease) in [
            (self.lease.expires_at, &self.lease.id),
            (Timestamp::from_millis(NOW), &format!("{}none", self.prefix)),
        ] {
            image.lease.clone_from(lease);
            let late = self
                .catalog
                .commit(std::slice::from_ref(&image), Quota::default(), at)
                .await;
            ensure_eq("a late commit", late, Err(CatalogError::LeaseExpired))?;
        }
        let found = self.catalog.find(image.image.id).await;
        ensure_eq("a late commit leaves no image", found, Ok(None))?;
        for (millis, expected) in [(NOW, false), (NOW + 1000, true)] {
            let at = Timestamp::from_millis(millis);
            let expired = self.step(
                "expired leases",
                self.catalog.expired_leases(at, 1000).await,
            )?;
            ensure_eq(
                "a lease expires at its time",
                expired.contains(&self.lease),
                expected,
            )?;
        }
        Ok(())
    }

    pub(super) async fn a_closed_lease_commits_nothing(&self) -> Result<(), Failure> {
        let mut image = self.image("closed", 1, "a")?;
        let mut lease = self.lease.clone();
        lease.id = format!("{}closed", self.prefix);
        image.lease.clone_from(&lease.id);
        self.step("a lease is recorded", self.catalog.lease(&lease).await)?;
        for _ in 0..2 {
            let closed = self.catalog.close_lease(&lease.id).await;
            self.step("closing a lease", closed)?;
        }
        let committed = self.commit(std::slice::from_ref(&image)).await;
        ensure("nothing is committed under it", committed.is_err())?;
        let expired = self
            .catalog
            .expired_leases(Timestamp::from_millis(NOW), 1000);
        let expired = self.step("expired leases", expired.await)?;
        let ours = expired.iter().any(|expired| expired.id == lease.id);
        ensure("it is among the expired leases", ours)?;
        let forgotten = self.catalog.forget_lease(&lease.id).await;
        self.step("forgetting a lease", forgotten)
    }

    pub(super) async fn recorded_blobs_of_a_lease_are_returned(&self) -> Result<(), Failure> {
        let (dead, alive) = (self.image("lease", 1, "a")?, self.image("lease", 10, "b")?);
        self.commit(&[dead.clone(), alive.clone()]).await?;
        self.delete(&dead).await?;
        let recorded = self.catalog.recorded_blobs(&self.lease).await;
        let mut recorded = self.step("recorded blobs", recorded)?;
        recorded.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        let expected = vec![dead.image.blob.id.clone(), alive.image.blob.id.clone()];
        ensure_eq("dead and live blobs are returned", recorded, expected)?;
        self.delete(&alive).await?;
        self.forget_dead().await?;
        self.step(
            "forgetting a lease",
            self.catalog.forget_lease(&self.lease.id).await,
        )?;
        let at = self.lease.expires_at;
        let expired = self.step(
            "expired leases",
            self.catalog.expired_leases(at, 1000).await,
        )?;
        ensure(
            "a forgotten lease is not returned",
            !expired.contains(&self.lease),
        )
    }
}

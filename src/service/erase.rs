//! Erasing an owner: deletes everything that is kept for it, step by step.
//!
//! Nothing records how far an erasure has come, so that it can be interrupted anywhere and
//! repeated by anybody. The images go first, oldest first, and their totals and links with them.
//! Then the uploads that arrive piece by piece end, and the upload tickets are revoked: their records
//! stay until they have expired, because otherwise the tickets could be used, but without owner and
//! terms. Then the
//! answers to uploads with an `Idempotency-Key` go, which contain ids and digests. The bytes, and
//! the records of the blobs, which contain the owner, are deleted by the next sweeps.
//!
//! An upload that is committed in the meantime is not missed as long as a later call follows it.
//! Tokens are signed and not recorded, so that they cannot be revoked here.

use super::upload::owner_key_scope;
use super::{Service, ServiceError, sweep};
use crate::model::Timestamp;

/// The most records that one statement deletes, so that none delays requests.
const STEP: u32 = 64;

/// The result of a call that erases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// The images that the call deleted.
    pub deleted: u32,
    /// The images that the owner has left, as the catalog counts them.
    pub remaining: u64,
    /// Whether the call ended before it found nothing more to delete.
    pub more: bool,
}

impl Service {
    /// Deletes the images of `owner` until nothing is left, `limit` images are deleted, or the
    /// time is up. If no images are left, revokes the tickets and deletes the recorded answers too.
    pub async fn erase_owner(&self, owner: &str, limit: u32) -> Result<Erased, ServiceError> {
        let latest = self.now().plus_millis(sweep::LONGEST_MILLIS);
        let (mut deleted, mut more) = (0, true);
        while more && deleted < limit && self.now() < latest {
            let step = STEP.min(limit - deleted);
            let images = self.catalog().delete_oldest(owner, step).await?;
            deleted += images;
            more = images == step;
        }
        if !more {
            more = self.end_all_resumables(owner, latest).await?
                || self.erase_tickets(owner, latest).await?
                || self.erase_answers(owner, latest).await?;
        }
        let remaining = self.catalog().usage(owner).await?.images;
        self.sweep_in_background();
        Ok(Erased {
            deleted,
            remaining,
            more,
        })
    }

    /// Revokes the upload tickets. Returns whether there may be more.
    async fn erase_tickets(&self, owner: &str, latest: Timestamp) -> Result<bool, ServiceError> {
        let mut more = true;
        while more && self.now() < latest {
            let erased = self.catalog().erase_tickets(owner, self.now(), STEP);
            more = erased.await? == STEP;
        }
        Ok(more)
    }

    /// Ends the uploads that arrive piece by piece. Returns whether there may be more.
    async fn end_all_resumables(
        &self,
        owner: &str,
        latest: Timestamp,
    ) -> Result<bool, ServiceError> {
        let mut more = true;
        while more && self.now() < latest {
            more = self.end_some_resumables(owner, STEP).await?;
        }
        Ok(more)
    }

    /// Deletes the recorded answers, and the keys of uploads in progress. Returns whether there
    /// may be more.
    async fn erase_answers(&self, owner: &str, latest: Timestamp) -> Result<bool, ServiceError> {
        let (scope, mut more) = (owner_key_scope(owner), true);
        while more && self.now() < latest {
            let keys = self.catalog().forget_keys_of(owner, &scope, STEP).await?;
            more = keys == STEP;
        }
        Ok(more)
    }
}

//! What every [`Catalog`] must do, as one suite. It cleans up behind itself and
//! touches nothing that it did not make.

mod accounts;
mod audit;
mod blobs;
mod commits;
mod descriptions;
mod images;
mod keys;
mod leases;
mod listings;
mod remains;
mod tickets;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Catalog, CatalogError, Lease, NewImage};
use crate::conformance::{Failure, ensure_eq, run_cases};
use crate::model::{BlobId, BlobRef, Image, Kind, Quota, Sha256, Timestamp, Visibility};

/// The suite's present. Its leases run from here on.
const NOW: i64 = 1_800_000_000_000;

/// Runs the suite; gives the names of its cases. `prefix`, of letters and
/// digits, makes the owners and leases of one run unlike those of another.
pub async fn run(catalog: &dyn Catalog, prefix: &str) -> Result<Vec<&'static str>, Failure> {
    let lease = Lease {
        id: format!("{prefix}lease"),
        capacity: 1000,
        expires_at: Timestamp::from_millis(NOW + 1000),
    };
    let suite = Suite {
        catalog,
        prefix,
        lease,
    };
    Ok(run_cases!(
        suite,
        [
            the_database_answers,
            a_lease_is_recorded,
            images_come_back_as_committed,
            a_commit_is_all_or_nothing,
            equal_content_of_one_owner_is_one_blob,
            owners_share_nothing,
            dead_blobs_stay_dead,
            pages_neither_skip_nor_repeat,
            lists_have_the_order_that_is_asked_for,
            filters_find_what_matches_all_of_them,
            a_page_looks_at_no_more_than_it_may,
            changes_are_made_on_what_was_seen,
            links_are_revoked_by_who_may,
            a_ticket_is_used_once,
            usage_is_what_the_images_come_to,
            a_quota_is_held_to_the_byte,
            a_quota_is_held_to_the_image,
            totals_follow_every_change,
            tags_and_metadata_count_as_bytes,
            answers_count_while_they_are_kept,
            every_recorded_blob_is_told_once,
            a_key_is_held_by_one_request_at_a_time,
            a_key_is_answered_once,
            an_abandoned_claim_holds_nothing,
            what_is_forgotten_or_given_up_remains_for_a_while,
            expired_leases_commit_nothing,
            audits_tell_every_record,
            a_closed_lease_commits_nothing,
            records_of_a_lease_are_told,
        ]
    ))
}

struct Suite<'a> {
    catalog: &'a dyn Catalog,
    prefix: &'a str,
    lease: Lease,
}

/// What stands for the SHA-256 of some content.
fn digest(content: &str) -> Sha256 {
    let mut bytes = [0; 32];
    for (byte, character) in bytes.iter_mut().zip(content.bytes()) {
        *byte = character;
    }
    bytes.into()
}

impl Suite<'_> {
    fn step<T>(&self, promise: &str, result: Result<T, CatalogError>) -> Result<T, Failure> {
        result.map_err(|error| Failure::new(promise, error))
    }

    async fn the_database_answers(&self) -> Result<(), Failure> {
        self.step("the database answers", self.catalog.check().await)
    }

    /// An image numbered `number`, whose content is that of all with the same `content`.
    fn image(&self, owner: &str, number: u32, content: &str) -> Result<NewImage, Failure> {
        let id = self.lease.blob_id(number);
        let id = id.ok_or_else(|| Failure::new("blob ids", "the prefix has other than letters"))?;
        let created_at = Timestamp::from_millis(NOW + i64::from(number));
        let image = Image {
            id: Uuid::from_u128((u128::from(number) << 64) | 0x7000_8000_0000_0000_0001),
            owner: format!("{}{owner}", self.prefix),
            blob: BlobRef {
                id,
                size: 10,
                chunk_size: 4 + number,
            },
            sha256: digest(content),
            original_sha256: digest(content),
            kind: Kind::Png,
            width: 3,
            height: 4,
            frames: 1,
            filename: None,
            visibility: Visibility::Private,
            tags: Vec::new(),
            metadata: BTreeMap::new(),
            link_epoch: 0,
            created_at,
            updated_at: created_at,
        };
        Ok(NewImage {
            image,
            lease: self.lease.id.clone(),
            ticket: None,
            answer: None,
        })
    }

    async fn commit(&self, images: &[NewImage]) -> Result<Vec<BlobRef>, Failure> {
        let committed = self
            .catalog
            .commit(images, Quota::default(), Timestamp::from_millis(NOW))
            .await;
        self.step("a commit", committed)
    }

    async fn delete(&self, image: &NewImage) -> Result<(), Failure> {
        let deleted = self
            .catalog
            .delete(image.image.id, Some(&image.image.owner), None)
            .await;
        ensure_eq("an image is deleted", deleted, Ok(true))
    }

    /// Dead blobs of this run, whenever they died.
    async fn dead(&self) -> Result<Vec<BlobId>, Failure> {
        let end = Timestamp::from_millis(i64::MAX);
        let dead = self.step("dead blobs", self.catalog.dead_blobs(end, 1000).await)?;
        let ours = |id: &BlobId| id.as_str().starts_with(&self.lease.id);
        Ok(dead.into_iter().map(|blob| blob.id).filter(ours).collect())
    }

    async fn forget_dead(&self) -> Result<(), Failure> {
        for id in self.dead().await? {
            self.step(
                "forgetting a dead blob",
                self.catalog.forget_blob(&id).await,
            )?;
        }
        ensure_eq("forgotten blobs are gone", self.dead().await?, vec![])?;
        self.forget_remains().await
    }
}

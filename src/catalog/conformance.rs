//! The behaviour that every [`Catalog`] must have, as one suite. It cleans up after itself
//! and touches nothing that it did not create.

mod accounts;
mod audit;
mod blobs;
mod commits;
mod descriptions;
mod images;
mod keys;
mod leases;
mod links;
mod listings;
mod rates;
mod remains;
mod resumables;
mod tickets;
mod variants;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Catalog, CatalogError, Lease, NewImage};
use crate::conformance::{Failure, ensure_eq, run_cases};
use crate::model::{BlobId, BlobRef, Image, Kind, Quota, Sha256, Timestamp, Visibility};

/// The suite's present. Its leases are in force from this time on.
const NOW: i64 = 1_800_000_000_000;

/// Runs the suite and returns the names of its cases. `prefix`, of letters and digits,
/// distinguishes the owners and leases of one run from those of another.
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
            the_database_responds,
            a_lease_is_recorded,
            images_are_found_as_committed,
            a_commit_is_all_or_nothing,
            equal_content_of_one_owner_is_one_blob,
            owners_share_nothing,
            dead_blobs_stay_dead,
            pages_neither_skip_nor_repeat,
            lists_have_the_requested_order,
            filters_find_what_matches_all_of_them,
            a_text_with_nul_finds_nothing,
            a_page_examines_no_more_than_it_may,
            a_placeholder_belongs_to_the_content,
            changes_apply_only_to_the_version_that_was_seen,
            links_are_revoked_only_by_permission,
            many_images_are_found_and_deleted_together,
            the_oldest_images_of_an_owner_are_deleted_first,
            a_ticket_is_used_once,
            a_ticket_counts_its_images,
            a_revoked_ticket_admits_nothing,
            tickets_are_listed_by_owner_and_status,
            an_owner_has_only_so_many_open_tickets,
            tickets_of_an_erased_owner_admit_nothing,
            named_links_are_revoked_one_by_one,
            named_links_go_with_their_image_and_with_all_links,
            an_image_has_only_so_many_named_links,
            usage_is_the_sum_of_the_images,
            a_quota_of_bytes_is_exact,
            a_quota_of_images_is_exact,
            totals_follow_every_change,
            tags_and_metadata_count_as_bytes,
            answers_count_while_they_are_kept,
            every_recorded_blob_is_returned_once,
            a_key_is_held_by_one_request_at_a_time,
            a_key_is_answered_once,
            keys_of_an_owner_are_forgotten,
            an_abandoned_claim_holds_nothing,
            forgotten_and_abandoned_blobs_remain_for_a_while,
            variants_are_found_with_their_image,
            a_variant_is_made_by_one_request_at_a_time,
            a_variant_of_a_deleted_image_is_not_stored,
            equal_variants_of_one_owner_are_one_blob,
            variants_stay_within_their_budget,
            a_source_that_fails_twice_is_left_alone,
            an_upload_receives_bytes_only_where_it_is,
            segments_replace_the_tail_and_are_kept_from_the_sweep,
            an_upload_is_completed_by_the_commit_of_its_image,
            open_uploads_reserve_what_they_will_need,
            an_upload_is_begun_once_with_a_ticket_or_a_key,
            a_length_is_set_once,
            uploads_expire_and_end_with_their_owner,
            parts_end_with_the_upload_that_they_complete,
            expired_leases_commit_nothing,
            audits_return_every_record,
            a_closed_lease_commits_nothing,
            recorded_blobs_of_a_lease_are_returned,
            an_allowance_is_used_up_to_its_limit,
            only_full_allowances_are_forgotten,
        ]
    ))
}

struct Suite<'a> {
    catalog: &'a dyn Catalog,
    prefix: &'a str,
    lease: Lease,
}

/// A value in place of the SHA-256 of some content.
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

    async fn the_database_responds(&self) -> Result<(), Failure> {
        self.step("the database responds", self.catalog.check().await)
    }

    /// An image numbered `number`; images with the same `content` have equal content.
    fn image(&self, owner: &str, number: u32, content: &str) -> Result<NewImage, Failure> {
        let id = self.lease.blob_id(number);
        let id = id.ok_or_else(|| {
            Failure::new(
                "blob ids",
                "the prefix has characters other than letters and digits",
            )
        })?;
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
            traits: None,
            placeholder: None,
            filename: None,
            visibility: Visibility::Private,
            tags: Vec::new(),
            metadata: BTreeMap::new(),
            ticket: None,
            link_epoch: 0,
            created_at,
            updated_at: created_at,
        };
        Ok(NewImage {
            image,
            lease: self.lease.id.clone(),
            answer: None,
            completes: None,
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

    /// The dead blobs of this run, whenever they died.
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
        ensure_eq(
            "forgotten blobs are not returned",
            self.dead().await?,
            vec![],
        )?;
        self.forget_remains().await
    }
}

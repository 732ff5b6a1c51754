//! What every [`Catalog`] must do, as one suite. It cleans up behind itself and
//! touches nothing that it did not make.

mod audit;
mod descriptions;
mod idempotency;
mod listings;
mod recorded;
mod remains;
mod usage;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Catalog, CatalogError, Lease, NewImage};
use crate::conformance::{Failure, ensure, ensure_eq};
use crate::model::{BlobId, BlobRef, Image, Kind, Quota, Sha256, Timestamp, Visibility};

/// The suite's present. Its leases run from here on.
const NOW: i64 = 1_800_000_000_000;

/// Runs the suite; gives the names of the promises kept. `prefix`, of letters and
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
    suite.step("the database answers", catalog.check().await)?;
    suite.step("a lease is recorded", catalog.lease(&suite.lease).await)?;
    suite.images_come_back_as_committed().await?;
    suite.a_commit_is_all_or_nothing().await?;
    suite.equal_content_of_one_owner_is_one_blob().await?;
    suite.owners_share_nothing().await?;
    suite.dead_blobs_stay_dead().await?;
    suite.pages_neither_skip_nor_repeat().await?;
    suite.lists_have_the_order_that_is_asked_for().await?;
    suite.filters_find_what_matches_all_of_them().await?;
    suite.a_page_looks_at_no_more_than_it_may().await?;
    suite.changes_are_made_on_what_was_seen().await?;
    suite.links_are_revoked_by_who_may().await?;
    suite.a_ticket_is_used_once().await?;
    suite.usage().await?;
    suite.tags_and_metadata_count_as_bytes().await?;
    suite.answers_count_while_they_are_kept().await?;
    suite.every_recorded_blob_is_told_once().await?;
    suite.a_key_is_held_by_one_request_at_a_time().await?;
    suite.a_key_is_answered_once().await?;
    suite.an_abandoned_claim_holds_nothing().await?;
    suite
        .what_is_forgotten_or_given_up_remains_for_a_while()
        .await?;
    suite.expired_leases_commit_nothing().await?;
    suite.audits_tell_every_record().await?;
    suite.a_closed_lease_commits_nothing().await?;
    suite.records_of_a_lease_are_told().await?;
    Ok(vec![
        "the database answers",
        "a lease is recorded",
        "images come back as committed",
        "a commit is all or nothing",
        "equal content of one owner is one blob",
        "owners share nothing",
        "dead blobs stay dead",
        "pages neither skip nor repeat",
        "lists have the order that is asked for",
        "filters find what matches all of them",
        "a page looks at no more than it may",
        "changes are made on what was seen",
        "links are revoked by who may",
        "a ticket is used once",
        "usage is what the images come to",
        "a quota is held to the byte",
        "a quota is held to the image",
        "totals follow every change",
        "tags and metadata count as bytes",
        "answers count while they are kept",
        "every recorded blob is told once",
        "a key is held by one request at a time",
        "a key is answered once",
        "an abandoned claim holds nothing",
        "what is forgotten or given up remains for a while",
        "expired leases commit nothing",
        "audits tell every record",
        "a closed lease commits nothing",
        "records of a lease are told",
    ])
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

    async fn images_come_back_as_committed(&self) -> Result<(), Failure> {
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
            ensure_eq("an image comes back", found, Ok(Some(new.image.clone())))?;
            self.delete(&new).await?;
            let found = self.catalog.find(new.image.id).await;
            ensure_eq("a deleted image is gone", found, Ok(None))?;
            let again = self.catalog.delete(new.image.id, None, None).await;
            ensure_eq("a second deletion does nothing", again, Ok(false))?;
        }
        self.forget_dead().await
    }

    async fn a_commit_is_all_or_nothing(&self) -> Result<(), Failure> {
        let first = self.image("all", 1, "a")?;
        let second = self.image("all", 2, "b")?;
        self.commit(std::slice::from_ref(&second)).await?;
        let now = Timestamp::from_millis(NOW);
        let refused = self
            .catalog
            .commit(&[first.clone(), second.clone()], Quota::default(), now)
            .await;
        ensure("an id that is taken is refused", refused.is_err())?;
        let found = self.catalog.find(first.image.id).await;
        ensure_eq("its companions are not committed", found, Ok(None))?;
        self.delete(&second).await?;
        ensure_eq(
            "nor are their blobs",
            self.dead().await?,
            vec![second.image.blob.id.clone()],
        )?;
        self.forget_dead().await
    }

    async fn equal_content_of_one_owner_is_one_blob(&self) -> Result<(), Failure> {
        let first = self.image("equal", 1, "a")?;
        let mut same = self.image("equal", 2, "a")?;
        same.image.blob = first.image.blob.clone();
        let later = self.image("equal", 3, "a")?;
        let blob = first.image.blob.clone();
        let together = self.commit(&[first.clone(), same.clone()]).await?;
        ensure_eq(
            "two equal files in one commit",
            together,
            vec![blob.clone(), blob.clone()],
        )?;
        let known = self.commit(std::slice::from_ref(&later)).await?;
        ensure_eq("content that is there already", known, vec![blob.clone()])?;
        let found = self.step("a find", self.catalog.find(later.image.id).await)?;
        ensure_eq(
            "its image refers to it",
            found.map(|image| image.blob),
            Some(blob.clone()),
        )?;
        for (image, expected) in [(first, vec![]), (later, vec![]), (same, vec![blob.id])] {
            self.delete(&image).await?;
            ensure_eq(
                "a blob lives as long as an image",
                self.dead().await?,
                expected,
            )?;
        }
        self.forget_dead().await
    }

    async fn owners_share_nothing(&self) -> Result<(), Failure> {
        let (mine, theirs) = (self.image("mine", 1, "a")?, self.image("theirs", 2, "a")?);
        self.commit(std::slice::from_ref(&mine)).await?;
        let blobs = self.commit(std::slice::from_ref(&theirs)).await?;
        ensure_eq(
            "equal content of another owner",
            blobs,
            vec![theirs.image.blob.clone()],
        )?;
        let foreign = self
            .catalog
            .delete(mine.image.id, Some(&theirs.image.owner), None)
            .await;
        ensure_eq("another owner's image stays", foreign, Ok(false))?;
        self.delete(&mine).await?;
        self.delete(&theirs).await?;
        self.forget_dead().await
    }

    async fn dead_blobs_stay_dead(&self) -> Result<(), Failure> {
        let first = self.image("dead", 1, "a")?;
        let second = self.image("dead", 2, "a")?;
        self.commit(std::slice::from_ref(&first)).await?;
        self.delete(&first).await?;
        let blobs = self.commit(std::slice::from_ref(&second)).await?;
        ensure_eq(
            "a dead blob is not revived",
            blobs,
            vec![second.image.blob.clone()],
        )?;
        let forgotten = self.catalog.forget_blob(&second.image.blob.id).await;
        self.step("forgetting a live blob", forgotten)?;
        self.delete(&second).await?;
        let both = vec![first.image.blob.id.clone(), second.image.blob.id.clone()];
        let mut dead = self.dead().await?;
        dead.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        ensure_eq("a live blob is not forgotten", dead, both)?;
        let long_ago = self
            .catalog
            .dead_blobs(Timestamp::from_millis(1000), 1000)
            .await;
        let ours = self.step("dead blobs", long_ago)?;
        let ours = ours
            .iter()
            .any(|blob| blob.id.as_str().starts_with(&self.lease.id));
        ensure("grace is given to the newly dead", !ours)?;
        self.forget_dead().await
    }

    async fn changes_are_made_on_what_was_seen(&self) -> Result<(), Failure> {
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
                "a change is made once on what was seen",
                updated,
                Ok(expected),
            )?;
        }
        let found = self.catalog.find(changed.id).await;
        ensure_eq(
            "a changed image comes back",
            found,
            Ok(Some(changed.clone())),
        )?;
        for (seen, expected) in [(before, false), (changed.updated_at, true)] {
            let owner = Some(changed.owner.as_str());
            let deleted = self.catalog.delete(changed.id, owner, Some(seen)).await;
            ensure_eq("so are deletions", deleted, Ok(expected))?;
        }
        self.forget_dead().await
    }

    async fn links_are_revoked_by_who_may(&self) -> Result<(), Failure> {
        let new = self.image("links", 1, "a")?;
        self.commit(std::slice::from_ref(&new)).await?;
        let (id, owner) = (new.image.id, new.image.owner.as_str());
        for (by, expected) in [(Some("stranger"), false), (Some(owner), true), (None, true)] {
            let revoked = self.catalog.revoke_links(id, by).await;
            ensure_eq("links are revoked by who may", revoked, Ok(expected))?;
        }
        let found = self.step("a find", self.catalog.find(id).await)?;
        ensure_eq(
            "each raises the epoch",
            found.map(|image| image.link_epoch),
            Some(2),
        )?;
        self.delete(&new).await?;
        let absent = self.catalog.revoke_links(id, None).await;
        ensure_eq("an absent image has no links", absent, Ok(false))?;
        self.forget_dead().await
    }

    async fn a_ticket_is_used_once(&self) -> Result<(), Failure> {
        let ticket = format!("{}ticket", self.prefix);
        let mut first = self.image("ticket", 1, "a")?;
        let mut second = self.image("ticket", 2, "b")?;
        first.ticket = Some(ticket.clone());
        second.ticket = Some(ticket.clone());
        let now = Timestamp::from_millis(NOW);
        let both = self
            .catalog
            .commit(&[first.clone(), second.clone()], Quota::default(), now)
            .await;
        ensure_eq(
            "one ticket is not two",
            both,
            Err(CatalogError::TicketSpent),
        )?;
        let spent = self.catalog.is_ticket_spent(&ticket).await;
        ensure_eq("a failed upload does not use it", spent, Ok(false))?;
        self.commit(std::slice::from_ref(&first)).await?;
        let again = self
            .catalog
            .commit(std::slice::from_ref(&second), Quota::default(), now)
            .await;
        ensure_eq(
            "a ticket is used once",
            again,
            Err(CatalogError::TicketSpent),
        )?;
        self.delete(&first).await?;
        let again = self
            .catalog
            .commit(std::slice::from_ref(&second), Quota::default(), now)
            .await;
        ensure_eq(
            "also when its image is gone",
            again,
            Err(CatalogError::TicketSpent),
        )?;
        for (before, expected) in [(first.image.created_at, true), (now.plus_seconds(1), false)] {
            self.step(
                "forgetting tickets",
                self.catalog.forget_tickets(before).await,
            )?;
            let spent = self.catalog.is_ticket_spent(&ticket).await;
            ensure_eq("tickets are forgotten by their time", spent, Ok(expected))?;
        }
        self.forget_dead().await
    }

    async fn expired_leases_commit_nothing(&self) -> Result<(), Failure> {
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
        ensure_eq("leaves no image", found, Ok(None))?;
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

    async fn records_of_a_lease_are_told(&self) -> Result<(), Failure> {
        let (dead, alive) = (self.image("lease", 1, "a")?, self.image("lease", 10, "b")?);
        self.commit(&[dead.clone(), alive.clone()]).await?;
        self.delete(&dead).await?;
        let recorded = self.catalog.recorded_blobs(&self.lease).await;
        let mut recorded = self.step("recorded blobs", recorded)?;
        recorded.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        let expected = vec![dead.image.blob.id.clone(), alive.image.blob.id.clone()];
        ensure_eq("the dead and the living are told", recorded, expected)?;
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
        ensure("a forgotten lease is gone", !expired.contains(&self.lease))
    }
}

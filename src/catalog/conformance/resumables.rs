//! Resumable uploads.

use uuid::Uuid;

use super::{NOW, Suite};
use crate::catalog::{
    Begun, CatalogError, Completion, Ending, Growth, NewImage, NewSegment, Position, Resumable,
    Segment,
};
use crate::conformance::{Failure, ensure, ensure_eq};
use crate::model::{BlobRef, Quota, Timestamp};

/// A number of milliseconds after the suite's present.
fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW + millis)
}

fn bytes(limit: u64) -> Quota {
    Quota {
        images: None,
        bytes: Some(limit),
    }
}

/// Grows until this time, within this quota.
fn growth(until: i64, quota: Quota) -> Growth {
    Growth {
        expires_at: at(until),
        quota,
    }
}

fn position(id: &str, received: u64, epoch: u64) -> Position {
    Position {
        id: id.to_owned(),
        received,
        epoch,
    }
}

impl Suite<'_> {
    /// An upload of 10 bytes that has not begun.
    fn resumable(&self, owner: &str, name: &str) -> Resumable {
        Resumable {
            id: format!("{}{name}", self.prefix),
            owner: format!("{}{owner}", self.prefix),
            is_partial: false,
            image: Uuid::from_u128(0x9000_7000_8000_0000_0000_0001),
            begun_by: None,
            terms: "terms".to_owned(),
            received: 0,
            length: Some(10),
            epoch: 0,
            created_at: at(0),
            deadline: at(1000),
            expires_at: at(100),
            completed_at: None,
        }
    }

    async fn begun(&self, new: &Resumable, quota: Quota) -> Result<Begun, CatalogError> {
        self.catalog.begin_resumable(new, quota, 1000).await
    }

    async fn begin(&self, new: &Resumable) -> Result<(), Failure> {
        let begun = self.begun(new, Quota::default()).await;
        ensure_eq("an upload begins", begun, Ok(Begun::Now))
    }

    async fn record(&self, id: &str) -> Result<Option<Resumable>, Failure> {
        self.step("an upload is found", self.catalog.find_resumable(id).await)
    }

    async fn end(&self, new: &Resumable) -> Result<(), Failure> {
        let ended = self.catalog.end_resumable(&new.id, Ending::Wanted).await;
        ensure_eq("an upload ends", ended, Ok(true))?;
        ensure_eq("it has ended", self.record(&new.id).await?, None)
    }

    /// Segment number `number`, of this many bytes from `start`.
    fn segment(&self, number: u32, start: u64, size: u64) -> Result<NewSegment, Failure> {
        let id = self.lease.blob_id(500 + number);
        let id = id.ok_or_else(|| Failure::new("blob ids", "the lease has too few"))?;
        let chunk_size = 4;
        let blob = BlobRef {
            id,
            size,
            chunk_size,
        };
        Ok(NewSegment {
            segment: Segment { start, blob },
            lease: self.lease.id.clone(),
        })
    }

    /// An image that completes an upload of 10 bytes.
    fn completing(&self, new: &Resumable, from: Position) -> Result<NewImage, Failure> {
        let mut image = self.image("resumable", 400, "whole")?;
        image.image.id = new.image;
        image.image.owner.clone_from(&new.owner);
        image.completes = Some(Completion {
            at: from,
            length: 10,
            parts: vec![new.id.clone()],
            terms: "kept".to_owned(),
            expires_at: at(5000),
        });
        Ok(image)
    }

    pub(super) async fn an_upload_receives_bytes_only_where_it_is(&self) -> Result<(), Failure> {
        let new = self.resumable("resumable", "a");
        let absent = position(&new.id, 0, 0);
        let growth = growth(50, Quota::default());
        let append = async |from: &Position, bytes: &[u8]| {
            self.catalog.append_tail(from, bytes, growth).await
        };
        ensure_eq("no upload", append(&absent, b"ab").await, Ok(false))?;
        self.begin(&new).await?;
        ensure_eq(
            "it is found",
            self.record(&new.id).await?,
            Some(new.clone()),
        )?;
        ensure_eq("at its offset", append(&absent, b"ab").await, Ok(true))?;
        ensure_eq("at another offset", append(&absent, b"ab").await, Ok(false))?;
        let next = position(&new.id, 2, 0);
        let too_long = append(&next, b"123456789").await;
        ensure_eq("beyond its length", too_long, Ok(false))?;
        ensure_eq("at the next offset", append(&next, b"c").await, Ok(true))?;
        let resumed = self.step("resuming", self.catalog.resume(&new.id).await)?;
        let expected = Resumable {
            received: 3,
            epoch: 1,
            expires_at: at(50),
            ..new.clone()
        };
        ensure_eq("it is resumed", resumed, Some(expected))?;
        let earlier = position(&new.id, 3, 0);
        ensure_eq("an earlier epoch", append(&earlier, b"d").await, Ok(false))?;
        let later = position(&new.id, 3, 1);
        ensure_eq("this epoch", append(&later, b"defghij").await, Ok(true))?;
        let tail = self.catalog.tail(&new.id).await;
        ensure_eq("the bytes in order", tail, Ok(b"abcdefghij".to_vec()))?;
        self.end(&new).await?;
        let tail = self.catalog.tail(&new.id).await;
        ensure_eq("no bytes are left", tail, Ok(Vec::new()))?;
        let none = self.catalog.resume(&new.id).await;
        ensure_eq("an ended upload is not resumed", none, Ok(None))
    }

    pub(super) async fn segments_replace_the_tail_and_are_kept_from_the_sweep(
        &self,
    ) -> Result<(), Failure> {
        let new = self.resumable("resumable", "b");
        self.begin(&new).await?;
        let always = growth(2000, Quota::default());
        let first = self.segment(1, 0, 4)?;
        let append = async |from: &Position, segment: &NewSegment| {
            let catalog = &self.catalog;
            catalog.append_segment(from, segment, always, at(0)).await
        };
        let tail = self
            .catalog
            .append_tail(&position(&new.id, 0, 0), b"ab", always)
            .await;
        ensure_eq("a tail", tail, Ok(true))?;
        let from = position(&new.id, 2, 0);
        let unleased = NewSegment {
            lease: format!("{}none", self.prefix),
            ..first.clone()
        };
        let refused = append(&from, &unleased).await;
        ensure_eq("no lease", refused, Err(CatalogError::LeaseExpired))?;
        ensure_eq("a segment", append(&from, &first).await, Ok(true))?;
        ensure_eq("only once", append(&from, &first).await, Ok(false))?;
        let second = self.segment(2, 4, 4)?;
        let from = position(&new.id, 4, 0);
        ensure_eq("the next one", append(&from, &second).await, Ok(true))?;
        let tail = self.catalog.tail(&new.id).await;
        ensure_eq("the tail is replaced", tail, Ok(Vec::new()))?;
        let segments = self.catalog.segments(&new.id).await;
        let expected = vec![first.segment.clone(), second.segment.clone()];
        ensure_eq("segments in order", segments, Ok(expected))?;
        let record = self.record(&new.id).await?;
        let (received, expires_at) = (8, new.deadline);
        let expected = Resumable {
            received,
            expires_at,
            ..new.clone()
        };
        ensure_eq("the deadline holds", record, Some(expected))?;
        let recorded = self.catalog.recorded_blobs(&self.lease).await;
        let recorded = self.step("recorded blobs", recorded)?;
        let blobs = [&first, &second].map(|new| &new.segment.blob);
        for blob in blobs {
            ensure("segments are recorded", recorded.contains(&blob.id))?;
            let remains = self.catalog.record_remains(blob).await;
            self.step("recording remains", remains)?;
        }
        ensure_eq("segments do not remain", self.remains().await?, vec![])?;
        self.end(&new).await?;
        let remains = self.remains().await?;
        for blob in blobs {
            ensure("segments of an ended upload remain", remains.contains(blob))?;
        }
        self.forget_remains().await
    }

    pub(super) async fn an_upload_is_completed_by_the_commit_of_its_image(
        &self,
    ) -> Result<(), Failure> {
        let new = self.resumable("resumable", "c");
        let image = self.completing(&new, position(&new.id, 4, 0))?;
        let commit = async |image: &NewImage| {
            let images = std::slice::from_ref(image);
            let committed = self.catalog.commit(images, bytes(10), at(0)).await;
            committed.map(|_| ())
        };
        let moved = Err(CatalogError::UploadMoved);
        ensure_eq("no upload", commit(&image).await, moved.clone())?;
        self.begin(&new).await?;
        ensure_eq("not there yet", commit(&image).await, moved.clone())?;
        let segment = self.segment(3, 0, 4)?;
        let from = position(&new.id, 0, 0);
        let appended = self
            .catalog
            .append_segment(&from, &segment, growth(90, Quota::default()), at(0))
            .await;
        ensure_eq("a segment", appended, Ok(true))?;
        let found = self.catalog.find(new.image).await;
        ensure_eq("no image before", found, Ok(None))?;
        // Whoever resumes does not stop a completion that has begun.
        self.step("resuming", self.catalog.resume(&new.id).await)?;
        ensure_eq("it is complete", commit(&image).await, Ok(()))?;
        ensure_eq("only once", commit(&image).await, moved.clone())?;
        let expected = Resumable {
            terms: "kept".to_owned(),
            received: 10,
            epoch: 1,
            expires_at: at(5000),
            completed_at: Some(image.image.created_at),
            ..new.clone()
        };
        ensure_eq(
            "its record",
            self.record(&new.id).await?,
            Some(expected.clone()),
        )?;
        let resumed = self.step("resuming", self.catalog.resume(&new.id).await)?;
        ensure_eq("it stays as it is", resumed, Some(expected))?;
        let late = self
            .catalog
            .append_tail(&position(&new.id, 10, 1), b"", growth(90, Quota::default()))
            .await;
        ensure_eq("nothing is added", late, Ok(false))?;
        let refused = self.catalog.end_resumable(&new.id, Ending::Refused).await;
        ensure_eq("a complete upload is not refused", refused, Ok(false))?;
        let used = self.used("resumable").await?;
        ensure_eq("it counts once", used, (1, 10))?;
        let remains = self.remains().await?;
        ensure(
            "its segments remain",
            remains.contains(&segment.segment.blob),
        )?;
        let mut found = self.step("an image", self.catalog.find(new.image).await)?;
        ensure("the image is there", found.take().is_some())?;
        self.delete(&image).await?;
        ensure_eq("never again", commit(&image).await, moved)?;
        self.end(&new).await?;
        self.forget_dead().await
    }

    pub(super) async fn open_uploads_reserve_what_they_will_need(&self) -> Result<(), Failure> {
        let known = self.resumable("reserving", "d");
        let unknown = Resumable {
            length: None,
            ..self.resumable("reserving", "e")
        };
        let exceeded = |result: Result<_, CatalogError>| {
            let exceeded = matches!(result, Err(CatalogError::QuotaExceeded(_)));
            ensure("the quota is exceeded", exceeded)
        };
        exceeded(self.begun(&known, bytes(9)).await.map(|_| ()))?;
        ensure_eq("room", self.begun(&known, bytes(10)).await, Ok(Begun::Now))?;
        let one = Quota {
            images: Some(1),
            bytes: None,
        };
        exceeded(self.begun(&unknown, one).await.map(|_| ()))?;
        let partial = Resumable {
            is_partial: true,
            ..self.resumable("reserving", "p")
        };
        ensure_eq("a part", self.begun(&partial, one).await, Ok(Begun::Now))?;
        self.end(&partial).await?;
        let most = self.catalog.begin_resumable(&unknown, Quota::default(), 1);
        ensure_eq("too many", most.await, Ok(Begun::TooMany))?;
        ensure_eq(
            "room",
            self.begun(&unknown, bytes(10)).await,
            Ok(Begun::Now),
        )?;
        let used = self.used("reserving").await?;
        ensure_eq("both count", used, (2, 10))?;
        let from = position(&unknown.id, 0, 0);
        let append = self
            .catalog
            .append_tail(&from, b"abc", growth(90, bytes(12)));
        exceeded(append.await.map(|_| ()))?;
        let append = self
            .catalog
            .append_tail(&from, b"abc", growth(90, bytes(13)));
        ensure_eq("within the quota", append.await, Ok(true))?;
        let from = position(&unknown.id, 3, 0);
        let segment = self.segment(4, 0, 4)?;
        let append = self
            .catalog
            .append_segment(&from, &segment, growth(90, bytes(13)), at(0));
        exceeded(append.await.map(|_| ()))?;
        exceeded(
            self.catalog
                .set_length(&unknown.id, 5, bytes(14))
                .await
                .map(|_| ()),
        )?;
        let set = self.catalog.set_length(&unknown.id, 5, bytes(15)).await;
        ensure_eq("a length", set, Ok(true))?;
        let used = self.used("reserving").await?;
        ensure_eq("what was reserved", used.1, 15)?;
        let mut image = self.image("reserving", 401, "other")?;
        image.image.blob.size = 1;
        let images = std::slice::from_ref(&image);
        exceeded(
            self.catalog
                .commit(images, bytes(15), at(0))
                .await
                .map(|_| ()),
        )?;
        self.end(&known).await?;
        self.end(&unknown).await?;
        let used = self.used("reserving").await?;
        ensure_eq("nothing is left", used, (0, 0))
    }

    pub(super) async fn an_upload_is_begun_once_with_a_ticket_or_a_key(
        &self,
    ) -> Result<(), Failure> {
        let begun_by = Some(format!("{}ticket", self.prefix));
        let first = Resumable {
            begun_by,
            ..self.resumable("resumable", "f")
        };
        let second = Resumable {
            id: format!("{}g", self.prefix),
            ..first.clone()
        };
        self.begin(&first).await?;
        let repeated = self.begun(&second, Quota::default()).await;
        let before = Begun::Before(Box::new(first.clone()));
        ensure_eq("the first is returned", repeated, Ok(before))?;
        let begun_by = first.begun_by.clone().unwrap_or_default();
        let found = self.catalog.resumable_begun_by(&begun_by).await;
        ensure_eq("it is found", found, Ok(Some(first.clone())))?;
        self.end(&first).await?;
        self.begin(&second).await?;
        self.end(&second).await
    }

    pub(super) async fn a_length_is_set_once(&self) -> Result<(), Failure> {
        let new = Resumable {
            length: None,
            ..self.resumable("resumable", "h")
        };
        let set = async |length| {
            let set = self.catalog.set_length(&new.id, length, Quota::default());
            set.await
        };
        ensure_eq("no upload", set(3).await, Ok(false))?;
        self.begin(&new).await?;
        let growth = growth(90, Quota::default());
        let appended = self
            .catalog
            .append_tail(&position(&new.id, 0, 0), b"abc", growth)
            .await;
        ensure_eq("bytes", appended, Ok(true))?;
        ensure_eq("shorter than what is there", set(2).await, Ok(false))?;
        ensure_eq("a length", set(4).await, Ok(true))?;
        ensure_eq("the same", set(4).await, Ok(true))?;
        ensure_eq("another", set(5).await, Ok(false))?;
        let record = self.record(&new.id).await?;
        ensure_eq(
            "it is recorded",
            record.and_then(|record| record.length),
            Some(4),
        )?;
        self.end(&new).await
    }

    pub(super) async fn uploads_expire_and_end_with_their_owner(&self) -> Result<(), Failure> {
        let early = self.resumable("expiring", "i");
        let late = Resumable {
            created_at: at(1),
            expires_at: at(200),
            ..self.resumable("expiring", "j")
        };
        self.begin(&early).await?;
        self.begin(&late).await?;
        let owner = early.owner.as_str();
        for (millis, expected) in [(99, vec![&late, &early]), (100, vec![&late]), (200, vec![])] {
            let open = self.catalog.open_resumables(owner, at(millis), 9).await;
            let open = self.step("open uploads", open)?;
            ensure_eq(
                "open uploads, newest first",
                open.iter().collect(),
                expected,
            )?;
        }
        let one = self.catalog.open_resumables(owner, at(0), 1).await;
        ensure_eq("the limit", one, Ok(vec![late.clone()]))?;
        let expired = self.catalog.expired_resumables(at(200), 1000).await;
        let mut expired = self.step("expired uploads", expired)?;
        expired.retain(|id| *id == early.id || *id == late.id);
        let both = vec![early.id.clone(), late.id.clone()];
        ensure_eq("in the order of their expiry", expired, both)?;
        let ended = self
            .catalog
            .end_resumable(&early.id, Ending::Expired(at(99)))
            .await;
        ensure_eq("not yet", ended, Ok(false))?;
        let ended = self
            .catalog
            .end_resumable(&early.id, Ending::Expired(at(100)))
            .await;
        ensure_eq("now", ended, Ok(true))?;
        let page = self.catalog.resumables_after(&early.id, 1).await;
        ensure_eq(
            "pages are in the order of ids",
            page,
            Ok(vec![late.clone()]),
        )?;
        let ended = self.catalog.end_resumables_of(owner, 9).await;
        ensure_eq("all of an owner end", ended, Ok(1))?;
        ensure_eq("none is left", self.record(&late.id).await?, None)
    }

    pub(super) async fn parts_end_with_the_upload_that_they_complete(&self) -> Result<(), Failure> {
        let whole = Resumable {
            length: Some(0),
            ..self.resumable("resumable", "k")
        };
        let part = Resumable {
            is_partial: true,
            ..self.resumable("resumable", "l")
        };
        self.begin(&whole).await?;
        self.begin(&part).await?;
        let mut image = self.completing(&whole, position(&whole.id, 0, 0))?;
        if let Some(completion) = &mut image.completes {
            completion.parts.push(part.id.clone());
        }
        let images = std::slice::from_ref(&image);
        let committed = self.catalog.commit(images, bytes(10), at(0)).await;
        self.step("what the parts reserved is used", committed)?;
        ensure_eq("a part has ended", self.record(&part.id).await?, None)?;
        let whole_now = self.record(&whole.id).await?;
        ensure_eq(
            "the whole is complete",
            whole_now.map(|whole| (whole.received, whole.length)),
            Some((10, Some(10))),
        )?;
        self.delete(&image).await?;
        self.end(&whole).await?;
        self.forget_dead().await
    }
}

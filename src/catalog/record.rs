//! The records that the catalog keeps.

use std::collections::BTreeMap;
use std::fmt;

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use uuid::Uuid;

use super::NewAnswer;
use crate::blobs::{BlobId, BlobRef};
use crate::quota::Usage;

/// A time in milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The last millisecond of the year 9999, the last that RFC 3339 can write.
const LATEST: i64 = 253_402_300_799_999;

impl Timestamp {
    /// From milliseconds since the Unix epoch; those outside the years 1970 to
    /// 9999 are brought to the nearer end.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, LATEST))
    }

    /// From seconds since the Unix epoch, likewise.
    pub fn from_seconds(seconds: u64) -> Self {
        Self::from_millis(
            i64::try_from(seconds)
                .unwrap_or(i64::MAX)
                .saturating_mul(1000),
        )
    }

    /// Milliseconds since the Unix epoch, from 0 on.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub fn seconds(self) -> u64 {
        self.0.unsigned_abs() / 1000
    }

    /// This many seconds later.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// This many milliseconds later.
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }
}

/// RFC 3339 in UTC with milliseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FORMAT: &[BorrowedFormatItem<'_>] = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        );
        let nanos = i128::from(self.0) * 1_000_000;
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| fmt::Error)?;
        f.write_str(&time.format(FORMAT).map_err(|_| fmt::Error)?)
    }
}

/// Who may read an image's bytes without a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// Nobody.
    #[default]
    Private,
    /// Anybody.
    Public,
}

impl Visibility {
    /// The word in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Private, Self::Public]
            .into_iter()
            .find(|visibility| visibility.as_str() == word)
    }
}

/// An image, as the catalog knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// UUIDv7, made at `created_at`.
    pub id: Uuid,
    /// The `sub` of the token that uploaded it.
    pub owner: String,
    /// Where its bytes are, and how many.
    pub blob: BlobRef,
    /// SHA-256 of the bytes as they are stored, in lower-case hex.
    pub sha256: String,
    /// SHA-256 of the bytes as they were sent, before anything was stripped.
    pub original_sha256: String,
    /// The media type, told from the bytes.
    pub content_type: String,
    /// In pixels, after orientation.
    pub width: u32,
    /// In pixels, after orientation.
    pub height: u32,
    /// 1 unless animated.
    pub frames: u32,
    /// As the uploader named it.
    pub filename: Option<String>,
    /// Who may read the bytes without a token.
    pub visibility: Visibility,
    /// In the order given.
    pub tags: Vec<String>,
    /// The owner's own notes.
    pub metadata: BTreeMap<String, String>,
    /// How often its links were revoked.
    pub link_epoch: u64,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// When anything of it was last changed.
    pub updated_at: Timestamp,
}

impl Image {
    /// The bytes of its tags and metadata, as they are stored: JSON, without the outer
    /// brackets.
    pub fn described(&self) -> u64 {
        let length = |json: serde_json::Result<String>| json.map_or(0, |json| json.len() as u64);
        let tags = length(serde_json::to_string(&self.tags));
        let metadata = length(serde_json::to_string(&self.metadata));
        tags.saturating_sub(2) + metadata.saturating_sub(2)
    }

    /// What it counts of its owner's quota of bytes.
    pub fn charge(&self) -> u64 {
        self.blob.size.saturating_add(self.described())
    }
}

/// An image to be committed, and the lease under which its blob was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewImage {
    /// The image.
    pub image: Image,
    /// The lease's id.
    pub lease: String,
    /// The id of the upload ticket that it comes by. A ticket is used once.
    pub ticket: Option<String>,
    /// What is recorded with it, by one image of a call: what its request is answered.
    pub answer: Option<NewAnswer>,
}

impl NewImage {
    /// What these images, and the answers that they bring, count of their owner's quota.
    pub(super) fn charges(images: &[Self]) -> Usage {
        let charge = |new: &Self| {
            let answer = new.answer.as_ref().map_or(0, NewAnswer::charge);
            new.image.charge().saturating_add(answer)
        };
        Usage {
            images: images.len() as u64,
            bytes: images.iter().map(charge).fold(0, u64::saturating_add),
        }
    }
}

/// A blob that the catalog has a record of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedBlob {
    /// The blob.
    pub blob: BlobRef,
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
}

/// The right to write blobs under the ids `{id}.0` to `{id}.{capacity - 1}`
/// until `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Letters and digits.
    pub id: String,
    /// How many blob ids it holds.
    pub capacity: u32,
    /// Nothing is committed under it from this time on.
    pub expires_at: Timestamp,
}

impl Lease {
    /// The blob id with this number. `None` past the capacity, or if the lease's
    /// own id has other than letters and digits.
    pub fn blob_id(&self, number: u32) -> Option<BlobId> {
        (number < self.capacity)
            .then(|| BlobId::new(format!("{}.{number}", self.id)))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339_with_milliseconds() {
        let check = |millis, expect: &str| {
            assert_eq!(Timestamp::from_millis(millis).to_string(), expect);
        };
        check(0, "1970-01-01T00:00:00.000Z");
        check(1_763_942_400_007, "2025-11-24T00:00:00.007Z");
        check(-5, "1970-01-01T00:00:00.000Z");
        check(i64::MAX, "9999-12-31T23:59:59.999Z");
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_rfc_3339_and_in_the_order_of_time(a: i64, b in 0..LATEST) {
            use time::format_description::well_known::Rfc3339;
            let (a, b) = (Timestamp::from_millis(a), Timestamp::from_millis(b));
            for time in [a, b] {
                let read = OffsetDateTime::parse(&time.to_string(), &Rfc3339).expect("RFC 3339");
                let millis = read.unix_timestamp_nanos() / 1_000_000;
                proptest::prop_assert_eq!(millis, i128::from(time.millis()));
            }
            proptest::prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn seconds_of_any_number_are_a_time(seconds: u64, more: i64) {
            let time = Timestamp::from_seconds(seconds);
            proptest::prop_assert_eq!(time.seconds(), seconds.min(253_402_300_799));
            let later = time.plus_seconds(more);
            proptest::prop_assert!((0..=LATEST).contains(&later.millis()));
        }
    }
}

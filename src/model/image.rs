//! The image, and who may read it.

use std::collections::BTreeMap;

use darkroom_transform::Placeholder;
use uuid::Uuid;

use super::{BlobRef, Kind, Sha256, Timestamp, Traits};

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

/// An image as the catalog records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// A UUIDv7, made at `created_at`.
    pub id: Uuid,
    /// The `sub` of the token that uploaded it.
    pub owner: String,
    /// Where the image's bytes are, and how many there are.
    pub blob: BlobRef,
    /// SHA-256 of the bytes as stored.
    pub sha256: Sha256,
    /// SHA-256 of the bytes as sent, before metadata was removed.
    pub original_sha256: Sha256,
    /// The format of the bytes.
    pub kind: Kind,
    /// Width in pixels, after orientation.
    pub width: u32,
    /// Height in pixels, after orientation.
    pub height: u32,
    /// The number of frames: 1 unless the image is animated.
    pub frames: u32,
    /// What the stored file can stand for; `None` if it was uploaded before that was recorded.
    pub traits: Option<Traits>,
    /// What is shown while the image loads; `None` until it is made. It belongs to the content:
    /// images with the same blob have the same.
    pub placeholder: Option<Placeholder>,
    /// The name that the uploader gave to the file.
    pub filename: Option<String>,
    /// Who may read the bytes without a token.
    pub visibility: Visibility,
    /// Tags, in the order in which they were given.
    pub tags: Vec<String>,
    /// The owner's own notes, by name.
    pub metadata: BTreeMap<String, String>,
    /// The id of the upload ticket that the image was uploaded with, if any.
    pub ticket: Option<String>,
    /// How often the image's links have been revoked.
    pub link_epoch: u64,
    /// When the image was uploaded.
    pub created_at: Timestamp,
    /// When anything about the image last changed.
    pub updated_at: Timestamp,
}

impl Image {
    /// The length in bytes of the image's tags and metadata as stored: JSON without the
    /// outer brackets.
    pub fn described(&self) -> u64 {
        let length = |json: serde_json::Result<String>| json.map_or(0, |json| json.len() as u64);
        let tags = length(serde_json::to_string(&self.tags));
        let metadata = length(serde_json::to_string(&self.metadata));
        tags.saturating_sub(2) + metadata.saturating_sub(2)
    }

    /// The bytes that the image counts towards its owner's quota.
    pub fn charge(&self) -> u64 {
        self.blob.size.saturating_add(self.described())
    }
}

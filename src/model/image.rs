//! The image, and who may read it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{BlobRef, Kind, Sha256, Timestamp};

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
    /// Of the bytes as they are stored.
    pub sha256: Sha256,
    /// Of the bytes as they were sent, before anything was stripped.
    pub original_sha256: Sha256,
    /// What its bytes are.
    pub kind: Kind,
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

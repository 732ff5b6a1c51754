//! What an audit learns from the catalog's records alone, without the bytes.
//!
//! Ids are text here: a record that is damaged may have any.

use crate::model::{BlobRef, Sha256, Timestamp, Usage};

/// An image's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageCheck {
    /// Its id.
    pub id: String,
    /// What is wrong with it.
    pub fault: Option<ImageFault>,
}

/// What can be wrong with an image's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFault {
    /// A column does not hold what this version writes.
    Unreadable,
    /// Its blob has no record.
    Unrecorded,
    /// Its blob's record names another owner, content or length.
    Contradicted,
}

/// A blob's record, and how many images there are for it at the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobCheck {
    /// Its id.
    pub id: String,
    /// What the record says; `None` if it does not hold what this version writes.
    pub record: Option<BlobRecord>,
    /// How many images refer to it.
    pub images: u64,
}

/// What a blob's record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRecord {
    /// Where its bytes are.
    pub blob: BlobRef,
    /// Of its bytes.
    pub sha256: Sha256,
    /// How many images refer to it, as counted so far.
    pub refs: u64,
    /// When the last image was gone.
    pub died_at: Option<Timestamp>,
}

impl BlobRecord {
    /// Whether the record is as it has to be where there are so many images.
    pub fn agrees_with(&self, images: u64) -> bool {
        self.refs == images && self.died_at.is_some() == (images == 0)
    }
}

/// A count that is kept beside the records, where it is not what they come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miscount {
    /// Whose images are counted; `None` for everything together.
    pub owner: Option<String>,
    /// As it is kept.
    pub kept: Usage,
    /// What the records come to at the same moment.
    pub found: Usage,
}

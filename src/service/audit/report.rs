//! What an audit says.

use super::Place;
use crate::catalog::{BlobRecord, ImageFault, Miscount};

/// A page of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// How many images' records were checked.
    pub images: u64,
    /// How many blobs' records were checked.
    pub blobs: u64,
    /// How many of these are dead, and wait for the sweep.
    pub dead: u64,
    /// The length of all blobs that were read.
    pub bytes: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Place>,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An image's record cannot be read.
    UnreadableImage,
    /// An image's record does not agree with that of its blob.
    ContradictedImage,
    /// An image's blob has no record.
    UnrecordedBlob,
    /// A blob's record cannot be read.
    UnreadableBlob,
    /// A blob's record counts other images than there are.
    WrongCount,
    /// A blob's bytes are gone, in part or wholly, or are other bytes.
    DamagedBytes,
    /// What an owner keeps, or what all keep, is counted wrong.
    WrongUsage,
}

impl Fault {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnreadableImage => "unreadable_image",
            Self::ContradictedImage => "contradicted_image",
            Self::UnrecordedBlob => "unrecorded_blob",
            Self::UnreadableBlob => "unreadable_blob",
            Self::WrongCount => "wrong_count",
            Self::DamagedBytes => "damaged_bytes",
            Self::WrongUsage => "wrong_usage",
        }
    }

    /// What can be done about it.
    pub fn remedy(self) -> Option<Remedy> {
        match self {
            Self::UnreadableImage | Self::UnreadableBlob => None,
            Self::UnrecordedBlob => Some(Remedy::Record),
            Self::WrongCount | Self::WrongUsage => Some(Remedy::Recount),
            Self::ContradictedImage | Self::DamagedBytes => Some(Remedy::Remove),
        }
    }
}

/// What can be done about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Record the blob as the image describes it.
    Record,
    /// Count the images anew.
    Recount,
    /// Delete the images, which cannot be given out any more.
    Remove,
}

impl Remedy {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Recount => "recount",
            Self::Remove => "remove",
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub fault: Fault,
    /// The blob that it is about, where it is about one.
    pub blob: Option<String>,
    /// The images that it is about: no more than a hundred.
    pub images: Vec<String>,
    /// What it is in this case, for a person.
    pub detail: String,
    /// Whether the remedy was applied.
    pub repaired: bool,
}

impl Finding {
    pub(super) fn of_image(id: &str, fault: ImageFault) -> Self {
        let (fault, detail) = match fault {
            ImageFault::Unreadable => (
                Fault::UnreadableImage,
                "the image's row does not hold what this version writes",
            ),
            ImageFault::Unrecorded => (Fault::UnrecordedBlob, "the image's blob has no record"),
            ImageFault::Contradicted => (
                Fault::ContradictedImage,
                "the image's row does not agree with that of its blob",
            ),
        };
        Self {
            fault,
            blob: None,
            images: vec![id.to_owned()],
            detail: detail.to_owned(),
            repaired: false,
        }
    }

    pub(super) fn unreadable_blob(id: &str) -> Self {
        Self {
            fault: Fault::UnreadableBlob,
            blob: Some(id.to_owned()),
            images: Vec::new(),
            detail: "the blob's row does not hold what this version writes".to_owned(),
            repaired: false,
        }
    }

    pub(super) fn wrong_count(record: &BlobRecord, images: u64) -> Self {
        let state = match record.died_at {
            Some(_) => ", as of a dead blob",
            None => "",
        };
        Self {
            fault: Fault::WrongCount,
            blob: Some(record.blob.id.to_string()),
            images: Vec::new(),
            detail: format!(
                "{} images are recorded{state}, and {images} are there",
                record.refs
            ),
            repaired: false,
        }
    }

    pub(super) fn wrong_usage(miscount: &Miscount) -> Self {
        let Miscount { owner, kept, found } = miscount;
        let whose = match owner {
            Some(owner) => format!("of {owner:?}"),
            None => "in all".to_owned(),
        };
        Self {
            fault: Fault::WrongUsage,
            blob: None,
            images: Vec::new(),
            detail: format!(
                "{whose}, {} images of {} bytes are counted, and {} of {} bytes are there",
                kept.images, kept.bytes, found.images, found.bytes
            ),
            repaired: false,
        }
    }

    pub(super) fn damaged(record: &BlobRecord, images: Vec<String>, detail: String) -> Self {
        Self {
            fault: Fault::DamagedBytes,
            blob: Some(record.blob.id.to_string()),
            images,
            detail,
            repaired: false,
        }
    }
}

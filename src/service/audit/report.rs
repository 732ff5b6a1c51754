//! The report of an audit.

use super::Place;
use crate::catalog::{BlobRecord, ImageFault, Miscount};

/// A page of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// How many images' records were checked.
    pub images: u64,
    /// How many blobs' records were checked.
    pub blobs: u64,
    /// How many of these blobs are dead and await the sweep.
    pub dead: u64,
    /// How many open resumable uploads were checked.
    pub uploads: u64,
    /// The total length of the blobs that were read.
    pub bytes: u64,
    /// The faults that were found.
    pub findings: Vec<Finding>,
    /// Where the next page begins; `None` after the last page.
    pub next: Option<Place>,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An image's record cannot be read.
    UnreadableImage,
    /// An image's record does not agree with its blob's record.
    ContradictedImage,
    /// A variant's record does not agree with its blob's record.
    ContradictedVariant,
    /// An image's blob has no record.
    UnrecordedBlob,
    /// A blob's record cannot be read.
    UnreadableBlob,
    /// A blob's record has a wrong count of images and variants.
    WrongCount,
    /// A blob's bytes are missing, wholly or in part, or differ from what was stored.
    DamagedBytes,
    /// What a resumable upload has received is missing, wholly or in part, or damaged.
    DamagedUpload,
    /// The usage of an owner, or the total usage, is counted wrong.
    WrongUsage,
}

impl Fault {
    /// The fault's name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnreadableImage => "unreadable_image",
            Self::ContradictedImage => "contradicted_image",
            Self::ContradictedVariant => "contradicted_variant",
            Self::UnrecordedBlob => "unrecorded_blob",
            Self::UnreadableBlob => "unreadable_blob",
            Self::WrongCount => "wrong_count",
            Self::DamagedBytes => "damaged_bytes",
            Self::DamagedUpload => "damaged_upload",
            Self::WrongUsage => "wrong_usage",
        }
    }

    /// The remedy, if there is one.
    pub fn remedy(self) -> Option<Remedy> {
        match self {
            Self::UnreadableImage | Self::UnreadableBlob => None,
            Self::UnrecordedBlob => Some(Remedy::Record),
            Self::ContradictedVariant => Some(Remedy::Drop),
            Self::WrongCount | Self::WrongUsage => Some(Remedy::Recount),
            Self::ContradictedImage | Self::DamagedBytes | Self::DamagedUpload => {
                Some(Remedy::Remove)
            }
        }
    }
}

/// A remedy for a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Create the blob's record from the image's.
    Record,
    /// Recount the images and variants.
    Recount,
    /// Delete the image's variants, which are made again when they are requested.
    Drop,
    /// Delete the images, which can no longer be served, or the upload, which can no longer become
    /// one.
    Remove,
}

impl Remedy {
    /// The remedy's name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Recount => "recount",
            Self::Drop => "drop",
            Self::Remove => "remove",
        }
    }
}

/// A fault that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind of fault.
    pub fault: Fault,
    /// The blob concerned, if any.
    pub blob: Option<String>,
    /// The images concerned: at most a hundred.
    pub images: Vec<String>,
    /// A description of this case for a person.
    pub detail: String,
    /// Whether the remedy was applied.
    pub repaired: bool,
}

impl Finding {
    pub(super) fn of_image(id: &str, fault: ImageFault) -> Self {
        let (fault, detail) = match fault {
            ImageFault::Unreadable => (
                Fault::UnreadableImage,
                "the image's row has a value that this version does not write",
            ),
            ImageFault::Unrecorded => (Fault::UnrecordedBlob, "the image's blob has no record"),
            ImageFault::Contradicted => (
                Fault::ContradictedImage,
                "the image's row does not agree with that of its blob",
            ),
            ImageFault::Variant => (
                Fault::ContradictedVariant,
                "the row of a variant does not agree with that of its blob",
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
            detail: "the blob's row has a value that this version does not write".to_owned(),
            repaired: false,
        }
    }

    pub(super) fn wrong_count(record: &BlobRecord, uses: u64) -> Self {
        let state = match record.died_at {
            Some(_) => " and the blob as dead",
            None => "",
        };
        Self {
            fault: Fault::WrongCount,
            blob: Some(record.blob.id.to_string()),
            images: Vec::new(),
            detail: format!(
                "the record counts {} images and variants{state}, but {uses} exist",
                record.refs
            ),
            repaired: false,
        }
    }

    pub(super) fn wrong_usage(miscount: &Miscount) -> Self {
        let Miscount { owner, kept, found } = miscount;
        let whose = match owner {
            Some(owner) => format!("the usage of {owner:?}"),
            None => "the total usage".to_owned(),
        };
        Self {
            fault: Fault::WrongUsage,
            blob: None,
            images: Vec::new(),
            detail: format!(
                "{whose} is recorded as {} images of {} bytes, but {} images of {} bytes exist",
                kept.images, kept.bytes, found.images, found.bytes
            ),
            repaired: false,
        }
    }

    pub(super) fn damaged_upload(image: &str, detail: String) -> Self {
        Self {
            fault: Fault::DamagedUpload,
            blob: None,
            images: vec![image.to_owned()],
            detail,
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

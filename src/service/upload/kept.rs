//! The recorded part of an answer: for each image, the values that a repeat of the request
//! does not supply.
//!
//! A repeat sends the same bytes under the same names, so everything else about the images
//! is taken from it: their names, tags, types and pixels. The stored bytes of a file may
//! differ after a change of the settings, so their length and digest are recorded.
//!
//! Grammar: base64url of a version byte, the time of the upload (8 bytes) and, for each
//! image, its id (16), length (8) and SHA-256 (32), numbers big endian.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::intake::Received;
use super::{Attributes, UploadTerms};
use crate::model::{Image, Sha256, Timestamp};

const VERSION: u8 = 1;
/// The length of the record of each image in bytes.
const IMAGE_BYTES: usize = 16 + 8 + 32;

/// What is recorded about the images of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// When they were made.
    pub(super) created_at: Timestamp,
    /// Each image, in the order of the files.
    pub(super) images: Vec<KeptImage>,
}

/// What is recorded about an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptImage {
    pub(super) id: Uuid,
    pub(super) size: u64,
    pub(super) sha256: Sha256,
}

impl Kept {
    /// Creates the record of these images, which are made together.
    pub(super) fn of<'a>(images: impl Iterator<Item = &'a Image>, created_at: Timestamp) -> Self {
        Self {
            created_at,
            images: images.map(KeptImage::of).collect(),
        }
    }

    /// Returns the images as they were made: whatever has happened to them since, a repeat
    /// with
    /// the same files gets the same answer. `None` if the record does not match the files.
    pub(super) fn images(
        &self,
        terms: &UploadTerms,
        files: &[Received],
        attributes: &Attributes,
    ) -> Option<Vec<Image>> {
        if self.images.len() != files.len() {
            return None;
        }
        let images = files.iter().zip(&self.images).map(|(file, kept)| {
            let file = file.clone();
            let mut image = file.into_image(kept.id, terms, attributes, self.created_at);
            image.blob.size = kept.size;
            image.sha256 = kept.sha256;
            image
        });
        Some(images.collect())
    }

    /// Formats the record as text.
    pub(super) fn print(&self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.created_at.millis().to_be_bytes());
        for image in &self.images {
            bytes.extend(image.id.as_bytes());
            bytes.extend(image.size.to_be_bytes());
            bytes.extend(image.sha256.0);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The inverse of [`print`](Self::print).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&version, rest) = bytes.split_first()?;
        let (time, images) = rest.split_first_chunk()?;
        let (images, []) = images.as_chunks::<IMAGE_BYTES>() else {
            return None;
        };
        let images = images.iter().map(KeptImage::parse);
        (version == VERSION).then_some(Self {
            created_at: Timestamp::from_millis(i64::from_be_bytes(*time)),
            images: images.collect::<Option<_>>()?,
        })
    }
}

impl KeptImage {
    fn of(image: &Image) -> Self {
        Self {
            id: image.id,
            size: image.blob.size,
            sha256: image.sha256,
        }
    }

    fn parse(bytes: &[u8; IMAGE_BYTES]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (size, sha256) = rest.split_first_chunk()?;
        Some(Self {
            id: Uuid::from_bytes(*id),
            size: u64::from_be_bytes(*size),
            sha256: Sha256(sha256.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept() -> impl Strategy<Value = Kept> {
        let image = (any::<u128>(), any::<u64>(), any::<[u8; 32]>());
        let image = image.prop_map(|(id, size, sha256)| KeptImage {
            id: Uuid::from_u128(id),
            size,
            sha256: Sha256(sha256),
        });
        let images = prop::collection::vec(image, 0..40);
        (0i64..253_402_300_799_999, images).prop_map(|(millis, images)| Kept {
            created_at: Timestamp::from_millis(millis),
            images,
        })
    }

    proptest! {
        #[test]
        fn parsing_is_the_inverse_of_printing(kept in kept()) {
            let printed = kept.print();
            prop_assert_eq!(Kept::parse(&printed), Some(kept.clone()));
            prop_assert!(printed.len() <= 12 + 75 * kept.images.len());
            prop_assert_eq!(Kept::parse(&printed[1..]), None);
        }

        #[test]
        fn a_record_matches_only_an_equal_number_of_files(kept in kept()) {
            let images = kept.images(&UploadTerms::default(), &[], &Attributes::default());
            prop_assert_eq!(images.is_some(), kept.images.is_empty());
        }

        #[test]
        fn parsing_never_panics(text in "[A-Za-z0-9_-]{0,200}|.{0,40}") {
            let _ = Kept::parse(&text);
        }
    }
}

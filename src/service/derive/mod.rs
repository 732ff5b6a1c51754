//! Derived images: found where they are stored, or made once and stored.
//!
//! - `mod`: which variant a request means, and what is looked up for it
//! - `making`: a claim, a derivation, a commit
//! - `queue`: how many derivations of an instance run at a time
//! - `eager`: derivations right after an upload
//! - `placeholder`: what is shown while an image loads
//! - `error`: why there is no variant

mod eager;
mod error;
mod making;
mod placeholder;
mod queue;

use darkroom_transform::{Client, Format, Limits, Plan, PlanError, Source, Transform, Turn};
use uuid::Uuid;

use super::{Content, Service, ServiceError};
use crate::auth::Grant;
use crate::model::{Image, Kind, Variant};

pub use error::DerivationError;
pub(super) use queue::Queue;

/// The most pixels of an AVIF that is made: it takes longer to encode than any other format.
const MAX_AVIF_PIXELS: u64 = 1_000_000;
/// An original of at most so many bytes, and half a byte for each pixel, is about as compact as what
/// is derived from it: with the default quality, derived images have less than half of that.
const SMALL_BYTES: u64 = 4096;
/// How old the recorded use of a variant is before another is recorded.
const USE_RECORDED_SECONDS: i64 = 3600;

/// What a caller wants of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What is done to the image; nothing for the original.
    pub transform: Transform,
    /// The formats that the client accepts by name.
    pub accepts: Vec<Format>,
}

impl Wanted {
    /// Everything that may turn out to be wanted, in canonical form; nothing for the original.
    fn transforms(&self) -> Vec<String> {
        if self.transform.is_empty() {
            return Vec::new();
        }
        let outcomes = self.transform.outcomes();
        outcomes.iter().map(Transform::to_string).collect()
    }
}

/// An image, and those of its variants that were looked up with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The image.
    pub image: Image,
    /// The variants, in no particular order.
    variants: Vec<Variant>,
}

impl Service {
    /// Finds an image, and whatever may be what is wanted of it: all in one read.
    pub(super) async fn look_up(&self, id: Uuid, wanted: &Wanted) -> Result<Found, ServiceError> {
        let found = if wanted.transform.is_empty() {
            let image = self.catalog().find(id).await?;
            image.map(|image| (image, Vec::new()))
        } else {
            let transforms = wanted.transforms();
            self.catalog().find_with_variants(id, &transforms).await?
        };
        let (image, variants) = found.ok_or(ServiceError::NotFound)?;
        Ok(Found { image, variants })
    }

    /// The same, and whether the image has this named link: all in one read.
    pub(super) async fn look_up_linked(
        &self,
        id: Uuid,
        link: Uuid,
        wanted: &Wanted,
    ) -> Result<(Found, bool), ServiceError> {
        let transforms = wanted.transforms();
        let found = self.catalog().find_linked(id, link, &transforms).await?;
        let (image, variants, is_listed) = found.ok_or(ServiceError::NotFound)?;
        Ok((Found { image, variants }, is_listed))
    }

    /// Returns what is wanted of an image that was found: the original, or a variant, which is
    /// made if it is not stored.
    pub async fn content(
        &self,
        found: &Found,
        wanted: &Wanted,
    ) -> Result<Content, DerivationError> {
        let image = &found.image;
        let Some(transform) = self.resolve(image, wanted)? else {
            return Ok(Content::of(image));
        };
        let transform = transform.to_string();
        let mut stored = found.variants.iter();
        let variant = match stored.find(|variant| variant.transform == transform) {
            Some(variant) => {
                self.note_use(image.id, variant);
                variant.clone()
            }
            None => self.make(image, &transform).await?,
        };
        Ok(Content::of_variant(image, variant))
    }

    /// The width and height of what is wanted of the image, if it can be made as far as the
    /// image's record says.
    pub fn size_wanted(
        &self,
        image: &Image,
        wanted: &Wanted,
    ) -> Result<(u32, u32), DerivationError> {
        if wanted.transform.is_empty() {
            return Ok((image.width, image.height));
        }
        let limits = self.limits_of_sides();
        let plan = Plan::new(&wanted.transform, &source(image), &limits)?;
        Ok(plan.canvas)
    }

    /// Deletes what was derived of an image that `grant` reaches.
    pub async fn delete_variants(&self, grant: &Grant, id: Uuid) -> Result<(), ServiceError> {
        let owner = grant.confined_to();
        if !self.catalog().delete_variants(id, owner).await? {
            return Err(ServiceError::NotFound);
        }
        self.sweep_in_background();
        Ok(())
    }

    /// The transform with its format decided; `None` if it is the original that is wanted.
    fn resolve(&self, image: &Image, wanted: &Wanted) -> Result<Option<Transform>, PlanError> {
        let limits = self.limits_of_sides();
        let client = Client {
            accepts: &wanted.accepts,
            avif_pixels: MAX_AVIF_PIXELS,
        };
        let source = source(image);
        if wanted.transform.is_empty() {
            return Ok(None);
        }
        let resolved = wanted.transform.resolved(&source, client, &limits)?;
        let is_original = resolved.is_identity(&source, &limits);
        Ok((!is_original).then_some(resolved))
    }

    fn limits_of_sides(&self) -> Limits {
        Limits {
            max_side: self.settings().derived.max_side,
        }
    }

    /// Records that a variant was used, after the response, unless that was done lately.
    fn note_use(&self, image: Uuid, variant: &Variant) {
        let now = self.now();
        if variant.used_at.plus_seconds(USE_RECORDED_SECONDS) > now {
            return;
        }
        let (service, transform) = (self.clone(), variant.transform.clone());
        self.spawn(async move {
            let recorded = service.catalog().touch_variant(image, &transform, now);
            if let Err(error) = recorded.await {
                service.log(&format!("the use of a variant was not recorded: {error}"));
            }
        });
    }
}

/// The image as transforms know it, which is upright.
fn source(image: &Image) -> Source {
    let has_alpha = image.traits.map(|traits| traits.has_alpha);
    Source {
        width: image.width,
        height: image.height,
        orientation: Turn::default(),
        format: format(image.kind),
        frames: image.frames,
        has_alpha: has_alpha.unwrap_or(image.kind != Kind::Jpeg),
        plain: is_plain(image),
    }
}

/// Whether the file can stand for a derived image of the same size: it holds nothing but the
/// picture, upright and in sRGB, and takes about as many bytes. Of an old image, that is not known.
fn is_plain(image: &Image) -> bool {
    let is_bare = image.traits.is_some_and(|traits| {
        traits.orientation == 1 && traits.has_standard_colours && !traits.has_metadata
    });
    let pixels = u64::from(image.width) * u64::from(image.height) * u64::from(image.frames);
    let is_compact = match image.kind {
        // Derived images of these are lossless, too.
        Kind::Png | Kind::Gif => true,
        Kind::Jpeg | Kind::Webp | Kind::Avif => image.blob.size <= pixels / 2 + SMALL_BYTES,
    };
    is_bare && is_compact
}

fn format(kind: Kind) -> Format {
    match kind {
        Kind::Jpeg => Format::Jpeg,
        Kind::Png => Format::Png,
        Kind::Gif => Format::Gif,
        Kind::Webp => Format::Webp,
        Kind::Avif => Format::Avif,
    }
}

#[cfg(test)]
mod tests;

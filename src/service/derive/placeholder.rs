//! Placeholders: with the first derivation from an image, or right after its upload.

use darkroom_transform::Placeholder;
use uuid::Uuid;

use super::making::SourceFailure;
use super::{DerivationError, Service};
use crate::catalog::VariantState;
use crate::model::Image;
use crate::platform::DeriveLimits;
use crate::settings::Placeholders;

/// The most pixels of an image whose placeholder is made right after its upload: more take up to
/// seconds to decode, for a picture that may never be shown. It is then made with the first
/// derivation.
const MAX_UPLOADED_PIXELS: u64 = 24_000_000;

impl Service {
    /// Whether a derivation from this image is to bring its placeholder, too.
    pub(super) fn lacks_placeholder(&self, image: &Image) -> bool {
        let is_on = self.settings().derived.placeholders != Placeholders::Off;
        is_on && image.placeholder.is_none()
    }

    /// Stores a placeholder that a derivation has brought, after the response.
    pub(super) fn note_placeholder(&self, image: Uuid, placeholder: Placeholder) {
        let service = self.clone();
        self.spawn(async move { service.store_placeholder(image, &placeholder).await });
    }

    async fn store_placeholder(&self, image: Uuid, placeholder: &Placeholder) {
        let stored = self.catalog().set_placeholder(image, placeholder).await;
        if let Err(error) = stored {
            self.log(&format!(
                "the placeholder of image {image} was not stored: {error}"
            ));
        }
    }

    /// Makes the placeholder of an image that was just uploaded, unless its content has one or is
    /// too costly.
    pub(super) async fn make_placeholder(&self, image: &Image) {
        if u64::from(image.width) * u64::from(image.height) > MAX_UPLOADED_PIXELS {
            return;
        }
        match self.try_placeholder(image).await {
            Ok(Some(placeholder)) => self.store_placeholder(image.id, &placeholder).await,
            Ok(None) => {}
            Err(error) if error.blames_source() => self.count_failure(image, &error).await,
            Err(error) => {
                let id = image.id;
                self.log(&format!(
                    "the placeholder of image {id} was not made: {error}"
                ));
            }
        }
    }

    /// `None` if the image has one, is gone, or is not derived from.
    async fn try_placeholder(&self, image: &Image) -> Result<Option<Placeholder>, DerivationError> {
        let Some(deriver) = &self.parts.deriver else {
            return Ok(None);
        };
        let found = self.catalog().find(image.id).await?;
        if found.is_none_or(|found| found.placeholder.is_some()) {
            return Ok(None);
        }
        // The state of the original, as it were: whether anything may be derived from it.
        let state = self.catalog().variant_state(image.id, "", self.now());
        if state.await? != VariantState::Absent {
            return Ok(None);
        }
        let clock = &**self.platform();
        let place = self.parts.derivations.enter(&image.owner, clock).await;
        let _place = place.ok_or(DerivationError::Busy)?;
        let failure = SourceFailure::default();
        let source = self.source(image, &failure).await?;
        let limits = DeriveLimits {
            max_pixels: self.settings().derived.max_pixels.min(MAX_UPLOADED_PIXELS),
            ..self.derive_limits()
        };
        let made = deriver.placeholder(source, limits).await;
        let made = made.map_err(|error| failure.take().unwrap_or_else(|| error.into()));
        made.map(Some)
    }
}

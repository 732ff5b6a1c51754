//! Derivations right after an upload: those of `eager_presets`, and placeholders.

use darkroom_transform::Format;

use super::{Service, Wanted};
use crate::model::Image;
use crate::settings::Placeholders;

/// What most browsers accept besides the formats that all know: the variant of `format=auto`
/// that is requested most.
const BROWSERS: [Format; 2] = [Format::Webp, Format::Avif];

impl Service {
    /// Derives the eager presets of new images, or else makes their placeholders, one after the
    /// other and after the response. It may be cut off: whatever is missing is made when it is
    /// requested.
    pub(in crate::service) fn derive_eagerly(&self, images: &[Image]) {
        let derived = &self.settings().derived;
        // The first derivation brings a placeholder.
        let placeholders = derived.placeholders == Placeholders::Upload && derived.eager.is_empty();
        if !derived.is_on || derived.eager.is_empty() && !placeholders {
            return;
        }
        let presets = derived.eager.iter();
        let transforms: Vec<_> = presets
            .filter_map(|name| derived.presets.get(name))
            .collect();
        let (service, images) = (self.clone(), images.to_vec());
        self.spawn(async move {
            for image in &images {
                if placeholders {
                    service.make_placeholder(image).await;
                }
                for transform in &transforms {
                    let wanted = Wanted {
                        transform: *transform,
                        accepts: BROWSERS.to_vec(),
                    };
                    service.derive_one_eagerly(image, &wanted).await;
                }
            }
        });
    }

    async fn derive_one_eagerly(&self, image: &Image, wanted: &Wanted) {
        let made = match self.resolve(image, wanted) {
            Ok(Some(transform)) => self.make(image, &transform.to_string()).await,
            Ok(None) => return,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = made {
            let id = image.id;
            self.log(&format!(
                "an eager preset of image {id} was not derived: {error}"
            ));
        }
    }
}

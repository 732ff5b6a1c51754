//! The URLs of resources in responses.

use uuid::Uuid;

use crate::auth::link;
use crate::model::{Image, Visibility};
use crate::settings::{Settings, TransformPolicy};

/// URLs that begin with `public_base_url`, or paths if that is not set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Urls<'a> {
    base: &'a str,
    /// Whether anybody may request any transform of a public image.
    derives_for_all: bool,
}

impl<'a> Urls<'a> {
    /// The URLs of a deployment.
    pub(crate) fn of(settings: &'a Settings) -> Self {
        let base = settings.http.public_base_url.as_deref().unwrap_or_default();
        let derived = &settings.derived;
        Self {
            base,
            derives_for_all: derived.is_on && derived.policy == TransformPolicy::Any,
        }
    }

    /// Whether clients use https.
    pub(crate) fn are_encrypted(self) -> bool {
        self.base.starts_with("https://")
    }

    /// The URL of a path and query.
    pub(crate) fn at(self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The URL of an image object.
    pub(crate) fn image(self, id: Uuid) -> String {
        format!("{}/v1/images/{id}", self.base)
    }

    /// The URL of a resumable upload.
    pub(crate) fn upload(self, id: &str) -> String {
        self.at(&format!("/v1/uploads/{id}"))
    }

    /// The URL of an image's content.
    pub(crate) fn content(self, id: Uuid) -> String {
        self.at(&content_path(id))
    }

    /// The URL of an image in any width, as a template (RFC 6570) with the variable `w`; `None` if
    /// it would need a token or a signature.
    pub(crate) fn srcset(self, image: &Image) -> Option<String> {
        let is_open = self.derives_for_all && image.visibility == Visibility::Public;
        is_open.then(|| format!("{}?w={{w}}&format=auto", self.content(image.id)))
    }
}

/// The path of an image for the IIIF Image API.
pub(crate) fn iiif_path(id: Uuid) -> String {
    format!("{}{id}", link::IIIF)
}

/// The path of an image's content.
pub(crate) fn content_path(id: Uuid) -> String {
    format!("/v1/images/{id}/content")
}

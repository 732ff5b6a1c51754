//! The URLs of resources in responses.

use uuid::Uuid;

use crate::auth::link;
use crate::settings::Settings;

/// URLs that begin with `public_base_url`, or paths if that is not set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Urls<'a> {
    base: &'a str,
}

impl<'a> Urls<'a> {
    /// The URLs of a deployment.
    pub(crate) fn of(settings: &'a Settings) -> Self {
        let base = settings.http.public_base_url.as_deref().unwrap_or_default();
        Self { base }
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

    /// The URL of an image's content.
    pub(crate) fn content(self, id: Uuid) -> String {
        self.at(&content_path(id))
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

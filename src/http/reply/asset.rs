//! Files that are embedded in the component, compressed by the build script.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use miniz_oxide::inflate::decompress_to_vec;

use crate::http::headers::accept;
use crate::http::headers::entity_tag::EntityTag;
use crate::http::reply::cached;
use crate::http::reply::problem::{Problem, ProblemKind};

/// The description of the API (OpenAPI 3.1), as JSON.
pub(crate) const OPENAPI: Asset = Asset {
    gzip: include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz")),
};
/// The web page of that description.
pub(crate) const DOCS: Asset = Asset {
    gzip: include_bytes!(concat!(env!("OUT_DIR"), "/openapi.html.gz")),
};

/// The page for people. It names its other files with [`PAGE_HASH`].
pub(crate) const PAGE: Asset = Asset {
    gzip: include_bytes!(concat!(env!("OUT_DIR"), "/page.html.gz")),
};
/// What depends on the content of the other files of the page.
pub(crate) const PAGE_HASH: &str = env!("PAGE_HASH");
/// The script of the page.
pub(crate) const PAGE_SCRIPT: Asset = Asset {
    gzip: include_bytes!(concat!(env!("OUT_DIR"), "/page.js.gz")),
};
/// The style sheet of the page.
pub(crate) const PAGE_STYLE: Asset = Asset {
    gzip: include_bytes!(concat!(env!("OUT_DIR"), "/page.css.gz")),
};
/// The icon of the page.
pub(crate) const PAGE_ICON: Asset = Asset {
    gzip: include_bytes!(concat!(env!("OUT_DIR"), "/icon.svg.gz")),
};

/// A file, as gzip (RFC 1952): a header of 10 bytes, the data, a trailer of 8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asset {
    gzip: &'static [u8],
}

impl Asset {
    /// The decompressed file.
    pub(crate) fn plain(self) -> Result<Vec<u8>, Problem> {
        let data = self
            .gzip
            .len()
            .checked_sub(8)
            .and_then(|end| self.gzip.get(10..end));
        let plain = data.and_then(|data| decompress_to_vec(data).ok());
        plain.ok_or_else(|| {
            Problem::new(
                ProblemKind::Internal,
                "the embedded file cannot be decompressed",
            )
        })
    }

    /// Responds with the file, in the coding that the client prefers. `respond` receives the entity
    /// tag and the bytes of the encoded file.
    pub(crate) fn respond(
        self,
        headers: &HeaderMap,
        respond: impl FnOnce(&HeaderMap, &EntityTag, Vec<u8>) -> Response,
    ) -> Result<Response, Problem> {
        let gzip = accept::gzip(headers);
        let body = if gzip {
            self.gzip.to_vec()
        } else {
            self.plain()?
        };
        let mut response = respond(headers, &cached::etag(&body), body);
        let headers = response.headers_mut();
        if gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_decompressed_to_their_files() {
        for (asset, file) in [
            (OPENAPI, include_str!("../../../docs/openapi.json")),
            (DOCS, include_str!("../../../docs/openapi.html")),
        ] {
            assert!(asset.plain().expect("readable") == file.as_bytes());
        }
    }
}

//! Third-party clients. If `cargo xtask test` does not find a program, it reports its tests as
//! skipped, and fails in CI.

mod aria2;
pub(crate) mod browser;
mod browser_upload;
mod curl;
mod docs;
mod frameworks;
mod generated;
mod http2;
mod iiif;
mod nginx;
mod readme;
mod recipes;
mod scripts;
mod wget;

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use crate::support::{Client, Darkroom, Png, content, created, send, token, unique};

/// An image of several chunks, and the ways in which a third-party client may request it.
struct Stage {
    /// The URL of the server.
    address: String,
    alice: Client,
    image: Value,
    file: Bytes,
    /// The full URL of the bytes.
    url: String,
    /// A header line with a token.
    authorization: String,
}

impl Stage {
    /// An image of this many bytes.
    async fn of_size(size: usize) -> Self {
        let owner = unique("alice");
        let darkroom = Darkroom::shared();
        let alice = darkroom.client(&owner);
        let file = Png::of_size(size).bytes();
        let image = alice.upload(file.clone()).await;
        Self {
            url: format!("{}{}", darkroom.address(), content(&image)),
            authorization: format!("Authorization: Bearer {}", token(&owner, "images:read")),
            address: darkroom.address().to_owned(),
            alice,
            image,
            file,
        }
    }

    /// Uploads another image under this name. Returns the URL to download it from.
    async fn named(&self, name: &str) -> String {
        let part = Part::bytes(self.file.to_vec()).file_name(name.to_owned());
        let form = Form::new().part("file", part);
        let image = created(send(self.alice.post().multipart(form)).await).await;
        format!("{}{}?download=1", self.address, content(&image))
    }
}

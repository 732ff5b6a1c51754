//! Clients that nobody here wrote. Where `cargo xtask test` finds no such program it
//! reports that its tests are skipped, and fails in CI.

mod aria2;
mod curl;
mod http2;
mod nginx;
mod recipes;
mod scripts;
mod wget;

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use crate::support::{Client, Darkroom, Png, content, created, send, token, unique};

/// An image of several chunks, and how a client of another make may ask for it.
struct Stage {
    /// Where the server is.
    address: String,
    alice: Client,
    image: Value,
    file: Bytes,
    /// Where the bytes are, in full.
    url: String,
    /// A header line with a token.
    authorization: String,
}

impl Stage {
    /// An image of so many bytes.
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

    /// The URL of another image that was uploaded under this name, to be saved.
    async fn named(&self, name: &str) -> String {
        let part = Part::bytes(self.file.to_vec()).file_name(name.to_owned());
        let form = Form::new().part("file", part);
        let image = created(send(self.alice.post().multipart(form)).await).await;
        format!("{}{}?download=1", self.address, content(&image))
    }
}

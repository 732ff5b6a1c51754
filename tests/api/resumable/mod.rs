//! Resumable uploads: from third-party clients, over networks that break, and past crashes.

mod browser;
mod curl;
mod ends;
mod hosts;
mod lengths;
mod network;
mod node;
mod offsets;
mod proxies;
mod python;
mod recipes;
mod terms;
mod upload;

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::faults::crash::everything;
use crate::support::{ALL_SCOPES, Client, Darkroom, Setup, content, eventually, sha256_hex, token};

/// The length of stored chunks.
const CHUNK: usize = 384 << 10;

/// A server of its own, and an owner.
pub(crate) struct Stage {
    pub(crate) darkroom: Darkroom,
    pub(crate) alice: Client,
    pub(crate) token: String,
}

impl Stage {
    fn start() -> Self {
        Self::with(Setup::default())
    }

    pub(crate) fn with(setup: Setup) -> Self {
        let setup = setup.variable("late_write_seconds", 1);
        let darkroom = setup.variable("delete_grace_seconds", 1).start();
        Self {
            alice: darkroom.client("alice"),
            token: token("alice", ALL_SCOPES),
            darkroom,
        }
    }

    pub(crate) fn admin(&self) -> Client {
        self.darkroom.scoped("root", "admin")
    }

    /// The owner's open uploads, as the server lists them.
    async fn open(&self) -> Vec<Value> {
        let response = self.alice.get("/v1/uploads").await;
        assert_eq!(response.status(), 200);
        let page: Value = response.json().await.expect("JSON");
        page["items"].as_array().expect("a list").clone()
    }

    /// Takes back all open uploads: those whose clients have never got the answer to their creation.
    pub(crate) async fn take_back_open(&self) {
        for upload in self.open().await {
            let path = upload["url"].as_str().expect("a URL");
            assert_eq!(self.alice.delete(path).await.status(), 204);
        }
    }

    /// Checks that each of these files has become one image, byte for byte, that there are no other
    /// images and no open uploads, and that the stores hold nothing else. Returns the images in
    /// the order of the files.
    pub(crate) async fn holds_only(&self, files: &[Bytes]) -> Vec<Value> {
        assert_eq!(self.open().await, [] as [Value; 0], "open uploads");
        let admin = self.admin();
        let mut listed = everything(&admin).await;
        assert_eq!(listed.len(), files.len(), "{listed:?}");
        let mut images = Vec::new();
        for file in files {
            let digest = sha256_hex(file);
            let found = listed.iter().position(|image| image["sha256"] == digest);
            let image = listed.swap_remove(found.expect("an image of each file"));
            assert_eq!(image["size"], file.len());
            let response = admin.get(content(&image)).await;
            let bytes = response.bytes().await.expect("all bytes");
            assert!(bytes == file, "{image}");
            images.push(image);
        }
        let audited = admin.audit(&json!({})).await;
        assert_eq!(audited["findings"], json!([]));
        assert_eq!(audited["images"], files.len());
        // An owner keeps equal files once.
        let kept: BTreeSet<&Bytes> = files.iter().collect();
        let chunks: usize = kept.iter().map(|file| file.len().div_ceil(CHUNK)).sum();
        let chunks = i64::try_from(chunks).expect("few");
        let swept = eventually(|| async {
            admin.sweep().await;
            self.darkroom.chunks() == chunks
        });
        let swept = swept.await;
        let left = self.darkroom.chunks();
        assert_eq!(swept, Ok(()), "{left} chunks, of which {chunks} are needed");
        images
    }
}

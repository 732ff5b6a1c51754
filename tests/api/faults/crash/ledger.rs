//! What was answered, and what has to be there because of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::support::{Darkroom, Png, sha256_hex};

/// The length of stored chunks.
pub(crate) const CHUNK: usize = 4096;
/// Everybody who uploads.
pub(crate) const OWNERS: [&str; 3] = ["alice", "bob", "carol"];
/// The lengths of all files: of one chunk, and of more than a batch of deletions.
const SIZES: [usize; 12] = [
    200, 1000, 3000, 4096, 5000, 9000, 20_000, 30_000, 60_000, 100_000, 120_000, 200_000,
];

/// Whether an image is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Its upload was answered.
    There,
    /// Its deletion was sent.
    Doubtful,
    /// Its deletion was answered.
    Gone,
}

/// An image, as it was uploaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Which of [`OWNERS`].
    pub(crate) owner: usize,
    /// Which of the files.
    pub(crate) file: usize,
    pub(crate) state: State,
}

/// Everything that was answered so far.
#[derive(Clone)]
pub(crate) struct Ledger {
    /// What is uploaded.
    pub(crate) files: Arc<Vec<Bytes>>,
    digests: Arc<Vec<String>>,
    /// By id.
    pub(crate) images: BTreeMap<String, Entry>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let files: Vec<Bytes> = SIZES.map(|size| Png::of_size(size).bytes()).to_vec();
        let digests = files.iter().map(|file| sha256_hex(file)).collect();
        Self {
            files: Arc::new(files),
            digests: Arc::new(digests),
            images: BTreeMap::new(),
        }
    }

    /// After a crash: what is listed has to agree with what was answered, and tells
    /// what has become of what was not.
    pub(crate) fn settle(&mut self, listed: &[Value]) {
        let found = self.found(listed);
        for (id, entry) in &self.images {
            match (entry.state, found.get(id)) {
                (State::There, None) => panic!("{id} was answered, and is lost: {entry:?}"),
                (State::Gone, Some(_)) => panic!("{id} was deleted, and is back: {entry:?}"),
                (_, Some(found)) => {
                    let expected = (entry.owner, entry.file);
                    assert_eq!((found.owner, found.file), expected, "{id}");
                }
                (State::Doubtful | State::Gone, None) => {}
            }
        }
        self.images = found;
    }

    /// Of a copy that was made between two moments, of which this is the later: what
    /// was there at both has to be there, what was gone at the first must not be.
    pub(crate) fn settle_copy(&mut self, before: &Self, listed: &[Value]) {
        let found = self.found(listed);
        for (id, entry) in &before.images {
            let later = self.images.get(id).map(|entry| entry.state);
            match (entry.state, later, found.contains_key(id)) {
                (State::There, Some(State::There), false) => panic!("the copy lacks {id}"),
                (State::Gone, _, true) => panic!("the copy has {id}, which was gone"),
                _ => {}
            }
        }
        self.images = found;
    }

    fn found(&self, listed: &[Value]) -> BTreeMap<String, Entry> {
        let mut found = BTreeMap::new();
        for image in listed {
            let id = image["id"].as_str().expect("an id").to_owned();
            found.insert(id, self.entry(image));
        }
        assert_eq!(found.len(), listed.len(), "an image is listed twice");
        found
    }

    fn entry(&self, image: &Value) -> Entry {
        let owner = OWNERS.iter().position(|owner| image["owner"] == *owner);
        let file = self
            .digests
            .iter()
            .position(|digest| image["sha256"] == **digest);
        let (Some(owner), Some(file)) = (owner, file) else {
            panic!("nobody has uploaded {image}");
        };
        Entry {
            owner,
            file,
            state: State::There,
        }
    }

    /// How many chunks all images need.
    pub(crate) fn chunks(&self) -> usize {
        let entries = self.images.values();
        let blobs: BTreeSet<(usize, usize)> =
            entries.map(|entry| (entry.owner, entry.file)).collect();
        let chunks = |(_, file): &(usize, usize)| SIZES[*file].div_ceil(CHUNK);
        blobs.iter().map(chunks).sum()
    }

    /// Downloads every image, and compares every byte.
    pub(crate) async fn read_all(&self, darkroom: &Darkroom) {
        let clients = OWNERS.map(|owner| darkroom.client(owner));
        for (id, entry) in &self.images {
            let path = format!("/v1/images/{id}/content");
            let response = clients[entry.owner].get(&path).await;
            assert_eq!(response.status(), 200, "{id}");
            let bytes = response.bytes().await.expect("all bytes");
            assert!(bytes == self.files[entry.file], "other bytes of {id}");
        }
    }
}

//! The acknowledged operations, and the images that must therefore exist.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::pieces::Open;
use crate::support::{Darkroom, Png, sha256_hex};

/// The length of stored chunks.
pub(crate) const CHUNK: usize = 4096;
/// All owners that upload.
pub(crate) const OWNERS: [&str; 3] = ["alice", "bob", "carol"];
/// The lengths of all files: from one chunk to more chunks than a batch of deletions has.
const SIZES: [usize; 12] = [
    200, 1000, 3000, 4096, 5000, 9000, 20_000, 30_000, 60_000, 100_000, 120_000, 200_000,
];

/// Whether an image exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Its upload was acknowledged.
    There,
    /// Its deletion was sent.
    Doubtful,
    /// Its deletion was acknowledged.
    Gone,
}

/// An image, as it was uploaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Its index in [`OWNERS`].
    pub(crate) owner: usize,
    /// The index of its file.
    pub(crate) file: usize,
    pub(crate) state: State,
}

/// Everything that was acknowledged so far.
#[derive(Clone)]
pub(crate) struct Ledger {
    /// The files to upload.
    pub(crate) files: Arc<Vec<Bytes>>,
    digests: Arc<Vec<String>>,
    /// The images, by id.
    pub(crate) images: BTreeMap<String, Entry>,
    /// The uploads in pieces that nobody is going on with.
    pub(crate) open: Vec<Open>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let files: Vec<Bytes> = SIZES.map(|size| Png::of_size(size).bytes()).to_vec();
        let digests = files.iter().map(|file| sha256_hex(file)).collect();
        Self {
            files: Arc::new(files),
            digests: Arc::new(digests),
            images: BTreeMap::new(),
            open: Vec::new(),
        }
    }

    /// After a crash, compares the listed images with the acknowledged operations, and learns the
    /// outcome of the others.
    pub(crate) fn settle(&mut self, listed: &[Value]) {
        let found = self.found(listed);
        for (id, entry) in &self.images {
            match (entry.state, found.get(id)) {
                (State::There, None) => panic!("{id} was acknowledged, but is lost: {entry:?}"),
                (State::Gone, Some(_)) => panic!("{id} was deleted, but is back: {entry:?}"),
                (_, Some(found)) => {
                    let expected = (entry.owner, entry.file);
                    assert_eq!((found.owner, found.file), expected, "{id}");
                }
                (State::Doubtful | State::Gone, None) => {}
            }
        }
        self.images = found;
    }

    /// Checks a copy that was made between two moments, of which this is the later: an image that
    /// existed at both must be there, and one that was gone at the first must not.
    pub(crate) fn settle_copy(&mut self, before: &Self, listed: &[Value]) {
        let found = self.found(listed);
        for (id, entry) in &before.images {
            let later = self.images.get(id).map(|entry| entry.state);
            match (entry.state, later, found.contains_key(id)) {
                (State::There, Some(State::There), false) => panic!("the copy lacks {id}"),
                (State::Gone, _, true) => panic!("the copy has {id}, which was deleted before"),
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
            panic!("{image} is listed, but was never uploaded");
        };
        Entry {
            owner,
            file,
            state: State::There,
        }
    }

    /// The number of chunks that all images need.
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
            assert!(bytes == self.files[entry.file], "wrong bytes of {id}");
        }
    }
}

//! What must hold, derived from the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use uuid::Uuid;

use super::tickets::KnownTicket;
use crate::media::testing;

/// The length of a full chunk.
pub(super) const CHUNK: usize = 64;
/// All uploaders.
pub(super) const OWNERS: [&str; 2] = ["alice", "bob"];
/// The lengths of all files that are uploaded: from one and a half chunks to more than one
/// batch of a deletion.
const SIZES: [usize; 4] = [100, 150, 450, 28 * CHUNK];

/// All files that are uploaded.
static FILES: LazyLock<[Vec<u8>; SIZES.len()]> = LazyLock::new(|| SIZES.map(testing::png_of_size));

/// The file with this number.
pub(super) fn content(number: usize) -> &'static [u8] {
    &FILES[number % SIZES.len()]
}

/// The number of the file with these bytes.
pub(super) fn number(bytes: &[u8]) -> Option<usize> {
    FILES.iter().position(|file| file == bytes)
}

/// What is known about an image whose upload was answered with 201.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) owner: &'static str,
    pub(super) content: usize,
    pub(super) state: State,
}

/// Whether an image exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It must exist.
    There,
    /// Its deletion has begun, or was not answered.
    Doubtful,
    /// It must not exist.
    Gone,
}

/// All that follows from the answers.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// The images by id.
    pub(super) images: BTreeMap<Uuid, Known>,
    /// The uploads that have begun: one without an answer may have succeeded.
    pub(super) attempted: BTreeSet<(&'static str, usize)>,
    /// The upload tickets, in the order in which they were created.
    pub(super) tickets: Vec<KnownTicket>,
    /// The uploads that have begun piece by piece: their ids, owners and contents.
    pub(super) uploads: Vec<(String, &'static str, usize)>,
    /// The erasures of each owner.
    erasures: BTreeMap<&'static str, Erasures>,
    /// Whether a store has failed.
    pub(super) faulty: bool,
    /// Whether anything has been derived.
    pub(super) derives: bool,
}

/// How many erasures of an owner have begun, and how many of them have been completed. One that
/// fails or crashes may still delete images at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Erasures {
    begun: usize,
    completed: usize,
}

impl Model {
    /// The image with this number, modulo the number of images.
    pub(super) fn pick(&self, number: usize) -> Option<(Uuid, Known)> {
        let index = number % self.images.len().max(1);
        let image = self.images.iter().nth(index);
        image.map(|(id, known)| (*id, known.clone()))
    }

    pub(super) fn set(&mut self, id: Uuid, state: State) {
        if let Some(known) = self.images.get_mut(&id) {
            known.state = state;
        }
    }

    pub(super) fn state(&self, id: Uuid) -> Option<State> {
        self.images.get(&id).map(|known| known.state)
    }

    /// The images of an owner that may exist.
    pub(super) fn images_of(&self, owner: &str) -> Vec<Uuid> {
        let images = self.images.iter();
        let ours = images.filter(|(_, known)| known.owner == owner && known.state != State::Gone);
        ours.map(|(id, _)| *id).collect()
    }

    /// Notes that an erasure of an owner begins: any image of the owner may be deleted from now on.
    pub(super) fn begin_erasure(&mut self, owner: &'static str) {
        self.erasures.entry(owner).or_default().begun += 1;
        self.doubt_tickets(owner);
        for id in self.images_of(owner) {
            self.set(id, State::Doubtful);
        }
    }

    /// Notes that an erasure of an owner has been completed.
    pub(super) fn end_erasure(&mut self, owner: &'static str) {
        self.erasures.entry(owner).or_default().completed += 1;
    }

    /// The erasures of an owner so far.
    pub(super) fn erasures(&self, owner: &str) -> Erasures {
        self.erasures.get(owner).copied().unwrap_or_default()
    }

    /// The state of an image that has been uploaded while the erasures of its owner were these at
    /// first.
    pub(super) fn state_since(&self, owner: &str, first: Erasures) -> State {
        match self.erasures(owner) {
            now if now.begun == first.begun && first.begun == first.completed => State::There,
            _ => State::Doubtful,
        }
    }

    /// Checks the images that exist, each with the content of its bytes.
    pub(super) fn check(&self, found: &BTreeMap<Uuid, (String, usize)>) {
        for (id, known) in &self.images {
            match (known.state, found.get(id)) {
                (State::There, None) => panic!("image {id} is lost: {known:?}"),
                (State::Gone, Some(_)) => panic!("image {id} has reappeared: {known:?}"),
                (_, Some((owner, content))) => {
                    assert_eq!((owner.as_str(), *content), (known.owner, known.content));
                }
                (_, None) => {}
            }
        }
        let unknown = found.iter().filter(|(id, _)| !self.images.contains_key(id));
        for (id, (owner, content)) in unknown {
            let tried = self.attempted.contains(&(owner.as_str(), *content));
            assert!(
                tried,
                "nobody has uploaded image {id}, {content} of {owner}"
            );
        }
    }
}

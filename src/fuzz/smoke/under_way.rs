//! The input under way, in a file: all that is left of it where a panic, or the end of the
//! stack, ends the whole program, as it does in WebAssembly.

use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;

/// A file that has the input under way.
pub(super) struct UnderWay {
    path: PathBuf,
    file: File,
}

impl UnderWay {
    /// In this file.
    pub(super) fn at(path: PathBuf) -> Self {
        let file = File::create(&path).expect("a file");
        Self { path, file }
    }

    /// Notes what is going to be tried.
    pub(super) fn note(&self, bytes: &[u8]) {
        let mut file = &self.file;
        file.rewind().expect("at the start");
        file.write_all(bytes).expect("written");
        let length = u64::try_from(bytes.len()).expect("a length");
        file.set_len(length).expect("cut");
    }

    /// Takes the file away: nothing was broken.
    pub(super) fn end(self) {
        fs::remove_file(self.path).expect("removed");
    }
}

#[test]
fn the_last_input_alone_is_in_the_file_until_the_end() {
    let path = super::kept("of-a-test.under-way");
    let under_way = UnderWay::at(path.clone());
    for input in [&b"long"[..], b"x", b"", b"longer"] {
        under_way.note(input);
        assert_eq!(fs::read(&path).expect("there"), input);
    }
    under_way.end();
    assert!(!path.exists());
}

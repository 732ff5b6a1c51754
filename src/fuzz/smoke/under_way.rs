//! The current input, in a file: all that remains of it when a panic or a stack overflow
//! ends the whole program, as in WebAssembly.

use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;

/// A file that contains the current input.
pub(super) struct UnderWay {
    path: PathBuf,
    file: File,
}

impl UnderWay {
    /// Creates the file.
    pub(super) fn at(path: PathBuf) -> Self {
        let file = File::create(&path).expect("a file");
        Self { path, file }
    }

    /// Writes the input that is about to be tried.
    pub(super) fn note(&self, bytes: &[u8]) {
        let mut file = &self.file;
        file.rewind().expect("at the start");
        file.write_all(bytes).expect("written");
        let length = u64::try_from(bytes.len()).expect("a length");
        file.set_len(length).expect("cut");
    }

    /// Removes the file: no promise was broken.
    pub(super) fn end(self) {
        fs::remove_file(self.path).expect("removed");
    }
}

#[test]
fn the_file_contains_only_the_last_input_until_the_end() {
    // This test may run natively and in WebAssembly at the same time.
    let path = super::kept(&format!("of-a-test.{}", std::env::consts::ARCH));
    let under_way = UnderWay::at(path.clone());
    for input in [&b"long"[..], b"x", b"", b"longer"] {
        under_way.note(input);
        assert_eq!(fs::read(&path).expect("there"), input);
    }
    under_way.end();
    assert!(!path.exists());
}

//! Files that are made to cost much are judged as every other file is.

use crate::media::Policy;
use crate::media::testing::{fuzz, hostile};

#[test]
fn every_hostile_file_passes_the_checks_of_fuzzers() {
    for (name, bytes) in hostile::files(5_000) {
        assert!(bytes.len() > 2_500, "{name} has {} bytes", bytes.len());
        fuzz::walk(&bytes);
        fuzz::strip(&bytes);
    }
}

#[test]
fn hostile_files_get_past_the_first_look() {
    let policy = Policy {
        max_metadata_bytes: 1 << 20,
        ..fuzz::policy(None)
    };
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for (name, bytes) in hostile::files(5_000) {
        match fuzz::run(&policy, [&bytes[..]]).answer {
            Ok(_) => taken.push(name),
            Err(error) => refused.push((name, error)),
        }
    }
    // What is refused at its first bytes costs nothing, and shows nothing.
    assert!(taken.len() >= 3 * refused.len(), "refused: {refused:#?}");
}

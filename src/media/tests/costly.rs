//! Costly files are treated like every other file.

use crate::media::Policy;
use crate::media::testing::{fuzz, hostile};

#[test]
fn costly_files_have_the_properties_of_every_file() {
    for (name, bytes) in hostile::files(5_000) {
        assert!(bytes.len() > 2_500, "{name} has {} bytes", bytes.len());
        fuzz::walk(&bytes);
        fuzz::strip(&bytes);
    }
}

#[test]
fn costly_files_get_past_the_first_look() {
    let policy = Policy {
        max_metadata_bytes: 1 << 20,
        ..fuzz::policy(None)
    };
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for (name, bytes) in hostile::files(5_000) {
        match fuzz::run(&policy, [&bytes[..]]).answer {
            Ok(_) => accepted.push(name),
            Err(error) => refused.push((name, error)),
        }
    }
    // A file that is refused at its first bytes costs nothing, and shows nothing.
    assert!(accepted.len() >= 3 * refused.len(), "refused: {refused:#?}");
}

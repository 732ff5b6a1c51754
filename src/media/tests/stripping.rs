//! Stripping of whole files.

use crate::media::Strip;
use crate::media::testing::fuzz::{policy, run};

/// A file of every kind, with locations and with data that must stay, made by
/// `tests/fixtures/make_private.py`.
const PRIVATE: [(&str, &[u8]); 6] = [
    ("jpg", include_bytes!("../../../tests/fixtures/private.jpg")),
    ("png", include_bytes!("../../../tests/fixtures/private.png")),
    ("gif", include_bytes!("../../../tests/fixtures/private.gif")),
    (
        "webp",
        include_bytes!("../../../tests/fixtures/private.webp"),
    ),
    (
        "avif",
        include_bytes!("../../../tests/fixtures/private.avif"),
    ),
    (
        "avis",
        include_bytes!("../../../tests/fixtures/private-animated.avif"),
    ),
];

fn has(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

fn stripped(bytes: &[u8], strip: Option<Strip>) -> Vec<u8> {
    let outcome = run(&policy(strip), [bytes]);
    assert_eq!(outcome.answer.map(|facts| facts.trailing), Ok(0));
    outcome.stored
}

#[test]
fn locations_previews_and_makers_notes_are_removed() {
    for (kind, bytes) in PRIVATE {
        let stored = stripped(bytes, Some(Strip::Location));
        assert!(has(bytes, "Zzyzx"), "{kind}");
        assert!(!has(&stored, "Zzyzx"), "{kind}");
        assert!(!has(&stored, "GPSLatitude"), "{kind}");
        // Other texts and numbers stay.
        for word in [
            "artist",
            "copyright",
            "make",
            "model",
            "comment",
            "rights",
            "creator",
        ] {
            let word = format!("Darkroom {word}");
            assert_eq!(has(&stored, &word), has(bytes, &word), "{kind}: {word}");
        }
        let profile = has(&stored, "lcms");
        assert_eq!(profile, has(bytes, "lcms"), "{kind}");
    }
}

#[test]
fn only_orientation_and_colours_remain_of_all_metadata() {
    for (kind, bytes) in PRIVATE {
        let stored = stripped(bytes, Some(Strip::All));
        assert!(!has(&stored, "Zzyzx"), "{kind}");
        assert!(!has(&stored, "Darkroom"), "{kind}");
        assert_eq!(has(&stored, "lcms"), has(bytes, "lcms"), "{kind}");
    }
}

#[test]
fn without_stripping_the_bytes_stay_the_same() {
    for (kind, bytes) in PRIVATE {
        assert!(stripped(bytes, None) == bytes, "{kind}");
    }
}

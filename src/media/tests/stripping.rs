//! What goes and what stays, in whole files.

use crate::media::Strip;
use crate::media::testing::fuzz::{policy, run};

/// Every kind of file with places and with what must stay, made by
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
fn with_the_location_go_places_previews_and_makers_notes() {
    for (kind, bytes) in PRIVATE {
        let stored = stripped(bytes, Some(Strip::Location));
        assert!(has(bytes, "Zzyzx"), "{kind}");
        assert!(!has(&stored, "Zzyzx"), "{kind}");
        assert!(!has(&stored, "GPSLatitude"), "{kind}");
        // Of numbers and words that stay, nothing is missing.
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
fn of_all_metadata_only_orientation_and_colours_stay() {
    for (kind, bytes) in PRIVATE {
        let stored = stripped(bytes, Some(Strip::All));
        assert!(!has(&stored, "Zzyzx"), "{kind}");
        assert!(!has(&stored, "Darkroom"), "{kind}");
        assert_eq!(has(&stored, "lcms"), has(bytes, "lcms"), "{kind}");
    }
}

#[test]
fn with_none_the_bytes_stay_as_they_came() {
    for (kind, bytes) in PRIVATE {
        assert!(stripped(bytes, None) == bytes, "{kind}");
    }
}

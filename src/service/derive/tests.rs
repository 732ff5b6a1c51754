use crate::model::{BlobId, BlobRef, Image, Kind, Sha256, Timestamp, Traits, Visibility};

use super::*;

const BARE: Traits = Traits {
    orientation: 1,
    has_alpha: false,
    has_standard_colours: true,
    has_metadata: false,
};

fn image(kind: Kind, size: u64, traits: Option<Traits>) -> Image {
    Image {
        id: Uuid::nil(),
        owner: "alice".to_owned(),
        blob: BlobRef {
            id: BlobId::new("1").expect("an id"),
            size,
            chunk_size: 64,
        },
        sha256: Sha256::from([0; 32]),
        original_sha256: Sha256::from([0; 32]),
        kind,
        width: 400,
        height: 300,
        frames: 1,
        traits,
        placeholder: None,
        filename: None,
        visibility: Visibility::Private,
        tags: vec![],
        metadata: Default::default(),
        ticket: None,
        link_epoch: 0,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    }
}

#[test]
fn an_original_stands_for_a_derived_image_only_if_it_is_nothing_but_that() {
    let is_plain = |kind, size, traits| source(&image(kind, size, traits)).plain;
    assert!(is_plain(Kind::Jpeg, 9000, Some(BARE)));
    assert!(!is_plain(Kind::Jpeg, 9000, None));
    for traits in [
        Traits {
            orientation: 3,
            ..BARE
        },
        Traits {
            has_standard_colours: false,
            ..BARE
        },
        Traits {
            has_metadata: true,
            ..BARE
        },
    ] {
        assert!(!is_plain(Kind::Jpeg, 9000, Some(traits)), "{traits:?}");
    }
    // 400 × 300 pixels.
    for (size, lossy) in [(64_096, true), (64_097, false)] {
        for kind in [Kind::Jpeg, Kind::Webp, Kind::Avif] {
            assert_eq!(is_plain(kind, size, Some(BARE)), lossy, "{kind:?}");
        }
        for kind in [Kind::Png, Kind::Gif] {
            assert!(is_plain(kind, size, Some(BARE)), "{kind:?}");
        }
    }
}

#[test]
fn transparency_is_assumed_where_it_is_not_known() {
    let has_alpha = |kind, traits| source(&image(kind, 1, traits)).has_alpha;
    assert!(!has_alpha(Kind::Jpeg, None) && has_alpha(Kind::Webp, None));
    let alpha = Traits {
        has_alpha: true,
        ..BARE
    };
    assert!(!has_alpha(Kind::Webp, Some(BARE)) && has_alpha(Kind::Webp, Some(alpha)));
}

use proptest::prelude::*;

use super::*;
use crate::{Presets, Request, Turn};

const PHOTO: Source = Source {
    width: 4000,
    height: 3000,
    orientation: Turn::NONE,
    format: Format::Jpeg,
    frames: 1,
    has_alpha: false,
    plain: true,
};

fn transform(text: &str) -> Transform {
    text.parse().expect("a transform")
}

fn resolved(text: &str, source: Source, accepts: &[Format]) -> String {
    let client = Client {
        accepts,
        avif_pixels: 500_000,
    };
    let resolved = transform(text).resolved(&source, client, &Limits::default());
    resolved.expect("a plan").to_string()
}

#[test]
fn a_format_is_decided_by_client_source_and_cost() {
    use Format::{Avif, Gif, Png, Webp};
    let png = Source {
        format: Png,
        has_alpha: true,
        ..PHOTO
    };
    let gif = Source {
        format: Gif,
        frames: 9,
        ..PHOTO
    };
    let avif = Source {
        format: Avif,
        ..PHOTO
    };
    let webp = Source {
        format: Webp,
        has_alpha: true,
        ..PHOTO
    };
    let modern = &[Avif, Webp][..];
    for (text, source, accepts, expected) in [
        ("w=300&format=auto", PHOTO, &[][..], "w=300&format=jpeg"),
        ("w=300&format=auto", PHOTO, modern, "w=300&format=webp"),
        ("w=800&format=auto", PHOTO, modern, "w=800&format=avif"),
        ("w=800&format=auto", PHOTO, &[Avif], "w=800&format=avif"),
        ("w=2000&format=auto", PHOTO, modern, "w=2000&format=webp"),
        ("w=2000&format=auto", PHOTO, &[Avif], "w=2000&format=jpeg"),
        ("w=300&format=auto", png, &[], "w=300&format=png"),
        ("w=300&format=auto", avif, &[], "w=300&format=jpeg"),
        ("w=300&format=auto", webp, &[], "w=300&format=png"),
        ("w=800&format=auto", gif, modern, "w=800&format=webp"),
        ("w=800&format=auto", gif, &[Avif], "w=800&format=gif"),
        (
            "w=800&format=auto&anim=0",
            gif,
            &[],
            "w=800&format=png&anim=0",
        ),
        ("w=800&format=auto&anim=0", gif, modern, "w=800&format=avif"),
        ("w=300", png, modern, "w=300&format=png"),
        ("w=300&anim=0", PHOTO, modern, "w=300&format=jpeg"),
        ("w=300&q=80", PHOTO, modern, "w=300&format=jpeg"),
        ("w=300&format=gif", PHOTO, modern, "w=300&format=gif"),
    ] {
        assert_eq!(
            resolved(text, source, accepts),
            expected,
            "{text} for {accepts:?}"
        );
    }
}

#[test]
fn a_resolved_transform_stays_as_it_is() {
    for text in [
        "",
        "w=300&format=auto",
        "w=900&h=900&fit=cover&gravity=auto&q=80",
    ] {
        let once = resolved(text, PHOTO, &[Format::Webp]);
        assert_eq!(resolved(&once, PHOTO, &[Format::Avif]), once, "{text}");
    }
}

#[test]
fn an_original_is_sent_only_if_it_is_the_result() {
    let is_identity = |text: &str, source: Source| {
        let text = resolved(text, source, &[]);
        transform(&text).is_identity(&source, &Limits::default())
    };
    for text in [
        "",
        "w=4000",
        "w=5000&h=5000",
        "h=3000&fit=contain",
        "w=4000&h=3000&fit=cover",
        "w=4000&h=3000&fit=pad&gravity=north",
        "w=8000&h=6000&fit=crop",
        "crop=0,0,5000,3000",
        "background=ff0000",
        "format=jpeg&q=80",
        "anim=0",
    ] {
        assert!(is_identity(text, PHOTO), "{text}");
    }
    for text in [
        "w=3999",
        "w=5000&fit=contain",
        "w=5000&h=5000&fit=pad",
        "crop=0,1,4000,3000",
        "rotate=90",
        "rotate=180",
        "flip=h",
        "blur=1",
        "sharpen=1",
        "format=png",
        "q=79",
    ] {
        assert!(!is_identity(text, PHOTO), "{text}");
    }
    let turned = Source {
        orientation: Turn::from_exif(3),
        ..PHOTO
    };
    let noted = Source {
        plain: false,
        ..PHOTO
    };
    let alpha = Source {
        has_alpha: true,
        format: Format::Png,
        ..PHOTO
    };
    let animated = Source {
        frames: 2,
        format: Format::Gif,
        ..PHOTO
    };
    assert!(!is_identity("", turned) && !is_identity("rotate=180", turned));
    assert!(!is_identity("", noted));
    assert!(is_identity("", alpha) && !is_identity("background=ff0000", alpha));
    assert!(is_identity("", animated) && !is_identity("anim=0", animated));
}

#[test]
fn outcomes_are_the_formats_that_a_transform_may_get() {
    let check = |text: &str, expected: &[&str]| {
        let outcomes = transform(text).outcomes();
        let mut found: Vec<String> = outcomes.iter().map(Transform::to_string).collect();
        found.sort();
        assert_eq!(found, expected, "{text}");
    };
    check("w=3&format=webp", &["w=3&format=webp"]);
    check(
        "w=3&format=webp&anim=0",
        &["w=3&format=webp", "w=3&format=webp&anim=0"],
    );
    check("w=3&q=80&format=jpeg&anim=0", &["w=3&format=jpeg"]);
    let all = [
        "w=3&format=avif&q=80",
        "w=3&format=gif&q=80",
        "w=3&format=jpeg",
        "w=3&format=png&q=80",
        "w=3&format=webp",
    ];
    check("w=3&q=80", &all);
    check("w=3&q=80&format=auto", &all);
}

proptest! {
    /// So that one read finds a stored result whatever the source and the client turn out to be.
    #[test]
    fn what_a_transform_becomes_is_among_its_outcomes(
        parts in prop::collection::vec(prop::sample::select(vec![
            "w=30", "h=20", "rotate=90", "flip=h", "blur=2", "sharpen=1", "q=80", "q=60", "anim=0",
            "background=ffffff", "background=00000080", "crop=10%,10%,50%,50%", "format=auto",
            "format=gif", "format=jpeg", "format=avif", "dpr=2",
        ]), 0..6),
        format in prop::sample::select(Format::ALL.to_vec()),
        accepts in prop::sample::subsequence(Format::ALL.to_vec(), 0..=5),
        frames in 1u32..4,
        width in 1u32..3000,
        has_alpha: bool,
    ) {
        let pairs = parts.iter().filter_map(|part| part.split_once('='));
        let Ok(request) = Request::parse(pairs, &Presets::default()) else {
            return Ok(());
        };
        let source = Source { width, height: 500, format, frames, has_alpha, ..PHOTO };
        let client = Client { accepts: &accepts, avif_pixels: 1_000_000 };
        let transform = request.transform;
        if let Ok(resolved) = transform.resolved(&source, client, &Limits::default()) {
            prop_assert!(transform.outcomes().contains(&resolved), "{resolved}");
        }
    }
}

use super::*;
use crate::Turn;

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

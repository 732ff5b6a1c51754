use darkroom_transform::{Presets, Request};
use proptest::prelude::*;

use super::*;

fn transform(query: &str) -> Transform {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let request = Request::parse(pairs, &Presets::default());
    request.expect("a transform").transform
}

#[test]
fn candidates_are_the_formats_that_a_transform_may_get() {
    let check = |query: &str, expected: &[&str]| {
        let mut found = candidates(&transform(query));
        found.sort();
        assert_eq!(found, expected, "{query}");
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
    /// So that one read finds a variant whatever the image and the client turn out to be.
    #[test]
    fn what_a_transform_becomes_is_among_its_candidates(
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
        let source = Source {
            width, height: 500, orientation: Turn::default(), format, frames, has_alpha,
            plain: false,
        };
        let client = Client { accepts: &accepts, avif_pixels: MAX_AVIF_PIXELS };
        let transform = request.transform;
        if let Ok(resolved) = transform.resolved(&source, client, &Limits::default()) {
            prop_assert!(candidates(&transform).contains(&resolved.to_string()), "{resolved}");
        }
    }
}

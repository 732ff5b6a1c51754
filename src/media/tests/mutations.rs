//! Real images, cut anywhere and with many bytes damaged in turn: nothing panics, and every
//! property holds. `crate::fuzz` checks the same on combinations of damage.

use super::is_cut;
use crate::media::testing::{self, fuzz};

macro_rules! fixtures {
    ($($name:literal),* $(,)?) => {
        [$(&include_bytes!(concat!("../../../tests/fixtures/", $name))[..]),*]
    };
}

/// Images of every kind, most of them with metadata.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let files = fixtures![
        "private.jpg",
        "private.png",
        "private.gif",
        "private.webp",
        "private.avif",
        "private-animated.avif",
        "baseline-rotated.jpg",
        "grey.jpg",
        "animated.png",
        "palette.png",
        "animated.gif",
        "still.gif",
        "animated.webp",
        "lossy.webp",
        "animated.avif",
        "rotated.avif",
        "rotated-animated.avif",
    ];
    let made = [
        testing::jpeg_with_orientation(4, 8, 6),
        testing::png(5, 3),
        testing::gif(7, 2, 3),
        testing::webp(30, 2),
        testing::avif(),
    ];
    let files = files.iter().map(|file| file.to_vec());
    files.chain(made).collect()
}

#[test]
fn every_seed_has_every_property_wherever_it_is_cut() {
    for seed in seeds() {
        let step = 1 + seed.len() / 20;
        for cut in (0..seed.len()).step_by(step) {
            let outcome = fuzz::check(&seed, cut);
            assert!(outcome.answer.is_ok(), "{:?}", outcome.answer);
        }
        let policy = fuzz::policy(Some(crate::media::Strip::Location));
        let by_bytes = fuzz::run(&policy, seed.chunks(1));
        assert_eq!(by_bytes, fuzz::run(&policy, [&seed[..]]));
    }
}

#[test]
fn every_seed_that_is_cut_short_anywhere_is_refused() {
    let policy = fuzz::policy(None);
    for seed in seeds() {
        // Without data after the container.
        let whole = fuzz::run(&policy, [&seed[..]]).stored;
        let kind = fuzz::run(&policy, [&whole[..]]).answer.expect("good").kind;
        for cut in 0..whole.len() {
            let answer = fuzz::run(&policy, [&whole[..cut]]).answer;
            let fits = is_cut(kind, &whole, cut, &answer);
            assert!(fits, "cut to {cut} of {}: {answer:?}", whole.len());
        }
    }
}

#[test]
fn every_property_holds_after_damage_to_any_byte() {
    for seed in seeds() {
        let step = 1 + seed.len() / 60;
        for at in (0..seed.len()).step_by(step) {
            for value in [0, 0xFF, seed[at].wrapping_add(1)] {
                let mut damaged = seed.clone();
                damaged[at] = value;
                fuzz::check(&damaged, at);
            }
        }
    }
}

//! Real images, damaged in every way: no panic, and every promise holds. The
//! fuzzers in `fuzz/` check the same on bytes that they find themselves.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::media::MediaError;
use crate::media::testing::{self, promises};

macro_rules! fixtures {
    ($($name:literal),* $(,)?) => {
        [$(&include_bytes!(concat!("../../../tests/fixtures/", $name))[..]),*]
    };
}

/// Images of every kind, most of them with metadata.
fn seeds() -> Vec<Vec<u8>> {
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

/// One way to damage a file.
#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Flip(Index, u8),
    Number(Index, u32),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    Repeat(Index, usize),
    Truncate(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    let edges = prop::sample::select(vec![0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, u32::MAX]);
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (place(), 0..8u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (place(), edges).prop_map(|(at, number)| Damage::Number(at, number)),
        (place(), 1..40usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        (place(), prop::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (place(), 1..400usize).prop_map(|(at, count)| Damage::Repeat(at, count)),
        place().prop_map(Damage::Truncate),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match damage {
        Damage::Set(at, byte) => bytes[at.index(length)] = *byte,
        Damage::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
        Damage::Number(at, number) => {
            let at = at.index(length);
            let end = (at + 4).min(length);
            bytes[at..end].copy_from_slice(&number.to_be_bytes()[4 - (end - at)..]);
        }
        Damage::Remove(at, count) => {
            let at = at.index(length);
            bytes.drain(at..(at + count).min(length));
        }
        Damage::Insert(at, more) => {
            let at = at.index(length);
            bytes.splice(at..at, more.iter().copied());
        }
        Damage::Repeat(at, count) => {
            let at = at.index(length);
            let part = bytes[at..(at + count).min(length)].to_vec();
            bytes.splice(at..at, part);
        }
        Damage::Truncate(at) => bytes.truncate(at.index(length)),
    }
}

#[test]
fn every_seed_keeps_every_promise_wherever_it_is_cut() {
    for seed in seeds() {
        let step = 1 + seed.len() / 20;
        for cut in (0..seed.len()).step_by(step) {
            let outcome = promises::check(&seed, cut);
            assert!(outcome.answer.is_ok(), "{:?}", outcome.answer);
        }
        let policy = promises::policy(Some(crate::media::Strip::Location));
        let by_bytes = promises::run(&policy, seed.chunks(1));
        assert_eq!(by_bytes, promises::run(&policy, [&seed[..]]));
    }
}

#[test]
fn every_seed_that_is_cut_short_anywhere_is_refused() {
    let policy = promises::policy(None);
    for seed in seeds() {
        // Without what follows the container.
        let whole = promises::run(&policy, [&seed[..]]).stored;
        for cut in 0..whole.len() {
            let answer = promises::run(&policy, [&whole[..cut]]).answer;
            let fits = match &answer {
                Err(MediaError::Empty) => cut == 0,
                // Not even the first bytes, which tell what it is, are whole.
                Err(MediaError::UnknownType) => cut < 64,
                Err(MediaError::Truncated { .. }) => true,
                _ => false,
            };
            assert!(fits, "cut to {cut} of {}: {answer:?}", whole.len());
        }
    }
}

#[test]
fn every_damaged_byte_keeps_every_promise() {
    for seed in seeds() {
        let step = 1 + seed.len() / 60;
        for at in (0..seed.len()).step_by(step) {
            for value in [0, 0xFF, seed[at].wrapping_add(1)] {
                let mut damaged = seed.clone();
                damaged[at] = value;
                promises::check(&damaged, at);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_damage_keeps_every_promise(
        seed in any::<Index>(),
        damages in prop::collection::vec(damage(), 1..5),
        cut in any::<Index>(),
    ) {
        let mut bytes = seed.get(&seeds()).clone();
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            promises::mend_png(&mut bytes);
        }
        let cut = cut.index(bytes.len() + 1);
        promises::check(&bytes, cut);
    }
}

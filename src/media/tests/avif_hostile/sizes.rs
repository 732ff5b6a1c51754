//! Boxes with every size that they could state.

use super::{Expect, PICTURE, SECRET, image, movie, seen, sequence};
use crate::media::testing::fuzz::{policy, run};
use crate::media::testing::isobmff::{Item, Meta};
use crate::media::{MediaError, Strip};

const META: [&[u8; 4]; 14] = [
    b"meta", b"hdlr", b"pitm", b"iinf", b"infe", b"iloc", b"iref", b"dimg", b"iprp", b"ipco",
    b"ispe", b"irot", b"ipma", b"idat",
];
const MOOV: [&[u8; 4]; 11] = [
    b"moov", b"trak", b"tkhd", b"mdia", b"hdlr", b"minf", b"stbl", b"stsz", b"stsc", b"stco",
    b"mdat",
];

/// A grid in `idat`, of a picture in the file.
fn grid() -> Vec<u8> {
    let grid = Item::new(b"grid", &[(0, 8)]).in_idat().of(&[2]);
    image(&Meta {
        idat: [&[0, 0, 0, 0, 0, 6, 0, 4], SECRET].concat(),
        ..Meta::new(&[grid, Item::new(b"av01", &[PICTURE])])
    })
}

/// The offset of the box with this name, and its length.
fn position(bytes: &[u8], name: &[u8; 4]) -> (usize, u32) {
    let at = bytes.windows(4).position(|part| part == name);
    let at = at.expect("the box") - 4;
    let size = bytes[at..].first_chunk().expect("its size");
    (at, u32::from_be_bytes(*size))
}

fn check(bytes: &[u8], what: &str) {
    for strip in [None, Some(Strip::Location), Some(Strip::All)] {
        match run(&policy(strip), [bytes]).answer {
            Err(MediaError::Malformed { .. } | MediaError::Truncated { .. }) => {}
            other => panic!("{what}, {strip:?}: {other:?}"),
        }
    }
}

#[test]
fn only_the_right_size_of_a_box_is_accepted() {
    for (bytes, names) in [(grid(), &META[..]), (sequence(&movie()), &MOOV[..])] {
        for strip in [None, Some(Strip::Location), Some(Strip::All)] {
            let answer = run(&policy(strip), [&bytes[..]]).answer;
            assert_eq!(seen(&answer), Expect::Accepted);
        }
        for name in names {
            let (at, right) = position(&bytes, name);
            let start = u32::try_from(at).expect("small");
            let mut sizes = vec![2, 7, 8, 9, 15, 16, right - 1, right + 1, right + 8];
            sizes.extend([1 << 31, (1 << 31) - 1, u32::MAX, u32::MAX - 7]);
            // Added to the offset of the box, these wrap to 0.
            sizes.extend([0u32.wrapping_sub(start), 0u32.wrapping_sub(right)]);
            sizes.retain(|size| *size != right);
            for size in sizes {
                let mut changed = bytes.clone();
                changed[at..at + 4].copy_from_slice(&size.to_be_bytes());
                check(&changed, &format!("{} of {size}", name.escape_ascii()));
            }
            let right = u64::from(right);
            for size in [
                0,
                7,
                15,
                16,
                right + 1,
                // The right size in 32 bits.
                (1 << 32) + right,
                1 << 63,
                u64::MAX,
                u64::MAX - 15,
                0u64.wrapping_sub(u64::from(start)),
            ] {
                let mut changed = bytes.clone();
                changed[at..at + 4].copy_from_slice(&[0, 0, 0, 1]);
                changed[at + 8..at + 16].copy_from_slice(&size.to_be_bytes());
                check(
                    &changed,
                    &format!("{} of {size}, long", name.escape_ascii()),
                );
            }
        }
    }
}

#[test]
fn a_nested_box_must_have_a_size() {
    for (bytes, names) in [(grid(), &META[..]), (sequence(&movie()), &MOOV[..])] {
        for name in names.iter().filter(|name| **name != b"mdat") {
            let (at, _) = position(&bytes, name);
            let mut changed = bytes.clone();
            changed[at..at + 4].fill(0);
            check(&changed, &name.escape_ascii().to_string());
        }
    }
}

#[test]
fn a_file_cut_at_the_edge_of_any_box_is_refused() {
    for (bytes, names) in [(grid(), &META[..]), (sequence(&movie()), &MOOV[..])] {
        for name in names {
            let (at, size) = position(&bytes, name);
            let end = at + usize::try_from(size).expect("small");
            for cut in [at, at + 4, at + 8, end - 1, end.min(bytes.len() - 1)] {
                check(&bytes[..cut], &format!("{cut}"));
            }
        }
    }
}

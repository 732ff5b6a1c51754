//! Metadata that cannot be edited, or in unusual places.

use super::{Case, Expect, SECRET, accepted, image, meta, uneditable};
use crate::media::testing::isobmff::{Item, Meta, file, ftyp};

pub(super) fn cases() -> Vec<Case> {
    [places(), many(), others()].into_iter().flatten().collect()
}

/// More pieces than any file has.
fn many() -> Vec<Case> {
    let of = |count: u32| {
        let picture = Item::new(b"av01", &[(200_000, 10)]);
        let others = (0..count).map(|index| Item::new(b"ZZYZ", &[(200_010 + index, 1)]));
        let items: Vec<Item> = [picture].into_iter().chain(others).collect();
        let meta = Meta::new(&items);
        let mut bytes = file(&[ftyp(&[b"avif"]), meta.build()], 210_000);
        bytes[200_010..200_010 + SECRET.len()].copy_from_slice(SECRET);
        bytes
    };
    let reason = "there are more than 4,096 pieces of metadata";
    vec![
        accepted("4,096 pieces of other data", of(4096)),
        uneditable("4,097 pieces of other data", of(4097), reason),
    ]
}

/// An AVIF of one picture and these items, with a text at 950 that must be removed.
fn of(items: &[Item]) -> Vec<u8> {
    let mut bytes = image(&meta(items));
    bytes[950..950 + SECRET.len()].copy_from_slice(SECRET);
    bytes
}

fn places() -> Vec<Case> {
    let at = |extents: &[(u32, u32)]| of(&[Item::xmp(extents)]);
    let overlap = "metadata overlaps other data";
    let several = "metadata is in several pieces";
    let before = "metadata precedes the box that declares it";
    let long = u32::MAX - 2000;
    let over = Expect::Malformed(overlap);
    let mut late = file(&[ftyp(&[b"avif"])], 1010);
    late.extend(meta(&[Item::xmp(&[(950, 10)])]).build());
    vec![
        uneditable("metadata in two pieces", at(&[(900, 5), (950, 8)]), several),
        uneditable(
            "metadata of no length",
            at(&[(950, 0)]),
            "metadata has no length",
        ),
        uneditable("metadata in the picture", at(&[(1002, 4)]), overlap),
        uneditable("metadata around the picture", at(&[(990, 20)]), overlap),
        uneditable(
            "metadata in other metadata",
            of(&[Item::xmp(&[(900, 100)]), Item::new(b"Exif", &[(950, 8)])]),
            overlap,
        ),
        uneditable(
            "the same metadata as two kinds",
            of(&[Item::xmp(&[(950, 8)]), Item::new(b"Exif", &[(950, 8)])]),
            overlap,
        ),
        uneditable("metadata in the file's first bytes", at(&[(0, 8)]), before),
        uneditable("metadata before meta", late, before),
        Case {
            expect: [over, over, Expect::CutShort],
            ..accepted("metadata of 2^32 bytes", at(&[(950, long)]))
        },
    ]
}

fn others() -> Vec<Case> {
    let elsewhere = Item {
        source: 1,
        ..Item::new(b"Exif", &[(946, 40)])
    };
    vec![
        accepted("metadata without extents", image(&meta(&[Item::xmp(&[])]))),
        accepted(
            "other data with a location in it",
            of(&[Item::new(b"ZZYZ", &[(940, 30)])]),
        ),
        accepted(
            "a picture of another codec with a location in it",
            of(&[Item::new(b"jpeg", &[(940, 30)])]),
        ),
        accepted("Exif in file 1 with a location in it", of(&[elsewhere])),
    ]
}

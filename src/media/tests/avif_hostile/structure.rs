//! Boxes that are duplicate, in another order, or missing.

use super::{
    Case, Expect, PICTURE, SHORT, TWICE, accepted, case, image, meta, movie, refused, sequence,
    uneditable,
};
use crate::media::testing::isobmff::{Item, Meta, Movie, bx, file, ftyp, full};

pub(super) fn cases() -> Vec<Case> {
    [tops(), twice(), missing(), orders(), tracks()]
        .into_iter()
        .flatten()
        .collect()
}

fn still() -> Vec<u8> {
    meta(&[]).build()
}

fn of(boxes: &[Vec<u8>]) -> Vec<u8> {
    file(boxes, 1010)
}

fn tops() -> Vec<Case> {
    let avif = || ftyp(&[b"avif"]);
    let both = ftyp(&[b"avif", b"avis"]);
    let long = [&[0, 5, 0, 0][..], b"meta", &vec![0; 400_000]].concat();
    vec![
        refused(
            "two ftyp boxes",
            of(&[avif(), avif(), still()]),
            "a second ftyp box",
        ),
        refused(
            "two meta boxes",
            of(&[avif(), still(), still()]),
            "a second meta box",
        ),
        refused(
            "two moov boxes",
            file(&[ftyp(&[b"avis"]), movie().build(), movie().build()], 1040),
            "a second moov box",
        ),
        case("nothing but a type", avif(), Expect::CutShort),
        case("no meta box", of(&[avif()]), Expect::CutShort),
        case(
            "no moov box, though the brands declare it",
            of(&[both, still()]),
            Expect::CutShort,
        ),
        case(
            "a moov box instead of meta",
            file(&[avif(), movie().build()], 1040),
            Expect::CutShort,
        ),
        refused(
            "a meta box of 327,680 bytes",
            [avif(), long].concat(),
            "a header box is longer than 256 kB",
        ),
        refused("an empty meta box", of(&[avif(), bx(b"meta", b"")]), SHORT),
        refused(
            "a meta box without content",
            of(&[avif(), full(b"meta", b"")]),
            "a required box is missing",
        ),
        refused(
            "an empty moov box",
            of(&[ftyp(&[b"avis"]), bx(b"moov", b"")]),
            "the sequence has no track of pictures",
        ),
    ]
}

fn twice() -> Vec<Case> {
    let meta_twice = |name: &str, more: Vec<u8>| {
        let plain = Meta {
            idat: vec![7; 4],
            ..meta(&[])
        };
        refused(name, image(&Meta { more, ..plain }), TWICE)
    };
    let plain = meta(&[]);
    let track = |name: &str, track: Vec<u8>| {
        let movie = Movie { track, ..movie() };
        refused(name, sequence(&movie), TWICE)
    };
    let table = |name: &str, tables: Vec<u8>| {
        let movie = Movie { tables, ..movie() };
        refused(name, sequence(&movie), TWICE)
    };
    let two = full(b"meta", b"").repeat(2);
    let more = two.clone();
    vec![
        meta_twice("two primary items", plain.pitm.clone()),
        meta_twice("two boxes of entries", plain.iinf.clone()),
        meta_twice("two boxes of places", plain.iloc.clone()),
        meta_twice("two boxes of properties", bx(b"iprp", b"")),
        meta_twice("two boxes of data", bx(b"idat", b"at Zzyzx")),
        refused(
            "two lists of properties",
            super::patched(
                &image(&meta(&[])),
                &bx(b"ipco", &plain.properties),
                // In the space of the properties.
                &[
                    bx(b"ipco", &plain.properties[..13]),
                    bx(b"ipco", &plain.properties[21..]),
                ]
                .concat(),
            ),
            TWICE,
        ),
        track("two headers of a track", full(b"tkhd", &[0; 80])),
        track("two media of a track", bx(b"mdia", b"")),
        track("two meta boxes of a track", two),
        refused(
            "two meta boxes of a movie",
            sequence(&Movie { more, ..movie() }),
            TWICE,
        ),
        table("two boxes of sample sizes", movie().stsz),
        table("two boxes of runs", movie().stsc),
        table("two boxes of chunks", movie().stco),
    ]
}

fn missing() -> Vec<Case> {
    let gone = "a required box is missing";
    let none = Vec::new;
    let without = |meta: Meta| image(&meta);
    let mut bare = of(&[ftyp(&[b"avif"]), still()]);
    let at = bare
        .windows(4)
        .position(|name| name == b"iprp")
        .expect("it");
    bare[at..at + 4].copy_from_slice(b"free");
    vec![
        refused(
            "no primary item",
            without(Meta {
                pitm: none(),
                ..meta(&[])
            }),
            gone,
        ),
        refused(
            "no places",
            without(Meta {
                iloc: none(),
                ..meta(&[])
            }),
            "the primary item has no location",
        ),
        refused(
            "no entries",
            without(Meta {
                iinf: none(),
                ..meta(&[])
            }),
            "the primary item is not an AV1 image",
        ),
        refused("no properties", bare, gone),
        refused(
            "no properties of the picture",
            without(Meta {
                ipma: none(),
                ..meta(&[])
            }),
            "the primary item has no properties",
        ),
        refused(
            "no sample sizes",
            sequence(&Movie {
                stsz: none(),
                ..movie()
            }),
            gone,
        ),
        refused(
            "no runs of chunks",
            sequence(&Movie {
                stsc: none(),
                ..movie()
            }),
            gone,
        ),
        refused(
            "a sequence of sound",
            super::patched(&sequence(&movie()), b"pict", b"soun"),
            "the sequence has no track of pictures",
        ),
    ]
}

/// A sequence, and a picture with the same data.
fn both(boxes: [Vec<u8>; 2]) -> Vec<u8> {
    let brands = ftyp(&[b"avis", b"avif"]);
    file(&[&[brands], &boxes[..]].concat(), 1040)
}

fn orders() -> Vec<Case> {
    let after = |items: &[Item]| {
        let picture = Item::new(b"av01", &[(32, 10)]);
        let meta = Meta::new(&[&[picture], items].concat()).build();
        [ftyp(&[b"avif"]), bx(b"mdat", &[7; 100]), meta].concat()
    };
    vec![
        accepted("meta after the data", after(&[])),
        uneditable(
            "meta after the data that it declares as metadata",
            after(&[Item::xmp(&[(60, 10)])]),
            "metadata precedes the box that declares it",
        ),
        accepted("moov before meta", both([movie().build(), still()])),
        accepted("meta before moov", both([still(), movie().build()])),
        accepted("a picture that is also a frame of the sequence", {
            let still = Meta::new(&[Item::new(b"av01", &[(1020, 10)])]).build();
            both([still, movie().build()])
        }),
        accepted(
            "the same picture twice",
            image(&meta(&[Item::new(b"av01", &[PICTURE])])),
        ),
    ]
}

fn tracks() -> Vec<Case> {
    let named_twice = Item::xmp(&[(950, 8)]);
    let track = meta(std::slice::from_ref(&named_twice));
    vec![
        uneditable(
            "metadata in the samples of a track",
            both([meta(&[Item::xmp(&[(1025, 4)])]).build(), movie().build()]),
            "metadata overlaps other data",
        ),
        uneditable(
            "samples in earlier metadata",
            [
                both([meta(&[Item::xmp(&[(1025, 4)])]).build(), Vec::new()]),
                movie().build(),
            ]
            .concat(),
            super::NO_DATA,
        ),
        uneditable(
            "metadata of a track in idat",
            sequence(&Movie {
                track: Meta::new(&[Item::xmp(&[(0, 4)]).in_idat()]).build(),
                ..movie()
            }),
            "a track has metadata in an unsupported place",
        ),
        accepted(
            "metadata that a track and the still share",
            both([
                meta(&[named_twice]).build(),
                Movie {
                    track: track.build(),
                    ..movie()
                }
                .build(),
            ]),
        ),
        uneditable(
            "a track of metadata",
            file(
                &[ftyp(&[b"avis"]), {
                    let mut moov = movie();
                    let other = movie().build().split_off(8);
                    moov.more = super::patched(&other, b"pict", b"meta");
                    moov.build()
                }],
                1040,
            ),
            "a track has metadata in an unsupported place",
        ),
    ]
}

//! Nested boxes.

use super::{Case, accepted, image, meta, movie, refused, sequence};
use crate::media::testing::isobmff::{Item, Meta, Movie, bx, file, ftyp, nested};

const DEPTH: usize = 8000;

pub(super) fn cases() -> Vec<Case> {
    [containers(), others()].into_iter().flatten().collect()
}

/// An AVIF with a long `meta` box.
fn long(more: Vec<u8>) -> Vec<u8> {
    let of = |at: usize| {
        let at = u32::try_from(at).expect("small");
        let picture = Item::new(b"av01", &[(at, 10)]);
        let more = more.clone();
        let meta = Meta {
            more,
            ..Meta::new(&[picture])
        };
        [ftyp(&[b"avif"]), meta.build()]
    };
    let start = of(0).concat().len();
    file(&of(start + 8), start + 18)
}

/// An AVIF sequence with a long `moov` box.
fn moving(change: impl Fn(Movie) -> Movie) -> Vec<u8> {
    let of = |at: usize| {
        let at = u32::try_from(at).expect("small");
        [ftyp(&[b"avis"]), change(Movie::new([at, at + 10])).build()]
    };
    let start = of(0).concat().len();
    file(&of(start + 8), start + 38)
}

fn containers() -> Vec<Case> {
    let wrong = "a box is inside one that cannot contain it";
    let in_meta = |name: &[u8; 4], head: &[u8]| long(nested(name, head, DEPTH));
    let in_moov = |name: &[u8; 4], head: &[u8]| {
        moving(|movie| Movie {
            more: nested(name, head, DEPTH),
            ..movie
        })
    };
    let in_track = |name: &[u8; 4], head: &[u8]| {
        moving(|movie| Movie {
            track: nested(name, head, DEPTH),
            ..movie
        })
    };
    let in_table = |name: &[u8; 4], head: &[u8]| {
        moving(|movie| Movie {
            tables: nested(name, head, DEPTH),
            ..movie
        })
    };
    let gone = "a required box is missing";
    vec![
        refused("meta in meta", in_meta(b"meta", &[0; 4]), wrong),
        refused("moov in meta", in_meta(b"moov", b""), wrong),
        refused("trak in meta", in_meta(b"trak", b""), wrong),
        refused("stbl in meta", in_meta(b"stbl", b""), wrong),
        refused("ipco in meta", in_meta(b"ipco", b""), wrong),
        refused("dinf in dinf", in_meta(b"dinf", b""), wrong),
        refused("trak in trak", in_moov(b"trak", b""), gone),
        refused("moov in moov", in_moov(b"moov", b""), wrong),
        refused("mdia in moov", in_moov(b"mdia", b""), wrong),
        refused("meta in the meta of moov", in_moov(b"meta", &[0; 4]), wrong),
        refused("trak in a complete trak", in_track(b"trak", b""), wrong),
        refused("edts in edts", in_track(b"edts", b""), wrong),
        refused("minf in trak", in_track(b"minf", b""), wrong),
        refused(
            "meta in the meta of trak",
            in_track(b"meta", &[0; 4]),
            wrong,
        ),
        refused("stbl in stbl", in_table(b"stbl", b""), wrong),
        refused("stsd in stsd", in_table(b"stsd", &[0; 8]), wrong),
        refused("iprp in stbl", in_table(b"iprp", b""), wrong),
        refused(
            "ipco in ipco",
            properties(nested(b"ipco", b"", DEPTH)),
            wrong,
        ),
        refused(
            "iprp in ipco",
            properties(nested(b"iprp", b"", DEPTH)),
            wrong,
        ),
        refused(
            "iinf in ipco",
            properties(nested(b"iinf", &[0; 6], DEPTH)),
            wrong,
        ),
    ]
}

/// An AVIF with these additional properties.
fn properties(more: Vec<u8>) -> Vec<u8> {
    let plain = Meta::new(&[]).properties;
    let of = |at: usize| {
        let at = u32::try_from(at).expect("small");
        let meta = Meta {
            properties: [&plain[..], &more].concat(),
            ..Meta::new(&[Item::new(b"av01", &[(at, 10)])])
        };
        [ftyp(&[b"avif"]), meta.build()]
    };
    let start = of(0).concat().len();
    file(&of(start + 8), start + 18)
}

/// Boxes that no decoder reads may have any depth.
fn others() -> Vec<Case> {
    let secret = bx(b"ZZYZ", &[super::SECRET, b", 35.143 N"].concat());
    let deep = |name: &[u8; 4]| [&nested(name, b"", DEPTH)[..], &secret].concat();
    let in_track = |track: Vec<u8>| {
        moving(|movie| Movie {
            track: track.clone(),
            ..movie
        })
    };
    vec![
        accepted("free in free", long(deep(b"free"))),
        accepted("uuid in uuid", long(deep(b"uuid"))),
        accepted("udta in udta", in_track(deep(b"udta"))),
        accepted("ilst in ilst", in_track(deep(b"ilst"))),
        accepted("mdat in mdat", in_mdat()),
        accepted("no boxes in others", image(&meta(&[]))),
        accepted("a sequence without other boxes", sequence(&movie())),
    ]
}

fn in_mdat() -> Vec<u8> {
    let mut bytes = image(&meta(&[]));
    bytes.extend(nested(b"mdat", b"", 1000));
    bytes
}

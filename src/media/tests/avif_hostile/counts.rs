//! Counts and numbers that are not what is there.

use super::{
    Case, Expect, NO_BYTES, PICTURE, SHORT, case, image, meta, movie, refused, sequence, taken,
};
use crate::media::testing::isobmff::{Item, Meta, Movie, bx, full, versioned, words};

pub(super) fn cases() -> Vec<Case> {
    [items(), numbers(), properties(), samples(), chunks()]
        .into_iter()
        .flatten()
        .collect()
}

fn iloc(version: u8, content: &[u8]) -> Vec<u8> {
    let iloc = versioned(b"iloc", version, content);
    image(&Meta { iloc, ..meta(&[]) })
}

fn iinf(version: u8, content: &[u8]) -> Vec<u8> {
    let iinf = versioned(b"iinf", version, content);
    image(&Meta { iinf, ..meta(&[]) })
}

fn iref(version: u8, content: &[u8]) -> Vec<u8> {
    let iref = versioned(b"iref", version, content);
    image(&Meta { iref, ..meta(&[]) })
}

fn items() -> Vec<Case> {
    let infe = versioned(b"infe", 2, b"\0\x01\0\0av01\0");
    let more = "there is more than the stated number of items";
    let less = "there is less than the stated number of items";
    let with = |count: &[u8], rest: &[u8]| [count, rest].concat();
    let place = [&[0, 1, 0, 0, 0, 1][..], &words(&[1000, 10])].concat();
    let all = |widths: u8, count: &[u8], rest: &[u8]| [&[widths, 0], count, rest].concat();
    vec![
        refused(
            "iloc counts 65535",
            iloc(0, &all(0x44, &[255; 2], &place)),
            SHORT,
        ),
        refused(
            "iloc counts 2^32-1",
            iloc(2, &all(0x44, &[255; 4], &[1; 90])),
            SHORT,
        ),
        refused(
            "iloc counts none",
            iloc(0, &all(0x44, &[0; 2], b"")),
            "the primary item has no place",
        ),
        refused(
            "iloc of version 3",
            iloc(3, &all(0x44, &[0; 4], b"")),
            "the places of items have an unknown version",
        ),
        refused(
            "iloc has offsets of 5 bytes",
            iloc(0, &all(0x54, &[0, 1], &place)),
            "the places of items have a width that is not allowed",
        ),
        refused(
            "iloc has lengths of 15 bytes",
            iloc(0, &all(0x4F, &[0, 1], &place)),
            "the places of items have a width that is not allowed",
        ),
        refused(
            "an item has 65535 pieces of no width",
            iloc(0, &all(0, &[0, 1], &[0, 1, 0, 0, 255, 255])),
            SHORT,
        ),
        refused(
            "an item has a piece of no width",
            iloc(0, &all(0, &[0, 1], &[0, 1, 0, 0, 0, 1])),
            NO_BYTES,
        ),
        refused(
            "an item has 65535 pieces and one is there",
            iloc(0, &all(0x44, &[0, 1], &patch(&place, 4, &[255, 255]))),
            SHORT,
        ),
        refused("iinf counts 65535", iinf(0, &with(&[255; 2], &infe)), less),
        refused("iinf counts 2^32-1", iinf(1, &with(&[255; 4], &infe)), less),
        refused("iinf counts none", iinf(0, &with(&[0; 2], &infe)), more),
        refused(
            "iinf counts what is no entry",
            iinf(0, &with(&[0, 1], &bx(b"free", &[0; 20]))),
            more,
        ),
        refused("iinf is empty", iinf(0, b""), SHORT),
        refused(
            "dimg counts 65535",
            iref(0, &bx(b"dimg", &[0, 1, 255, 255, 0, 1])),
            SHORT,
        ),
        refused(
            "cdsc counts 65535",
            iref(0, &bx(b"cdsc", &[0, 1, 255, 255, 0, 1])),
            SHORT,
        ),
        refused(
            "a reference has no fields",
            iref(1, &bx(b"thmb", b"")),
            SHORT,
        ),
        refused(
            "iref of version 2",
            iref(2, b""),
            "references between items have an unknown version",
        ),
    ]
}

fn patch(bytes: &[u8], at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

fn numbers() -> Vec<Case> {
    let pitm = |version: u8, id: &[u8]| {
        let pitm = versioned(b"pitm", version, id);
        image(&Meta { pitm, ..meta(&[]) })
    };
    let zero = "an item has the number 0";
    let twice = "two items have the same number";
    let entry = |version: u8, id: &[u8]| versioned(b"infe", version, &[id, b"\0\0av01\0"].concat());
    let old = "an item's entry does not say what it is";
    let no_place = "the primary item has no place";
    let place = |id: &[u8]| [id, &[0; 4], &[0, 1], &words(&[1000, 10])].concat();
    let places = |count: u8, places: &[Vec<u8>]| {
        let head = [0x44, 0, 0, count];
        iloc(1, &[&head[..], &places.concat()].concat())
    };
    let last = Meta {
        pitm: versioned(b"pitm", 1, &[255; 4]),
        iinf: full(b"iinf", &[&[0, 1], &entry(3, &[255; 4])[..]].concat()),
        iloc: {
            let place = place(&[255; 4]);
            versioned(b"iloc", 2, &[&[0x44, 0, 0, 0, 0, 1], &place[..]].concat())
        },
        ipma: versioned(b"ipma", 1, &[0, 0, 0, 1, 255, 255, 255, 255, 1, 1]),
        ..meta(&[])
    };
    vec![
        taken("the picture's number is 2^32-1", image(&last)),
        refused("the primary item is 0", pitm(0, &[0, 0]), no_place),
        refused("the primary item is 65535", pitm(0, &[255; 2]), no_place),
        refused("the primary item is 2^32-1", pitm(1, &[255; 4]), no_place),
        refused(
            "the primary item is 65537",
            pitm(1, &[0, 1, 0, 1]),
            no_place,
        ),
        refused("the primary item has no number", pitm(0, b""), SHORT),
        refused(
            "an item has the place of number 0",
            places(1, &[place(&[0, 0])]),
            zero,
        ),
        refused(
            "an item has two places",
            places(2, &[place(&[0, 1]), place(&[0, 1])]),
            twice,
        ),
        refused(
            "an item has the entry of number 0",
            iinf(0, &[&[0, 1], &entry(2, &[0, 0])[..]].concat()),
            zero,
        ),
        refused(
            "an item has two entries",
            iinf(
                0,
                &[&[0, 2], &entry(2, &[0, 1])[..], &entry(2, &[0, 1])].concat(),
            ),
            twice,
        ),
        refused(
            "an entry of version 0",
            iinf(0, &[&[0, 1], &entry(0, &[0, 1])[..]].concat()),
            old,
        ),
        refused(
            "an entry of version 4",
            iinf(0, &[&[0, 1], &entry(4, &[0, 1])[..]].concat()),
            old,
        ),
        refused(
            "an entry has no type",
            iinf(
                0,
                &[&[0, 1], &versioned(b"infe", 2, &[0, 1, 0, 0])[..]].concat(),
            ),
            SHORT,
        ),
    ]
}

fn properties() -> Vec<Case> {
    let ipma = |content: &[u8]| {
        let ipma = full(b"ipma", content);
        image(&Meta { ipma, ..meta(&[]) })
    };
    let of = |properties: &[Vec<u8>], indices: &[u8]| {
        let count = u8::try_from(indices.len()).expect("few");
        let ipma = full(b"ipma", &[&[0, 0, 0, 1, 0, 1, count], indices].concat());
        let properties = properties.concat();
        image(&Meta {
            properties,
            ipma,
            ..meta(&[])
        })
    };
    let ispe = |width, height| full(b"ispe", &words(&[width, height]));
    let irot = bx(b"irot", &[1]);
    let twice = "the primary item has a property twice";
    vec![
        refused(
            "ipma counts 2^32-1",
            ipma(&[255, 255, 255, 255, 0, 1, 1, 1]),
            SHORT,
        ),
        refused(
            "ipma counts none",
            ipma(&[0; 4]),
            "the primary item has no properties",
        ),
        refused(
            "an item has 255 properties and one is there",
            ipma(&[0, 0, 0, 1, 0, 1, 255, 1]),
            SHORT,
        ),
        refused(
            "an item has its properties twice",
            ipma(&[0, 0, 0, 2, 0, 1, 1, 1, 0, 1, 1, 1]),
            "the primary item has its properties twice",
        ),
        refused(
            "a property's number is 127",
            ipma(&[0, 0, 0, 1, 0, 1, 1, 127]),
            "a property of the primary item is missing",
        ),
        refused(
            "a property's number is 0",
            ipma(&[0, 0, 0, 1, 0, 1, 1, 0]),
            "the primary item has no size",
        ),
        refused("two sizes", of(&[ispe(6, 4), ispe(4, 6)], &[1, 2]), twice),
        refused(
            "turned twice",
            of(&[ispe(6, 4), irot.clone(), irot], &[1, 2, 3]),
            twice,
        ),
        refused("the size twice", of(&[ispe(6, 4)], &[1, 1]), twice),
        refused(
            "no pixels",
            of(&[ispe(6, 0)], &[1]),
            "the image has no pixels",
        ),
        refused("a size of no bytes", of(&[bx(b"ispe", b"")], &[1]), SHORT),
        refused(
            "a turn of no bytes",
            of(&[ispe(6, 4), bx(b"irot", b"")], &[1, 2]),
            SHORT,
        ),
        case(
            "2^64 pixels",
            of(&[ispe(u32::MAX, u32::MAX)], &[1]),
            Expect::TooManyPixels,
        ),
        case(
            "another picture has 2^32 pixels",
            of(&[ispe(6, 4), ispe(65_535, 65_535)], &[1]),
            Expect::TooManyPixels,
        ),
    ]
}

fn samples() -> Vec<Case> {
    let stsz = |content: &[u32]| {
        let stsz = full(b"stsz", &words(content));
        sequence(&Movie { stsz, ..movie() })
    };
    let stsc = |content: &[u32]| {
        let stsc = full(b"stsc", &words(content));
        sequence(&Movie { stsc, ..movie() })
    };
    let empty = "a frame of the sequence has no bytes";
    let max = u32::MAX;
    vec![
        case(
            "stsz counts 2^32-1 of one size",
            stsz(&[10, max]),
            Expect::TooManyFrames,
        ),
        case(
            "stsz counts 2^32-1 of three",
            stsz(&[0, max, 10, 10, 10]),
            Expect::TooManyFrames,
        ),
        refused(
            "stsz counts more than chunks have",
            stsz(&[0, 4, 5, 5, 5, 5]),
            empty,
        ),
        refused(
            "stsz counts less than chunks have",
            stsz(&[0, 2, 10, 10, 10]),
            empty,
        ),
        refused(
            "stsz has less than chunks have",
            stsz(&[0, 3, 10, 10]),
            SHORT,
        ),
        refused(
            "stsz counts none",
            stsz(&[10, 0]),
            "the sequence has no frames",
        ),
        refused("stsz is empty", stsz(&[]), SHORT),
        refused("a frame has no bytes", stsz(&[0, 3, 10, 0, 10]), empty),
        refused("no frame has bytes", stsz(&[0, 3, 0, 0, 0]), empty),
        case(
            "a frame has 2^32-1 bytes",
            stsz(&[0, 3, 10, 10, max]),
            Expect::CutShort,
        ),
        case(
            "each frame has 2^32-1 bytes",
            stsz(&[max, 3]),
            Expect::CutShort,
        ),
        refused("stsc counts 2^32-1", stsc(&[max, 1, 1, 1]), SHORT),
        refused("stsc counts none", stsc(&[0]), "a chunk has no samples"),
        refused(
            "stsc begins with chunk 2",
            stsc(&[1, 2, 1, 1]),
            "a chunk has no samples",
        ),
        refused(
            "a chunk has no samples",
            stsc(&[2, 1, 0, 1, 2, 3, 1]),
            "a chunk has no samples",
        ),
        refused("a chunk has 2^32-1 samples", stsc(&[1, 1, max, 1]), SHORT),
        refused(
            "runs of chunks go back",
            stsc(&[2, 1, 1, 1, 1, 2, 1]),
            "the runs of chunks are not in their order",
        ),
        refused(
            "2^32-1 samples of 2^32-1 bytes",
            sequence(&Movie {
                stsz: full(b"stsz", &words(&[max, 3])),
                stsc: full(b"stsc", &words(&[1, 1, max, 1])),
                ..movie()
            }),
            empty,
        ),
    ]
}

fn chunks() -> Vec<Case> {
    let stco = |stco: Vec<u8>| sequence(&Movie { stco, ..movie() });
    let table = |name: &[u8; 4], content: &[u32]| {
        let tables = full(name, &words(content));
        sequence(&Movie { tables, ..movie() })
    };
    let edits = |version: u8| {
        let elst = versioned(b"elst", version, &words(&[u32::MAX, 1, 1, 1, 1, 1]));
        let track = bx(b"edts", &elst);
        sequence(&Movie { track, ..movie() })
    };
    let max = u32::MAX;
    let no_place = "the sequence's frames have no place, or two";
    let empty = "a frame of the sequence has no bytes";
    vec![
        refused(
            "stco counts 2^32-1",
            stco(full(b"stco", &words(&[max, 1000, 1020]))),
            SHORT,
        ),
        refused(
            "co64 counts 2^32-1",
            stco(full(b"co64", &words(&[max, 0, 1000]))),
            SHORT,
        ),
        refused("stco counts none", stco(full(b"stco", &[0; 4])), empty),
        refused("chunks have no place", stco(Vec::new()), no_place),
        refused(
            "chunks have two places",
            table(b"co64", &[1, 0, 1000]),
            no_place,
        ),
        refused(
            "a chunk at 2^64-1",
            stco(full(b"co64", &words(&[2, max, max, max, max]))),
            "a frame lies beyond the end of any file",
        ),
        case(
            "a chunk at 2^32-1",
            stco(full(b"stco", &words(&[2, max, max]))),
            Expect::CutShort,
        ),
        refused("stts counts 2^32-1", table(b"stts", &[max, 1, 1]), SHORT),
        refused("ctts counts 2^32-1", table(b"ctts", &[max, 1, 1]), SHORT),
        refused("stss counts 2^32-1", table(b"stss", &[max, 1]), SHORT),
        refused("elst counts 2^32-1", edits(0), SHORT),
        refused("elst of version 1 counts 2^32-1", edits(1), SHORT),
        taken("stts counts what is there", table(b"stts", &[1, 3, 1])),
        taken(
            "an item that nothing shows",
            image(&meta(&[Item::new(b"av01", &[PICTURE])])),
        ),
    ]
}

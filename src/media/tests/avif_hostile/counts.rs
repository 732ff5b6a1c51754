//! Counts and numbers that do not match the data.

use super::{Case, Expect, NO_BYTES, SHORT, accepted, case, image, meta, refused};
use crate::media::testing::isobmff::{Meta, bx, full, versioned, words};

pub(super) fn cases() -> Vec<Case> {
    [
        items(),
        entries(),
        references(),
        numbers(),
        numbered_entries(),
        associations(),
        properties(),
    ]
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
    let location = [&[0, 1, 0, 0, 0, 1][..], &words(&[1000, 10])].concat();
    let all = |widths: u8, count: &[u8], rest: &[u8]| [&[widths, 0], count, rest].concat();
    vec![
        refused(
            "iloc counts 65535",
            iloc(0, &all(0x44, &[255; 2], &location)),
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
            "the primary item has no location",
        ),
        refused(
            "iloc of version 3",
            iloc(3, &all(0x44, &[0; 4], b"")),
            "the locations of items have an unknown version",
        ),
        refused(
            "iloc has offsets of 5 bytes",
            iloc(0, &all(0x54, &[0, 1], &location)),
            "the locations of items have a field width that is not allowed",
        ),
        refused(
            "iloc has lengths of 15 bytes",
            iloc(0, &all(0x4F, &[0, 1], &location)),
            "the locations of items have a field width that is not allowed",
        ),
        refused(
            "an item has 65535 extents of no width",
            iloc(0, &all(0, &[0, 1], &[0, 1, 0, 0, 255, 255])),
            SHORT,
        ),
        refused(
            "an item has an extent of no width",
            iloc(0, &all(0, &[0, 1], &[0, 1, 0, 0, 0, 1])),
            NO_BYTES,
        ),
        refused(
            "an item has 65535 extents but only one is there",
            iloc(0, &all(0x44, &[0, 1], &patch(&location, 4, &[255, 255]))),
            SHORT,
        ),
    ]
}

fn entries() -> Vec<Case> {
    let infe = versioned(b"infe", 2, b"\0\x01\0\0av01\0");
    let more = "there are more items than declared";
    let less = "there are fewer items than declared";
    let with = |count: &[u8], rest: &[u8]| [count, rest].concat();
    vec![
        refused("iinf counts 65535", iinf(0, &with(&[255; 2], &infe)), less),
        refused("iinf counts 2^32-1", iinf(1, &with(&[255; 4], &infe)), less),
        refused("iinf counts none", iinf(0, &with(&[0; 2], &infe)), more),
        refused(
            "iinf counts a box that is not an entry",
            iinf(0, &with(&[0, 1], &bx(b"free", &[0; 20]))),
            more,
        ),
        refused("iinf is empty", iinf(0, b""), SHORT),
    ]
}

fn references() -> Vec<Case> {
    vec![
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
    let zero = "an item has the id 0";
    let twice = "two items have the same id";
    let entry = |version: u8, id: &[u8]| versioned(b"infe", version, &[id, b"\0\0av01\0"].concat());
    let no_location = "the primary item has no location";
    let location = |id: &[u8]| [id, &[0; 4], &[0, 1], &words(&[1000, 10])].concat();
    let locations = |count: u8, locations: &[Vec<u8>]| {
        let head = [0x44, 0, 0, count];
        iloc(1, &[&head[..], &locations.concat()].concat())
    };
    let last = Meta {
        pitm: versioned(b"pitm", 1, &[255; 4]),
        iinf: full(b"iinf", &[&[0, 1], &entry(3, &[255; 4])[..]].concat()),
        iloc: {
            let location = location(&[255; 4]);
            versioned(
                b"iloc",
                2,
                &[&[0x44, 0, 0, 0, 0, 1], &location[..]].concat(),
            )
        },
        ipma: versioned(b"ipma", 1, &[0, 0, 0, 1, 255, 255, 255, 255, 1, 1]),
        ..meta(&[])
    };
    vec![
        accepted("the picture's id is 2^32-1", image(&last)),
        refused("the primary item is 0", pitm(0, &[0, 0]), no_location),
        refused("the primary item is 65535", pitm(0, &[255; 2]), no_location),
        refused(
            "the primary item is 2^32-1",
            pitm(1, &[255; 4]),
            no_location,
        ),
        refused(
            "the primary item is 65537",
            pitm(1, &[0, 1, 0, 1]),
            no_location,
        ),
        refused("the primary item has no id", pitm(0, b""), SHORT),
        refused(
            "a location has the id 0",
            locations(1, &[location(&[0, 0])]),
            zero,
        ),
        refused(
            "an item has two locations",
            locations(2, &[location(&[0, 1]), location(&[0, 1])]),
            twice,
        ),
    ]
}

fn entry(version: u8, id: &[u8]) -> Vec<u8> {
    versioned(b"infe", version, &[id, b"\0\0av01\0"].concat())
}

fn numbered_entries() -> Vec<Case> {
    let old = "an item's entry does not state its type";
    vec![
        refused(
            "an entry has the id 0",
            iinf(0, &[&[0, 1], &entry(2, &[0, 0])[..]].concat()),
            "an item has the id 0",
        ),
        refused(
            "an item has two entries",
            iinf(
                0,
                &[&[0, 2], &entry(2, &[0, 1])[..], &entry(2, &[0, 1])].concat(),
            ),
            "two items have the same id",
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

fn associations() -> Vec<Case> {
    let ipma = |content: &[u8]| {
        let ipma = full(b"ipma", content);
        image(&Meta { ipma, ..meta(&[]) })
    };
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
            "an item has 255 properties but only one is there",
            ipma(&[0, 0, 0, 1, 0, 1, 255, 1]),
            SHORT,
        ),
        refused(
            "an item has two lists of properties",
            ipma(&[0, 0, 0, 2, 0, 1, 1, 1, 0, 1, 1, 1]),
            "the primary item has two lists of properties",
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
    ]
}

fn properties() -> Vec<Case> {
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
    let twice = "the primary item has a duplicate property";
    vec![
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

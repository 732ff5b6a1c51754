//! Items in invalid places, and metadata in unusual ones.

use super::{
    Case, Expect, NO_BYTES, NO_DATA, OUTSIDE, PICTURE, accepted, case, costly, image, meta,
    picture_at, refused,
};
use crate::media::testing::isobmff::{Item, Meta, bx, file, ftyp, versioned};

pub(super) fn cases() -> Vec<Case> {
    [pictures(), pieces(), wide(), boxes(), sources(), idat()]
        .into_iter()
        .flatten()
        .collect()
}

fn pictures() -> Vec<Case> {
    let max = u32::MAX;
    vec![
        case(
            "a picture at 2^32-1",
            picture_at(&[(max, 10)]),
            Expect::CutShort,
        ),
        case(
            "a picture of 2^32-1 bytes",
            picture_at(&[(1000, max)]),
            Expect::CutShort,
        ),
        case(
            "a picture of 2^32-1 bytes at 2^32-1",
            picture_at(&[(max, max)]),
            Expect::CutShort,
        ),
        refused(
            "a picture in the file's first bytes",
            picture_at(&[(0, 10)]),
            NO_DATA,
        ),
        refused(
            "a picture in the box that declares it",
            picture_at(&[(100, 10)]),
            NO_DATA,
        ),
        refused(
            "a picture that covers the file",
            picture_at(&[(0, 1010)]),
            NO_DATA,
        ),
        refused(
            "a picture without bytes",
            picture_at(&[(1000, 0)]),
            NO_BYTES,
        ),
        refused("a picture without extents", picture_at(&[]), NO_BYTES),
        refused(
            "a picture in two extents, one of them empty",
            picture_at(&[(1000, 5), (1005, 0)]),
            NO_BYTES,
        ),
        accepted(
            "a picture that repeats an extent sixty times",
            picture_at(&[PICTURE; 60]),
        ),
        accepted(
            "a picture in two extents",
            picture_at(&[(1005, 5), (1000, 5)]),
        ),
    ]
}

/// More pieces than the maximum.
fn pieces() -> Vec<Case> {
    let scattered = "its data is in more than 16,384 pieces";
    let start = 200_000;
    let of = |count: u32| {
        let extents: Vec<_> = (0..count).map(|index| (start + 2 * index, 1)).collect();
        let meta = Meta::new(&[Item::new(b"av01", &extents)]);
        file(&[ftyp(&[b"avif"]), meta.build()], 240_000)
    };
    let boxes = |count: usize| {
        let boxes = bx(b"mdat", &[7]).repeat(count);
        let meta = Meta {
            idat: vec![7; 10],
            ..Meta::new(&[Item::new(b"av01", &[(0, 10)]).in_idat()])
        };
        [ftyp(&[b"avif"]), boxes, meta.build()].concat()
    };
    vec![
        accepted("a picture in 16,384 pieces", of(16_384)),
        refused("a picture in 16,385 pieces", of(16_385), scattered),
        costly("16,383 data boxes", boxes(16_383)),
        costly("16,384 data boxes", boxes(16_384)),
        accepted("500 data boxes", boxes(500)),
    ]
}

/// An item whose base, offset and length have 64 bits.
fn wide() -> Vec<Case> {
    let at = |base: u64, offset: u64, length: u64| {
        let numbers = [base, offset, length].map(u64::to_be_bytes);
        let [base, offset, length] = &numbers;
        let item = [&[0, 1, 0, 0, 0, 0][..], base, &[0, 1], offset, length].concat();
        let iloc = versioned(b"iloc", 1, &[&[0x88, 0x80, 0, 1], &item[..]].concat());
        image(&Meta { iloc, ..meta(&[]) })
    };
    let far = "an item extends beyond the end of any file";
    let max = u64::MAX;
    vec![
        accepted("a picture in 64 bits", at(900, 100, 10)),
        refused("offset and length wrap", at(0, max, 10), far),
        refused(
            "base and offset wrap to the picture",
            at(max, 1001, 10),
            far,
        ),
        refused("the length wraps to the picture", at(1000, 0, max), far),
        case(
            "offset and length add up to 2^64-1",
            at(0, max - 10, 10),
            Expect::CutShort,
        ),
        case(
            "the offset matches in the lower 32 bits",
            at(1 << 32, 1000, 10),
            Expect::CutShort,
        ),
        case(
            "the length matches in the lower 32 bits",
            at(0, 1000, (1 << 32) + 10),
            Expect::CutShort,
        ),
        case(
            "a picture at 2^63",
            at(1 << 63, 0, 1 << 62),
            Expect::CutShort,
        ),
    ]
}

/// Pictures outside of data boxes.
fn boxes() -> Vec<Case> {
    let head = |at: u32| {
        let meta = Meta::new(&[Item::new(b"av01", &[(at, 10)])]).build();
        [ftyp(&[b"avif"]), meta]
    };
    let start = head(0).concat().len();
    let at = |offset: usize| u32::try_from(start + offset).expect("small");
    let in_box = |name: &[u8; 4]| {
        let [ftyp, meta] = head(at(8));
        [ftyp, meta, bx(name, &[7; 10])].concat()
    };
    let before = |name: &[u8; 4]| {
        let meta = Meta::new(&[Item::new(b"av01", &[(32, 10)])]).build();
        [ftyp(&[b"avif"]), bx(name, &[7; 20]), meta].concat()
    };
    let over = |offset| {
        let [ftyp, meta] = head(at(offset));
        let data = [bx(b"mdat", &[7; 10]), bx(b"free", &[7; 10])].concat();
        [ftyp, meta, data].concat()
    };
    let headers = [
        head(at(8)).concat(),
        bx(b"mdat", b""),
        bx(b"mdat", &[7; 40]),
    ]
    .concat();
    let open = |name: &[u8; 4]| {
        let mut bytes = in_box(name);
        bytes[start..start + 4].fill(0);
        bytes
    };
    vec![
        accepted("a picture in mdat", in_box(b"mdat")),
        refused("a picture in free", in_box(b"free"), NO_DATA),
        refused("a picture in uuid", in_box(b"uuid"), NO_DATA),
        refused("a picture in an unknown box", in_box(b"ZZYZ"), NO_DATA),
        accepted("a picture in mdat before meta", before(b"mdat")),
        refused("a picture in free before meta", before(b"free"), NO_DATA),
        refused(
            "a picture in an unknown box before meta",
            before(b"ZZYZ"),
            NO_DATA,
        ),
        refused("a picture across the end of mdat", over(15), NO_DATA),
        refused("a picture across the start of mdat", over(1), NO_DATA),
        refused("a picture across two data boxes", headers, NO_DATA),
        accepted("mdat to the end of the file", open(b"mdat")),
        refused(
            "free to the end of the file",
            open(b"free"),
            "a box other than a data box has no length",
        ),
        refused(
            "uuid to the end of the file",
            open(b"uuid"),
            "a box other than a data box has no length",
        ),
        refused(
            "a size that wraps after a meta box",
            include_bytes!("../../../../fuzz/seeds/media/box-beyond-meta.avif").to_vec(),
            OUTSIDE,
        ),
    ]
}

/// Items in other files, or constructed from other items.
fn sources() -> Vec<Case> {
    let primary = |item: Item| image(&Meta::new(&[item]));
    let picture = || Item::new(b"av01", &[PICTURE]);
    let made = "an item is constructed from the bytes of others";
    let no_file = Item {
        source: 1,
        ..Item::new(b"av01", &[(0, 0)])
    };
    vec![
        refused("an empty picture in file 1", primary(no_file), NO_BYTES),
        accepted(
            "a picture in file 1",
            primary(Item {
                source: 1,
                ..picture()
            }),
        ),
        case(
            "a picture in file 65535, beyond this one",
            primary(Item {
                source: u16::MAX,
                ..Item::new(b"av01", &[(1005, 10)])
            }),
            Expect::CutShort,
        ),
        refused(
            "a picture constructed from others",
            primary(Item {
                method: 2,
                ..picture()
            }),
            made,
        ),
        refused(
            "a picture with construction method 15",
            primary(Item {
                method: 15,
                ..picture()
            }),
            made,
        ),
        refused(
            "metadata constructed from others",
            image(&meta(&[Item {
                method: 2,
                ..Item::xmp(&[PICTURE])
            }])),
            made,
        ),
    ]
}

/// Pictures in `idat`.
fn idat() -> Vec<Case> {
    let of = |extents: &[(u32, u32)], idat: &[u8]| {
        let meta = Meta {
            idat: idat.to_vec(),
            ..Meta::new(&[Item::new(b"av01", extents).in_idat()])
        };
        [ftyp(&[b"avif"]), meta.build()].concat()
    };
    let outside = "a picture extends beyond the box that contains it";
    let max = u32::MAX;
    vec![
        accepted("a picture in idat", of(&[(0, 10)], &[7; 10])),
        accepted(
            "a picture in idat in two pieces",
            of(&[(5, 5), (0, 5)], &[7; 10]),
        ),
        refused("a picture in an absent idat", of(&[(0, 10)], b""), outside),
        refused("a picture beyond idat", of(&[(1, 10)], &[7; 10]), outside),
        refused(
            "a picture in idat at 2^32-1",
            of(&[(max, 1)], &[7; 10]),
            outside,
        ),
        refused(
            "a picture in idat of 2^32-1 bytes",
            of(&[(1, max)], &[7; 10]),
            outside,
        ),
        refused(
            "a picture without a length in idat",
            of(&[(0, 0)], &[7; 10]),
            NO_BYTES,
        ),
        refused(
            "a picture in idat, one extent beyond it",
            of(&[(0, 5), (10, 1)], &[7; 10]),
            outside,
        ),
    ]
}

//! Metadata in an AVIF is wherever `iloc` says.

use super::Answer;
use crate::media::testing::fuzz::{self, policy, run};
use crate::media::testing::isobmff::{Item, Meta, bx, file, ftyp};
use crate::media::{MediaError, Strip};
use crate::model::Kind;

const PACKET: &[u8; 17] = b"<a City='Zzyzx'/>";
const BLANK: &[u8; 17] = b"<a             />";

fn xmp() -> Item {
    Item::xmp(&[(700, 17)])
}

fn exif() -> Item {
    Item::new(b"Exif", &[(600, 30)])
}

/// A picture of 6 by 4 at the offset 500, 10 bytes long, these items, and an `idat` box if
/// `idat` is not empty.
fn meta(items: &[Item], idat: &[u8]) -> Vec<u8> {
    let picture = Item::new(b"av01", &[(500, 10)]);
    Meta {
        idat: idat.to_vec(),
        ..Meta::new(&[&[picture], items].concat())
    }
    .build()
}

/// An AVIF of these boxes with `mdat` up to 800, and texts at these offsets.
fn image(boxes: &[Vec<u8>], texts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = file(&[&[ftyp(&[b"avif"])], boxes].concat(), 800);
    for (at, text) in texts {
        bytes[*at..at + text.len()].copy_from_slice(text);
    }
    bytes
}

/// Checks every property, and returns the file without locations.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let outcome = fuzz::check(bytes, bytes.len() / 2);
    assert!(outcome.answer.is_ok(), "{:?}", outcome.answer);
    outcome.stored
}

fn refused(bytes: &[u8]) -> &'static str {
    // It is accepted as long as nothing must be edited.
    assert!(run(&policy(None), [bytes]).answer.is_ok());
    let answer: Answer = run(&policy(Some(Strip::Location)), [bytes]).answer;
    match answer {
        Err(MediaError::Malformed {
            kind: Kind::Avif,
            reason,
        }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn metadata_is_edited_in_place() {
    let bytes = image(&[meta(&[xmp()], b"")], &[(700, PACKET)]);
    let mut expect = bytes.clone();
    expect[700..717].copy_from_slice(BLANK);
    assert!(stored(&bytes) == expect);

    let in_idat = || Item::xmp(&[(3, 17)]).in_idat();
    let idat = [b"...", &PACKET[..], b"."].concat();
    let bytes = image(&[meta(&[in_idat()], &idat)], &[]);
    let blank = [b"...", &BLANK[..], b"."].concat();
    assert!(stored(&bytes) == image(&[meta(&[in_idat()], &blank)], &[]));
}

#[test]
fn metadata_cannot_hide_behind_a_data_reference_index() {
    for (method, source) in [(0, 1), (0, u16::MAX), (1, 7)] {
        let start = if method == 0 { 700 } else { 0 };
        let item = Item {
            method,
            source,
            ..Item::xmp(&[(start, 17)])
        };
        let idat = |packet: &[u8]| {
            if method == 0 {
                Vec::new()
            } else {
                packet.to_vec()
            }
        };
        let bytes = |packet: &[u8]| {
            let meta = meta(std::slice::from_ref(&item), &idat(packet));
            image(&[meta], &[(700, packet)])
        };
        let stored = stored(&bytes(PACKET));
        let mut expect = bytes(BLANK);
        if method == 1 {
            expect[700..717].copy_from_slice(PACKET);
        }
        assert!(stored == expect, "{method}, {source}");
    }
}

#[test]
fn malformed_exif_becomes_empty_exif() {
    let junk = [&[0, 0, 0, 0][..], b"at Zzyzx, or so it may say"].concat();
    let boxes = [meta(&[exif(), xmp()], b"")];
    let stored = stored(&image(&boxes, &[(600, &junk), (700, PACKET)]));
    assert_eq!(&stored[600..612], b"\0\0\0\0MM\0\x2a\0\0\0\x08");
    assert_eq!(stored[612..630], [0; 18]);
}

#[test]
fn items_that_are_not_pictures_are_emptied() {
    let other = |kind: &[u8; 4], texts: &[u8]| Item {
        texts: texts.to_vec(),
        ..Item::new(kind, &[(600, 30)])
    };
    let compressed = b"\0application/rdf+xml\0\x20\0";
    for item in [
        other(b"mime", b"\0          \0"),
        other(b"mime", compressed),
        other(b"uri ", b"\0"),
        other(b"jpeg", b"\0"),
        other(b"hvc1", b"\0"),
        other(b"ZZYZ", b"\0"),
    ] {
        let bytes = image(&[meta(&[item], b"")], &[]);
        let mut expect = bytes.clone();
        expect[600..630].fill(0);
        assert!(stored(&bytes) == expect);
    }
}

#[test]
fn boxes_with_metadata_become_free_boxes() {
    let udta = bx(b"udta", &bx(b"\xa9xyz", b"+35.143-116.104/"));
    let empty = bx(b"free", &[0; 24]);
    let moov = |inner: &[u8]| bx(b"moov", inner);
    let uuid = bx(b"uuid", &[5; 30]);
    let before = image(&[meta(&[], b""), moov(&udta), uuid], &[]);
    let after = image(&[meta(&[], b""), moov(&empty), bx(b"free", &[0; 30])], &[]);
    assert!(stored(&before) == after);
    // The bytes of a data box between items are kept.
    let free = bx(b"free", &[5; 30]);
    let before = image(&[free, meta(&[], b"")], &[(790, b"unnamed")]);
    let after = image(
        &[bx(b"free", &[0; 30]), meta(&[], b"")],
        &[(790, b"unnamed")],
    );
    assert!(stored(&before) == after);
}

#[test]
fn metadata_that_cannot_be_edited_in_one_pass_is_refused() {
    let of = |extents: &[(u32, u32)]| meta(&[Item::xmp(extents)], b"");
    let check = |boxes: &[Vec<u8>], reason| assert_eq!(refused(&image(boxes, &[])), reason);
    check(
        &[of(&[(700, 9), (720, 8)])],
        "metadata is in several pieces",
    );
    check(&[of(&[(700, 0)])], "metadata has no length");
    check(
        &[of(&[(40, 8)])],
        "metadata precedes the box that declares it",
    );
    let overlap = "metadata overlaps other data";
    check(&[of(&[(505, 10)])], overlap);
    check(&[of(&[(495, 30)])], overlap);
    let second = Item::new(b"Exif", &[(620, 20)]);
    check(&[meta(&[xmp(), exif(), second], b"")], overlap);
    // In a box other than a data box, and across the edge of one.
    let long = bx(b"free", &[0; 60]);
    let first = meta(&[Item::xmp(&[(380, 20)])], b"");
    let boxes = [first, long.clone(), long];
    let free = 24 + boxes[0].len();
    assert!((free + 8..free + 128).contains(&380), "{free}");
    check(&boxes, "metadata is not in a data box");
    let mut edge = image(&[of(&[(790, 10)])], &[]);
    edge.truncate(795);
    let at = edge
        .windows(4)
        .position(|name| name == b"mdat")
        .expect("it")
        - 4;
    let size = u32::try_from(edge.len() - at).expect("small");
    edge[at..at + 4].copy_from_slice(&size.to_be_bytes());
    edge.extend(bx(b"free", b"12345"));
    assert_eq!(refused(&edge), "metadata is not in a data box");
}

#[test]
fn the_same_rules_apply_in_idat() {
    let idat = [b' '; 100];
    let of = |extents: &[(u32, u32)]| Item::xmp(extents).in_idat();
    let check = |items: &[Item], reason| {
        assert_eq!(refused(&image(&[meta(items, &idat)], &[])), reason);
    };
    check(&[of(&[(0, 9), (20, 8)])], "metadata is in several pieces");
    check(&[of(&[(0, 0)])], "metadata has no length");
    check(
        &[of(&[(90, 11)])],
        "metadata extends beyond the box that contains it",
    );
    let overlap = "metadata overlaps other data";
    check(&[of(&[(0, 10)]), of(&[(9, 10)])], overlap);
    let picture = Item::new(b"av01", &[(5, 1)]).in_idat();
    check(&[of(&[(0, 10)]), picture], overlap);
    // Adjacent items are valid, and so are identical ones.
    let items = [of(&[(0, 10)]), of(&[(10, 10)]), of(&[(10, 10)])];
    stored(&image(&[meta(&items, &idat)], &[]));
}

#[test]
fn overlapping_pieces_of_metadata_are_refused_before_one_is_read() {
    // 4,000 extents of 64 kB each, all of which are the same 64 kB.
    let block = vec![b' '; 64 << 10];
    let item = Item::new(b"Exif", &vec![(0, 65_536); 4000]).in_idat();
    let many = meta(&[item], &block);
    assert_eq!(refused(&image_of(many)), "metadata is in several pieces");
    let mut items: Vec<Item> = Vec::new();
    for at in 0..2000 {
        items.push(Item::new(b"Exif", &[(at, 60_000)]).in_idat());
    }
    let many = meta(&items, &block);
    let reason = "metadata overlaps other data";
    assert_eq!(refused(&image_of(many)), reason);
}

/// An AVIF with this `meta` box, followed by the picture.
fn image_of(mut meta: Vec<u8>) -> Vec<u8> {
    let start = u32::try_from(24 + meta.len() + 8).expect("small");
    let extent = [500u32.to_be_bytes(), 10u32.to_be_bytes()].concat();
    let at = meta.windows(8).position(|bytes| bytes == extent);
    let at = at.expect("the picture's extent");
    meta[at..at + 4].copy_from_slice(&start.to_be_bytes());
    let total = 24 + meta.len() + 18;
    file(&[ftyp(&[b"avif"]), meta], total)
}

#[test]
fn data_that_ends_with_its_metadata_is_cut_short_however_it_is_split() {
    let other = Item::new(b"uri ", &[(700, 17)]);
    let bytes = image(&[meta(&[other], b"")], &[(700, PACKET)]);
    let short = &bytes[..717];
    for cut in 0..short.len() {
        let (head, tail) = short.split_at(cut);
        let answer = run(&policy(Some(Strip::Location)), [head, tail]).answer;
        let kind = Kind::Avif;
        assert_eq!(answer, Err(MediaError::Truncated { kind }), "cut at {cut}");
    }
}

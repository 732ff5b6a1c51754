//! Metadata in an AVIF lies wherever `iloc` says.

use super::Answer;
use super::avif::{bx, file, ftyp, full, words};
use crate::media::testing::promises::{self, policy, run};
use crate::media::{Kind, MediaError, Strip};

/// An item besides the picture: its number is its place in the list, from 2 on.
struct Item {
    kind: &'static [u8; 4],
    media_type: &'static str,
    method: u8,
    /// Offset and length.
    extents: &'static [(u32, u32)],
}

const XMP: Item = Item {
    kind: b"mime",
    media_type: "application/rdf+xml",
    method: 0,
    extents: &[(700, 17)],
};
const EXIF: Item = Item {
    kind: b"Exif",
    media_type: "",
    method: 0,
    extents: &[(600, 30)],
};
const PACKET: &[u8; 17] = b"<a City='Zzyzx'/>";
const BLANK: &[u8; 17] = b"<a             />";

/// A picture of 6 by 4 at the offset 500, 10 bytes long, these items, and an
/// `idat` box where there is one.
fn meta(items: &[Item], idat: &[u8]) -> Vec<u8> {
    let numbers = 2u8..;
    let entry = |number: u8, kind: &[u8; 4], media_type: &str| {
        let head = [2, 0, 0, 0, 0, number, 0, 0];
        bx(
            b"infe",
            &[&head, &kind[..], b"\0", media_type.as_bytes(), b"\0"].concat(),
        )
    };
    let place = |number: u8, method: u8, extents: &[(u32, u32)]| {
        let count = u8::try_from(extents.len()).expect("few");
        let extents = extents.iter().flat_map(|(at, size)| words(&[*at, *size]));
        let head = [0, number, 0, method, 0, 0, 0, count];
        head.into_iter().chain(extents).collect::<Vec<u8>>()
    };
    let count = u8::try_from(items.len() + 1).expect("few");
    let mut entries = vec![0, count];
    let mut places = vec![0x44, 0, 0, count];
    entries.extend(entry(1, b"av01", ""));
    places.extend(place(1, 0, &[(500, 10)]));
    for (number, item) in numbers.zip(items) {
        entries.extend(entry(number, item.kind, item.media_type));
        places.extend(place(number, item.method, item.extents));
    }
    let mut iloc = full(b"iloc", &places);
    iloc[8] = 1;
    let iprp = [
        bx(b"ipco", &full(b"ispe", &words(&[6, 4]))),
        full(b"ipma", &[0, 0, 0, 1, 0, 1, 1, 1]),
    ];
    let mut inner = vec![
        full(b"pitm", &[0, 1]),
        full(b"iinf", &entries),
        bx(b"iprp", &iprp.concat()),
        iloc,
    ];
    if !idat.is_empty() {
        inner.push(bx(b"idat", idat));
    }
    full(b"meta", &inner.concat())
}

/// An AVIF of these boxes with `mdat` up to 800, and texts at these places.
fn image(boxes: &[Vec<u8>], texts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = file(&[&[ftyp(b"avif")], boxes].concat(), 800);
    for (at, text) in texts {
        bytes[*at..at + text.len()].copy_from_slice(text);
    }
    bytes
}

/// Checks every promise, and gives what is stored where the location goes.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let outcome = promises::check(bytes, bytes.len() / 2);
    assert!(outcome.answer.is_ok(), "{:?}", outcome.answer);
    outcome.stored
}

fn refused(bytes: &[u8]) -> &'static str {
    // It is good as long as nothing is to be edited.
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
fn metadata_is_edited_where_it_lies() {
    let bytes = image(&[meta(&[XMP], b"")], &[(700, PACKET)]);
    let mut expect = bytes.clone();
    expect[700..717].copy_from_slice(BLANK);
    assert!(stored(&bytes) == expect);

    let in_idat = Item {
        method: 1,
        extents: &[(3, 17)],
        ..XMP
    };
    let idat = [b"...", &PACKET[..], b"."].concat();
    let bytes = image(&[meta(&[in_idat], &idat)], &[]);
    let blank = [b"...", &BLANK[..], b"."].concat();
    let in_idat = Item {
        method: 1,
        extents: &[(3, 17)],
        ..XMP
    };
    assert!(stored(&bytes) == image(&[meta(&[in_idat], &blank)], &[]));
}

#[test]
fn exif_that_can_not_be_read_becomes_exif_that_says_nothing() {
    let junk = [&[0, 0, 0, 0][..], b"at Zzyzx, or so it may say"].concat();
    let bytes = image(&[meta(&[EXIF, XMP], b"")], &[(600, &junk), (700, PACKET)]);
    let stored = stored(&bytes);
    assert_eq!(&stored[600..612], b"\0\0\0\0MM\0\x2a\0\0\0\x08");
    assert_eq!(stored[612..630], [0; 18]);
}

#[test]
fn other_items_that_are_no_pictures_are_emptied() {
    for (kind, media_type) in [(b"mime", "image/jpeg"), (b"uri ", "")] {
        let other = Item {
            kind,
            media_type,
            method: 0,
            extents: &[(600, 30)],
        };
        let bytes = image(&[meta(&[other], b"")], &[]);
        let mut expect = bytes.clone();
        expect[600..630].fill(0);
        assert!(stored(&bytes) == expect);
    }
}

#[test]
fn boxes_with_metadata_become_free_ones() {
    let udta = bx(b"udta", &bx(b"\xa9xyz", b"+35.143-116.104/"));
    let empty = bx(b"free", &[0; 24]);
    let moov = |inner: &[u8]| bx(b"moov", inner);
    let uuid = bx(b"uuid", &[5; 30]);
    let before = image(&[meta(&[], b""), moov(&udta), uuid], &[]);
    let after = image(&[meta(&[], b""), moov(&empty), bx(b"free", &[0; 30])], &[]);
    assert!(stored(&before) == after);
    // A box of data is none, whatever lies between what is named.
    let free = bx(b"free", &[5; 30]);
    let before = image(&[free, meta(&[], b"")], &[(790, b"unnamed")]);
    let after = image(
        &[bx(b"free", &[0; 30]), meta(&[], b"")],
        &[(790, b"unnamed")],
    );
    assert!(stored(&before) == after);
}

#[test]
fn metadata_that_can_not_be_edited_in_passing_is_refused() {
    let of = |extents| meta(&[Item { extents, ..XMP }], b"");
    let check = |boxes: &[Vec<u8>], reason| assert_eq!(refused(&image(boxes, &[])), reason);
    check(
        &[of(&[(700, 9), (720, 8)])],
        "metadata lies in several places",
    );
    check(&[of(&[(700, 0)])], "metadata has no stated length");
    check(
        &[of(&[(40, 8)])],
        "metadata comes before the box that names it",
    );
    check(&[of(&[(505, 10)])], "metadata overlaps what else is there");
    check(&[of(&[(495, 30)])], "metadata overlaps what else is there");
    check(
        &[meta(
            &[
                XMP,
                EXIF,
                Item {
                    extents: &[(620, 20)],
                    ..EXIF
                },
            ],
            b"",
        )],
        "metadata overlaps what else is there",
    );
    let derived = Item { method: 2, ..XMP };
    check(
        &[meta(&[derived], b"")],
        "metadata is derived from other items",
    );
    let outside = Item {
        method: 1,
        extents: &[(0, 9)],
        ..XMP
    };
    check(
        &[meta(&[outside], b"short")],
        "metadata lies outside of its box",
    );
    // In a box that is none of data, and over the edge of one.
    let long = bx(b"free", &[0; 100]);
    let first = meta(
        &[Item {
            extents: &[(300, 20)],
            ..XMP
        }],
        b"",
    );
    check(
        &[first, long.clone(), long],
        "metadata lies in no box of data",
    );
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
    assert_eq!(refused(&edge), "metadata lies in no box of data");
}

#[test]
fn data_that_ends_with_its_metadata_is_cut_short_however_it_comes() {
    let other = Item {
        kind: b"uri ",
        ..XMP
    };
    let bytes = image(&[meta(&[other], b"")], &[(700, PACKET)]);
    let short = &bytes[..717];
    for cut in 0..short.len() {
        let (head, tail) = short.split_at(cut);
        let answer = run(&policy(Some(Strip::Location)), [head, tail]).answer;
        let kind = Kind::Avif;
        assert_eq!(answer, Err(MediaError::Truncated { kind }), "cut at {cut}");
    }
}

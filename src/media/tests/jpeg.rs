//! JPEGs.

use super::{Answer, STRIPS, facts, inspect, malformed, run, untraced};
use crate::media::testing::{fuzz, segment};
use crate::media::{MediaError, Strip};
use crate::model::Kind;

const SOI: &[u8] = b"\xff\xd8";
const EOI: &[u8] = b"\xff\xd9";

fn of(parts: &[&[u8]]) -> Answer {
    inspect(&parts.concat())
}

/// A frame header of 2 by 3 pixels and one component.
fn frame(marker: u8) -> Vec<u8> {
    segment(marker, &[8, 0, 3, 0, 2, 1, 1, 0x11, 0])
}

fn scan() -> Vec<u8> {
    segment(0xDA, &[1, 1, 0, 0, 63, 0])
}

fn good() -> Answer {
    facts(Kind::Jpeg, 2, 3, 1)
}

#[test]
fn every_coding_but_the_hierarchical_is_accepted() {
    for marker in 0xC0..=0xCF {
        let answer = of(&[SOI, &frame(marker), &scan(), b"data", EOI]);
        match marker {
            0xC0..=0xC3 | 0xC9..=0xCB => assert_eq!(answer, good(), "{marker:02x}"),
            _ => assert!(answer.is_err(), "{marker:02x}"),
        }
    }
}

#[test]
fn scans_may_contain_stuffed_bytes_restarts_and_fill() {
    let data = b"a\xff\x00b\xff\xd0c\xff\xd7d\xff\xff\xff";
    let tables = segment(0xC4, &[0xFF; 40]);
    let (frame, scan) = (frame(0xC2), scan());
    let file = [
        SOI,
        &frame,
        &scan,
        data,
        &tables[1..],
        &scan,
        data,
        &EOI[1..],
    ];
    assert_eq!(of(&file), good());
    // Stray bytes between two segments.
    assert_eq!(
        of(&[SOI, &tables, b"\0\0", &frame, b"\0", &scan, EOI]),
        good()
    );
}

#[test]
fn only_the_markers_of_a_jpeg_are_accepted() {
    let bad = |reason| malformed(Kind::Jpeg, reason);
    let (frame, scan) = (frame(0xC0), scan());
    let without_scan = "it ends without a scan";
    assert_eq!(of(&[SOI, EOI]), bad(without_scan));
    assert_eq!(of(&[SOI, &frame, EOI]), bad(without_scan));
    assert_eq!(
        of(&[SOI, &scan]),
        bad("a scan comes before the frame header")
    );
    assert_eq!(of(&[SOI, &frame, &frame]), bad("a second frame header"));
    assert_eq!(of(&[SOI, b"\xff\xf7"]), bad("a reserved marker"));
    assert_eq!(
        of(&[SOI, b"\xff\xe0\0\x01"]),
        bad("a segment is shorter than its length field")
    );
    assert_eq!(
        of(&[SOI, &frame, &scan, b"data", SOI]),
        bad("a second image starts inside the first")
    );
}

#[test]
fn a_frame_header_must_be_consistent() {
    let check = |content: &[u8], reason| {
        let answer = of(&[SOI, &segment(0xC0, content)]);
        assert_eq!(answer, malformed(Kind::Jpeg, reason));
    };
    check(&[8, 0, 3, 0], "a frame header is too short");
    let contradicts = "a frame header contradicts itself";
    check(&[8, 0, 3, 0, 2, 0], contradicts);
    check(&[8, 0, 3, 0, 2, 3, 1, 0x11, 0], contradicts);
    check(&[99, 0, 3, 0, 2, 1, 1, 0x11, 0], contradicts);
    let no_pixels = "the image has no pixels";
    check(&[8, 0, 0, 0, 2, 1, 1, 0x11, 0], no_pixels);
    check(&[8, 0, 3, 0, 0, 1, 1, 0x11, 0], no_pixels);
}

#[test]
fn a_preview_in_the_metadata_does_not_end_the_image() {
    let preview = segment(0xE1, &[b"http\0", EOI, SOI, EOI].concat());
    assert_eq!(of(&[SOI, &preview, &frame(0xC0), &scan(), EOI]), good());
    let cut = of(&[SOI, &preview, &frame(0xC0), &scan()]);
    assert_eq!(cut, Err(MediaError::Truncated { kind: Kind::Jpeg }));
}

/// An Exif segment whose prefix ends with this byte.
fn exif(padding: u8, orientation: u8) -> Vec<u8> {
    let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0";
    let block = [
        b"Exif\0",
        &[padding][..],
        tiff,
        &[orientation, 0, 0, 0, 0, 0, 0],
    ];
    segment(0xE1, &block.concat())
}

/// The verdict about a JPEG and its stored bytes, for each setting of metadata.
fn judged_and_stored(file: &[u8]) -> [(Answer, Vec<u8>); 3] {
    STRIPS.map(|strip| {
        let outcome = run(&fuzz::policy(strip), [file]);
        (outcome.answer, outcome.stored)
    })
}

#[test]
fn a_stored_orientation_is_reported_for_any_padding_of_the_prefix() {
    let whole = |exif: &[u8]| [SOI, exif, &frame(0xC0), &scan(), EOI].concat();
    let turned = facts(Kind::Jpeg, 3, 2, 1);
    let usual = whole(&exif(0, 6));
    for padding in [0, 1, 0x20, 0xFF] {
        let file = whole(&exif(padding, 6));
        let [location, all, none] = judged_and_stored(&file);
        assert_eq!(location, (turned.clone(), usual.clone()), "{padding:02x}");
        assert_eq!(all, (turned.clone(), usual.clone()), "{padding:02x}");
        assert_eq!(none, (turned.clone(), file), "{padding:02x}");
    }
    // A block that is shorter than the prefix does not count.
    let short = whole(&segment(0xE1, b"Exif\0"));
    let [location, ..] = judged_and_stored(&short);
    assert_eq!(location, (good(), whole(b"")));
}

#[test]
fn only_the_first_exif_block_counts() {
    let whole = |exif: &[&[u8]]| [SOI, &exif.concat(), &frame(0xC0), &scan(), EOI].concat();
    let (turned, straight, none) = (exif(0, 6), exif(0, 1), segment(0xE1, b"Exif\0\0none"));
    let empty = segment(0xE1, b"Exif\0\0");
    for (blocks, verdict, stays) in [
        (
            [&turned, &straight],
            facts(Kind::Jpeg, 3, 2, 1),
            &turned[..],
        ),
        ([&straight, &turned], good(), &straight[..]),
        ([&none, &turned], good(), b""),
        // A prefix without a block is none.
        ([&empty, &turned], facts(Kind::Jpeg, 3, 2, 1), &turned[..]),
    ] {
        let file = whole(&blocks.map(|block| &block[..]));
        let [location, all, none] = judged_and_stored(&file);
        assert_eq!(location, (verdict.clone(), whole(&[stays])));
        assert_eq!(all, (verdict.clone(), whole(&[stays])));
        assert_eq!(none, (verdict, file));
    }
}

#[test]
fn bytes_after_removed_metadata_do_not_become_part_of_the_scan() {
    let (frame, scan) = (frame(0xC0), scan());
    let metadata = segment(0xE1, b"http");
    let stored = |parts: &[&[u8]]| {
        let file = parts.concat();
        let outcome = fuzz::check(&file, file.len() / 2);
        assert_eq!(untraced(outcome.answer), good());
        let policy = fuzz::policy(Some(Strip::Location));
        fuzz::run(&policy, [&file[..]]).stored
    };
    let expected = [SOI, &frame, &scan, b"data", EOI].concat();
    assert_eq!(
        stored(&[SOI, &frame, &scan, b"data", &metadata, b"more", EOI]),
        expected
    );
    // Nor does the fill byte before it form a marker with the bytes after it.
    let filled = [SOI, &frame, &scan, b"data\xff", EOI].concat();
    assert_eq!(
        stored(&[SOI, &frame, &scan, b"data\xff", &metadata, b"\x02", EOI]),
        filled
    );
    let tables = segment(0xC4, &[0; 17]);
    let second = [
        &expected[..expected.len() - 2],
        &tables,
        &scan,
        b"data",
        EOI,
    ]
    .concat();
    assert_eq!(
        stored(&[
            SOI, &frame, &scan, b"data", &tables, b"stray", &scan, b"data", EOI
        ]),
        second
    );
}

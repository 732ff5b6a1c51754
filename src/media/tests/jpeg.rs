use super::{Answer, facts, inspect, malformed};
use crate::media::testing::{promises, segment};
use crate::media::{Kind, MediaError, Strip};

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
fn every_coding_but_the_hierarchical_is_known() {
    for marker in 0xC0..=0xCF {
        let answer = of(&[SOI, &frame(marker), &scan(), b"data", EOI]);
        match marker {
            0xC0..=0xC3 | 0xC9..=0xCB => assert_eq!(answer, good(), "{marker:02x}"),
            _ => assert!(answer.is_err(), "{marker:02x}"),
        }
    }
}

#[test]
fn scans_may_hold_stuffed_bytes_restarts_and_fill() {
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
fn markers_must_be_those_of_a_jpeg() {
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
fn a_frame_header_must_agree_with_itself() {
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

#[test]
fn what_follows_metadata_in_a_scan_is_not_taken_for_more_of_the_scan() {
    let (frame, scan) = (frame(0xC0), scan());
    let metadata = segment(0xE1, b"http");
    let stored = |parts: &[&[u8]]| {
        let file = parts.concat();
        assert_eq!(promises::check(&file, file.len() / 2).answer, good());
        let policy = promises::policy(Some(Strip::Location));
        promises::run(&policy, [&file[..]]).stored
    };
    let expected = [SOI, &frame, &scan, b"data", EOI].concat();
    assert_eq!(
        stored(&[SOI, &frame, &scan, b"data", &metadata, b"more", EOI]),
        expected
    );
    // Nor does the fill before it become a marker with what comes then.
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

//! Exif blocks before and after an edit.

use super::*;
use crate::media::exif::ORIENTATION;

fn edit(tiff: &[u8], strip: Strip) -> Edit {
    super::edit(tiff, strip, &mut Meter::default())
}

fn edit_in_place(tiff: &[u8], strip: Strip) -> Option<Vec<u8>> {
    super::edit_in_place(tiff, strip, &mut Meter::default())
}

/// Builds a big-endian TIFF structure.
#[derive(Default)]
struct Builder {
    bytes: Vec<u8>,
}

/// A tag, a type, a count, and four bytes of value or offset.
type Field = (u16, u16, u32, [u8; 4]);

impl Builder {
    fn new() -> Self {
        Self {
            bytes: b"MM\0\x2a\0\0\0\x08".to_vec(),
        }
    }

    /// Adds a directory, and returns its offset.
    fn directory(&mut self, fields: &[Field], next: u32) -> usize {
        let at = self.bytes.len();
        let count = u16::try_from(fields.len()).expect("few");
        self.bytes.extend(count.to_be_bytes());
        for (tag, kind, count, value) in fields {
            self.bytes.extend(tag.to_be_bytes());
            self.bytes.extend(kind.to_be_bytes());
            self.bytes.extend(count.to_be_bytes());
            self.bytes.extend(value);
        }
        self.bytes.extend(next.to_be_bytes());
        at
    }
}

const ASCII: u16 = 2;
const UNDEFINED: u16 = 7;
const ORIENTATION_6: Field = (ORIENTATION, 3, 1, [0, 6, 0, 0]);
const ARTIST: u16 = 0x013B;

fn offset(at: usize) -> [u8; 4] {
    u32::try_from(at).expect("small").to_be_bytes()
}

/// Orientation, an artist at 200, Exif with a maker's note at 220 and a comment at 240, GPS
/// with a datum at 260, a second directory with a thumbnail at 280.
fn everything() -> Vec<u8> {
    let mut tiff = Builder::new();
    tiff.directory(
        &[
            ORIENTATION_6,
            (ARTIST, ASCII, 8, offset(200)),
            (EXIF_IFD, 4, 1, offset(62)),
            (0x8825, 4, 1, offset(92)),
        ],
        110,
    );
    let exif = [
        (0x927C, UNDEFINED, 12, offset(220)),
        (0x9286, UNDEFINED, 12, offset(240)),
    ];
    assert_eq!(tiff.directory(&exif, 0), 62);
    assert_eq!(tiff.directory(&[(0x12, ASCII, 6, offset(260))], 0), 92);
    let thumbnail = [(0x0201, 4, 1, offset(280)), (0x0202, 4, 1, [0, 0, 0, 20])];
    assert_eq!(tiff.directory(&thumbnail, 0), 110);
    let mut bytes = tiff.bytes;
    bytes.resize(300, 0);
    let mut put = |at: usize, text: &[u8]| bytes[at..at + text.len()].copy_from_slice(text);
    put(200, b"artist.\0");
    put(220, b"maker's note");
    put(240, b"some comment");
    put(260, b"datum\0");
    put(280, b"thumbnail...........");
    bytes
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|part| part == text)
}

#[test]
fn locations_makers_notes_and_thumbnails_are_removed() {
    let before = everything();
    let Edit::Replace(after) = edit(&before, Strip::Location) else {
        panic!("it must change");
    };
    // The rest keeps its position, and everything after it is cut off.
    assert_eq!(after.len(), 252);
    for text in [&b"artist."[..], b"some comment"] {
        assert!(has(&after, text));
    }
    for text in [&b"maker's"[..], b"datum", b"thumbnail"] {
        assert!(has(&before, text) && !has(&after, text));
    }
    let tiff = Tiff::open(&after).expect("TIFF");
    let first = tiff
        .directory(8, &mut Meter::default())
        .expect("a directory");
    let tags: Vec<u16> = first.entries.iter().map(|entry| entry.tag).collect();
    assert_eq!(tags, [ORIENTATION, ARTIST, EXIF_IFD]);
    assert_eq!(after[first.end - 4..first.end], [0; 4], "no next directory");
    assert_eq!(edit(&after, Strip::Location), Edit::Keep);
    // In place, the result is the same but keeps the length.
    let in_place = edit_in_place(&before, Strip::Location).expect("changed");
    assert_eq!(in_place[..252], after);
    assert_eq!(in_place[252..], [0; 48]);
    assert_eq!(edit_in_place(&in_place, Strip::Location), None);
}

#[test]
fn only_the_orientation_remains_if_all_metadata_is_removed() {
    let Edit::Replace(after) = edit(&everything(), Strip::All) else {
        panic!("it must change");
    };
    let mut expect = Builder::new();
    expect.directory(&[ORIENTATION_6], 0);
    assert_eq!(after, expect.bytes);
    assert_eq!(edit(&after, Strip::All), Edit::Keep);
}

#[test]
fn bytes_without_an_entry_are_removed() {
    let mut tiff = Builder::new();
    tiff.directory(&[ORIENTATION_6], 0);
    assert_eq!(edit(&tiff.bytes, Strip::Location), Edit::Keep);
    let clean = tiff.bytes.clone();
    tiff.bytes.extend(b"left over by an editor");
    assert_eq!(edit(&tiff.bytes, Strip::Location), Edit::Replace(clean));
}

#[test]
fn blocks_that_are_not_tiff_or_become_empty_are_removed() {
    let mut only_gps = Builder::new();
    only_gps.directory(&[(0x8825, 4, 1, offset(26))], 0);
    let mut none = Builder::new();
    none.directory(&[], 0);
    let over_itself = b"MM\0\x2a\0\0\0\x04\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
    for bytes in [
        &b""[..],
        b"MM",
        b"JUNK, not TIFF",
        &only_gps.bytes,
        &none.bytes,
        over_itself,
    ] {
        assert_eq!(edit(bytes, Strip::Location), Edit::Drop, "{bytes:02x?}");
        let in_place = edit_in_place(bytes, Strip::Location).unwrap_or(bytes.to_vec());
        assert_eq!(in_place.len(), bytes.len());
        assert_eq!(edit_in_place(&in_place, Strip::Location), None);
        let readable =
            Tiff::open(&in_place).and_then(|tiff| tiff.directory(8, &mut Meter::default()));
        assert_eq!(readable.is_some(), bytes.len() >= 10);
    }
}

#[test]
fn entries_with_wrong_offsets_are_removed() {
    let mut tiff = Builder::new();
    tiff.directory(
        &[
            ORIENTATION_6,
            (ARTIST, ASCII, 8, offset(9999)),
            (0x0131, 99, 1, [1, 2, 3, 4]),
            (0x0132, ASCII, u32::MAX, offset(8)),
            // To its own directory, and beyond the block.
            (EXIF_IFD, 4, 1, offset(8)),
            (EXIF_IFD, 4, 1, offset(9999)),
            (0x4444, 13, 1, offset(8)),
        ],
        8,
    );
    let mut expect = Builder::new();
    expect.directory(&[ORIENTATION_6], 0);
    assert_eq!(
        edit(&tiff.bytes, Strip::Location),
        Edit::Replace(expect.bytes)
    );
}

#[test]
fn overlapping_values_are_copied_once() {
    // Each entry refers to the same half megabyte, or a part of it.
    let fields: Vec<Field> = (0..40_000u16)
        .map(|index| {
            (
                ARTIST,
                ASCII,
                500_000,
                offset(480_014 + usize::from(index % 7)),
            )
        })
        .collect();
    let mut tiff = Builder::new();
    tiff.directory(&fields, 0);
    tiff.bytes.resize(480_014 + 500_006, b'x');
    let mut meter = Meter::default();
    let kept = super::edit(&tiff.bytes, Strip::Location, &mut meter);
    assert_eq!(kept, Edit::Keep);
    let units = meter.open();
    let length = u64::try_from(tiff.bytes.len()).expect("small");
    assert!(units <= 12 * length, "{units} for {length} bytes");
}

#[test]
fn only_the_first_exif_directory_is_read() {
    let lead = |at: usize| (EXIF_IFD, 4, 1, offset(at));
    let comment = (0x9286, ASCII, 4, *b"abc\0");
    let of = |leads: [usize; 2]| {
        let mut tiff = Builder::new();
        tiff.directory(&leads.map(lead), 0);
        assert_eq!(tiff.directory(&[comment], 0), 38);
        assert_eq!(tiff.directory(&[comment], 0), 56);
        tiff.bytes
    };
    let Edit::Replace(first) = edit(&of([38, 56]), Strip::Location) else {
        panic!("it must change");
    };
    let tiff = Tiff::open(&first).expect("TIFF");
    let entries = tiff
        .directory(8, &mut Meter::default())
        .expect("it")
        .entries;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].number, Some(38));
    // If it cannot be read, no other is used.
    assert_eq!(edit(&of([9999, 56]), Strip::Location), Edit::Drop);
    let many: Vec<Field> = (0..20_000).map(|at| lead(10 + at * 12)).collect();
    let mut tiff = Builder::new();
    tiff.directory(&many, 0);
    let mut meter = Meter::default();
    super::edit(&tiff.bytes, Strip::Location, &mut meter);
    let units = meter.open();
    let length = u64::try_from(tiff.bytes.len()).expect("small");
    assert!(units <= 12 * length, "{units} for {length} bytes");
}

proptest::proptest! {
    #[test]
    fn any_block_is_edited_once_and_keeps_its_length(
        fields in proptest::collection::vec(proptest::array::uniform12(0u8..), 0..6),
        more in proptest::collection::vec(proptest::num::u8::ANY, 0..60),
        little: bool,
        first in 0u8..20,
        all: bool,
    ) {
        let count = u8::try_from(fields.len()).expect("few");
        let head = match little {
            true => [b'I', b'I', 42, 0, first, 0, 0, 0, count, 0],
            false => [b'M', b'M', 0, 42, 0, 0, 0, first, 0, count],
        };
        let block = [&head[..], &fields.concat(), &more].concat();
        let strip = if all { Strip::All } else { Strip::Location };
        let edited = edit_in_place(&block, strip).unwrap_or_else(|| block.clone());
        proptest::prop_assert_eq!(edited.len(), block.len());
        proptest::prop_assert_eq!(edit_in_place(&edited, strip), None);
        if let Edit::Replace(shorter) = edit(&block, strip) {
            proptest::prop_assert!(shorter.len() <= block.len());
            proptest::prop_assert_eq!(edit(&shorter, strip), Edit::Keep);
        }
    }
}

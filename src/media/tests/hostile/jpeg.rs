//! Malicious JPEGs.

use super::{Case, Fate, SECRET, hidden, kept, private, refused};
use crate::media::testing::segment;
use Fate::{Less, Same};

const SOI: &[u8] = b"\xff\xd8";
const EOI: &[u8] = b"\xff\xd9";

/// A JPEG of 2 by 3 pixels with bytes before its frame header and in its scan.
pub(super) fn jpeg(before: &[u8], scan: &[u8]) -> Vec<u8> {
    framed(before, &[8, 0, 3, 0, 2, 1, 1, 0x11, 0], scan)
}

/// A JPEG with this frame header.
fn framed(before: &[u8], frame: &[u8], data: &[u8]) -> Vec<u8> {
    let (frame, scan) = (segment(0xC0, frame), segment(0xDA, &[1, 1, 0, 0, 63, 0]));
    [SOI, before, &frame, &scan, data, EOI].concat()
}

const SHORT: &str = "a segment is shorter than its length field";
const CUT: &str = "ends before it is complete";
const CONTRADICTS: &str = "contradicts itself";

pub(super) fn cases() -> Vec<Case> {
    let parts = [segments(), frames(), scans(), markers(), metadata()];
    parts.into_iter().flatten().collect()
}

fn segments() -> Vec<Case> {
    let ends = EOI.repeat(32_766);
    vec![
        refused("a segment of length 0", jpeg(b"\xff\xe0\0\0", b""), SHORT),
        refused("a segment of length 1", jpeg(b"\xff\xdb\0\x01", b""), SHORT),
        kept("tables without content", jpeg(b"\xff\xdb\0\x02", b"")),
        hidden("an APP1 without content", jpeg(b"\xff\xe1\0\x02", b"")),
        refused(
            "a comment of 65,535 bytes that are not there",
            jpeg(b"", b"\xff\xfe\xff\xff"),
            CUT,
        ),
        refused(
            "tables of 65,535 bytes that swallow the end",
            jpeg(b"", b"\xff\xdb\xff\xff"),
            CUT,
        ),
        private(
            "a comment of 65,535 bytes that repeat the end of the image",
            jpeg(&segment(0xFE, &ends), b""),
        ),
    ]
}

fn frames() -> Vec<Case> {
    vec![
        refused(
            "a frame header of 255 components and room for one",
            framed(b"", &[8, 0, 3, 0, 2, 255, 1, 0x11, 0], b""),
            CONTRADICTS,
        ),
        refused(
            "a frame header without components",
            framed(b"", &[8, 0, 3, 0, 2, 0], b""),
            CONTRADICTS,
        ),
        refused(
            "a precision of 0",
            framed(b"", &[0, 0, 3, 0, 2, 1, 1, 0x11, 0], b""),
            CONTRADICTS,
        ),
        refused(
            "a precision of 255",
            framed(b"", &[255, 0, 3, 0, 2, 1, 1, 0x11, 0], b""),
            CONTRADICTS,
        ),
        refused(
            "65,535 by 65,535 pixels",
            framed(b"", &[8, 255, 255, 255, 255, 1, 1, 0x11, 0], b""),
            "more than the 50000000 allowed",
        ),
        refused(
            "a height that DNL defines later",
            framed(
                b"",
                &[8, 0, 0, 0, 2, 1, 1, 0x11, 0],
                b"\xff\xdc\0\x04\0\x03",
            ),
            "no pixels",
        ),
        kept(
            "a DNL with a different height",
            jpeg(b"", b"\xff\xdc\0\x04\xff\xff"),
        ),
    ]
}

fn scans() -> Vec<Case> {
    let many_scans = segment(0xDA, &[1, 1, 0, 0, 63, 0]).repeat(500);
    vec![
        refused(
            "a scan of 255 components",
            jpeg(&segment(0xDA, &[255, 1, 0, 0, 63, 0]), b""),
            "a scan comes before the frame header",
        ),
        refused(
            "a second scan of 255 components",
            jpeg(b"", &segment(0xDA, &[255, 1, 0, 0, 63, 0])),
            CONTRADICTS,
        ),
        refused(
            "a second scan without components",
            jpeg(b"", &segment(0xDA, &[0, 0, 63, 0])),
            CONTRADICTS,
        ),
        refused("501 scans", jpeg(b"", &many_scans), "more than 500 scans"),
    ]
}

fn markers() -> Vec<Case> {
    let whole = jpeg(b"", b"");
    let open = whole.strip_suffix(b"\xd9").unwrap_or_default().to_vec();
    vec![
        refused(
            "a second image inside the first",
            jpeg(b"", SOI),
            "a second image starts inside the first",
        ),
        refused(
            "the reserved JPG marker",
            jpeg(b"\xff\xc8\0\x02", b""),
            "a reserved marker",
        ),
        refused(
            "a marker of JPEG 2000",
            jpeg(b"", b"\xff\x4f\xff\x51"),
            "a reserved marker",
        ),
        refused(
            "a hierarchy",
            jpeg(b"\xff\xde\0\x02", b""),
            "hierarchical JPEG is not supported",
        ),
        refused(
            "the end before the scan",
            [SOI, EOI].concat(),
            "it ends without a scan",
        ),
        refused("endless fill bytes", [SOI, &[0xFF; 3000]].concat(), CUT),
        refused("a scan whose last byte may begin a marker", open, CUT),
        hidden(
            "restarts before there is anything to restart",
            jpeg(b"\xff\xd0\xff\xd7", b""),
        ),
        hidden(
            "70,000 fill bytes before a segment",
            jpeg(&[0xFF; 70_000], b""),
        ),
        kept("70,000 fill bytes in a scan", jpeg(b"", &[0xFF; 70_000])),
        kept(
            "stuffed bytes throughout a scan",
            jpeg(b"", &[0xFF, 0].repeat(5000)),
        ),
        refused(
            "50,000 empty segments",
            jpeg(&segment(0xDB, b"").repeat(50_000), b""),
            "cut into more and smaller parts",
        ),
    ]
}

fn metadata() -> Vec<Case> {
    vec![
        Case(
            "an index of pictures that are cut off",
            jpeg(&segment(0xE2, b"MPF\0MM"), b""),
            [Less; 3],
        ),
        Case(
            "a note that a gain map follows",
            jpeg(
                &segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0"),
                b"",
            ),
            [Less; 3],
        ),
        hidden(
            "a thumbnail that claims to be 255 by 255",
            jpeg(
                &segment(
                    0xE0,
                    &[&b"JFIF\0\x01\x01\0\0\x01\0\x01\xff\xff"[..], SECRET].concat(),
                ),
                b"",
            ),
        ),
        Case(
            "a JFIF segment that is too short for a thumbnail",
            jpeg(&segment(0xE0, b"JFIF\0\x01"), b""),
            [Same; 3],
        ),
        hidden("a maker's segment", jpeg(&segment(0xE5, SECRET), b"")),
        hidden(
            "content credentials",
            jpeg(
                &segment(
                    0xEB,
                    &[b"JP\0\x01\0\0\0\x01\0\0\0\x20jumb", SECRET].concat(),
                ),
                b"",
            ),
        ),
        hidden(
            "metadata between a scan and more of its data",
            jpeg(
                b"",
                &[b"data", &segment(0xE1, SECRET)[..], b"more"].concat(),
            ),
        ),
    ]
}

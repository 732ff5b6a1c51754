//! Sample tables that do not match the data.

use super::{Case, Expect, SHORT, accepted, case, movie, refused, sequence};
use crate::media::testing::isobmff::{Movie, bx, full, versioned, words};

pub(super) fn cases() -> Vec<Case> {
    [samples(), runs(), chunks()]
        .into_iter()
        .flatten()
        .collect()
}

fn samples() -> Vec<Case> {
    let stsz = |content: &[u32]| {
        let stsz = full(b"stsz", &words(content));
        sequence(&Movie { stsz, ..movie() })
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
            "stsz counts more than the chunks have",
            stsz(&[0, 4, 5, 5, 5, 5]),
            empty,
        ),
        refused(
            "stsz counts fewer than the chunks have",
            stsz(&[0, 2, 10, 10, 10]),
            empty,
        ),
        refused(
            "stsz has fewer than the chunks have",
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
    ]
}

fn runs() -> Vec<Case> {
    let stsc = |content: &[u32]| {
        let stsc = full(b"stsc", &words(content));
        sequence(&Movie { stsc, ..movie() })
    };
    let max = u32::MAX;
    vec![
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
            "runs of chunks go backwards",
            stsc(&[2, 1, 1, 1, 1, 2, 1]),
            "the runs of chunks are out of order",
        ),
        refused(
            "2^32-1 samples of 2^32-1 bytes",
            sequence(&Movie {
                stsz: full(b"stsz", &words(&[max, 3])),
                stsc: full(b"stsc", &words(&[1, 1, max, 1])),
                ..movie()
            }),
            "a frame of the sequence has no bytes",
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
    let not_one = "the sequence must have exactly one table of chunk offsets";
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
        refused("no chunk offsets", stco(Vec::new()), not_one),
        refused(
            "two tables of chunk offsets",
            table(b"co64", &[1, 0, 1000]),
            not_one,
        ),
        refused(
            "a chunk at 2^64-1",
            stco(full(b"co64", &words(&[2, max, max, max, max]))),
            "a frame extends beyond the end of any file",
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
        accepted("stts with the right count", table(b"stts", &[1, 3, 1])),
    ]
}

//! PNGs with chunks that do not match their CRC.

use super::png::{IDAT, IEND, IHDR, INDEXED};
use super::{Answer, STRIPS, facts, inspect, malformed, run};
use crate::media::testing::fuzz::policy;
use crate::media::testing::parts::PNG_SIGNATURE;
use crate::media::testing::png_chunk;
use crate::model::Kind;

/// The name of a chunk, and its content.
type Chunk<'a> = (&'a [u8; 4], &'a [u8]);

/// A PNG of these chunks, of which one has a wrong CRC.
fn damaged(chunks: &[Chunk<'_>], wrong: usize) -> Vec<u8> {
    let mut bytes = PNG_SIGNATURE.to_vec();
    for (index, (name, content)) in chunks.iter().enumerate() {
        bytes.extend(png_chunk(name, content));
        if let Some(last) = bytes.last_mut() {
            *last ^= u8::from(index == wrong);
        }
    }
    bytes
}

fn upright() -> Answer {
    facts(Kind::Png, 2, 3, 1)
}

fn refused() -> Answer {
    malformed(Kind::Png, "a chunk does not match its CRC")
}

#[test]
fn an_ancillary_chunk_with_a_wrong_crc_is_left_out() {
    let without = damaged(&[IHDR, IDAT, IEND], usize::MAX);
    for name in [
        b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf", b"zxIf", b"gAMA", b"cHRM", b"sRGB",
        b"tRNS", b"bKGD", b"pHYs", b"sPLT", b"hIST", b"cICP", b"caBX", b"prIv",
    ] {
        for content in [&b""[..], b"Title\0content", &[7; 60_000]] {
            let chunk = (name, content);
            let before = damaged(&[IHDR, chunk, IDAT, IEND], 1);
            let after = damaged(&[IHDR, IDAT, chunk, IEND], 2);
            for (file, strip) in [before, after]
                .iter()
                .flat_map(|file| STRIPS.map(|strip| (file, strip)))
            {
                let outcome = run(&policy(strip), file.chunks(1000));
                assert_eq!(outcome.answer, upright(), "{name:?}, {strip:?}");
                assert!(outcome.stored == without, "{name:?}, {strip:?}");
            }
        }
    }
}

#[test]
fn an_orientation_with_a_wrong_crc_does_not_count() {
    let exif = |orientation: u8| {
        let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0";
        [tiff, &[orientation, 0, 0, 0, 0, 0, 0][..]].concat()
    };
    let (turned, straight) = (exif(6), exif(1));
    let turned = (b"eXIf", &turned[..]);
    let straight = (b"eXIf", &straight[..]);
    let chunks = [IHDR, turned, IDAT, IEND];
    assert_eq!(inspect(&damaged(&chunks, 2)), refused());
    assert_eq!(inspect(&damaged(&chunks, 1)), upright());
    // The next one does.
    let chunks = [IHDR, straight, turned, IDAT, IEND];
    assert_eq!(inspect(&damaged(&chunks, 1)), facts(Kind::Png, 3, 2, 1));
    assert_eq!(inspect(&damaged(&chunks, 2)), upright());
}

#[test]
fn a_chunk_of_the_picture_or_of_an_animation_needs_a_correct_crc() {
    let control = |number: u8| {
        let numbers = [number, 2, 3, 0, 0].map(|number| u32::from(number).to_be_bytes());
        [numbers.as_flattened(), &[0, 1, 0, 10, 0, 0]].concat()
    };
    let (first, second) = (control(0), control(1));
    let animated: [Chunk<'_>; 7] = [
        IHDR,
        (b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
        (b"fcTL", &first),
        IDAT,
        (b"fcTL", &second),
        (b"fdAT", b"\0\0\0\x02data"),
        IEND,
    ];
    assert_eq!(inspect(&damaged(&animated, 7)), facts(Kind::Png, 2, 3, 2));
    let still: [Chunk<'_>; 4] = [INDEXED, (b"PLTE", &[0; 3]), IDAT, IEND];
    assert_eq!(inspect(&damaged(&still, 4)), upright());
    for chunks in [&animated[..], &still] {
        for (wrong, (name, _)) in chunks.iter().enumerate() {
            assert_eq!(inspect(&damaged(chunks, wrong)), refused(), "{name:?}");
        }
    }
}

#[test]
fn a_chunk_that_is_too_long_to_be_held_needs_a_correct_crc() {
    let limit = usize::try_from(policy(None).max_metadata_bytes).expect("fits");
    let content = vec![7; limit + 1];
    for name in [b"sPLT", b"prIv"] {
        for (length, expect) in [(limit, upright()), (limit + 1, refused())] {
            let chunks = [IHDR, (name, &content[..length]), IDAT, IEND];
            for strip in STRIPS {
                let file = damaged(&chunks, 1);
                assert_eq!(run(&policy(strip), file.chunks(65_536)).answer, expect);
                let file = damaged(&chunks, 4);
                assert_eq!(run(&policy(strip), file.chunks(65_536)).answer, upright());
            }
        }
    }
}

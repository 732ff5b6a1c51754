//! What a file can stand for: its orientation, transparency, colours and metadata.

use super::PLAIN;
use crate::media::Strip;
use crate::media::testing::fuzz::{policy, run};
use crate::media::testing::isobmff::{Item, Meta, bx, file, ftyp, full, words};
use crate::media::testing::{self, png_chunk, riff_chunk, segment};
use crate::model::Traits;

/// The traits of what is stored of a file.
fn stored(bytes: &[u8], strip: Option<Strip>) -> Traits {
    run(&policy(strip), [bytes])
        .answer
        .expect("is valid")
        .traits
}

fn traits(bytes: &[u8]) -> Traits {
    stored(bytes, None)
}

const ALPHA: Traits = Traits {
    has_alpha: true,
    ..PLAIN
};
const COLOURS: Traits = Traits {
    has_standard_colours: false,
    ..PLAIN
};
const METADATA: Traits = Traits {
    has_metadata: true,
    ..PLAIN
};

macro_rules! fixture {
    ($name:literal) => {
        traits(include_bytes!(concat!("../../../tests/fixtures/", $name)))
    };
}

#[test]
fn real_files_have_the_traits_that_their_makers_gave_them() {
    for found in [
        fixture!("progressive.jpg"),
        fixture!("grey.jpg"),
        fixture!("palette.png"),
        fixture!("still.gif"),
        fixture!("lossy.webp"),
    ] {
        assert_eq!(found, PLAIN);
    }
    let rotated = fixture!("baseline-rotated.jpg");
    assert_eq!((rotated.orientation, rotated.has_metadata), (6, true));
    assert_eq!(fixture!("alpha.png"), ALPHA);
    assert_eq!(fixture!("lossless.webp"), ALPHA);
    for animated in [
        fixture!("animated.gif"),
        fixture!("animated.png"),
        fixture!("animated.webp"),
        fixture!("animated.avif"),
    ] {
        assert!(animated.has_alpha);
    }
    let rotated = fixture!("rotated.avif");
    assert_ne!(rotated.orientation, 1);
    for private in [
        fixture!("private.jpg"),
        fixture!("private.png"),
        fixture!("private.gif"),
        fixture!("private.webp"),
        fixture!("private.avif"),
    ] {
        assert!(private.has_metadata);
    }
}

#[test]
fn the_smallest_files_are_nothing_but_their_pictures() {
    for bytes in [
        testing::jpeg(4, 8),
        testing::png(4, 8),
        testing::gif(4, 8, 1),
        testing::webp(4, 8),
        testing::avif(),
    ] {
        assert_eq!(traits(&bytes), PLAIN);
    }
    for orientation in 1..=8 {
        let found = traits(&testing::jpeg_with_orientation(4, 8, orientation));
        assert_eq!(
            found,
            Traits {
                orientation,
                ..METADATA
            }
        );
    }
}

#[test]
fn segments_of_a_jpeg_are_told_apart() {
    let with = |inserted: &[u8]| {
        let mut bytes = testing::jpeg(4, 8);
        bytes.splice(20..20, inserted.iter().copied());
        bytes
    };
    for (inserted, kept, stripped) in [
        (segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01"), PLAIN, PLAIN),
        (
            segment(0xE2, b"ICC_PROFILE\0\x01\x01profile"),
            COLOURS,
            COLOURS,
        ),
        (segment(0xFE, b"a comment"), METADATA, PLAIN),
        (
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<a/>"),
            METADATA,
            PLAIN,
        ),
        (segment(0xED, b"unknown"), METADATA, PLAIN),
    ] {
        let bytes = with(&inserted);
        assert_eq!(traits(&bytes), kept, "{inserted:02x?}");
        assert_eq!(
            stored(&bytes, Some(Strip::All)),
            stripped,
            "{inserted:02x?}"
        );
    }
    let mut thumbnail = testing::jpeg(4, 8);
    let jfif = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01\x10\x20\x30");
    thumbnail.splice(2..20, jfif);
    assert_eq!(traits(&thumbnail), METADATA);
    assert_eq!(stored(&thumbnail, Some(Strip::Location)), PLAIN);
}

/// A PNG with the last five bytes of IHDR, and these chunks.
fn png(ihdr: [u8; 5], chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let header = [&[0, 0, 0, 2, 0, 0, 0, 3][..], &ihdr].concat();
    let signature: &[u8] = b"\x89PNG\r\n\x1a\n";
    let mut bytes = [signature, &png_chunk(b"IHDR", &header)].concat();
    for (name, content) in chunks {
        bytes.extend(png_chunk(name, content));
    }
    bytes.extend([png_chunk(b"IDAT", b"data"), png_chunk(b"IEND", &[])].concat());
    bytes
}

fn rgb(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    png([8, 2, 0, 0, 0], chunks)
}

#[test]
fn chunks_of_a_png_are_told_apart() {
    let srgb = words(&[
        31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000,
    ]);
    let standard: [(&[u8; 4], &[u8]); 4] = [
        (b"sRGB", &[0]),
        (b"gAMA", &45_455_u32.to_be_bytes()),
        (b"cHRM", &srgb),
        (b"pHYs", &[0; 9]),
    ];
    assert_eq!(traits(&rgb(&standard)), PLAIN);
    let special: [(&[u8; 4], &[u8]); 4] = [
        (b"gAMA", &100_000_u32.to_be_bytes()),
        (b"cHRM", &[0; 32]),
        (b"iCCP", b"a\0\0profile"),
        (b"cICP", &[12, 13, 0, 1]),
    ];
    for chunk in special {
        assert_eq!(traits(&rgb(&[chunk])), COLOURS, "{chunk:?}");
    }
    let metadata: [(&[u8; 4], &[u8]); 3] = [
        (b"tEXt", b"Title\0me"),
        (b"tIME", &[0; 7]),
        (b"prIv", b"anything"),
    ];
    for chunk in metadata {
        let bytes = rgb(&[chunk]);
        assert_eq!(traits(&bytes), METADATA, "{chunk:?}");
        assert_eq!(stored(&bytes, Some(Strip::All)), PLAIN, "{chunk:?}");
    }
    assert_eq!(traits(&rgb(&[(b"tRNS", &[0; 6])])), ALPHA);
    assert_eq!(traits(&png([8, 4, 0, 0, 0], &[])), ALPHA);
    assert_eq!(traits(&png([8, 6, 0, 0, 0], &[])), ALPHA);
    assert_eq!(traits(&png([16, 2, 0, 0, 0], &[])), COLOURS);
    // A chunk with a wrong CRC is left out.
    let mut bytes = rgb(&[(b"tEXt", b"Title\0me")]);
    let at = bytes
        .windows(5)
        .position(|part| part == b"Title")
        .expect("there");
    bytes[at] = b't';
    assert_eq!(traits(&bytes), PLAIN);
}

#[test]
fn extensions_of_a_gif_are_told_apart() {
    let with = |extension: &[u8]| {
        let mut bytes = testing::gif(4, 8, 1);
        bytes.splice(25..25, extension.iter().copied());
        bytes
    };
    let cases: [(&[u8], Traits); 6] = [
        (b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0", PLAIN),
        (b"!\xff\x0bICCRGBG1012\x01p\0", COLOURS),
        (b"!\xff\x0bUNKNOWN 1.0\x01p\0", METADATA),
        (b"!\xfe\x02hi\0", METADATA),
        (b"!\xf9\x04\0\x0a\0\0\0", PLAIN),
        (b"!\xf9\x04\x01\x0a\0\0\0", ALPHA),
    ];
    for (extension, expected) in cases {
        assert_eq!(traits(&with(extension)), expected, "{extension:02x?}");
    }
    let mut small = testing::gif(4, 8, 1);
    small[6] += 1;
    assert_eq!(traits(&small), ALPHA);
}

#[test]
fn chunks_of_a_webp_are_told_apart() {
    let extended = |flags: u8, chunks: &[Vec<u8>]| {
        let canvas = riff_chunk(b"VP8X", &[flags, 0, 0, 0, 3, 0, 0, 7, 0, 0]);
        let stream = testing::webp(4, 8).split_off(12);
        let content = [b"WEBP", &canvas[..], &stream, &chunks.concat()].concat();
        riff_chunk(b"RIFF", &content)
    };
    assert_eq!(traits(&extended(0, &[])), PLAIN);
    assert_eq!(traits(&extended(0x10, &[])), ALPHA);
    for (chunk, expected) in [
        (riff_chunk(b"ALPH", b"alpha!"), ALPHA),
        (riff_chunk(b"ICCP", b"profile!"), COLOURS),
        (riff_chunk(b"XMP ", b"<a/>"), METADATA),
        (riff_chunk(b"junk", b"anything"), METADATA),
    ] {
        assert_eq!(traits(&extended(0, std::slice::from_ref(&chunk))), expected);
    }
    let mut alpha = testing::webp(4, 8);
    // 14 bits each of width and height come before it.
    alpha[24] |= 0x10;
    assert_eq!(traits(&alpha), ALPHA);
}

#[test]
fn properties_and_items_of_an_avif_are_told_apart() {
    let with = |properties: &[Vec<u8>], items: &[Item]| {
        let primary = Item::new(b"av01", &[(600, 10)]);
        let count = u8::try_from(properties.len() + 1).expect("few");
        let indices: Vec<u8> = (1..=count).collect();
        let meta = Meta {
            properties: [full(b"ispe", &words(&[6, 4])), properties.concat()].concat(),
            ipma: full(
                b"ipma",
                &[&[0, 0, 0, 1, 0, 1, count][..], &indices].concat(),
            ),
            ..Meta::new(&[&[primary][..], items].concat())
        };
        traits(&file(&[ftyp(&[b"avif"]), meta.build()], 620))
    };
    let srgb = || bx(b"colr", b"nclx\0\x01\0\x0d\0\x06\x80");
    let shallow = || bx(b"av1C", &[0x81, 0, 0x0C, 0]);
    assert_eq!(with(&[srgb(), shallow()], &[]), PLAIN);
    for properties in [
        vec![shallow()],
        vec![srgb(), bx(b"av1C", &[0x81, 0, 0x4C, 0])],
        vec![bx(b"colr", b"nclx\0\x09\0\x10\0\x09\x80")],
        vec![bx(b"colr", b"profICC")],
    ] {
        assert_eq!(with(&properties, &[]), COLOURS, "{properties:?}");
    }
    let alpha = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0";
    let other = b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth\0";
    assert_eq!(with(&[srgb(), full(b"auxC", alpha)], &[]), ALPHA);
    assert_eq!(with(&[srgb(), full(b"auxC", other)], &[]), METADATA);
    for item in [
        Item::new(b"Exif", &[(612, 4)]),
        Item::new(b"tmap", &[(612, 4)]),
    ] {
        assert!(with(&[srgb()], &[item]).has_metadata);
    }
    // As Pillow tells it of the pictures `rotNmirM` of libavif.
    for (axis, expected) in [
        (None, [1, 8, 3, 6]),
        (Some(0), [4, 5, 2, 7]),
        (Some(1), [2, 7, 4, 5]),
    ] {
        for (angle, orientation) in (0..).zip(expected) {
            let mirror = axis.map(|axis| bx(b"imir", &[axis]));
            let turned = [srgb(), bx(b"irot", &[angle])].into_iter().chain(mirror);
            let found = with(&turned.collect::<Vec<_>>(), &[]);
            assert_eq!(
                found,
                Traits {
                    orientation,
                    ..PLAIN
                }
            );
        }
    }
}

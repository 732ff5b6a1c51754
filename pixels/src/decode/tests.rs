//! What holds for files of every format, however damaged.

use super::*;
use crate::testing::damage;
use crate::{NoPause, Pause};

const FILES: [&[u8]; 18] = [
    include_bytes!("../../../tests/fixtures/progressive.jpg"),
    include_bytes!("../../../tests/fixtures/baseline-rotated.jpg"),
    include_bytes!("../../../tests/fixtures/grey.jpg"),
    include_bytes!("../../../tests/fixtures/private.jpg"),
    include_bytes!("../../../tests/fixtures/alpha.png"),
    include_bytes!("../../../tests/fixtures/animated.png"),
    include_bytes!("../../../tests/fixtures/palette.png"),
    include_bytes!("../../../tests/fixtures/private.png"),
    include_bytes!("../../../tests/fixtures/still.gif"),
    include_bytes!("../../../tests/fixtures/animated.gif"),
    include_bytes!("../../../tests/fixtures/private.gif"),
    include_bytes!("../../../tests/fixtures/lossless.webp"),
    include_bytes!("../../../tests/fixtures/lossy.webp"),
    include_bytes!("../../../tests/fixtures/animated.webp"),
    include_bytes!("../../../tests/fixtures/still.avif"),
    include_bytes!("../../../tests/fixtures/animated.avif"),
    include_bytes!("../../../tests/fixtures/rotated-animated.avif"),
    include_bytes!("../../tests/fixtures/420-premultiplied.avif"),
];

/// Decodes all frames, and checks what is promised of them.
fn decode(file: &[u8], limits: &Limits, wanted: &Wanted) -> Result<u32, Error> {
    let mut decoder = open(file, limits)?;
    let info = decoder.info().clone();
    assert!((1..=8).contains(&info.orientation));
    let pixels = u64::from(info.width) * u64::from(info.height) * u64::from(info.frames);
    assert!(pixels > 0 && pixels <= limits.max_pixels && info.frames <= limits.max_frames);
    let mut count = 0;
    while let Some(Frame { image, shrink, .. }) = decoder.next_frame(wanted, &NoPause)? {
        let size = (info.width.div_ceil(shrink), info.height.div_ceil(shrink));
        assert_eq!((image.width(), image.height()), size);
        let enough = |side: u32, wanted: u32, whole: u32| side >= wanted.min(whole);
        assert!(enough(size.0, wanted.at_least.0, info.width));
        assert!(enough(size.1, wanted.at_least.1, info.height));
        assert!(!image.layout().has_alpha() || info.has_alpha);
        count += 1;
    }
    assert!(count <= info.frames);
    Ok(count)
}

#[test]
fn all_frames_are_decoded_at_every_size() {
    for file in FILES {
        let frames = open(file, &Limits::default()).unwrap().info().frames;
        for side in [1, 7, 20, 33, 64, u32::MAX] {
            let wanted = Wanted {
                at_least: (side, side),
                first_frame_only: false,
            };
            assert_eq!(decode(file, &Limits::default(), &wanted), Ok(frames));
            let wanted = Wanted {
                first_frame_only: true,
                ..wanted
            };
            assert_eq!(decode(file, &Limits::default(), &wanted), Ok(1));
        }
    }
}

/// 2,000 files of each format.
#[test]
fn damaged_files_have_an_error_or_a_picture() {
    let limits = Limits {
        max_pixels: 1_000_000,
        max_frames: 50,
        max_memory: 16 << 20,
    };
    let mut decoded = 0;
    for (number, file) in (0_u64..).zip(FILES) {
        let each = 2_000 * 5 / FILES.len() as u64 + 1;
        for seed in number * each..(number + 1) * each {
            let side = [5, 30, u32::MAX][seed as usize % 3];
            let wanted = Wanted {
                at_least: (side, side),
                first_frame_only: seed % 5 == 0,
            };
            decoded += u32::from(decode(&damage(file, seed), &limits, &wanted).is_ok());
        }
    }
    assert!(decoded > 1_000, "only {decoded} have a picture");
}

#[test]
fn long_decoding_pauses_in_every_format() {
    struct Count(std::cell::Cell<u32>);
    impl Pause for Count {
        fn pause(&self) {
            self.0.set(self.0.get() + 1);
        }
    }
    for file in FILES {
        let count = Count(std::cell::Cell::new(0));
        let wanted = Wanted {
            at_least: (1, 1),
            first_frame_only: true,
        };
        open(file, &Limits::default())
            .unwrap()
            .next_frame(&wanted, &count)
            .unwrap();
        assert!(count.0.get() > 0);
    }
}

#[test]
fn what_is_no_image_is_undecodable() {
    for file in [
        &b""[..],
        b"\xFF\xD8",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBP",
        b"\0\0\0\x08ftyp",
        b"BM...",
    ] {
        let error = open(file, &Limits::default()).map(|_| ()).unwrap_err();
        assert!(
            matches!(error, Error::Undecodable { .. }),
            "{file:02x?}: {error}"
        );
    }
}

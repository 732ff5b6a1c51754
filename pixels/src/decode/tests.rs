//! What holds for files of every format, however damaged.

use super::fuzz::{decode, jpeg};
use super::*;
use crate::Pause;
use crate::testing::{Noise, damage};

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
        max_memory: 16 << 20,
        ..Limits::default()
    };
    let mut seed = 0_u64;
    let mut decoded = 0;
    for file in FILES {
        for _ in 0..2_000 * 5 / FILES.len() + 1 {
            let side = [5, 30, u32::MAX][seed as usize % 3];
            let wanted = Wanted {
                at_least: (side, side),
                first_frame_only: seed.is_multiple_of(5),
            };
            decoded += u32::from(decode(&damage(file, seed), &limits, &wanted).is_ok());
            seed += 1;
        }
    }
    assert!(decoded > 1_000, "only {decoded} have a picture");
}

#[test]
fn any_jpeg_is_reduced_as_by_jpeg_decoder() {
    let mut noise = Noise::new(3);
    for _ in 0..300 {
        // Soft ones as well as noise.
        let step = noise.below(255);
        let bytes = (0..5 + noise.below(2_000)).map(|at| {
            if at < 5 || step < 128 {
                noise.byte()
            } else {
                (at / 3 * (step - 127) / 16) as u8
            }
        });
        assert!(jpeg(&bytes.chain([0]).collect::<Vec<_>>()));
    }
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

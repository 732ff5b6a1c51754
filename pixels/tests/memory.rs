//! Decoding takes no more memory than its limit says, whatever the file says.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use darkroom_pixels::decode::{self, Wanted};
use darkroom_pixels::{Cost, Error, Limits, NoPause, Transform, render};

/// Counts the bytes that are allocated, and the most that ever were.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it is.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(
            NOW.fetch_add(layout.size(), Relaxed) + layout.size(),
            Relaxed,
        );
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the pointer came from `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Decodes all frames, each forgotten before the next. Returns the most bytes that it took.
fn decode(file: &[u8], limits: &Limits, side: u32) -> (Result<u32, Error>, usize) {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let wanted = Wanted {
        at_least: (side, side),
        first_frame_only: false,
    };
    let frames = || {
        let mut decoder = decode::open(file, limits)?;
        let mut frames = 0;
        while decoder.next_frame(&wanted, &NoPause)?.is_some() {
            frames += 1;
        }
        Ok(frames)
    };
    let frames = frames();
    (frames, MOST.load(Relaxed) - before)
}

/// A photo of so many pixels: soft, with some grain.
fn photo(width: u32, height: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (state >> 28) as u8;
            let soft = |by: u32| ((x * by / width + y * 90 / height) as u8).wrapping_add(grain);
            pixels.extend([soft(60), soft(90), soft(120)]);
        }
    }
    pixels
}

fn jpeg(width: u16, height: u16, progressive: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 85);
    encoder.set_progressive(progressive);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    let pixels = photo(width.into(), height.into());
    encoder
        .encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    file
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&photo(width, height))
        .unwrap();
    file
}

const MIB: usize = 1 << 20;

// One test, because the counters are for the whole process.
#[test]
fn memory_stays_below_the_limit() {
    let limits = Limits::default();
    // Pictures for a thumbnail take little, however large they are.
    for progressive in [false, true] {
        let file = jpeg(4_000, 3_000, progressive);
        let (frames, most) = decode(&file, &limits, 300);
        assert_eq!(frames, Ok(1));
        assert!(
            most < 3 * MIB,
            "JPEG of 12 megapixels, progressive {progressive}: {most} bytes"
        );
    }
    let (frames, most) = decode(&png(4_000, 3_000), &limits, 300);
    assert_eq!(frames, Ok(1));
    assert!(most < MIB, "PNG of 12 megapixels: {most} bytes");
    whole_pictures_take_what_was_estimated();
    results_take_what_was_estimated();
    scaling_holds_two_pictures();
    damaged_files_take_no_more_than_the_limit();
}

/// A limit just below what a picture takes refuses it before it is decoded.
fn whole_pictures_take_what_was_estimated() {
    let files: [(&str, Vec<u8>); 5] = [
        ("sequential", jpeg(800, 600, false)),
        ("progressive", jpeg(800, 600, true)),
        ("PNG", png(800, 600)),
        (
            "WebP",
            include_bytes!("../../tests/fixtures/lossy.webp").to_vec(),
        ),
        (
            "AVIF",
            include_bytes!("../../tests/fixtures/still.avif").to_vec(),
        ),
    ];
    for (label, file) in files {
        for side in [100, 400, 800] {
            let mut limits = Limits::default();
            // The least limit that lets it through.
            while let (Ok(_), _) = decode(&file, &limits, side) {
                limits.max_memory = limits.max_memory * 9 / 10;
            }
            let refused = decode(&file, &limits, side).0;
            assert!(
                matches!(
                    refused,
                    Err(Error::TooCostly {
                        cost: Cost::Memory,
                        ..
                    })
                ),
                "{label}: {refused:?}"
            );
            limits.max_memory = limits.max_memory * 10 / 9 + 10;
            let most = decode(&file, &limits, side).1;
            // Tables of constant size come on top.
            let allowed = limits.max_memory + 3 * MIB;
            assert!(
                most <= allowed,
                "{label} at {side}: {most} bytes, {allowed} are allowed"
            );
        }
    }
}

/// Deriving a picture of its own size, which is refused if memory is limited to less, takes no more
/// than what is said then.
fn results_take_what_was_estimated() {
    let file = png(1_300, 1_000);
    let mut translucent = Vec::new();
    let mut encoder = png::Encoder::new(&mut translucent, 1_300, 1_000);
    encoder.set_color(png::ColorType::Rgba);
    let pixels = photo(1_300, 1_000);
    let pixels = pixels.chunks(3).zip(0..=255_u8).cycle().take(1_300_000);
    let pixels: Vec<u8> = pixels
        .flat_map(|(pixel, alpha)| [pixel[0], pixel[1], pixel[2], alpha])
        .collect();
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&pixels)
        .unwrap();
    drop(pixels);
    for format in ["jpeg", "png", "png&q=50", "webp", "gif"] {
        for (kind, file) in [("opaque", &file), ("translucent", &translucent)] {
            let transform = format!("format={format}");
            let transform: Transform = transform.parse().unwrap();
            let with = |max_memory| {
                let limits = Limits {
                    max_memory,
                    ..Limits::default()
                };
                render(file, &transform, &limits, &NoPause)
            };
            // The limit of what the decoder holds of the file.
            let Err(Error::TooCostly {
                cost: Cost::Memory,
                needed,
                ..
            }) = with(MIB)
            else {
                panic!("{kind} {format} is not refused");
            };
            let before = NOW.load(Relaxed);
            MOST.store(before, Relaxed);
            let rendered = with(needed as usize + 1).unwrap();
            let most = MOST.load(Relaxed) - before;
            println!(
                "{kind} {format}: {:.1} of {:.1} bytes a pixel, result {:.1}",
                most as f64 / 1.3e6,
                needed as f64 / 1.3e6,
                rendered.bytes.len() as f64 / 1.3e6
            );
            assert!(
                most <= needed as usize + 3 * MIB,
                "{kind} {format}: {most} bytes instead of {needed}"
            );
        }
    }
}

/// What is between the two passes of scaling stays small beside the pictures before and after.
fn scaling_holds_two_pictures() {
    let file = jpeg(3_000, 2_000, false);
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let transform: Transform = "w=2900".parse().unwrap();
    render(&file, &transform, &Limits::default(), &NoPause).unwrap();
    let most = MOST.load(Relaxed) - before;
    let pictures = 3 * (3_000 * 2_000 + 2_900 * 1_933);
    assert!(most < pictures + 12 * MIB, "{most} bytes for {pictures}");
}

fn damaged_files_take_no_more_than_the_limit() {
    let files: [&[u8]; 8] = [
        include_bytes!("../../tests/fixtures/progressive.jpg"),
        include_bytes!("../../tests/fixtures/private.jpg"),
        include_bytes!("../../tests/fixtures/animated.png"),
        include_bytes!("../../tests/fixtures/private.png"),
        include_bytes!("../../tests/fixtures/animated.gif"),
        include_bytes!("../../tests/fixtures/animated.webp"),
        include_bytes!("../../tests/fixtures/lossless.webp"),
        include_bytes!("../../tests/fixtures/rotated-animated.avif"),
    ];
    let limits = Limits {
        max_pixels: 4_000_000,
        max_memory: 24 * MIB,
        ..Limits::default()
    };
    for file in files {
        // Each byte of the headers, made as large as it can be, and one more.
        for at in 0..file.len().min(400) {
            for value in [0xFF, 0x7F, file[at].wrapping_add(1)] {
                let mut damaged = file.to_vec();
                damaged[at] = value;
                let (_, most) = decode(&damaged, &limits, 50);
                assert!(
                    most < limits.max_memory + 4 * MIB,
                    "byte {at} is {value}: {most} bytes"
                );
            }
        }
    }
}

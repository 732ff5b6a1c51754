//! Decodes a file at a size, again and again, and prints what it took. With a third argument it
//! also writes the first frame as a Netpbm file.
//!
//! ```text
//! cargo build --release --package darkroom-pixels --example measure --target wasm32-wasip1
//! wasmtime --dir . target/wasm32-wasip1/release/examples/measure.wasm photo.jpg 300x225
//! ```

use std::time::{Duration, Instant};

use darkroom_pixels::decode::{self, Wanted};
use darkroom_pixels::{Image, Layout, Limits, Pause};

/// The longest time between two pauses.
#[derive(Default)]
struct Longest(std::cell::Cell<(Option<Instant>, Duration)>);

impl Pause for Longest {
    fn pause(&self) {
        let (last, longest) = self.0.get();
        let passed = last.map_or(Duration::ZERO, |last| last.elapsed());
        self.0.set((Some(Instant::now()), longest.max(passed)));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, size, rest @ ..] = &arguments[..] else {
        panic!("usage: measure FILE WIDTHxHEIGHT [RESULT]");
    };
    let file = std::fs::read(path).expect("the file can be read");
    let (width, height) = size.split_once('x').expect("a size is WIDTHxHEIGHT");
    let side = |side: &str| side.parse().expect("a side is a number");
    let wanted = Wanted {
        at_least: (side(width), side(height)),
        first_frame_only: false,
    };
    let mut best = Duration::MAX;
    let longest = Longest::default();
    let mut frames = Vec::new();
    let mut taken = None;
    for _ in 0..if rest.is_empty() { 5 } else { 1 } {
        let start = Instant::now();
        longest.0.set((Some(start), longest.0.get().1));
        frames.clear();
        let mut decoder = decode::open(&file, &Limits::default()).expect("the header can be read");
        while let Some(frame) = decoder
            .next_frame(&wanted, &longest)
            .expect("it can be decoded")
        {
            frames.push((
                frame.image.width(),
                frame.image.height(),
                frame.shrink,
                frame.delay,
            ));
            if let [result] = rest
                && frames.len() == 1
            {
                std::fs::write(result, netpbm(&frame.image)).expect("the result can be written");
            }
        }
        longest.pause();
        best = best.min(start.elapsed());
        // Later rounds may find the memory in pieces.
        taken.get_or_insert_with(memory);
    }
    println!(
        "{path}: {} frames, first {:?}: {:.1} ms, longest without a pause {:.1} ms, memory {}",
        frames.len(),
        frames[0],
        best.as_secs_f64() * 1e3,
        longest.0.get().1.as_secs_f64() * 1e3,
        taken.unwrap_or_default(),
    );
}

#[cfg(target_family = "wasm")]
fn memory() -> String {
    format!(
        "{:.1} MiB",
        core::arch::wasm32::memory_size::<0>() as f64 / 16.0
    )
}

#[cfg(not(target_family = "wasm"))]
fn memory() -> String {
    "unknown".into()
}

/// A picture as a PAM file, with as many channels as it has.
fn netpbm(image: &Image) -> Vec<u8> {
    let kind = match image.layout() {
        Layout::Grey => "GRAYSCALE",
        Layout::GreyAlpha => "GRAYSCALE_ALPHA",
        Layout::Rgb => "RGB",
        Layout::Rgba => "RGB_ALPHA",
        Layout::Cmyk => "CMYK",
    };
    let (width, height, depth) = (image.width(), image.height(), image.layout().channels());
    let header = format!(
        "P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL 255\nTUPLTYPE {kind}\nENDHDR\n"
    );
    [header.as_bytes(), image.pixels()].concat()
}

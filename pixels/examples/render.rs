//! Derives an image: `render SOURCE TRANSFORM RESULT [ROUNDS]`. Prints the milliseconds of the
//! fastest round, the longest stretch of a round without a pause (the shortest of all rounds), the
//! size of the result, and the bytes of memory in WebAssembly.
//!
//! ```text
//! cargo build --release --package darkroom-pixels --example render --target wasm32-wasip1
//! wasmtime --dir . target/wasm32-wasip1/release/examples/render.wasm photo.jpg w=300 small.jpg 5
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use darkroom_pixels::{Limits, Pause, Transform, render};

/// The longest time between two pauses. As in the component that derives images, allocating memory
/// is one too.
struct Stretches;

thread_local! {
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
    static LONGEST: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

impl Pause for Stretches {
    fn pause(&self) {
        if let Some(since) = SINCE.take() {
            LONGEST.set(LONGEST.get().max(since.elapsed()));
            SINCE.set(Some(Instant::now()));
        }
    }
}

#[global_allocator]
static ALLOCATOR: Pausing = Pausing;

struct Pausing;

// SAFETY: all calls are passed on as they are.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Pausing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Stretches.pause();
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(at, layout) }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, transform, result, rest @ ..] = &arguments[..] else {
        return Err("usage: derive SOURCE TRANSFORM RESULT [ROUNDS]".into());
    };
    let rounds = rest.first().map_or(Ok(1), |rounds| rounds.parse::<u32>())?;
    let source = std::fs::read(source)?;
    let transform: Transform = transform.parse()?;
    let limits = Limits::default();
    let mut fastest = Duration::MAX;
    let mut stretch = Duration::MAX;
    let mut taken = None;
    let mut rendered = None;
    for _ in 0..rounds {
        let begin = Instant::now();
        LONGEST.set(Duration::ZERO);
        SINCE.set(Some(begin));
        rendered = Some(render(&source, &transform, &limits, &Stretches)?);
        Stretches.pause();
        SINCE.set(None);
        fastest = fastest.min(begin.elapsed());
        stretch = stretch.min(LONGEST.get());
        // Later rounds may find the memory in pieces.
        taken.get_or_insert_with(memory);
    }
    let rendered = rendered.ok_or("there must be a round")?;
    println!(
        "{:.1} ms, {:.1} ms without a pause, {} bytes, {} × {}, {} frames, {} KiB of memory",
        fastest.as_secs_f64() * 1000.0,
        stretch.as_secs_f64() * 1000.0,
        rendered.bytes.len(),
        rendered.width,
        rendered.height,
        rendered.frames,
        taken.unwrap_or_default() / 1024,
    );
    std::fs::write(result, rendered.bytes)?;
    Ok(())
}

#[cfg(target_family = "wasm")]
fn memory() -> usize {
    std::arch::wasm32::memory_size(0) * 65_536
}

#[cfg(not(target_family = "wasm"))]
fn memory() -> usize {
    0
}

//! Derives an image: `derive SOURCE TRANSFORM RESULT [ROUNDS]`. Prints the milliseconds of the
//! fastest round, the size of the result, and the bytes of memory in WebAssembly.

use std::time::Instant;

use darkroom_pixels::{Limits, NoPause, Transform, render};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, transform, result, rest @ ..] = &arguments[..] else {
        return Err("usage: derive SOURCE TRANSFORM RESULT [ROUNDS]".into());
    };
    let rounds = rest.first().map_or(Ok(1), |rounds| rounds.parse::<u32>())?;
    let source = std::fs::read(source)?;
    let transform: Transform = transform.parse()?;
    let limits = Limits::default();
    let begin = Instant::now();
    let mut rendered = render(&source, &transform, &limits, &NoPause)?;
    let mut fastest = begin.elapsed();
    for _ in 1..rounds {
        let begin = Instant::now();
        rendered = render(&source, &transform, &limits, &NoPause)?;
        fastest = fastest.min(begin.elapsed());
    }
    println!(
        "{:.1} ms, {} bytes, {} × {}, {} frames, {} KiB of memory",
        fastest.as_secs_f64() * 1000.0,
        rendered.bytes.len(),
        rendered.width,
        rendered.height,
        rendered.frames,
        memory() / 1024,
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

//! Damaged seeds on WebAssembly, where numbers have 32 bits and the stack is short: what
//! sanitizers do not run on.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::{cargo, guest, say};

/// Tries damaged seeds on one target for so long. The same `seed` gives the same damage.
pub(super) fn fuzz(target: &str, seconds: u32, seed: u64) -> Result<()> {
    say::step(&format!(
        "Trying {target} on WebAssembly for {seconds} s, with damage of the seed {seed}"
    ));
    let test = format!("fuzz::smoke::{target}");
    let mut command = guest::cargo_test(&["--profile", "wasm-fuzz", "--", "--exact", &test])?;
    command
        .env("DARKROOM_SMOKE_SECONDS", seconds.to_string())
        .env("DARKROOM_SMOKE_SEED", seed.to_string());
    let corpus = format!("fuzz/corpus/{target}");
    if cargo::root().join(&corpus).is_dir() {
        command.env("DARKROOM_SMOKE_CORPUS", corpus);
    }
    cargo::run(&mut command).with_context(|| {
        format!(
            "{target} found something; the input is in {}/{target}.under-way, and belongs into \
             fuzz/seeds/{target}/ once it is mended",
            guest::KEPT
        )
    })
}

/// A seed that no run had before.
pub(super) fn new_seed() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(1, |time| time.as_secs())
}

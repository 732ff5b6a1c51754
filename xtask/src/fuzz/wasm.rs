//! Damaged seeds on WebAssembly, where `usize` has 32 bits and the stack is small, and where
//! sanitizers do not run.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::{cargo, guest, say};

/// Tries damaged seeds on one target for this many seconds. The same `seed` makes the same damage.
pub(super) fn fuzz(target: &str, seconds: u32, seed: u64) -> Result<()> {
    say::step(&format!(
        "Trying {target} on WebAssembly for {seconds} s, with the random seed {seed}"
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
            "trying {target} found a failure; the input is in {}/{target}.under-way: add it to \
             fuzz/seeds/{target}/ when the failure is fixed",
            guest::KEPT
        )
    })
}

/// A seed that no earlier run had.
pub(super) fn new_seed() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(1, |time| time.as_secs())
}

//! The documentation of all libraries.
//!
//! `cargo doc` checks every dependency, although it is compiled too. `cargo test --doc` hands to
//! rustdoc what has been compiled, so a script in the place of rustdoc writes the documentation
//! instead of testing its examples. Programs have no examples, and are left out.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result};

use crate::cargo::{self, NATIVE, WASM_ONLY, WASM_TARGET, cargo};

/// Writes the documentation to `target/doc`. Fails if rustdoc warns of anything.
pub(super) fn write() -> Result<()> {
    cargo::ensure_wasm_target()?;
    let folder = cargo::target_dir().join("xtask");
    fs::create_dir_all(&folder)?;
    let script = folder.join("document.sh");
    let written = fs::write(&script, include_str!("document.sh"))
        .and_then(|()| fs::set_permissions(&script, fs::Permissions::from_mode(0o755)));
    written.with_context(|| format!("cannot write {}", script.display()))?;
    let native = format!("test {NATIVE} --doc");
    let guests = format!("test --target {WASM_TARGET} {WASM_ONLY} --doc");
    for selection in [native, guests] {
        let mut command = cargo(selection.split(' '));
        command
            .env("RUSTDOC", &script)
            .env("DARKROOM_DOCS", cargo::target_dir().join("doc"));
        cargo::run(&mut command)?;
    }
    Ok(())
}

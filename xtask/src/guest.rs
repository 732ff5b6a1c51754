//! The component's unit tests where the component runs: compiled to WebAssembly, on the
//! embedded host's Wasmtime.
//!
//! Numbers have 32 bits there, the stack is short, and a panic ends everything.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::cargo::{self, WASM_TARGET, cargo};
use crate::host::{Choice, Program};

/// The folder with what a broken promise was seen with: an input for each target.
pub(crate) const KEPT: &str = "target/smoke";

/// `cargo test` for them, with these arguments. Builds what runs them.
pub(crate) fn cargo_test(arguments: &[&str]) -> Result<Command> {
    cargo::ensure_wasm_target()?;
    Program::resolve(Choice::Embedded)?;
    let runner = cargo::target_dir().join("release/darkroom-run");
    ensure!(runner.is_file(), "the build made no {}", runner.display());
    let runner = toml::Value::from(vec![runner.display().to_string()]);
    let config = format!("target.{WASM_TARGET}.runner={runner}");
    let mut command = cargo([
        "--config",
        &config,
        "test",
        "--package",
        "darkroom",
        "--lib",
    ]);
    command.args(["--target", WASM_TARGET]).args(arguments);
    Ok(command)
}

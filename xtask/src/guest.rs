//! The components' unit tests on their own platform: compiled to WebAssembly, run by the embedded
//! host's Wasmtime.
//!
//! There, `usize` has 32 bits, the stack is small, and a panic ends the whole run.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::cargo::{self, WASM_TARGET, cargo};
use crate::host::{Build, Choice, Program};

/// The folder that keeps the input that broke a promise, one for each target.
pub(crate) const KEPT: &str = "target/smoke";

/// The packages whose code runs in components.
const PACKAGES: [&str; 4] = [
    "darkroom",
    "darkroom-derive",
    "darkroom-pixels",
    "darkroom-transform",
];

/// The `cargo test` command for these tests, and that of the memory which pixels take, with these arguments. Builds the program that runs
/// them.
pub(crate) fn cargo_test(arguments: &[&str]) -> Result<Command> {
    cargo::ensure_wasm_target()?;
    Program::resolve(Choice::Embedded, Build::Dev)?;
    let runner = cargo::target_dir().join("debug/darkroom-run");
    ensure!(
        runner.is_file(),
        "the build did not produce {}",
        runner.display()
    );
    let runner = toml::Value::from(vec![runner.display().to_string()]);
    let config = format!("target.{WASM_TARGET}.runner={runner}");
    let mut command = cargo(["--config", &config, "test", "--lib", "--test", "memory"]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    command.args(["--target", WASM_TARGET]).args(arguments);
    Ok(command)
}

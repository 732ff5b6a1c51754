//! Running cargo and rustup, and the paths of the repository.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};

use crate::say;

/// The target that the component is built for.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip1";

/// The environment variable for what compiles the packages of the workspace.
pub(crate) const WRAPPER: &str = "RUSTC_WORKSPACE_WRAPPER";

/// Whether clippy compiles the packages of the workspace.
static LINTS: AtomicBool = AtomicBool::new(false);

/// Arguments for cargo that select every native package. Tests and documentation always select all
/// of them: another selection could enable other features of dependencies, which would be compiled
/// again. Without default features, so that no build contains a component; with the checks of the
/// fuzzers, so that clippy reads them; and without the packages that run in WebAssembly alone, as
/// their tests do.
pub(crate) const NATIVE: &str = "--workspace --no-default-features --features darkroom/fuzzing \
                                 --exclude darkroom-pixels --exclude darkroom-derive";

/// Arguments for cargo that select the packages which are compiled to WebAssembly alone, with what
/// tests enable.
pub(crate) const WASM_ONLY: &str = "--package darkroom-pixels --package darkroom-derive \
                                    --features darkroom-pixels/fuzzing";

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent()
        .map_or_else(|| here.clone(), Path::to_path_buf)
}

/// The directory of cargo's build output.
pub(crate) fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// What cargo prints of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Each package, and how far the build is.
    Shown,
    /// Warnings and errors, because another build shows its progress at the same time.
    Hidden,
}

/// From now on, clippy compiles the packages of the workspace, and reports what it finds while it
/// builds what tests run. `cargo clippy` would check every dependency, although it is compiled too.
pub(crate) fn lint_builds() {
    LINTS.store(true, Ordering::Relaxed);
}

/// A cargo command in the repository's root.
pub(crate) fn cargo<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = tool(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    if LINTS.load(Ordering::Relaxed) {
        command.env(WRAPPER, "clippy-driver");
    }
    command
}

/// A program that may run cargo, in the repository's root.
pub(crate) fn tool(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    // The variables that cargo sets for xtask, or for a test that runs it, must not reach the
    // commands that xtask starts: build scripts that watch them would run again.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let is_of_xtask = ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        if is_of_xtask || name == "OUT_DIR" {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs the unit test that compares published files with the code, and sets the environment
/// variable that makes it write them.
pub(crate) fn write_by_test(test: &str, variable: &str) -> Result<()> {
    // The same packages and the same compiler as all unit tests, so that nothing is built twice.
    ensure_components()?;
    lint_builds();
    let arguments = format!("test --quiet {NATIVE} --lib --bins");
    run(cargo(arguments.split(' ')).arg(test).env(variable, "1"))
}

/// Runs a command to its end. If it fails, the error names it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a command and returns its standard output, trimmed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut line = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

/// The program's path, if it is on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

/// Makes sure that the pinned toolchain can build for [`WASM_TARGET`].
pub(crate) fn ensure_wasm_target() -> Result<()> {
    let sysroot = output(rust_tool("rustc").args(["--print", "sysroot"]))?;
    let installed = Path::new(&sysroot).join("lib/rustlib").join(WASM_TARGET);
    if installed.is_dir() {
        return Ok(());
    }
    say::step(&format!(
        "Adding the Rust target {WASM_TARGET}, which the component is built for"
    ));
    rustup(&["target", "add", WASM_TARGET])
}

/// Makes sure that rustfmt and clippy are installed.
pub(crate) fn ensure_components() -> Result<()> {
    let works = |tool| {
        let mut command = rust_tool(tool);
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if works("rustfmt") && works("cargo-clippy") {
        return Ok(());
    }
    say::step("Adding rustfmt and clippy to the Rust toolchain");
    rustup(&["component", "add", "rustfmt", "clippy"])
}

fn rust_tool(name: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

fn rustup(arguments: &[&str]) -> Result<()> {
    if on_path("rustup").is_none() {
        bail!(
            "the Rust toolchain lacks a component, and there is no rustup to add it: install rustup \
             (https://rustup.rs), or install the component with the package manager of this \
             toolchain; with rustup, the command is: rustup {}",
            arguments.join(" ")
        );
    }
    run(rust_tool("rustup").args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_contains_the_manifest_of_the_application() {
        assert!(root().join("spin.toml").is_file());
    }

    #[test]
    fn commands_are_shown_without_the_path_of_their_program() {
        let mut command = Command::new("/some/where/cargo");
        command.args(["build", "--release"]);
        assert_eq!(shown(&command), "cargo build --release");
    }
}

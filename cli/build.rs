//! Puts the components into `OUT_DIR`, where the program embeds them from: those that are already
//! built, if `DARKROOM_COMPONENTS` names their directory, or else those that this script builds
//! with the build commands of `spin.toml`.

#![forbid(unsafe_code)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the directory of components that are already built.
const PREBUILT: &str = "DARKROOM_COMPONENTS";
/// The files of the components.
const COMPONENTS: [&str; 2] = ["darkroom.wasm", "darkroom_derive.wasm"];
const TARGET: &str = "wasm32-wasip1";
/// The files and directories of the repository that the components are built from.
const SOURCES: [&str; 12] = [
    "src",
    "derive",
    "pixels",
    "transform",
    "vendor",
    "wit",
    "docs/openapi.html",
    "docs/openapi.json",
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "spin.toml",
];

fn main() {
    println!("cargo::rerun-if-env-changed={PREBUILT}");
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(reason) = provide() {
        println!("cargo::error={reason}");
    }
}

fn provide() -> Result<(), String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let directory = match (
        env::var_os("CARGO_FEATURE_EMBED"),
        env::var_os(PREBUILT).map(PathBuf::from),
    ) {
        (None, _) => None,
        (_, Some(directory)) => Some(directory),
        _ => Some(build(&out)?),
    };
    for name in COMPONENTS {
        let kept = out.join(name);
        let written = match &directory {
            None => fs::write(&kept, []),
            Some(directory) => fs::copy(ready(directory.join(name))?, &kept).map(drop),
        };
        written.map_err(|error| format!("cannot write {}: {error}", kept.display()))?;
    }
    Ok(())
}

fn ready(path: PathBuf) -> Result<PathBuf, String> {
    println!("cargo::rerun-if-changed={}", path.display());
    if !path.is_file() {
        return Err(format!(
            "{PREBUILT} must name the directory of components that are already built, but {} is \
             not a file (a relative path starts in the package's directory; use an absolute one)",
            path.display()
        ));
    }
    Ok(path)
}

/// Builds the components in a target directory of their own, because the usual one is locked by
/// the cargo process that runs this script. Returns the directory of the components.
fn build(out: &Path) -> Result<PathBuf, String> {
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?;
    let root = Path::new(&package).join("..");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    check_target()?;
    let target_dir = out.join("target");
    let mut directory = Err("spin.toml has no command = \"cargo …\"".to_owned());
    for arguments in commands(&root.join("spin.toml"))? {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&root).args(&arguments);
        // The variables that cargo sets for this package and its target must not reach the
        // components' builds.
        for (name, _) in env::vars_os() {
            if is_of_this_build(&name.to_string_lossy()) {
                cargo.env_remove(name);
            }
        }
        // Not as an argument: what follows `--` in a build command is for the compiler.
        cargo.env("CARGO_TARGET_DIR", &target_dir);
        let status = cargo.status();
        let status = status.map_err(|error| format!("cannot start cargo: {error}"))?;
        if !status.success() {
            return Err(format!(
                "cargo {} failed ({status}); to use components that are already built, name their \
                 directory in {PREBUILT}",
                arguments.join(" ")
            ));
        }
        let profile = arguments.iter().position(|word| word == "--profile");
        let profile = profile.and_then(|at| arguments.get(at + 1));
        let profile = profile.ok_or("a build command in spin.toml names no --profile")?;
        directory = Ok(target_dir.join(TARGET).join(profile));
    }
    directory
}

fn check_target() -> Result<(), String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|error| format!("cannot start rustc: {error}"))?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !Path::new(&folder).is_dir() {
        return Err(format!(
            "the components inside this program are WebAssembly, but this Rust toolchain lacks the \
             target's standard library; add it: rustup target add {TARGET}"
        ));
    }
    Ok(())
}

/// The arguments of `cargo` in the manifest's build commands.
fn commands(manifest: &Path) -> Result<Vec<Vec<String>>, String> {
    let text = fs::read_to_string(manifest)
        .map_err(|error| format!("cannot read {}: {error}", manifest.display()))?;
    let commands = text
        .lines()
        .filter_map(|line| line.strip_prefix("command = \"cargo ")?.strip_suffix('"'));
    let words = |command: &str| command.split_whitespace().map(str::to_owned).collect();
    Ok(commands.map(words).collect())
}

/// Whether cargo sets the variable to describe this package to its build script, or the variable
/// holds compiler flags for the host, which would override those for WebAssembly in
/// `.cargo/config.toml`.
fn is_of_this_build(name: &str) -> bool {
    const PREFIXES: [&str; 4] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_FEATURE_",
        "CARGO_CFG_",
    ];
    const NAMES: [&str; 4] = [
        "CARGO_ENCODED_RUSTFLAGS",
        "OUT_DIR",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

//! Puts the component into `OUT_DIR`, for the program to carry: one that is built already, if
//! `DARKROOM_COMPONENT` says where it is, or else one that is built here as `spin.toml` says.

#![forbid(unsafe_code)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names a component that is built already.
const READY: &str = "DARKROOM_COMPONENT";
const TARGET: &str = "wasm32-wasip1";
/// What a change of makes another component of, in the repository.
const SOURCES: [&str; 8] = [
    "src",
    "wit",
    "docs/openapi.html",
    "docs/openapi.json",
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "spin.toml",
];

fn main() {
    println!("cargo::rerun-if-env-changed={READY}");
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(reason) = provide() {
        println!("cargo::error={reason}");
    }
}

fn provide() -> Result<(), String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("there is no OUT_DIR")?);
    let kept = out.join("darkroom.wasm");
    let written = if env::var_os("CARGO_FEATURE_EMBED").is_none() {
        fs::write(&kept, [])
    } else {
        let component = match env::var_os(READY) {
            Some(path) => ready(path.into())?,
            None => build(&out)?,
        };
        fs::copy(component, &kept).map(drop)
    };
    written.map_err(|error| format!("cannot write {}: {error}", kept.display()))
}

fn ready(path: PathBuf) -> Result<PathBuf, String> {
    println!("cargo::rerun-if-changed={}", path.display());
    if !path.is_file() {
        return Err(format!(
            "{READY} is to name a component that is built already, and {} is no file (a path \
             starts in the package's folder, so it is best absolute)",
            path.display()
        ));
    }
    Ok(path)
}

/// Builds the component in a target directory of its own, since the usual one is locked by the
/// cargo that runs this.
fn build(out: &Path) -> Result<PathBuf, String> {
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("there is no CARGO_MANIFEST_DIR")?;
    let root = Path::new(&package).join("..");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    check_target()?;
    let arguments = arguments(&root.join("spin.toml"))?;
    let target_dir = out.join("target");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&root)
        .args(&arguments)
        .arg("--target-dir")
        .arg(&target_dir);
    // What cargo says of this package and its target is not for the component's.
    for (name, _) in env::vars_os() {
        if is_of_this_build(&name.to_string_lossy()) {
            cargo.env_remove(name);
        }
    }
    let status = cargo.status();
    let status = status.map_err(|error| format!("cannot start cargo: {error}"))?;
    if !status.success() {
        return Err(format!(
            "cargo {} failed ({status}); {READY} may name a component that is built already",
            arguments.join(" ")
        ));
    }
    let profile = arguments.iter().position(|word| word == "--profile");
    let profile = profile.and_then(|at| arguments.get(at + 1));
    let profile = profile.ok_or("the build command in spin.toml names no --profile")?;
    Ok(target_dir.join(TARGET).join(profile).join("darkroom.wasm"))
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
            "the component inside this program is WebAssembly, which this Rust toolchain has no \
             libraries for; add them: rustup target add {TARGET}"
        ));
    }
    Ok(())
}

/// The words after `cargo` in the build command of the manifest.
fn arguments(manifest: &Path) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(manifest)
        .map_err(|error| format!("cannot read {}: {error}", manifest.display()))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("command = \"cargo ")?.strip_suffix('"'))
        .ok_or_else(|| format!("{} has no command = \"cargo …\"", manifest.display()))?;
    Ok(line.split_whitespace().map(str::to_owned).collect())
}

/// Whether a variable is one by which cargo tells build scripts of their package, or a flag for
/// this machine that would hide those for WebAssembly in `.cargo/config.toml`.
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

//! Building the WebAssembly component, with the command in `spin.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use toml::Table;

use crate::cargo::{self, Progress, WASM_TARGET, root, target_dir};
use crate::say;

const NAME: &str = "darkroom";

/// How the component is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Optimised, as for deployment.
    Release,
    /// Unoptimised: quick to build, slow to run.
    Debug,
}

/// A component that has been built, and the application manifest that names it.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    /// The `.wasm` file.
    pub(crate) wasm: PathBuf,
    /// The manifest to start a host from.
    pub(crate) manifest: PathBuf,
}

/// Builds the component with the command in `spin.toml`.
pub(crate) fn build(profile: Profile, progress: Progress) -> Result<Component> {
    cargo::ensure_wasm_target()?;
    let manifest_path = root().join("spin.toml");
    let manifest = read_manifest(&manifest_path)?;
    let (arguments, directory) = build_arguments(&manifest, profile)?;
    say::step(&format!(
        "Building the component{}: cargo {}",
        if profile == Profile::Debug {
            " without optimisation"
        } else {
            ""
        },
        arguments.join(" ")
    ));
    let wasm = compile(&arguments, &directory, progress)?;
    let named = root().join(text(component(&manifest)?, "source")?);
    let manifest = if named == wasm {
        manifest_path
    } else {
        write_manifest(manifest, &wasm)?
    };
    Ok(Component { wasm, manifest })
}

/// Builds the component that runs the conformance suites on its stores and answers with their
/// results. Returns the path of the `.wasm` file.
///
/// It is not optimised, so that it is quick to build, and so that it does not take the place of
/// the application's component: cargo keeps one build of a `cdylib` in each profile, whatever its
/// features are.
pub(crate) fn build_conformance() -> Result<PathBuf> {
    cargo::ensure_wasm_target()?;
    let manifest = read_manifest(&root().join("spin.toml"))?;
    let (mut arguments, directory) = build_arguments(&manifest, Profile::Debug)?;
    arguments.extend(["--features", "conformance"].map(str::to_owned));
    say::step("Building the component with the conformance suites");
    let built = compile(&arguments, &directory, Progress::Shown)?;
    // Copied, because the next build of the application would overwrite it.
    let kept = target_dir().join("xtask").join("conformance.wasm");
    fs::create_dir_all(target_dir().join("xtask"))?;
    fs::copy(&built, &kept).with_context(|| format!("cannot write {}", kept.display()))?;
    Ok(kept)
}

/// Builds the component that derives images. Returns the path of the `.wasm` file.
pub(crate) fn build_deriving() -> Result<PathBuf> {
    cargo::ensure_wasm_target()?;
    say::step("Building the component that derives images");
    let mut command = cargo::cargo(["rustc", "--package", "darkroom-derive", "--lib"]);
    command.args(["--profile", "component", "--target", WASM_TARGET]);
    cargo::run(command.args(["--crate-type", "cdylib"]))?;
    Ok(target_dir()
        .join(WASM_TARGET)
        .join("component/darkroom_derive.wasm"))
}

/// Builds the components of `tests/guests`. Returns the directory with their `.wasm` files.
pub(crate) fn build_guests() -> Result<PathBuf> {
    cargo::ensure_wasm_target()?;
    say::step("Building the components that call each other");
    let mut command = cargo::cargo(["build", "--package", "darkroom-guests", "--examples"]);
    cargo::run(command.args(["--target", WASM_TARGET]))?;
    Ok(target_dir().join(WASM_TARGET).join("debug/examples"))
}

/// Runs cargo, and returns the path of the `.wasm` file that it produced.
fn compile(arguments: &[String], directory: &str, progress: Progress) -> Result<PathBuf> {
    let mut command = cargo::cargo(arguments);
    if progress == Progress::Hidden {
        command.env("CARGO_TERM_QUIET", "true");
    }
    cargo::run(&mut command)?;
    let wasm = target_dir()
        .join(WASM_TARGET)
        .join(directory)
        .join(format!("{NAME}.wasm"));
    ensure!(
        wasm.is_file(),
        "the build did not produce {}; does [component.{NAME}.build] in spin.toml name another target?",
        wasm.display()
    );
    Ok(wasm)
}

fn read_manifest(path: &Path) -> Result<Table> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse()
        .with_context(|| format!("{} is not valid TOML", path.display()))
}

/// The names of the application's variables.
pub(crate) fn variables() -> Result<Vec<String>> {
    let manifest = read_manifest(&root().join("spin.toml"))?;
    let variables = manifest.get("variables").and_then(toml::Value::as_table);
    let variables = variables.context("spin.toml has no [variables]")?;
    Ok(variables.keys().cloned().collect())
}

fn component(manifest: &Table) -> Result<&Table> {
    manifest
        .get("component")
        .and_then(|all| all.get(NAME))
        .and_then(toml::Value::as_table)
        .with_context(|| format!("spin.toml has no [component.{NAME}]"))
}

fn text<'a>(table: &'a Table, key: &str) -> Result<&'a str> {
    table
        .get(key)
        .and_then(toml::Value::as_str)
        .with_context(|| format!("spin.toml lacks `{key}` for the component {NAME}"))
}

/// The arguments for cargo, and the name of the profile's directory, in which the result is.
fn build_arguments(manifest: &Table, profile: Profile) -> Result<(Vec<String>, String)> {
    let build = component(manifest)?
        .get("build")
        .and_then(toml::Value::as_table)
        .with_context(|| format!("spin.toml has no [component.{NAME}.build]"))?;
    let command = text(build, "command")?;
    let mut words = command.split_whitespace().map(str::to_owned);
    ensure!(
        words.next().as_deref() == Some("cargo"),
        "the build command in spin.toml does not start with `cargo`: {command}"
    );
    let mut arguments: Vec<String> = words.collect();
    let at = arguments.iter().position(|word| word == "--profile");
    let named = at
        .and_then(|at| arguments.get_mut(at + 1))
        .with_context(|| format!("the build command in spin.toml has no --profile: {command}"))?;
    if profile == Profile::Debug {
        "dev".clone_into(named);
        return Ok((arguments, "debug".to_owned()));
    }
    let directory = named.clone();
    Ok((arguments, directory))
}

/// Writes a copy of the manifest that names another file, for a build that is not where
/// `spin.toml` expects it.
fn write_manifest(mut manifest: Table, wasm: &Path) -> Result<PathBuf> {
    manifest
        .get_mut("component")
        .and_then(|all| all.get_mut(NAME))
        .and_then(toml::Value::as_table_mut)
        .with_context(|| format!("spin.toml has no [component.{NAME}]"))?
        .insert("source".to_owned(), wasm.display().to_string().into());
    let directory = target_dir().join("xtask");
    fs::create_dir_all(&directory)?;
    let path = directory.join("spin.toml");
    fs::write(&path, manifest.to_string())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(command: &str) -> Table {
        format!("[component.{NAME}]\nsource = \"a.wasm\"\n[component.{NAME}.build]\ncommand = \"{command}\"")
            .parse()
            .expect("TOML")
    }

    #[test]
    fn a_debug_build_changes_only_the_profile() {
        let manifest = manifest("cargo rustc --lib --profile component --crate-type cdylib");
        let (arguments, directory) = build_arguments(&manifest, Profile::Release).expect("release");
        assert_eq!(
            (arguments[3].as_str(), directory.as_str()),
            ("component", "component")
        );
        let (arguments, directory) = build_arguments(&manifest, Profile::Debug).expect("debug");
        assert_eq!(
            arguments,
            [
                "rustc",
                "--lib",
                "--profile",
                "dev",
                "--crate-type",
                "cdylib"
            ]
        );
        assert_eq!(directory, "debug");
    }

    #[test]
    fn a_command_without_cargo_or_profile_is_refused() {
        for command in ["make", "cargo build --release"] {
            assert!(build_arguments(&manifest(command), Profile::Release).is_err());
        }
    }

    #[test]
    fn the_manifest_of_the_repository_is_accepted() {
        let manifest = read_manifest(&root().join("spin.toml")).expect("readable");
        assert!(build_arguments(&manifest, Profile::Release).is_ok());
    }
}

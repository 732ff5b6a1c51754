//! Building the WebAssembly components, with the commands in `spin.toml`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use toml::Table;

use crate::cargo::{self, Progress, WASM_TARGET, root, target_dir};
use crate::say;

/// The component that serves requests.
const APPLICATION: &str = "darkroom";
/// The component that derives images.
const DERIVING: &str = "derive";

/// How components are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Optimised, as for deployment.
    Release,
    /// Unoptimised: quick to build, slow to run.
    Debug,
}

/// Components that have been built, and the application manifest that names them.
#[derive(Clone, Debug)]
pub(crate) struct Components {
    /// The `.wasm` file of the component that serves requests.
    pub(crate) application: PathBuf,
    /// The `.wasm` file of the component that derives images, in the same directory.
    pub(crate) deriving: PathBuf,
    /// The manifest to start a host from.
    pub(crate) manifest: PathBuf,
}

/// Builds the components with the commands in `spin.toml`.
pub(crate) fn build(profile: Profile, progress: Progress) -> Result<Components> {
    cargo::ensure_wasm_target()?;
    let path = root().join("spin.toml");
    let mut manifest = read_manifest(&path)?;
    let application = build_one(&manifest, APPLICATION, profile, progress)?;
    let deriving = build_one(&manifest, DERIVING, profile, progress)?;
    let mut is_as_named = true;
    for (name, wasm) in [(APPLICATION, &application), (DERIVING, &deriving)] {
        is_as_named &= root().join(text(&manifest, name, "source")?) == *wasm;
        set_source(&mut manifest, name, wasm)?;
    }
    Ok(Components {
        application,
        deriving,
        manifest: if is_as_named {
            path
        } else {
            write_manifest(&manifest)?
        },
    })
}

/// Builds one of the components. Returns the path of its `.wasm` file.
fn build_one(
    manifest: &Table,
    name: &str,
    profile: Profile,
    progress: Progress,
) -> Result<PathBuf> {
    let (arguments, directory) = build_arguments(manifest, name, profile)?;
    say::step(&format!(
        "Building the component {name}{}: cargo {}",
        if profile == Profile::Debug {
            " without optimisation"
        } else {
            ""
        },
        arguments.join(" ")
    ));
    compile(manifest, name, &arguments, &directory, progress)
}

/// Builds the component that runs the conformance suites on its stores and answers with their
/// results. Returns the path of the `.wasm` file.
///
/// It is not optimised, so that it is quick to build, and so that it does not take the place of
/// the application's component: cargo keeps one build of a `cdylib` in each profile, whatever its
/// features are.
pub(crate) fn build_conformance() -> Result<PathBuf> {
    cargo::ensure_wasm_target()?;
    say::step("Building the component with the conformance suites");
    cargo::run(&mut conformance_command()?)?;
    let manifest = read_manifest(&root().join("spin.toml"))?;
    let built = built_file(&manifest, APPLICATION, "debug")?;
    // Copied, because the next build of the application would overwrite it.
    let kept = target_dir().join("xtask").join("conformance.wasm");
    fs::create_dir_all(target_dir().join("xtask"))?;
    fs::copy(&built, &kept).with_context(|| format!("cannot write {}", kept.display()))?;
    Ok(kept)
}

/// The command that builds the component with the conformance suites. It contains all code of the
/// application, so that clippy reads it instead of the application: what only the suites use does
/// not count as unused.
pub(crate) fn conformance_command() -> Result<Command> {
    let manifest = read_manifest(&root().join("spin.toml"))?;
    let (arguments, _) = build_arguments(&manifest, APPLICATION, Profile::Debug)?;
    // What follows is for the compiler. Callers append arguments for cargo.
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    let mut command = cargo::cargo(for_cargo);
    command.args(["--features", "conformance"]);
    Ok(command)
}

/// Builds the components of `tests/guests`. Returns the directory with their `.wasm` files.
pub(crate) fn build_guests() -> Result<PathBuf> {
    cargo::ensure_wasm_target()?;
    say::step("Building the components that call each other");
    cargo::run(&mut guests_command())?;
    Ok(target_dir().join(WASM_TARGET).join("debug/examples"))
}

/// The command that builds the components of `tests/guests`.
pub(crate) fn guests_command() -> Command {
    let mut command = cargo::cargo(["build", "--package", "darkroom-guests", "--examples"]);
    command.args(["--target", WASM_TARGET]);
    command
}

/// Runs cargo, and returns the path of the `.wasm` file that it produced.
fn compile(
    manifest: &Table,
    name: &str,
    arguments: &[String],
    directory: &str,
    progress: Progress,
) -> Result<PathBuf> {
    let mut command = cargo::cargo(arguments);
    // By the compiler itself, so that whoever serves them has the same build.
    command.env_remove(cargo::WRAPPER);
    if progress == Progress::Hidden {
        command.env("CARGO_TERM_QUIET", "true");
    }
    cargo::run(&mut command)?;
    built_file(manifest, name, directory)
}

/// The path of the `.wasm` file that a build has produced, which must be there.
fn built_file(manifest: &Table, name: &str, directory: &str) -> Result<PathBuf> {
    let wasm = target_dir()
        .join(WASM_TARGET)
        .join(directory)
        .join(file_name(manifest, name)?);
    ensure!(
        wasm.is_file(),
        "the build did not produce {}; does [component.{name}.build] in spin.toml name another target?",
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

fn component<'a>(manifest: &'a Table, name: &str) -> Result<&'a Table> {
    manifest
        .get("component")
        .and_then(|all| all.get(name))
        .and_then(toml::Value::as_table)
        .with_context(|| format!("spin.toml has no [component.{name}]"))
}

fn text<'a>(manifest: &'a Table, name: &str, key: &str) -> Result<&'a str> {
    component(manifest, name)?
        .get(key)
        .and_then(toml::Value::as_str)
        .with_context(|| format!("spin.toml lacks `{key}` for the component {name}"))
}

/// The name of a component's `.wasm` file.
fn file_name<'a>(manifest: &'a Table, name: &str) -> Result<&'a str> {
    let source = text(manifest, name, "source")?;
    Ok(source.rsplit_once('/').map_or(source, |(_, file)| file))
}

/// The arguments for cargo, and the name of the profile's directory, in which the result is.
fn build_arguments(
    manifest: &Table,
    name: &str,
    profile: Profile,
) -> Result<(Vec<String>, String)> {
    let command = component(manifest, name)?
        .get("build")
        .and_then(|build| build.get("command"))
        .and_then(toml::Value::as_str)
        .with_context(|| format!("spin.toml has no [component.{name}.build] with a command"))?;
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

/// Has the manifest name another file for a component.
fn set_source(manifest: &mut Table, name: &str, wasm: &Path) -> Result<()> {
    manifest
        .get_mut("component")
        .and_then(|all| all.get_mut(name))
        .and_then(toml::Value::as_table_mut)
        .with_context(|| format!("spin.toml has no [component.{name}]"))?
        .insert("source".to_owned(), wasm.display().to_string().into());
    Ok(())
}

/// Writes a manifest for a build that is not where `spin.toml` expects it.
fn write_manifest(manifest: &Table) -> Result<PathBuf> {
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
        let component = format!("[component.{APPLICATION}]\nsource = \"a.wasm\"\n");
        format!("{component}[component.{APPLICATION}.build]\ncommand = \"{command}\"")
            .parse()
            .expect("TOML")
    }

    #[test]
    fn a_debug_build_changes_only_the_profile() {
        let manifest = manifest("cargo rustc --lib --profile component --crate-type cdylib");
        let (arguments, directory) =
            build_arguments(&manifest, APPLICATION, Profile::Release).expect("release");
        assert_eq!(
            (arguments[3].as_str(), directory.as_str()),
            ("component", "component")
        );
        let (arguments, directory) =
            build_arguments(&manifest, APPLICATION, Profile::Debug).expect("debug");
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
            let manifest = manifest(command);
            assert!(build_arguments(&manifest, APPLICATION, Profile::Release).is_err());
        }
    }

    #[test]
    fn the_manifest_of_the_repository_is_accepted() {
        let manifest = read_manifest(&root().join("spin.toml")).expect("readable");
        for (name, file) in [
            (APPLICATION, "darkroom.wasm"),
            (DERIVING, "darkroom_derive.wasm"),
        ] {
            assert!(build_arguments(&manifest, name, Profile::Release).is_ok());
            assert_eq!(file_name(&manifest, name).expect("a source"), file);
        }
    }
}

//! The operator's program, `darkroom`, built from this repository. `cargo xtask` offers the same
//! commands, with the stores and keys of `cargo xtask up` as defaults.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::cargo::{self, Progress, cargo, root, target_dir};
use crate::component::{self, Components, Profile};
use crate::host::Ended;
use crate::say;
use crate::stores::DEFAULT_DATA_DIR;

/// Where cargo puts the program, in its build output.
const BUILT: &str = "debug/darkroom";

/// Builds the program if necessary, and returns its path.
pub(crate) fn build() -> Result<PathBuf> {
    let path = target_dir().join(BUILT);
    let mut command = cargo(["build", "--package", "darkroom-cli"]);
    command.arg("--no-default-features");
    if path.is_file() {
        command.arg("--quiet");
    } else {
        say::step(&format!(
            "Building the operator's program: {} (the first build compiles Wasmtime and takes \
             minutes)",
            cargo::shown(&command)
        ));
    }
    cargo::run(&mut command)?;
    ensure!(
        path.is_file(),
        "the build did not produce {}",
        path.display()
    );
    Ok(path)
}

/// Builds the program with these components inside, as users install it, but with the allocator and
/// the features of tests, so that neither the host nor the application is compiled again. Returns
/// the program's path.
pub(crate) fn build_with(components: &Components) -> Result<PathBuf> {
    let mut command = cargo(["build", "--package", "darkroom-cli"]);
    command.args([
        "--no-default-features",
        "--features",
        "embed,darkroom/fuzzing",
    ]);
    command.env(
        "DARKROOM_COMPONENTS",
        components.application.with_file_name(""),
    );
    say::step("Building the operator's program with the components inside");
    cargo::run(&mut command)?;
    // Copied, because the next build without the component would overwrite it.
    let kept = target_dir().join("xtask/darkroom");
    std::fs::create_dir_all(target_dir().join("xtask"))?;
    std::fs::copy(target_dir().join(BUILT), &kept)?;
    Ok(kept)
}

/// Checks the configuration with `darkroom config check`, which prints what is wrong.
pub(crate) fn check_config(
    environment: &[(String, String)],
    variables: &[(String, String)],
) -> Result<()> {
    let mut command = cargo::tool(build()?);
    command.args(["config", "check", "--quiet"]);
    for (name, value) in variables {
        command.arg(format!("--variable={name}={value}"));
    }
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let status = command.status()?;
    if !status.success() {
        return Err(Ended::new("darkroom config check", status, None).into());
    }
    Ok(())
}

/// Arguments that are passed on unchanged to a command of the program.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<OsString>,
}

impl Passed {
    /// Replaces this process by the program, whose exit code is then that of `cargo xtask`.
    pub(crate) fn run(self, name: &str) -> Result<()> {
        let program = build()?;
        let mut defaults = defaults(name, &self.arguments, &root());
        if name == "fsck" && !has_option(&self.arguments, &["--url", "--from", "--help", "-h"]) {
            let components = component::build(Profile::Release, Progress::Shown)?;
            defaults.extend(["--from".into(), components.manifest.into()]);
        }
        let mut command = Command::new(&program);
        // After what is given, which may begin with a subcommand.
        command.arg(name).args(self.arguments).args(defaults);
        bail!("cannot start {}: {}", program.display(), command.exec())
    }
}

/// Default options, where the caller gives none: the repository's `.env`, and the stores of
/// `cargo xtask up`.
fn defaults(name: &str, given: &[OsString], repository: &Path) -> Vec<OsString> {
    let mut defaults: Vec<OsString> = Vec::new();
    let env_file = repository.join(".env");
    if env_file.is_file() && !has_option(given, &["--env-file"]) {
        defaults.extend(["--env-file".into(), env_file.into()]);
    }
    let has_stores = ["config", "fsck", "backup", "restore"].contains(&name);
    if has_stores && !has_option(given, &["--data-dir", "--runtime-config-file", "--url"]) {
        let data_dir = repository.join(DEFAULT_DATA_DIR);
        defaults.extend(["--data-dir".into(), data_dir.into()]);
    }
    defaults
}

/// Whether one of these options is given, with its value in the next argument or after `=`.
fn has_option(given: &[OsString], options: &[&str]) -> bool {
    given.iter().any(|argument| {
        let argument = argument.to_string_lossy();
        let name = argument
            .split_once('=')
            .map_or(&*argument, |(name, _)| name);
        options.contains(&name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_defaults(name: &str, given: &str, repository: &Path) -> String {
        let given: Vec<OsString> = given.split_whitespace().map(OsString::from).collect();
        let words = defaults(name, &given, repository);
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        let folder = repository.display().to_string();
        words.join(" ").replace(&folder, "ROOT")
    }

    #[test]
    fn commands_use_the_repository_unless_the_caller_says_otherwise() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let check = |name, given, expected: &str| {
            assert_eq!(with_defaults(name, given, folder.path()), expected);
        };
        check("token", "--sub alice", "");
        check("backup", "--to b", "--data-dir ROOT/.spin");
        check("config", "check", "--data-dir ROOT/.spin");
        check("backup", "--to b --data-dir=c", "");
        check("fsck", "--runtime-config-file c", "");
        check("fsck", "--url http://u", "");
        std::fs::write(folder.path().join(".env"), "").expect("is written");
        check("token", "", "--env-file ROOT/.env");
        check("token", "--env-file c", "");
        check("restore", "", "--env-file ROOT/.env --data-dir ROOT/.spin");
    }
}

//! The operator's program, `darkroom`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::environment;
use super::process::compiled_code;
use super::setup::CONFIG;
use super::tokens::KEYS;

/// The outcome of a command.
#[derive(Debug)]
pub(crate) struct Chore {
    /// Whether its exit code was 0.
    pub(crate) succeeded: bool,
    /// Its exit code, unless a signal ended it.
    pub(crate) code: Option<i32>,
    /// Its standard output.
    pub(crate) printed: String,
    /// Its standard output and its standard error.
    pub(crate) text: String,
}

/// The program, to run in `folder` without any environment variables set for it.
pub(crate) fn operator(folder: &Path) -> Command {
    let mut command = Command::new(environment::operators_program());
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPIN_VARIABLE_") {
            command.env_remove(name);
        }
    }
    command
}

/// Lets a program whose stores are in the directory `data` use what other hosts have compiled:
/// compiling the components takes seconds.
pub(crate) fn share_compiled_code(data: &Path) {
    let shared = compiled_code().join("cache");
    fs::create_dir_all(&shared).expect("a folder");
    fs::create_dir_all(data).expect("a folder");
    let link = data.join("cache");
    if !link.exists() {
        std::os::unix::fs::symlink(shared, link).expect("a link");
    }
}

/// Runs a command to its end.
pub(crate) fn ended(command: &mut Command) -> Chore {
    let output = command.output().expect("the program starts");
    let text = [&output.stdout[..], &output.stderr].concat();
    Chore {
        succeeded: output.status.success(),
        code: output.status.code(),
        printed: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        text: String::from_utf8_lossy(&text).into_owned(),
    }
}

/// Runs a command of the program, on the stores in the directory `stores` if one is given.
pub(crate) fn chore(arguments: &[&str], stores: Option<&Path>) -> Chore {
    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    let mut command = operator(elsewhere.path());
    command.args(arguments);
    if let Some(folder) = stores {
        command.arg("--data-dir").arg(folder);
        command
            .arg("--runtime-config-file")
            .arg(folder.join(CONFIG));
    }
    ended(command.env("SPIN_VARIABLE_SIGNING_KEYS", KEYS))
}

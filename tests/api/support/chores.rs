//! The operator's program, `darkroom`.

use std::path::Path;
use std::process::{Command, Stdio};

use super::environment;
use super::setup::CONFIG;
use super::tokens::KEYS;

/// How a command has ended.
#[derive(Debug)]
pub(crate) struct Chore {
    /// Whether its exit code was 0.
    pub(crate) succeeded: bool,
    /// What it has printed, without what is about that.
    pub(crate) printed: String,
    /// All that it has said.
    pub(crate) text: String,
}

/// The program, run in `folder` as by somebody who has set no variables.
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

/// Runs a command to its end.
pub(crate) fn ended(command: &mut Command) -> Chore {
    let output = command.output().expect("the program starts");
    let text = [&output.stdout[..], &output.stderr].concat();
    Chore {
        succeeded: output.status.success(),
        printed: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        text: String::from_utf8_lossy(&text).into_owned(),
    }
}

/// Runs a command of the program; `stores` is the directory of the server whose stores are meant.
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

//! `cargo xtask`, run on a test's stores.

use std::path::Path;
use std::process::Command;

use super::environment;
use super::setup::CONFIG;
use super::tokens::KEYS;

/// How a chore has ended.
#[derive(Debug)]
pub(crate) struct Chore {
    /// Whether its exit code was 0.
    pub(crate) succeeded: bool,
    /// All that it has said.
    pub(crate) text: String,
}

/// Runs a chore; `stores` is the directory of the server whose stores are meant.
pub(crate) fn chore(arguments: &[&str], stores: Option<&Path>) -> Chore {
    let mut command = Command::new(environment::xtask());
    command.args(arguments);
    if let Some(folder) = stores {
        command.arg("--data-dir").arg(folder);
        command
            .arg("--runtime-config-file")
            .arg(folder.join(CONFIG));
    }
    // What cargo says of this test is not for the cargo that a chore may run.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("SPIN_VARIABLE_") {
            command.env_remove(&*name);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    command.env("CARGO_MANIFEST_DIR", root.join("xtask"));
    command.env("SPIN_VARIABLE_SIGNING_KEYS", KEYS);
    let output = command.output().expect("the chore starts");
    let text = [output.stdout, output.stderr].concat();
    Chore {
        succeeded: output.status.success(),
        text: String::from_utf8_lossy(&text).into_owned(),
    }
}

//! The features of dependencies, which every build of native code must agree on: otherwise
//! Wasmtime, which takes minutes, would be compiled more than once.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use crate::cargo::{self, NATIVE, cargo};

/// Fails if the embedded host, built alone, enables other features of a dependency than the tests
/// do.
pub(super) fn check() -> Result<()> {
    let tests = dependencies(&format!("{NATIVE} --edges normal,dev"))?;
    let host = dependencies("--package darkroom-host --edges normal")?;
    let different: Vec<_> = host.difference(&tests).map(String::as_str).collect();
    ensure!(
        different.is_empty(),
        "the tests enable more features of these dependencies than the embedded host does, so \
         they and all that depends on them are compiled twice; enable the same features in \
         host/Cargo.toml:\n{}",
        different.join("\n")
    );
    Ok(())
}

/// The packages of a selection with their versions and features, one in a line.
fn dependencies(selection: &str) -> Result<BTreeSet<String>> {
    let mut tree = cargo(["tree", "--prefix", "none", "--no-dedupe"]);
    tree.args(["--format", "{p} [{f}]"])
        .args(selection.split(' '));
    let tree = cargo::output(&mut tree)?;
    let lines = tree.lines().filter(|line| !line.is_empty());
    Ok(lines
        .map(|line| line.replace(" (proc-macro)", ""))
        .collect())
}

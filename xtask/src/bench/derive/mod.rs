//! How fast images are derived, beside sharp and ipx in the same run.
//!
//! - [`files`]: the pictures to derive from.
//! - [`peer`]: programs that derive when they are told to.
//! - [`alone`]: single derivations, by processor time, and their memory.
//! - [`served`]: derived images over HTTP, of the application ([`server`]).
//! - [`table`]: the results.

mod alone;
mod files;
mod peer;
mod served;
mod server;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Bench;
use crate::cargo::{self, Progress, target_dir};
use crate::component::{self, Profile};
use crate::host::{Build, Program};
use crate::say;
use crate::tools::libraries;
use files::Files;

/// What all measurements need.
struct Setup<'a> {
    program: &'a Program,
    /// The folder of results and stores.
    directory: PathBuf,
    /// The folder of the peers' scripts and packages.
    peers: PathBuf,
    /// The program that runs the deriving component by itself.
    runner: PathBuf,
    /// The deriving component.
    module: PathBuf,
    files: Files,
}

/// Measures everything, and prints a table.
pub(super) fn run(bench: &Bench, program: &Program) -> Result<()> {
    let peers = libraries::peers()?;
    for (name, script) in SCRIPTS {
        fs::write(peers.join(name), script)?;
    }
    let directory = target_dir().join("bench-derive");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)?;
    let setup = Setup {
        program,
        runner: runner(bench.build())?,
        module: component::build(Profile::Release, Progress::Shown)?.deriving,
        files: Files::make(&peers)?,
        peers,
        directory,
    };
    let mut rows = alone::measure(&setup)?;
    rows.extend(served::measure(&setup)?);
    if bench.json {
        println!("{}", table::json(&rows));
    } else {
        table::print(&rows);
    }
    // The stores may be large. The results and the log are kept.
    let _ = fs::remove_dir_all(setup.directory.join("data"));
    Ok(())
}

/// The scripts of the peers, which have to be beside their packages.
const SCRIPTS: &[(&str, &str)] = &[
    ("pictures.mjs", include_str!("pictures.mjs")),
    ("sharp.mjs", include_str!("sharp.mjs")),
    ("ipx.mjs", include_str!("ipx.mjs")),
];

/// Builds the program that runs the deriving component by itself.
fn runner(build: Build) -> Result<PathBuf> {
    say::step("Building the program that runs the deriving component by itself");
    let mut command = cargo::cargo(["build", "--package", "darkroom-host", "--example", "derive"]);
    command.args(build.arguments());
    cargo::run(&mut command)?;
    let built = target_dir().join(build.directory()).join("examples/derive");
    ensure!(
        built.is_file(),
        "the build did not produce {}",
        built.display()
    );
    Ok(built)
}

/// A script of the peers, to be run by Node.js.
fn script(peers: &Path, name: &str) -> Result<Command> {
    let node = cargo::on_path("node").context("there is no `node` on PATH")?;
    let mut command = crate::end_with::this_process(&node);
    command.arg(peers.join(name));
    Ok(command)
}

/// The value in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

//! The steps of a test run, in order: the quick ones, which say most about a mistake, are first.
//!
//! All of them select the same packages and the same profile, so that each dependency is compiled
//! once ([`cargo::NATIVE`]), and none is only checked: clippy and rustdoc work with what tests run.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail, ensure};

use super::ahead::Ahead;
use super::report::Outcome;
use super::{Step, Test, clippy, document, imports, layers, supply, threats};
use crate::cargo::{self, NATIVE, Progress, WASM_ONLY, WASM_TARGET, cargo};
use crate::component::{self, Profile};
use crate::guest;
use crate::host::{Build, Program};
use crate::operator;
use crate::tools;

/// The maximum size of the component, in bytes.
const COMPONENT_BUDGET: usize = 2_830_000;
/// The maximum size of the component that derives images, in bytes.
const DERIVING_BUDGET: usize = 4_500_000;
/// Crates that are large and useless in the component, or that belong in native code. A careless
/// choice of features would add them.
const UNWANTED: &[&str] = &[
    "gif",
    "hyper",
    "image-webp",
    "jpeg-decoder",
    "png",
    "proptest",
    "regex",
    "ring",
    "rusqlite",
    "tokio",
];
/// How long unit tests try damaged inputs on each target of `fuzz/`, in seconds, unless [`SMOKE`]
/// is set.
const SMOKE_SECONDS: &str = "6";
/// The same for WebAssembly, where the targets run one after the other.
const WASM_SMOKE_SECONDS: &str = "3";
/// The environment variable for that time.
const SMOKE: &str = "DARKROOM_SMOKE_SECONDS";

/// The environment variable for how many tests run at the same time. End-to-end tests wait for
/// half of their time, so that two for each core run.
const TEST_THREADS: &str = "RUST_TEST_THREADS";

/// All steps.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "format",
        about: "rustfmt has nothing to change",
        tests: false,
        run: format,
    },
    Step {
        name: "layers",
        about: "no part of src/ names a module or crate that it must not know",
        tests: false,
        run: |_, _| layers::check(&cargo::root().join("src")),
    },
    Step {
        name: "supply",
        about: "the licences, sources, versions and features of dependencies are as they must be",
        tests: false,
        run: |_, outcome| supply::check(outcome),
    },
    Step {
        name: super::LINT,
        about: "clippy finds nothing, natively and for wasm",
        tests: false,
        run: lint,
    },
    Step {
        name: "unit",
        about: "unit tests of all native packages",
        tests: true,
        run: unit,
    },
    Step {
        name: "docs",
        about: "the documentation builds, its links have targets, and the tests it names exist",
        tests: false,
        run: docs,
    },
    Step {
        name: super::COMPONENT,
        about: "the component builds, is small, and imports only permitted interfaces",
        tests: false,
        run: component,
    },
    Step {
        name: super::WASM,
        about: "unit tests of the component, compiled to WebAssembly, which run beside other steps",
        tests: true,
        run: wasm,
    },
    Step {
        name: super::API,
        about: "end-to-end tests: the component on a host, over HTTP",
        tests: true,
        run: api,
    },
];

fn format(_: &Test, _: &mut Outcome) -> Result<()> {
    cargo::ensure_components()?;
    cargo::run(&mut cargo(["fmt", "--all", "--check"]))
        .context("the code is not formatted: run `cargo fmt --all`")
}

fn lint(test: &Test, _: &mut Outcome) -> Result<()> {
    cargo::ensure_components()?;
    cargo::ensure_wasm_target()?;
    // Plain `cargo test` does not run the end-to-end tests, so they are named.
    let native = format!("test --no-run {NATIVE} --lib --bins --examples --test api");
    clippy::check(cargo(native.split(' ')))?;
    clippy::check(guest::cargo_test(&["--no-run"])?)?;
    start_wasm(test)?;
    let wasm_only = format!("build --target {WASM_TARGET} {WASM_ONLY} --lib");
    clippy::check(cargo(wasm_only.split(' ')))?;
    clippy::check(component::conformance_command()?)?;
    clippy::check(component::guests_command())
}

fn unit(test: &Test, outcome: &mut Outcome) -> Result<()> {
    let tools = tools::find_or_install_databases(test.is_strict())?;
    outcome.skipped = tools.missing;
    let mut units = cargo(format!("test {NATIVE} --lib --bins").split(' '));
    units.envs(tools.environment);
    if test.is_strict() {
        units.env("CI", "true");
    }
    smoke(&mut units, SMOKE_SECONDS);
    start_wasm(test)?;
    cargo_test(units, test, outcome)?;
    cargo_test(
        cargo(format!("test {NATIVE} --doc").split(' ')),
        test,
        outcome,
    )
}

/// Makes unit tests try damaged inputs for as long as [`SMOKE`] says, or else for `seconds`.
fn smoke(units: &mut Command, seconds: &str) {
    if env::var_os(SMOKE).is_none() {
        units.env(SMOKE, seconds);
    }
}

fn wasm(test: &Test, outcome: &mut Outcome) -> Result<()> {
    match test.ahead.take() {
        Some(ahead) => ahead.finish(outcome),
        None => cargo_test(wasm_units()?, test, outcome),
    }
}

/// Starts the unit tests that are compiled to WebAssembly, if a later step waits for them.
fn start_wasm(test: &Test) -> Result<()> {
    let is_chosen = test.chosen()?.iter().any(|step| step.name == super::WASM);
    if is_chosen && test.ahead.borrow().is_none() {
        let started = wasm_units().and_then(|units| Ahead::start(selected(units, test)));
        // A failure is reported by that step, which starts them again.
        *test.ahead.borrow_mut() = started.ok();
    }
    Ok(())
}

/// The command for the unit tests that are compiled to WebAssembly.
fn wasm_units() -> Result<Command> {
    let mut units = guest::cargo_test(&[])?;
    smoke(&mut units, WASM_SMOKE_SECONDS);
    Ok(units)
}

fn docs(_: &Test, _: &mut Outcome) -> Result<()> {
    threats::check(&cargo::root())?;
    document::write()
}

fn component(_: &Test, outcome: &mut Outcome) -> Result<()> {
    let components = component::build(Profile::Release, Progress::Shown)?;
    let wasm = fs::read(components.application)?;
    let deriving = fs::read(components.deriving)?;
    outcome.note = Some(format!(
        "{} bytes of {COMPONENT_BUDGET}; to derive images, {} of {DERIVING_BUDGET}",
        wasm.len(),
        deriving.len()
    ));
    ensure!(
        wasm.len() <= COMPONENT_BUDGET,
        "the component has {} bytes, which exceeds its budget of {COMPONENT_BUDGET}: look for a new \
         dependency (`cargo tree --package darkroom --target {WASM_TARGET} --edges normal`)",
        wasm.len()
    );
    ensure!(
        deriving.len() <= DERIVING_BUDGET,
        "the component that derives images has {} bytes, which exceeds its budget of \
         {DERIVING_BUDGET}",
        deriving.len()
    );
    imports::check(&wasm, imports::APPLICATION)?;
    imports::check(&deriving, imports::DERIVING)?;
    check_dependencies()
}

/// Fails if the component contains a crate that does not belong there.
fn check_dependencies() -> Result<()> {
    let tree = cargo::output(
        cargo(["tree", "--package", "darkroom", "--target", WASM_TARGET])
            .args(["--edges", "normal", "--prefix", "none"]),
    )?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let unwanted: BTreeSet<&str> = names.filter(|name| UNWANTED.contains(name)).collect();
    ensure!(
        unwanted.is_empty(),
        "the component depends on {unwanted:?}, which it must not contain; find out why with \
         `cargo tree --package darkroom --target {WASM_TARGET} --edges normal --invert <crate>`"
    );
    Ok(())
}

fn api(test: &Test, outcome: &mut Outcome) -> Result<()> {
    let program = Program::resolve(test.host, Build::Dev)?;
    let conformance = component::build_conformance()?;
    let components = component::build(Profile::Release, Progress::Shown)?;
    let guests = component::build_guests()?;
    let tools = tools::find_or_install(test.is_strict())?;
    outcome.skipped = tools.missing;
    let mut command = cargo(format!("test {NATIVE} --test api").split(' '));
    command
        .env("DARKROOM_TEST_HOST_KIND", program.kind.name())
        .env("DARKROOM_TEST_HOST_BIN", &program.path)
        .env("DARKROOM_TEST_COMPONENT", &components.application)
        .env("DARKROOM_TEST_CONFORMANCE", conformance)
        .env("DARKROOM_TEST_GUESTS", guests)
        .env("DARKROOM_TEST_DERIVE", &components.deriving)
        .env("DARKROOM_TEST_CLI", operator::build_with(&components)?)
        .envs(tools.environment);
    if test.is_strict() {
        command.env("CI", "true");
    }
    if env::var_os(TEST_THREADS).is_none() {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        command.env(TEST_THREADS, (2 * cores).to_string());
    }
    cargo_test(command, test, outcome)
}

/// Runs `cargo test`, prints its output and counts the results.
fn cargo_test(command: Command, test: &Test, outcome: &mut Outcome) -> Result<()> {
    let mut command = selected(command, test);
    let shown = cargo::shown(&command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let stdout = child.stdout.take().context("cargo test has no stdout")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        outcome.read(&line);
        println!("{line}");
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// The command for the tests among those of `command` that the filter selects.
fn selected(mut command: Command, test: &Test) -> Command {
    if let Some(filter) = &test.filter {
        command.arg("--").arg(filter);
    }
    command
}

//! `cargo xtask fuzz`: runs libFuzzer on the targets in `fuzz/`, one after the other, or tries
//! damaged seeds on WebAssembly.

mod wasm;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::cargo::{self, tool};
use crate::say;

/// The toolchain that has sanitizers.
const TOOLCHAIN: &str = "nightly";
/// The option for the profile in `fuzz/Cargo.toml` as it is, without checks in all libraries.
const PROFILE: &str = "--release";
/// The longest input, in bytes: images are the longest.
const MAX_LENGTH: u32 = 16 << 10;

/// Fuzzes one target or all targets, and installs the tools for it.
#[derive(Args)]
pub(crate) struct Fuzz {
    /// The target, a file in fuzz/fuzz_targets [default: all targets]
    target: Option<String>,
    /// How long to fuzz each target, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Try damaged seeds on WebAssembly instead, as the component runs
    #[arg(long)]
    wasm: bool,
    /// The seed of the random damage on WebAssembly [default: a new one for each run]
    #[arg(long, requires = "wasm")]
    seed: Option<u64>,
    /// List the targets
    #[arg(long)]
    list: bool,
}

/// The result of a run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Run {
    executions: u64,
    edges: u64,
    seconds: u64,
}

impl Fuzz {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let all = targets()?;
        if self.list {
            all.iter().for_each(|target| println!("{target}"));
            return Ok(());
        }
        let targets = match self.target {
            None => all,
            Some(target) => {
                let known = all.join(", ");
                ensure!(
                    all.contains(&target),
                    "there is no fuzz target {target}; the targets are {known}"
                );
                vec![target]
            }
        };
        if self.wasm {
            let seed = self.seed.unwrap_or_else(wasm::new_seed);
            let mut targets = targets.iter();
            return targets.try_for_each(|target| wasm::fuzz(target, self.seconds, seed));
        }
        ensure_toolchain()?;
        ensure_cargo_fuzz()?;
        say::step("Building the fuzzers, with AddressSanitizer");
        cargo::run(&mut cargo_fuzz(&["build", PROFILE]))?;
        println!("| target | seconds | executions | edges |\n| --- | --- | --- | --- |");
        for target in targets {
            say::step(&format!("Fuzzing {target} for {} s", self.seconds));
            let run = fuzz(&target, self.seconds)?;
            println!(
                "| `{target}` | {} | {} | {} |",
                run.seconds, run.executions, run.edges
            );
        }
        Ok(())
    }
}

/// The names of all targets, sorted.
fn targets() -> Result<Vec<String>> {
    let folder = cargo::root().join("fuzz/fuzz_targets");
    let unreadable = || format!("cannot read {}", folder.display());
    let mut targets = Vec::new();
    for entry in fs::read_dir(&folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        targets.extend(
            path.file_stem()
                .map(|stem| stem.to_string_lossy().into_owned()),
        );
    }
    targets.sort();
    Ok(targets)
}

fn ensure_toolchain() -> Result<()> {
    let installed = cargo::output(tool("rustup").args(["toolchain", "list"]))
        .context("fuzzing needs rustup (https://rustup.rs) and its nightly toolchain")?;
    if installed.lines().any(|line| line.starts_with(TOOLCHAIN)) {
        return Ok(());
    }
    say::step("Installing a nightly Rust toolchain, for sanitizers");
    let install = ["toolchain", "install", TOOLCHAIN, "--profile", "minimal"];
    cargo::run(tool("rustup").args(install))
}

fn ensure_cargo_fuzz() -> Result<()> {
    let mut version = cargo_fuzz(&["--version"]);
    version.stdout(Stdio::null()).stderr(Stdio::null());
    if version.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    say::step("Installing cargo-fuzz");
    cargo::run(&mut cargo::cargo(["install", "cargo-fuzz", "--locked"]))
}

fn cargo_fuzz(arguments: &[&str]) -> Command {
    let mut command = tool("rustup");
    command
        .args(["run", TOOLCHAIN, "cargo", "fuzz"])
        .args(arguments);
    command
}

/// Fuzzes one target. Inputs that reach new code are kept in `fuzz/corpus`, apart from the seeds.
fn fuzz(target: &str, seconds: u32) -> Result<Run> {
    let corpus = format!("fuzz/corpus/{target}");
    fs::create_dir_all(cargo::root().join(&corpus))
        .with_context(|| format!("cannot create {corpus}"))?;
    let seeds = format!("fuzz/seeds/{target}");
    let mut command = cargo_fuzz(&["run", PROFILE, target, &corpus, &seeds]);
    if matches!(
        target,
        "media" | "strip" | "pixels_decode" | "pixels_render"
    ) {
        command.arg("tests/fixtures");
    }
    command.arg("--").args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={MAX_LENGTH}"),
        "-timeout=10".to_owned(),
        "-rss_limit_mb=2048".to_owned(),
        "-print_final_stats=1".to_owned(),
        // A decoder's threads are reported as leaks while they end.
        "-detect_leaks=0".to_owned(),
    ]);
    let dictionary = format!("fuzz/dictionaries/{target}.dict");
    if cargo::root().join(&dictionary).is_file() {
        command.arg(format!("-dict={dictionary}"));
    }
    let (run, status) = watch(&mut command)?;
    if !status.success() {
        bail!(
            "fuzzing {target} found a failure; the input is in fuzz/artifacts/{target}/: add it to \
             {seeds}/ when the failure is fixed"
        );
    }
    Ok(run)
}

/// Runs a fuzzer to its end, and keeps only the last of the figures that it reports.
fn watch(command: &mut Command) -> Result<(Run, ExitStatus)> {
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start rustup")?;
    let stderr = child.stderr.take().context("the fuzzer has no stderr")?;
    let mut run = Run::default();
    for line in BufReader::new(stderr).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        run.read(&line);
        if !line.starts_with(['#', '\t', '"']) && !line.starts_with("stat::") {
            eprintln!("{line}");
        }
    }
    Ok((run, child.wait()?))
}

impl Run {
    /// Reads a line that libFuzzer printed.
    fn read(&mut self, line: &str) {
        let number = |text: &str| text.trim().parse::<u64>().ok();
        if let Some((_, rest)) = line.split_once(" cov: ")
            && let Some(edges) = rest.split(' ').next().and_then(number)
        {
            self.edges = edges;
        }
        if let Some(rest) = line.strip_prefix("stat::number_of_executed_units:") {
            self.executions = number(rest).unwrap_or(0);
        }
        // "Done 7 runs in 2 second(s)"
        if let Some(rest) = line.strip_prefix("Done ") {
            let mut words = rest.rsplit(' ').filter_map(number);
            self.seconds = words.next().unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_libfuzzer_are_read() {
        let mut run = Run::default();
        for line in [
            "INFO: Running with entropic power schedule (0xFF, 100).",
            "#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb",
            "#9\tNEW    cov: 345 ft: 400 corp: 2/9b lim: 4 exec/s: 0 rss: 31Mb L: 8/8 MS: 1 -",
            "#1024\tDONE   cov: 345 ft: 400 corp: 2/9b lim: 4 exec/s: 512 rss: 31Mb",
            "Done 1024 runs in 2 second(s)",
            "stat::number_of_executed_units: 1024",
        ] {
            run.read(line);
        }
        let expected = Run {
            executions: 1024,
            edges: 345,
            seconds: 2,
        };
        assert_eq!(run, expected);
    }

    #[test]
    fn every_target_is_in_the_manifest() {
        let manifest =
            fs::read_to_string(cargo::root().join("fuzz/Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("TOML");
        let binaries = manifest["bin"].as_array().expect("binaries");
        let mut named: Vec<_> = binaries
            .iter()
            .filter_map(|bin| bin["name"].as_str())
            .collect();
        named.sort_unstable();
        assert_eq!(named, targets().expect("a folder"));
    }
}

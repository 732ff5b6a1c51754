//! `cargo xtask test`: runs every check and every test, step by step.

mod ahead;
mod clippy;
mod document;
mod features;
mod imports;
mod layers;
mod report;
mod source;
mod steps;
mod supply;
mod threats;

use std::cell::RefCell;
use std::env;
use std::thread;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;

use crate::cargo::{self, Progress};
use crate::component::{self, Profile};
use crate::host::Choice;
use crate::{say, tools};
use ahead::Ahead;
use report::{Line, Outcome};
use steps::STEPS;

/// Runs every check and every test; stops at the first step that fails.
#[derive(Args)]
pub(crate) struct Test {
    /// The host that the end-to-end tests run on
    #[arg(long, value_enum, default_value = "embedded")]
    host: Choice,
    /// Run only this step; can be repeated
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Run only tests whose name contains this text, and no other checks
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Treat a test that cannot run here as a failure, as when CI=true is set
    #[arg(long)]
    strict: bool,
    /// List the steps
    #[arg(long)]
    list: bool,
    /// Tests of a later step that are already running
    #[arg(skip)]
    ahead: RefCell<Option<Ahead>>,
}

/// The step that compiles the tests.
const LINT: &str = "lint";
/// The step that builds the components.
const COMPONENT: &str = "component";
/// The step whose tests run one after the other, and leave the other processors idle.
const WASM: &str = "wasm";
/// The step that needs other programs.
const API: &str = "api";

/// Builds the components while other steps run. Each takes minutes on a single core. A failure is
/// reported by the step that builds them again.
fn build_ahead() -> Result<()> {
    // First, because rustup changes a toolchain for one command at a time.
    cargo::ensure_wasm_target()?;
    thread::spawn(|| component::build(Profile::Release, Progress::Hidden));
    Ok(())
}

/// Installs the programs of the end-to-end tests while the tests are compiled. A failure is reported by
/// the step that needs them.
fn install_ahead() {
    thread::spawn(|| tools::find_or_install(false));
}

/// A group of checks or tests.
pub(crate) struct Step {
    /// The name for `--only`.
    pub(crate) name: &'static str,
    /// What it checks.
    pub(crate) about: &'static str,
    /// Whether it runs tests, which `--filter` can select.
    pub(crate) tests: bool,
    /// Runs it.
    pub(crate) run: fn(&Test, &mut Outcome) -> Result<()>,
}

impl Test {
    /// All steps, as CI runs them: `cargo xtask ci`.
    pub(crate) fn for_ci() -> Self {
        Self {
            host: Choice::Embedded,
            only: Vec::new(),
            filter: None,
            strict: true,
            list: false,
            ahead: RefCell::default(),
        }
    }

    /// Whether a test that cannot run is a failure.
    fn is_strict(&self) -> bool {
        self.strict || env::var("CI").is_ok_and(|ci| ci == "true")
    }

    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        if self.list {
            for step in STEPS {
                println!("{:<12} {}", step.name, step.about);
            }
            return Ok(());
        }
        let steps = self.chosen()?;
        cargo::ensure_components()?;
        cargo::lint_builds();
        if steps.len() > 1 && steps.iter().any(|step| step.name == COMPONENT) {
            build_ahead()?;
        }
        let mut lines = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let label = format!("[{}/{}] {}", index + 1, steps.len(), step.name);
            eprintln!("\n{label}: {}", step.about);
            let start = Instant::now();
            if step.name == LINT && steps.iter().any(|later| later.name == API) {
                install_ahead();
            }
            let mut outcome = Outcome::default();
            let result = (step.run)(&self, &mut outcome);
            let failed = result.is_err();
            let line = Line::new(step, outcome, failed, start.elapsed());
            eprintln!("{label}: {} in {}", line.verdict(), line.time());
            lines.push(line);
            if let Err(error) = result {
                say::failure(&error.context(format!("step {} failed", step.name)));
                eprintln!("to run this step again: {}", self.again(step));
                // exit() drops nothing.
                drop(self.ahead.take());
                report::print(&lines);
                // The counts are the last line; main would add another.
                std::process::exit(1);
            }
        }
        report::print(&lines);
        Ok(())
    }

    fn chosen(&self) -> Result<Vec<&'static Step>> {
        if let Some(unknown) = self
            .only
            .iter()
            .find(|name| STEPS.iter().all(|step| step.name != **name))
        {
            bail!("there is no step {unknown}; `cargo xtask test --list` lists the steps");
        }
        let is_selected = |step: &&Step| {
            let named = self.only.is_empty() || self.only.iter().any(|name| name == step.name);
            named && (step.tests || self.filter.is_none())
        };
        let steps: Vec<_> = STEPS.iter().filter(is_selected).collect();
        if steps.is_empty() {
            bail!("--filter needs a step that runs tests, and none of these steps does");
        }
        Ok(steps)
    }

    fn again(&self, step: &Step) -> String {
        let mut command = format!("cargo xtask test --only {}", step.name);
        if self.host == Choice::Spin {
            command.push_str(" --host spin");
        }
        if let Some(filter) = &self.filter {
            command.push_str(&format!(" --filter {filter}"));
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str], filter: Option<&str>) -> Result<Vec<&'static str>> {
        let test = Test {
            only: only.iter().map(|name| (*name).to_owned()).collect(),
            filter: filter.map(str::to_owned),
            ..Test::for_ci()
        };
        Ok(test.chosen()?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_are_chosen_by_name_and_keep_their_order() {
        assert_eq!(
            names(&["api", "format"], None).expect("known"),
            ["format", "api"]
        );
        assert_eq!(names(&[], None).expect("known").len(), STEPS.len());
        assert!(names(&["apo"], None).is_err());
    }

    #[test]
    fn a_filter_leaves_only_steps_with_tests() {
        assert_eq!(
            names(&[], Some("upload")).expect("some"),
            ["unit", "wasm", "api"]
        );
        assert!(names(&["format"], Some("upload")).is_err());
    }
}

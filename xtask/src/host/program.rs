//! Choosing the host: Spin where a recent one is found, or else the embedded one.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;

use crate::{cargo, operator, say};

/// The first Spin that speaks WASI 0.3.0, as (major, minor).
const OLDEST_SPIN: (u32, u32) = (4, 1);
/// Which host a command is asked to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// Spin where a recent one is found, else the embedded host
    Auto,
    /// Spin: SPIN_BIN, or `spin` on PATH
    Spin,
    /// The embedded host, built from this repository
    Embedded,
}

/// What kind of host a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Spin's command line.
    Spin,
    /// `darkroom-host`.
    Embedded,
}

impl Kind {
    /// The name that options and variables use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Embedded => "embedded",
        }
    }
}

/// A host that can be started.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl Program {
    /// Finds the host that `choice` asks for, says which it is and why, and
    /// builds it where it is the embedded one.
    pub(crate) fn resolve(choice: Choice) -> Result<Self> {
        match (choice, find_spin()) {
            (Choice::Embedded, _) => Self::embedded("as asked"),
            (Choice::Auto | Choice::Spin, Ok(path)) => {
                say::step(&format!("Using Spin: {}", path.display()));
                Ok(Self {
                    kind: Kind::Spin,
                    path,
                })
            }
            (Choice::Auto, Err(reason)) => Self::embedded(&format!("{reason:#}")),
            (Choice::Spin, Err(reason)) => Err(reason.context(
                "cannot use Spin; install Spin 4.1 or newer (https://spinframework.dev/install), \
                 set SPIN_BIN, or take --host embedded",
            )),
        }
    }

    fn embedded(why: &str) -> Result<Self> {
        let mut build = cargo::cargo(["build"]);
        build.args(operator::SELECTION.split(' '));
        say::step(&format!(
            "Using the embedded host ({why}): {} (the first build compiles Wasmtime and takes \
             minutes)",
            cargo::shown(&build)
        ));
        cargo::run(&mut build)?;
        let path = cargo::target_dir().join("release/darkroom-host");
        ensure!(path.is_file(), "the build made no {}", path.display());
        Ok(Self {
            kind: Kind::Embedded,
            path,
        })
    }
}

fn find_spin() -> Result<PathBuf> {
    let path = match env::var_os("SPIN_BIN") {
        Some(path) => PathBuf::from(path),
        None => cargo::on_path("spin").context("there is no `spin` on PATH")?,
    };
    let version = cargo::output(Command::new(&path).arg("--version"))?;
    let found = spin_version(&version)
        .with_context(|| format!("{} tells no version: {version:?}", path.display()))?;
    ensure!(
        found >= OLDEST_SPIN,
        "{} is version {}.{}; 4.1 is the first that runs WASI 0.3 components",
        path.display(),
        found.0,
        found.1
    );
    Ok(path)
}

/// (major, minor) of `spin 4.1.0-pre0 (abcdef 2026-01-01)`.
fn spin_version(line: &str) -> Option<(u32, u32)> {
    let mut numbers = line.strip_prefix("spin ")?.split(['.', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_spin_are_compared_by_major_and_minor() {
        assert_eq!(
            spin_version("spin 4.1.0-pre0 (abc 2026-01-01)"),
            Some((4, 1))
        );
        assert_eq!(spin_version("spin 4.0.2"), Some((4, 0)));
        assert_eq!(spin_version("spindle 1.0"), None);
        assert!((4, 0) < OLDEST_SPIN && (10, 0) > OLDEST_SPIN);
    }
}

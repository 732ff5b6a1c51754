//! Choosing the host: a recent Spin if there is one, or else the embedded host.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;

use crate::{cargo, say};

/// The first version of Spin that supports WASI 0.3.0, as (major, minor).
const OLDEST_SPIN: (u32, u32) = (4, 1);
/// The host that a command is to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// A recent Spin if there is one, or else the embedded host
    Auto,
    /// Spin: SPIN_BIN, or `spin` on PATH
    Spin,
    /// The embedded host, built from this repository
    Embedded,
}

/// How the embedded host is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// Quickly, on the dependencies that tests use too.
    Dev,
    /// As for deployment.
    Release,
}

impl Build {
    /// What cargo is told to build `darkroom-host` in this way.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Release => &["--release", "--features", "mimalloc"],
        }
    }

    /// The directory of the compiled programs in cargo's build output.
    pub(crate) fn directory(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// The kind of a host program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Spin's command line.
    Spin,
    /// `darkroom-host`.
    Embedded,
}

impl Kind {
    /// Its name in options and environment variables.
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
    /// Its kind.
    pub(crate) kind: Kind,
    /// Its path.
    pub(crate) path: PathBuf,
}

impl Program {
    /// Finds the host for `choice`, prints which it is and why, and builds the embedded host if
    /// that is it.
    pub(crate) fn resolve(choice: Choice, build: Build) -> Result<Self> {
        match (choice, find_spin()) {
            (Choice::Embedded, _) => Self::embedded("as requested", build),
            (Choice::Auto | Choice::Spin, Ok(path)) => {
                say::step(&format!("Using Spin: {}", path.display()));
                Ok(Self {
                    kind: Kind::Spin,
                    path,
                })
            }
            (Choice::Auto, Err(reason)) => Self::embedded(&format!("{reason:#}"), build),
            (Choice::Spin, Err(reason)) => Err(reason.context(
                "cannot use Spin; install Spin 4.1 or newer (https://spinframework.dev/install), \
                 set SPIN_BIN, or use --host embedded",
            )),
        }
    }

    fn embedded(why: &str, build: Build) -> Result<Self> {
        let mut command = cargo::cargo(["build", "--package", "darkroom-host"]);
        command.args(build.arguments());
        say::step(&format!(
            "Using the embedded host ({why}): {} (the first build compiles Wasmtime and takes \
             minutes)",
            cargo::shown(&command)
        ));
        cargo::run(&mut command)?;
        let path = cargo::target_dir()
            .join(build.directory())
            .join("darkroom-host");
        ensure!(
            path.is_file(),
            "the build did not produce {}",
            path.display()
        );
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
    let found = spin_version(&version).with_context(|| {
        format!(
            "{} --version printed no version of Spin: {version:?}",
            path.display()
        )
    })?;
    ensure!(
        found >= OLDEST_SPIN,
        "{} is version {}.{}, but WASI 0.3 components need version 4.1 or newer",
        path.display(),
        found.0,
        found.1
    );
    Ok(path)
}

/// (major, minor) from a line such as `spin 4.1.0-pre0 (abcdef 2026-01-01)`.
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

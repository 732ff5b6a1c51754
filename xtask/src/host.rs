//! The program that runs the component: Spin where there is one, or else the
//! embedded host. Choosing, starting and stopping it.

use std::env;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;
use rustix::process::Signal;

use crate::{cargo, http, say, signals};

/// The first Spin that speaks WASI 0.3.0, as (major, minor).
const OLDEST_SPIN: (u32, u32) = (4, 1);
/// How long a host may take to compile the component and open its stores.
const PATIENCE: Duration = Duration::from_secs(60);

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
        say::step(&format!(
            "Using the embedded host ({why}): cargo build --release --package darkroom-host \
             (the first build compiles Wasmtime and takes minutes)"
        ));
        cargo::run(&mut cargo::cargo([
            "build",
            "--release",
            "--package",
            "darkroom-host",
        ]))?;
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

/// How to start a host.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The application manifest.
    pub(crate) manifest: PathBuf,
    /// The runtime configuration.
    pub(crate) runtime_config: PathBuf,
    /// Where other state goes.
    pub(crate) state_dir: PathBuf,
    /// The address to listen on.
    pub(crate) listen: String,
    /// The application's variables as `NAME=VALUE`, on the command line.
    pub(crate) variables: Vec<String>,
    /// Variables of the process environment: secrets, which command lines show.
    pub(crate) environment: Vec<(String, String)>,
    /// The cap on an instance's memory, in bytes.
    pub(crate) max_instance_memory: Option<u64>,
    /// Where stderr goes; the terminal where this is none.
    pub(crate) log: Option<PathBuf>,
}

impl Launch {
    fn command(&self, program: &Program) -> Result<Command> {
        let mut command = Command::new(&program.path);
        if program.kind == Kind::Spin {
            command.arg("up");
        }
        command.arg("--from").arg(&self.manifest);
        command
            .arg("--runtime-config-file")
            .arg(&self.runtime_config);
        command.arg("--state-dir").arg(&self.state_dir);
        command.arg("--listen").arg(&self.listen);
        for variable in &self.variables {
            command.arg("--variable").arg(variable);
        }
        if let Some(bytes) = self.max_instance_memory {
            command.arg("--max-instance-memory").arg(bytes.to_string());
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
            .current_dir(cargo::root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if let Some(log) = &self.log {
            command.stderr(
                File::create(log).with_context(|| format!("cannot write {}", log.display()))?,
            );
        }
        command.process_group(0);
        Ok(command)
    }
}

/// A running host. Dropping it ends it.
pub(crate) struct Host {
    child: Child,
    addresses: Receiver<String>,
    log: Option<PathBuf>,
    /// Where it serves: `http://127.0.0.1:3000`. Empty until it does.
    pub(crate) address: String,
}

impl Host {
    /// Starts `program`; [`Host::wait_until_ready`] tells when it can be used.
    pub(crate) fn spawn(program: &Program, launch: &Launch) -> Result<Self> {
        let mut child = launch
            .command(program)?
            .spawn()
            .with_context(|| format!("cannot start {}", program.path.display()))?;
        let stdout = child.stdout.take().context("the host has no stdout")?;
        let (sender, addresses) = mpsc::channel();
        let shown = launch.log.is_none();
        // Read to the end, or the host would block on a full pipe.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("Serving ") {
                    let _ = sender.send(address.trim().to_owned());
                } else if shown {
                    println!("{line}");
                }
            }
        });
        Ok(Self {
            child,
            addresses,
            log: launch.log.clone(),
            address: String::new(),
        })
    }

    /// The id of the process, which leads a process group.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the address, and then until both stores answer.
    pub(crate) fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while self.address.is_empty() {
            match self.addresses.recv_timeout(Duration::from_millis(100)) {
                Ok(address) => self.address = http::reachable(&address),
                Err(RecvTimeoutError::Timeout) => self.check_alive()?,
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait()?;
                    return Err(self.ended(status));
                }
            }
            if start.elapsed() > PATIENCE {
                bail!(
                    "the host did not say where it serves within {} s",
                    PATIENCE.as_secs()
                );
            }
        }
        let address = self.address.clone();
        http::wait_until_ready(&address, PATIENCE, || self.check_alive())
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// The error for a host that ended by itself.
    pub(crate) fn ended(&self, status: ExitStatus) -> anyhow::Error {
        let told = self.log.as_deref().map_or_else(
            || "its message is above".to_owned(),
            |log| format!("its message: {}", last_lines(log)),
        );
        anyhow::anyhow!("the host ended ({status}); {told}")
    }

    fn check_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => Err(self.ended(status)),
            None => Ok(()),
        }
    }
}

impl Drop for Host {
    /// Asks the host to end, and ends it when it does not within 5 s.
    fn drop(&mut self) {
        let start = Instant::now();
        if matches!(self.child.try_wait(), Ok(None)) {
            signals::send(self.id(), Signal::TERM);
        }
        while matches!(self.child.try_wait(), Ok(None)) {
            if start.elapsed() > Duration::from_secs(5) {
                signals::send(self.id(), Signal::KILL);
                let _ = self.child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
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

//! The program that runs the component: Spin if it is installed, or else the embedded host.
//! Starting and stopping it.

mod ended;
mod program;

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use crate::{cargo, end_with, http, signals};
pub(crate) use ended::{EX_CONFIG, Ended};
pub(crate) use program::{Build, Choice, Kind, Program};

/// How long a host may take to compile the component and open its stores.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to start a host.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The application manifest.
    pub(crate) manifest: PathBuf,
    /// The runtime configuration.
    pub(crate) runtime_config: PathBuf,
    /// The directory for other state.
    pub(crate) state_dir: PathBuf,
    /// The address to listen on.
    pub(crate) listen: String,
    /// The application's variables as `NAME=VALUE`, on the command line.
    pub(crate) variables: Vec<String>,
    /// Variables of the process environment: for secrets, because command lines are visible to
    /// other users.
    pub(crate) environment: Vec<(String, String)>,
    /// The limit on an instance's memory, in bytes.
    pub(crate) max_instance_memory: Option<u64>,
    /// Further arguments of its command line.
    pub(crate) arguments: Vec<String>,
    /// The file for stderr, which is inherited if there is none.
    pub(crate) log: Option<PathBuf>,
}

impl Launch {
    fn command(&self, program: &Program) -> Result<Command> {
        let mut command = end_with::this_process(&program.path);
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
        command.args(&self.arguments);
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
    /// The URL that it serves, such as `http://127.0.0.1:3000`. Empty until the host prints it.
    pub(crate) address: String,
}

impl Host {
    /// Starts `program`, which ends with this process. It can be used once
    /// [`Host::wait_until_ready`] returns. Must be called on the main thread.
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
                    "the host did not print its address within {} s",
                    PATIENCE.as_secs()
                );
            }
        }
        let address = self.address.clone();
        http::wait_until_ready(&address, PATIENCE, || self.check_alive())
    }

    /// Waits until the process ends.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// The error for a host that ended by itself.
    pub(crate) fn ended(&self, status: ExitStatus) -> anyhow::Error {
        Ended::new("the host", status, self.log.as_deref()).into()
    }

    fn check_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => Err(self.ended(status)),
            None => Ok(()),
        }
    }
}

impl Drop for Host {
    /// Asks the host to end, and kills it if it does not end within 5 s.
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

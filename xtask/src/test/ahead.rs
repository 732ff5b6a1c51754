//! Tests that run while another step does.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};

use anyhow::{Context as _, Result, ensure};

use super::report::Outcome;
use crate::cargo;

/// A run of tests whose output is shown at its end. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Ahead {
    shown: String,
    child: Child,
    log: PathBuf,
}

impl Ahead {
    /// Starts a run.
    pub(super) fn start(mut command: Command) -> Result<Self> {
        let log = cargo::target_dir().join("xtask/ahead.log");
        let create = || {
            fs::create_dir_all(cargo::target_dir().join("xtask"))?;
            let file = File::create(&log)?;
            Ok::<_, std::io::Error>((file.try_clone()?, file))
        };
        let (output, errors) =
            create().with_context(|| format!("cannot write {}", log.display()))?;
        let shown = cargo::shown(&command);
        let child = command.stdout(output).stderr(errors).spawn();
        let child = child.with_context(|| format!("cannot start `{shown}`"))?;
        Ok(Self { shown, child, log })
    }

    /// Waits for the end of the run, shows its output, and counts the results.
    pub(super) fn finish(mut self, outcome: &mut Outcome) -> Result<()> {
        let status = self.child.wait()?;
        let output =
            fs::read(&self.log).with_context(|| format!("cannot read {}", self.log.display()))?;
        for line in String::from_utf8_lossy(&output).lines() {
            outcome.read(line);
            println!("{line}");
        }
        ensure!(status.success(), "`{}` failed ({status})", self.shown);
        Ok(())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

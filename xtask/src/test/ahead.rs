//! Tests that run while another step does.

use std::io::{self, Read as _};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, ensure};

use super::report::Outcome;
use crate::cargo;

/// A run of tests whose output is shown at its end. Dropping it waits for the end.
#[derive(Debug)]
pub(super) struct Ahead {
    shown: String,
    child: Child,
    output: Option<JoinHandle<io::Result<Vec<u8>>>>,
}

impl Ahead {
    /// Starts a run.
    pub(super) fn start(mut command: Command) -> Result<Self> {
        let shown = cargo::shown(&command);
        let (mut reader, writer) = io::pipe()?;
        command.stdin(Stdio::null()).stdout(writer.try_clone()?);
        let child = command.stderr(writer).spawn();
        // With its ends of the pipe, or reading would not end.
        drop(command);
        let child = child.with_context(|| format!("cannot start `{shown}`"))?;
        let output = thread::spawn(move || {
            let mut output = Vec::new();
            reader.read_to_end(&mut output).map(|_| output)
        });
        Ok(Self {
            shown,
            child,
            output: Some(output),
        })
    }

    /// Waits for the end of the run, shows its output, and counts the results.
    pub(super) fn finish(mut self, outcome: &mut Outcome) -> Result<()> {
        let read = self.output.take().and_then(|output| output.join().ok());
        let output = read.unwrap_or_else(|| Err(io::Error::other("the reader panicked")));
        let output = output.with_context(|| format!("cannot read what `{}` prints", self.shown))?;
        for line in String::from_utf8_lossy(&output).lines() {
            outcome.read(line);
            println!("{line}");
        }
        let wait = || format!("cannot wait for `{}`", self.shown);
        let status = self.child.wait().with_context(wait)?;
        ensure!(status.success(), "`{}` failed ({status})", self.shown);
        Ok(())
    }
}

impl Drop for Ahead {
    /// Tests that went on would disturb those of the next run.
    fn drop(&mut self) {
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> (Result<()>, Outcome) {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        let mut outcome = Outcome::default();
        let result = Ahead::start(shell).and_then(|ahead| ahead.finish(&mut outcome));
        (result, outcome)
    }

    #[test]
    fn results_are_counted_and_a_failure_is_an_error() {
        let line = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured";
        let (result, outcome) = run(&format!("echo '{line}'; echo '{line}' >&2"));
        assert!(result.is_ok(), "{result:?}");
        assert_eq!((outcome.passed, outcome.ignored), (6, 2));
        let line = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured";
        let (result, outcome) = run(&format!("echo '{line}'; exit 1"));
        let error = result.expect_err("it failed").to_string();
        assert!(error.contains("failed (exit status: 1)"), "{error}");
        assert_eq!((outcome.passed, outcome.failed), (3, 2));
    }
}

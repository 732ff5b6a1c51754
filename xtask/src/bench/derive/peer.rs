//! Programs that derive when they are told to: each reads a number from its standard input, derives
//! as often, and answers with a line of JSON.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::cargo;

/// A running program. Dropping it ends it.
pub(super) struct Peer {
    shown: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// What a derivation took, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// The processor time, in milliseconds.
    pub(super) processor: f64,
    /// The length of the result, in bytes.
    pub(super) bytes: u64,
    /// The most memory of an instance so far, in bytes, where that is known.
    pub(super) memory: u64,
    /// The quality, if the program chose it.
    pub(super) quality: Option<u64>,
}

impl Peer {
    /// Starts a program.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let shown = cargo::shown(command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{shown}`"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("it has a standard output")?;
        Ok(Self {
            shown,
            child,
            input,
            output: BufReader::new(output),
        })
    }

    /// The id of the process, which leads a process group.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads a line that it prints.
    pub(super) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line)?;
        anyhow::ensure!(read > 0, "`{}` has ended", self.shown);
        Ok(line.trim().to_owned())
    }

    /// Has it derive so many times.
    pub(super) fn derive(&mut self, times: u32) -> Result<Sample> {
        let input = self.input.as_mut().context("it has a standard input")?;
        writeln!(input, "{times}")?;
        sample(&self.line()?)
    }
}

fn sample(line: &str) -> Result<Sample> {
    let read: Value = serde_json::from_str(line)?;
    let processor = read["processor_ms"].as_f64();
    Ok(Sample {
        processor: processor.with_context(|| format!("there is no processor time: {line}"))?,
        bytes: read["bytes"].as_u64().unwrap_or_default(),
        memory: read["memory"].as_u64().unwrap_or_default(),
        quality: read["quality"].as_u64(),
    })
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_a_program_is_read() {
        let line = r#"{"processor_ms":1.5,"bytes":10,"quality":81}"#;
        let expected = Sample {
            processor: 1.5,
            bytes: 10,
            memory: 0,
            quality: Some(81),
        };
        assert_eq!(sample(line).expect("a sample"), expected);
        assert!(sample("{}").is_err());
    }
}

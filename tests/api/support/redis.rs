//! A Redis server for one test.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::environment;
use super::peer::{Peer, on_a_free_port};

/// A server. Dropping it ends it.
pub(crate) struct Redis {
    program: PathBuf,
    port: u16,
    process: Option<Peer>,
    folder: tempfile::TempDir,
    is_durable: bool,
}

impl Redis {
    /// Starts a server. Returns none if `cargo xtask test` found no `redis-server`, which it
    /// reports as skipped.
    pub(crate) fn start() -> Option<Self> {
        Self::of(false)
    }

    /// The same, but the server keeps every acknowledged write when it is killed.
    pub(crate) fn start_durable() -> Option<Self> {
        Self::of(true)
    }

    fn of(is_durable: bool) -> Option<Self> {
        let program = environment::peer("DARKROOM_TEST_REDIS_SERVER")?;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (port, process) =
            on_a_free_port(|port| start(&program, port, folder.path(), is_durable));
        Some(Self {
            program,
            port,
            process: Some(process),
            folder,
            is_durable,
        })
    }

    /// Its URL, for a runtime configuration.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills the server, which loses its content unless it is durable.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    /// Suspends or resumes the server. When it resumes, it executes the commands sent meanwhile.
    pub(crate) fn freeze(&self, is_frozen: bool) {
        self.process.as_ref().expect("it runs").freeze(is_frozen);
    }

    /// Starts it again on the same port.
    pub(crate) fn start_again(&mut self) {
        self.process = start(
            &self.program,
            self.port,
            self.folder.path(),
            self.is_durable,
        );
        assert!(self.process.is_some(), "redis-server does not start again");
    }
}

fn start(program: &Path, port: u16, folder: &Path, is_durable: bool) -> Option<Peer> {
    let keep = if is_durable { "yes" } else { "no" };
    let mut command = Command::new(program);
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", keep, "--daemonize", "no"])
        .args(["--appendfsync", "always"]);
    Peer::start(command, port, folder)
}

/// All keys of the server at `url`.
pub(crate) fn redis_keys(url: &str) -> Vec<String> {
    let mut answer = ask(url, "KEYS *");
    let count = number(&mut answer, '*');
    (0..count).map(|_| text(&mut answer)).collect()
}

/// The number of reads of values from the server at `url`.
pub(crate) fn redis_reads(url: &str) -> u64 {
    let statistics = text(&mut ask(url, "INFO commandstats"));
    let calls = statistics.split("cmdstat_get:calls=").nth(1);
    let calls = calls.and_then(|rest| rest.split(',').next());
    calls.map_or(0, |calls| calls.parse().expect("a number"))
}

fn ask(url: &str, command: &str) -> BufReader<TcpStream> {
    let authority = url.trim_start_matches("redis://");
    let mut stream = TcpStream::connect(authority).expect("redis listens");
    let line = format!("{command}\r\n");
    stream.write_all(line.as_bytes()).expect("redis listens");
    BufReader::new(stream)
}

/// Reads a string of the protocol: its length, then its content.
fn text(answer: &mut BufReader<TcpStream>) -> String {
    let mut text = vec![0; number(answer, '$') + 2];
    answer.read_exact(&mut text).expect("a string");
    text.truncate(text.len() - 2);
    String::from_utf8(text).expect("readable")
}

/// Reads a line of the protocol: `*3` announces three elements, `$5` five bytes.
fn number(answer: &mut impl std::io::BufRead, mark: char) -> usize {
    let mut line = String::new();
    answer.read_line(&mut line).expect("an answer");
    let number = line.strip_prefix(mark).map(str::trim);
    let number = number.unwrap_or_else(|| panic!("redis answered {line:?}"));
    number.parse().expect("a number")
}

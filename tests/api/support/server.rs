//! A Darkroom server: the component on a host, with stores of its own.

use std::fs;
use std::net::TcpStream;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use super::process::{LOG, Process};
use super::redis::Redis;
use super::setup::{DISK, Setup};
use super::{Client, Kind, eventually, host_kind, tokens};

/// How long a server may take to open its stores.
const PATIENCE: Duration = Duration::from_secs(60);
/// Text that no log may contain, in lower case: the component never ends by itself.
const FAULTS: [&str; 3] = ["panicked", "trap", "instance of the component ended"];
/// Messages of Spin itself when it is asked to end or closes a connection.
const OF_SPIN: [&str; 2] = ["worker failed: worker panicked", "thread 'tokio-rt-worker'"];

/// The most lines of a log that a failed test prints.
const MOST_LINES: usize = 60;

/// A server, and the directory with its stores. Dropping it ends it, and fails the
/// test if the component has panicked or trapped. A test that has failed prints the log.
pub(crate) struct Darkroom {
    process: Option<Process>,
    setup: Setup,
    folder: tempfile::TempDir,
}

impl Darkroom {
    /// Starts a server with this setup on new stores, and waits until it listens.
    pub(crate) fn launch(setup: Setup) -> Self {
        let folder = tempfile::Builder::new().prefix("darkroom-api-").tempdir();
        let folder = folder.expect("a temporary directory");
        setup.write_files(folder.path());
        Self {
            process: Some(Process::start(folder.path(), &setup)),
            setup,
            folder,
        }
    }

    /// A server with default settings.
    pub(crate) fn start() -> Self {
        Self::with().start()
    }

    /// A setup, to which the caller adds settings.
    pub(crate) fn with() -> Setup {
        Setup::default()
    }

    /// A server with default settings that tests share. They use separate owners, so as not to
    /// disturb each other.
    pub(crate) fn shared() -> Shared {
        static SHARED: OnceLock<Darkroom> = OnceLock::new();
        Shared(SHARED.get_or_init(Self::start))
    }

    /// The URL that it serves: `http://127.0.0.1:1234`.
    pub(crate) fn address(&self) -> &str {
        &self.process.as_ref().expect("it runs").address
    }

    /// A client with a token that permits everything with the images of `owner`.
    pub(crate) fn client(&self, owner: &str) -> Client {
        self.scoped(owner, tokens::ALL_SCOPES)
    }

    /// A client with a token for these scopes.
    pub(crate) fn scoped(&self, owner: &str, scope: &str) -> Client {
        Client::new(self.address(), Some(tokens::token(owner, scope)))
    }

    /// A client without a token.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.address(), None)
    }

    /// The directory with its stores.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of the small disk with its stores, as other processes see it.
    pub(crate) fn disk(&self) -> PathBuf {
        let root = format!("/proc/{}/root", self.id());
        let inside = self.folder().join(DISK);
        Path::new(&root).join(inside.strip_prefix("/").expect("an absolute path"))
    }

    /// Sets or lifts the limit on the length of its files.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let set = std::process::Command::new("prlimit")
            .args(["--pid", &self.id().to_string()])
            .arg(format!("--fsize={limit}:unlimited"))
            .status();
        assert!(set.expect("prlimit starts").success());
    }

    fn id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// The Redis server with its blobs.
    pub(crate) fn redis(&mut self) -> &mut Redis {
        self.setup.redis.as_mut().expect("blobs in Redis")
    }

    /// The resident memory of its process, in bytes.
    pub(crate) fn resident_memory(&self) -> u64 {
        self.process.as_ref().expect("it runs").resident_memory()
    }

    /// The resident memory of its process without mapped files, in bytes.
    pub(crate) fn held_memory(&self) -> u64 {
        self.process.as_ref().expect("it runs").held_memory()
    }

    /// The processor time that its process has used.
    pub(crate) fn processor_time(&self) -> Duration {
        self.process.as_ref().expect("it runs").processor_time()
    }

    /// The largest linear memory of any instance so far, as the embedded host counts it, in bytes.
    pub(crate) async fn peak_guest_memory(&self) -> u64 {
        self.counter("peak_guest_memory_bytes").await
    }

    /// A counter of the embedded host.
    pub(crate) async fn counter(&self, name: &str) -> u64 {
        let name = format!("{name}=");
        let reported = || self.log().matches(&name).count();
        let before = reported();
        self.process.as_ref().expect("it runs").ask_for_counters();
        let answered = eventually(|| async { reported() > before }).await;
        let log = self.log();
        assert_eq!(answered, Ok(()), "no counters:\n{log}");
        let last = log.rsplit(&name).next().unwrap_or_default();
        let number = last
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok());
        number.expect("a number")
    }

    /// Its standard error so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder().join(LOG)).expect("a log")
    }

    /// Asks it to end, and waits until it has ended.
    pub(crate) fn stop(&mut self) {
        let process = self.process.take().expect("it runs");
        assert!(process.stop(), "it does not end:\n{}", self.log());
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(&mut self) {
        drop(self.process.take());
    }

    /// Sets a variable for its next start.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.setup.variables.retain(|(known, _)| known != name);
        self.setup
            .variables
            .push((name.to_owned(), value.to_owned()));
    }

    /// Starts it again on the same stores.
    pub(crate) fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        self.process = Some(Process::start(self.folder.path(), &self.setup));
        self.wait_until_ready();
    }

    /// Waits until both stores answer.
    pub(crate) fn wait_until_ready(&mut self) {
        let start = Instant::now();
        while !is_ready(self.address()) {
            let ended = self.process.as_mut().is_none_or(Process::has_ended);
            let log = self.log();
            assert!(!ended, "the host has ended:\n{log}");
            assert!(start.elapsed() < PATIENCE, "it is not ready:\n{log}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn check_log(&self) {
        let log = self.log();
        if thread::panicking() {
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(MOST_LINES)..];
            eprintln!("the end of the server's log:\n{}", last.join("\n"));
        }
        if self.setup.may_fail || thread::panicking() {
            return;
        }
        // Its counters include one for traps.
        let mut lines = log.lines().filter(|line| !line.starts_with("stats "));
        let fault = lines.find(|line| {
            let line = line.to_ascii_lowercase();
            let is_any_of = |words: &[&str]| words.iter().any(|word| line.contains(word));
            is_any_of(&FAULTS) && !(host_kind() == Kind::Spin && is_any_of(&OF_SPIN))
        });
        assert_eq!(fault, None, "the log contains a fault:\n{log}");
    }
}

impl Drop for Darkroom {
    fn drop(&mut self) {
        self.kill();
        self.check_log();
    }
}

/// A test's handle to the shared server. Dropping it checks the log.
pub(crate) struct Shared(&'static Darkroom);

impl Deref for Shared {
    type Target = Darkroom;

    fn deref(&self) -> &Darkroom {
        self.0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.0.check_log();
    }
}

fn is_ready(address: &str) -> bool {
    use std::io::{Read as _, Write as _};
    let authority = address.trim_start_matches("http://");
    let Ok(mut stream) = TcpStream::connect(authority) else {
        return false;
    };
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = stream.write_all(request.as_bytes());
    let _ = stream.read_to_string(&mut answer);
    answer.starts_with("HTTP/1.1 200")
}

//! A Darkroom server: the component on a host, with stores of its own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::ops::Deref;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::environment::{self, Kind, host_kind};
use super::redis::Redis;
use super::tokens::KEYS;
use super::watchdog::{Watchdog, signal};
use super::{Client, tokens};

/// How long a host may take to compile the component and open its stores.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long requests under way may hold up a graceful end.
const GRACE: Duration = Duration::from_secs(10);
/// What no log may hold, in lower case: the component never ends by itself.
const FAULTS: [&str; 3] = ["panicked", "trap", "instance of the component ended"];

/// How a server is to be.
#[derive(Default)]
pub(crate) struct Setup {
    variables: Vec<(String, String)>,
    flags: Vec<String>,
    redis: Option<Redis>,
    may_fail: bool,
}

impl Setup {
    /// Sets a variable of `spin.toml`.
    pub(crate) fn variable(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Caps the memory of an instance.
    pub(crate) fn instance_memory(mut self, bytes: u64) -> Self {
        let flag = format!("--max-instance-memory={bytes}");
        self.flags.push(flag);
        self
    }

    /// Keeps blobs in this Redis.
    pub(crate) fn blobs_in(mut self, redis: Redis) -> Self {
        self.redis = Some(redis);
        self
    }

    /// Lets instances end for want of memory, which the log then tells.
    pub(crate) fn may_run_out_of_memory(mut self) -> Self {
        self.may_fail = true;
        self
    }

    /// Starts the server and waits until both stores answer.
    pub(crate) fn start(self) -> Darkroom {
        let mut darkroom = self.launch();
        darkroom.wait_until_ready();
        darkroom
    }

    /// Starts the server and waits until it listens.
    pub(crate) fn launch(self) -> Darkroom {
        let folder = tempfile::Builder::new()
            .prefix("darkroom-api-")
            .tempdir()
            .expect("a temporary directory");
        write_manifest(folder.path());
        write_runtime_config(folder.path(), self.redis.as_ref());
        let process = Process::start(folder.path(), &self);
        Darkroom {
            process: Some(process),
            setup: self,
            folder,
        }
    }
}

/// A server, and the directory with its stores. Dropping it ends it, and fails the
/// test if the component has panicked or trapped.
pub(crate) struct Darkroom {
    process: Option<Process>,
    setup: Setup,
    folder: tempfile::TempDir,
}

impl Darkroom {
    /// A server with default settings.
    pub(crate) fn start() -> Self {
        Self::with().start()
    }

    /// A server with settings to be made.
    pub(crate) fn with() -> Setup {
        Setup::default()
    }

    /// A server with default settings that tests share. They keep out of each
    /// other's way by owners of their own.
    pub(crate) fn shared() -> Shared {
        static SHARED: OnceLock<Darkroom> = OnceLock::new();
        Shared(SHARED.get_or_init(Self::start))
    }

    /// Where it serves: `http://127.0.0.1:1234`.
    pub(crate) fn address(&self) -> &str {
        &self.process.as_ref().expect("it runs").address
    }

    /// A client whose token lets it do everything with the images of `owner`.
    pub(crate) fn client(&self, owner: &str) -> Client {
        self.scoped(owner, tokens::ALL_SCOPES)
    }

    /// A client whose token has these scopes.
    pub(crate) fn scoped(&self, owner: &str, scope: &str) -> Client {
        Client::new(self.address(), Some(tokens::token(owner, scope)))
    }

    /// A client without a token.
    pub(crate) fn anybody(&self) -> Client {
        Client::new(self.address(), None)
    }

    /// The directory with its stores.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The Redis that its blobs are in.
    pub(crate) fn redis(&mut self) -> &mut Redis {
        self.setup.redis.as_mut().expect("blobs in Redis")
    }

    /// What it has written to its standard error so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(log_path(self.folder())).expect("a log")
    }

    /// Tells it to end and waits until it has.
    pub(crate) fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        signal(process.child.id(), "TERM");
        let start = Instant::now();
        while matches!(process.child.try_wait(), Ok(None)) {
            assert!(start.elapsed() < GRACE, "it does not end:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(&mut self) {
        drop(self.process.take());
    }

    /// Starts it again on the same stores.
    pub(crate) fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        self.process = Some(Process::start(self.folder.path(), &self.setup));
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        let start = Instant::now();
        while !is_ready(self.address()) {
            let process = self.process.as_mut().expect("it runs");
            let ended = process.child.try_wait().expect("a child");
            let log = self.log();
            assert!(ended.is_none(), "the host has ended ({ended:?}):\n{log}");
            assert!(start.elapsed() < PATIENCE, "it is not ready:\n{log}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn check_log(&self) {
        if self.setup.may_fail || thread::panicking() {
            return;
        }
        let log = self.log();
        let fault = log.lines().find(|line| {
            let line = line.to_ascii_lowercase();
            FAULTS.iter().any(|fault| line.contains(fault))
        });
        assert_eq!(fault, None, "the log tells of a fault:\n{log}");
    }
}

impl Drop for Darkroom {
    fn drop(&mut self) {
        self.kill();
        self.check_log();
    }
}

/// A test's hold on the shared server. Its log is checked when it is let go.
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

/// A host's process, which leads a group of its own. Dropping it kills the group.
struct Process {
    child: Child,
    address: String,
    _watchdog: Watchdog,
}

impl Process {
    fn start(folder: &Path, setup: &Setup) -> Self {
        let mut log = File::options();
        let log = log.create(true).append(true).open(log_path(folder));
        let mut child = command(folder, setup)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.expect("a log"))
            .process_group(0)
            .spawn()
            .expect("the host starts");
        let watchdog = Watchdog::over(child.id(), folder);
        let stdout = child.stdout.take().expect("its output");
        let (sender, receiver) = mpsc::channel();
        // Read to the end, or the host would block on a full pipe.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("Serving ") {
                    let _ = sender.send(address.trim().to_owned());
                }
            }
        });
        let address = receiver.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            signal(child.id(), "KILL");
            let log = fs::read_to_string(log_path(folder)).unwrap_or_default();
            panic!("the host does not say where it serves ({error}):\n{log}");
        });
        Self {
            child,
            address,
            _watchdog: watchdog,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        signal(self.child.id(), "KILL");
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, setup: &Setup) -> Command {
    let mut command = Command::new(environment::host_program());
    // The embedded host keeps compiled code there, which all servers share.
    let state = match host_kind() {
        Kind::Embedded => PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("api"),
        Kind::Spin => {
            command.arg("up");
            folder.join("state")
        }
    };
    command.arg("--from").arg(folder.join("spin.toml"));
    command.arg("--runtime-config-file");
    command.arg(folder.join("runtime-config.toml"));
    command.arg("--state-dir").arg(state);
    command.args(["--listen", "127.0.0.1:0"]).args(&setup.flags);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPIN_VARIABLE_") {
            command.env_remove(name);
        }
    }
    command.env("SPIN_VARIABLE_SIGNING_KEYS", KEYS);
    for (name, value) in &setup.variables {
        let name = format!("SPIN_VARIABLE_{}", name.to_uppercase());
        command.env(name, value);
    }
    command.current_dir(folder);
    command
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("stderr.log")
}

/// `spin.toml`, with the component from where it was built.
fn write_manifest(folder: &Path) {
    let text = include_str!("../../../spin.toml");
    let component = environment::component();
    let lines = text.lines().map(|line| match line.split_once(" = ") {
        Some(("source", _)) => format!("source = \"{}\"\n", component.display()),
        _ => format!("{line}\n"),
    });
    let manifest: String = lines.collect();
    fs::write(folder.join("spin.toml"), manifest).expect("the manifest is written");
}

fn write_runtime_config(folder: &Path, redis: Option<&Redis>) {
    let folder_name = folder.display();
    let blobs = match redis {
        Some(redis) => format!("type = \"redis\"\nurl = \"{}\"", redis.url()),
        None => format!("type = \"spin\"\npath = \"{folder_name}/blobs.db\""),
    };
    let config = format!(
        "[sqlite_database.default]\ntype = \"spin\"\npath = \"{folder_name}/catalog.db\"\n\n\
         [key_value_store.default]\n{blobs}\n"
    );
    fs::write(folder.join("runtime-config.toml"), config).expect("the configuration is written");
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

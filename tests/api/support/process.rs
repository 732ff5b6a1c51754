//! A host's process.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::environment::{self, Kind, host_kind};
use super::setup::{CONFIG, DISK, Disk, MANIFEST, Setup};
use super::tokens::KEYS;
use super::watchdog::{Watchdog, signal};

/// The file with its standard error.
pub(crate) const LOG: &str = "stderr.log";
/// How long a host may take to compile the component.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long requests in progress may delay a graceful end.
const GRACE: Duration = Duration::from_secs(10);

/// A host's process, which leads a process group. Dropping it kills the group.
pub(crate) struct Process {
    child: Child,
    /// The URL that it serves: `http://127.0.0.1:1234`.
    pub(crate) address: String,
    _watchdog: Watchdog,
}

impl Process {
    /// Starts a host with the files in `folder` and waits until it listens.
    pub(crate) fn start(folder: &Path, setup: &Setup) -> Self {
        // The first one usually compiles the components, and the others wait to use the result.
        static HAS_STARTED: Mutex<bool> = Mutex::new(false);
        let mut has_started = HAS_STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        let first = (!std::mem::replace(&mut *has_started, true)).then_some(has_started);
        let process = Self::of(&mut command(folder, setup), folder);
        drop(first);
        process
    }

    /// Starts a host from this command, with its log in `folder`, and waits until it listens.
    pub(crate) fn of(command: &mut Command, folder: &Path) -> Self {
        let log_path = folder.join(LOG);
        let mut log = File::options();
        let log = log.create(true).append(true).open(&log_path);
        let mut child = command
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
            let log = fs::read_to_string(log_path).unwrap_or_default();
            panic!("the host did not print its address ({error}):\n{log}");
        });
        Self {
            child,
            address,
            _watchdog: watchdog,
        }
    }

    /// Starts a host with the files in `folder`, which must end by itself. Returns its exit code
    /// and its output.
    pub(crate) fn refused(folder: &Path, setup: &Setup) -> (Option<i32>, String) {
        let log_path = folder.join(LOG);
        let log = File::create(&log_path).expect("a log");
        let mut child = command(folder, setup)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a handle"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("the host starts");
        let _watchdog = Watchdog::over(child.id(), folder);
        let start = Instant::now();
        loop {
            let status = child.try_wait().expect("its status");
            let text = fs::read_to_string(&log_path).unwrap_or_default();
            if let Some(status) = status {
                return (status.code(), text);
            }
            if start.elapsed() > PATIENCE {
                signal(child.id(), "KILL");
                panic!("the host does not end:\n{text}");
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its resident memory (`VmRSS`), in bytes.
    pub(crate) fn resident_memory(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// Its resident memory without mapped files (`RssAnon`), in bytes: what it holds for its
    /// clients.
    pub(crate) fn held_memory(&self) -> u64 {
        self.memory("RssAnon:")
    }

    fn memory(&self, line: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|text| text.strip_prefix(line));
        let kilobytes = line.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.expect("a number of kB") << 10
    }

    /// The processor time that it has used, in its own code and in the kernel.
    pub(crate) fn processor_time(&self) -> Duration {
        /// `USER_HZ`: the unit of the times that Linux shows, whatever the resolution of its clock.
        const TICKS_PER_SECOND: u32 = 100;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("it runs");
        // The name, in parentheses, may contain anything.
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let times = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = times.filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_secs(ticks) / TICKS_PER_SECOND
    }

    /// Makes it write its counters to its log.
    pub(crate) fn ask_for_counters(&self) {
        signal(self.child.id(), "USR1");
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end. Returns whether it did.
    pub(crate) fn stop(mut self) -> bool {
        signal(self.child.id(), "TERM");
        let start = Instant::now();
        while !self.has_ended() {
            if start.elapsed() > GRACE {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        signal(self.child.id(), "KILL");
        let _ = self.child.wait();
    }
}

/// The host's program, in a process that sees this kind of disk.
fn on_disk(disk: Disk, place: &Path) -> Command {
    let program = environment::host_program();
    let shell = |mut command: Command, script: &str| {
        command.args(["sh", "-c", script, "sh"]);
        command
    };
    match disk {
        Disk::Own => Command::new(program),
        Disk::Limited => {
            let ignore = "trap '' XFSZ; exec \"$@\"";
            let mut command = shell(Command::new("env"), ignore);
            command.arg(program);
            command
        }
        Disk::Small(megabytes) => {
            let mut unshare = Command::new("unshare");
            unshare.args(["--user", "--map-root-user", "--mount"]);
            let mount = "mount -t tmpfs -o size=\"$1\"m tmpfs \"$2\"; shift 2; exec \"$@\"";
            let mut command = shell(unshare, mount);
            command.arg(megabytes.to_string()).arg(place).arg(program);
            command
        }
    }
}

/// The directory in which the embedded host keeps compiled code, shared by all servers.
pub(super) fn compiled_code() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("api")
}

fn command(folder: &Path, setup: &Setup) -> Command {
    let mut command = on_disk(setup.disk, &folder.join(DISK));
    let state = match host_kind() {
        Kind::Embedded => compiled_code(),
        Kind::Spin => {
            command.arg("up");
            folder.join("state")
        }
    };
    command.arg("--from").arg(folder.join(MANIFEST));
    command.arg("--runtime-config-file");
    command.arg(folder.join(CONFIG));
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
    if setup.clock != 0 {
        shift_clock(&mut command, setup.clock);
    }
    command.current_dir(folder);
    command
}

/// Has a program see another time.
fn shift_clock(command: &mut Command, seconds: i32) {
    let Some(library) = faketime() else {
        return;
    };
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME", format!("{seconds:+}s"))
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1");
}

/// The library of the program `faketime`, or none if `cargo xtask test` did not find it, which it
/// reports as skipped.
fn faketime() -> Option<PathBuf> {
    environment::peer("DARKROOM_TEST_FAKETIME")?;
    let directories = fs::read_dir("/usr/lib").ok()?;
    let library = |directory: fs::DirEntry| directory.path().join("faketime/libfaketime.so.1");
    let mut libraries = directories.filter_map(|directory| directory.ok().map(library));
    let found = libraries.find(|library| library.exists());
    Some(found.expect("the program has a library"))
}

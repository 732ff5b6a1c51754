//! A PostgreSQL server for tests, and PgBouncer before it: from Debian's packages, in a temporary
//! directory, as a user without privileges.
//!
//! - `programs`: where the servers' programs are, and who runs them
//! - `watchdog`: ends a server when the test program is gone
//! - `bouncer`: connections that are shared transaction by transaction

mod bouncer;
mod programs;
mod watchdog;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use programs::Runner;
use watchdog::Watchdog;

pub use bouncer::Bouncer;

/// The superuser of the cluster.
pub const USER: &str = "darkroom";
/// The superuser's password, which is asked for over TCP.
pub const PASSWORD: &str = "correct horse";
/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running cluster. Dropping it, or the end of the test program, ends it and removes its files.
#[derive(Debug)]
pub struct Cluster {
    runner: Runner,
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    server: Option<Server>,
}

/// A server's process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    _watchdog: Watchdog,
}

impl Cluster {
    /// Creates a cluster and starts it on a free port of 127.0.0.1, and on a socket in
    /// [`Cluster::socket_directory`]. Nothing that it does is durable, because it never has to
    /// survive the machine; it does survive the end of its process.
    ///
    /// Returns none if PostgreSQL is not installed.
    ///
    /// # Panics
    /// If it does not start, or if it is not installed and `CI` is `true`.
    pub fn start() -> Option<Self> {
        let programs = programs::postgres()?;
        let runner = Runner::find();
        let directory = runner.directory("postgres");
        let password = directory.join("password");
        std::fs::write(&password, PASSWORD).expect("a file");
        runner.give(&password);
        let mut create = runner.command(&programs.join("initdb"));
        create
            .arg("--pgdata")
            .arg(directory.join("data"))
            .args(["--username", USER, "--encoding", "UTF8"])
            .args(["--locale", "C.UTF-8", "--no-sync", "--no-instructions"])
            .args(["--auth-local", "trust", "--auth-host", "scram-sha-256"])
            .arg("--pwfile")
            .arg(&password);
        run(create);
        let mut cluster = Self {
            runner,
            programs,
            directory,
            port: free_port(),
            server: None,
        };
        cluster.start_again();
        Some(cluster)
    }

    /// The directory of the socket, which is a host to clients.
    pub fn socket_directory(&self) -> &Path {
        &self.directory
    }

    /// The port of 127.0.0.1, and of the socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database of the cluster, without TLS.
    pub fn url(&self, database: &str) -> String {
        let (password, port) = (PASSWORD.replace(' ', "%20"), self.port);
        format!("postgres://{USER}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// Runs SQL in a database, and returns what `psql` prints of it: a line per row, with `|`
    /// between the columns.
    ///
    /// # Panics
    /// If the SQL fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.client("psql", database);
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--command", sql]);
        run(psql).trim_end().to_owned()
    }

    /// Writes a database to a file with `pg_dump`.
    ///
    /// # Panics
    /// If that fails.
    pub fn dump(&self, database: &str) -> PathBuf {
        let file = self.directory.join(format!("{database}.dump"));
        let mut dump = self.client("pg_dump", database);
        dump.args(["--format=custom", "--file"]).arg(&file);
        run(dump);
        file
    }

    /// Restores such a file into an empty database.
    ///
    /// # Panics
    /// If that fails.
    pub fn restore(&self, database: &str, dump: &Path) {
        let mut restore = self.client("pg_restore", database);
        restore.args(["--no-owner", "--exit-on-error"]).arg(dump);
        run(restore);
    }

    /// A program that talks to a database as the superuser.
    fn client(&self, program: &str, database: &str) -> Command {
        let mut command = self.runner.command(&self.programs.join(program));
        command
            .args(["--username", USER, "--dbname", database, "--host"])
            .arg(&self.directory)
            .args(["--port", &self.port.to_string()]);
        command
    }

    /// Ends the server at once, as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            // Not SIGKILL, which would leave shared memory behind.
            watchdog::signal(server.child.id(), "QUIT");
            let _ = server.child.wait();
        }
    }

    /// Starts the server again on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&mut self) {
        let mut command = self.runner.command(&self.programs.join("postgres"));
        command.arg("-D").arg(self.directory.join("data"));
        for setting in [
            "listen_addresses=127.0.0.1",
            &format!("port={}", self.port),
            &format!("unix_socket_directories={}", self.directory.display()),
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "dynamic_shared_memory_type=mmap",
            "shared_buffers=64MB",
            "max_connections=300",
            "deadlock_timeout=100ms",
        ] {
            command.args(["-c", setting]);
        }
        let mut server = Server::start(command, &self.directory);
        let client = self.programs.join("pg_isready");
        let is_ready = || {
            let mut ask = self.runner.command(&client);
            ask.arg("--host")
                .arg(&self.directory)
                .args(["--port", &self.port.to_string()]);
            ask.stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        server.wait_until("postgres", &self.directory, is_ready);
        self.server = Some(server);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Server {
    /// Starts a server, whose messages go into `log` in `directory`.
    pub(crate) fn start(mut command: Command, directory: &Path) -> Self {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(directory.join("log"))
            .expect("a log");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        Self {
            _watchdog: Watchdog::over(child.id(), directory),
            child,
        }
    }

    /// Waits until the server is ready.
    pub(crate) fn wait_until(&mut self, name: &str, directory: &Path, is_ready: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_ready() {
            let has_ended = !matches!(self.child.try_wait(), Ok(None));
            if has_ended || start.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
                panic!("{name} does not start:\n{log}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        watchdog::signal(self.child.id(), "KILL");
        let _ = self.child.wait();
    }
}

/// Runs a program to its end, and returns its output.
fn run(mut command: Command) -> String {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// A port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Whether a server listens on a port of 127.0.0.1.
pub(crate) fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

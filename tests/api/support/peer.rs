//! Another server that a test needs besides Darkroom.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::watchdog::{Watchdog, signal};

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server's process, which leads a process group. Dropping it kills the group.
pub(crate) struct Peer {
    child: Child,
    _watchdog: Watchdog,
}

impl Peer {
    /// Starts the server and waits until it listens. Returns none if it ends by itself.
    pub(crate) fn start(mut command: Command, port: u16, folder: &Path) -> Option<Self> {
        let child = command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("the server starts");
        let mut peer = Self {
            _watchdog: Watchdog::over(child.id(), folder),
            child,
        };
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if !matches!(peer.child.try_wait(), Ok(None)) {
                return None;
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(peer);
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }

    /// Suspends or resumes the process.
    pub(super) fn freeze(&self, is_frozen: bool) {
        signal(self.child.id(), if is_frozen { "STOP" } else { "CONT" });
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        signal(self.child.id(), "KILL");
        let _ = self.child.wait();
    }
}

/// Starts a server on a free port, and returns the port.
pub(crate) fn on_a_free_port(start: impl Fn(u16) -> Option<Peer>) -> (u16, Peer) {
    // Another process may take a free port before it is used here.
    let started = (0..5).find_map(|_| {
        let port = free_port();
        start(port).map(|peer| (port, peer))
    });
    started.expect("the server does not start")
}

/// A port that no process listens on.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

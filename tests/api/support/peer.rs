//! A server of a test's own besides Darkroom.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::watchdog::{Watchdog, signal};

/// How long one may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process, which leads a group of its own. Dropping it kills the group.
pub(crate) struct Peer {
    child: Child,
    _watchdog: Watchdog,
}

impl Peer {
    /// Starts it and waits until it listens; none where it ends by itself.
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

    /// Lets it do nothing more, or go on.
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

/// Starts a server on a port that is free, and tells which.
pub(crate) fn on_a_free_port(start: impl Fn(u16) -> Option<Peer>) -> (u16, Peer) {
    // Between finding a free port and using it, another may take it.
    let started = (0..5).find_map(|_| {
        let port = free_port();
        start(port).map(|peer| (port, peer))
    });
    started.expect("the server does not start")
}

/// A port that nobody listens on.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

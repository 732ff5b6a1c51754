//! Ends a server when the test program is gone, however it ended: statics are not dropped, and
//! nothing is dropped after SIGKILL.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A shell that waits for the end of its input, which the kernel closes with the test program.
#[derive(Debug)]
pub(crate) struct Watchdog(Child);

impl Watchdog {
    /// Watches a server, and its directory. PostgreSQL frees its shared memory if it is told to
    /// quit; it gets a moment for that.
    pub(crate) fn over(server: u32, directory: &Path) -> Self {
        let script = "trap '' INT TERM; cat >/dev/null; kill -QUIT \"$1\" 2>/dev/null; \
             for wait in 1 2 3 4 5 6 7 8 9 10; do kill -0 \"$1\" 2>/dev/null || break; sleep 0.1; \
             done; kill -KILL \"$1\" 2>/dev/null; rm -rf -- \"$2\"";
        let shell = Command::new("sh")
            .args(["-c", script, "watchdog", &server.to_string()])
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(shell.expect("sh starts"))
    }
}

impl Drop for Watchdog {
    /// Ends the shell without further action, because nothing is left to watch.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a signal to a process. One that is gone is not an error.
pub(crate) fn signal(process: u32, name: &str) {
    let command = format!("kill -{name} {process} 2>/dev/null");
    let _ = Command::new("sh").arg("-c").arg(command).status();
}

//! Ends a server when the test program is gone, however it ended: statics are not dropped, and
//! nothing is dropped after SIGKILL.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A shell that waits for the end of its input, which the kernel closes with the test program.
#[derive(Debug)]
pub(crate) struct Watchdog(Child);

impl Watchdog {
    /// Watches the process group `leader` and the server's directory.
    pub(crate) fn over(leader: u32, directory: &Path) -> Self {
        let shell = Command::new("sh")
            .arg("-c")
            .arg("cat >/dev/null; kill -9 -\"$1\" 2>/dev/null; rm -rf -- \"$2\"")
            .arg("watchdog")
            .arg(leader.to_string())
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        Self(shell.expect("sh starts"))
    }
}

impl Drop for Watchdog {
    /// Ends the shell without further action, because nothing is left to watch.
    fn drop(&mut self) {
        signal(self.0.id(), "KILL");
        let _ = self.0.wait();
    }
}

/// Sends a signal to the process group of `leader`. A group that is gone is not an error.
pub(crate) fn signal(leader: u32, name: &str) {
    let command = format!("kill -{name} -{leader} 2>/dev/null");
    let _ = Command::new("sh").arg("-c").arg(command).status();
}

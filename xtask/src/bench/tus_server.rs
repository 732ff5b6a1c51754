//! The yardstick for resumable uploads: `@tus/server`, which keeps files in a folder.
//!
//! It does not look at their content, does not compute a digest, and does not sync them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;

use crate::signals;
use crate::tools::libraries;

const SCRIPT: &str = include_str!("tus_server.mjs");

/// A running server with a folder of its own. Dropping it ends the process and removes the folder.
pub(super) struct TusServer {
    child: Child,
    folder: PathBuf,
    /// The URL that it serves. Uploads begin at `/files`.
    pub(super) address: String,
}

impl TusServer {
    /// Starts the server, which keeps files in this folder.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let script = libraries::peers()?.join("tus_server.mjs");
        fs::write(&script, SCRIPT)?;
        fs::create_dir_all(folder)?;
        let mut child = Command::new("node")
            .arg(&script)
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot start node")?;
        let stdout = child.stdout.take().context("it has no output")?;
        let mut server = Self {
            child,
            folder: folder.to_owned(),
            address: String::new(),
        };
        BufReader::new(stdout).read_line(&mut server.address)?;
        server.address.truncate(server.address.trim_end().len());
        ensure!(!server.address.is_empty(), "@tus/server did not start");
        Ok(server)
    }

    /// Removes the uploaded files.
    pub(super) fn forget_uploads(&self) -> Result<()> {
        for file in fs::read_dir(&self.folder)? {
            fs::remove_file(file?.path())?;
        }
        Ok(())
    }
}

impl Drop for TusServer {
    fn drop(&mut self) {
        signals::send(self.child.id(), Signal::TERM);
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

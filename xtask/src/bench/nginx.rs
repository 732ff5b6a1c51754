//! The yardstick: nginx, which serves and accepts the same files on the same machine.
//!
//! It writes each file that is uploaded by `PUT` to a new file, without parsing or syncing it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use crate::tools::Tool;
use crate::{http, signals};

/// The Debian package.
const NGINX: Tool = Tool {
    program: "nginx",
    package: "nginx-light",
    purpose: "comparisons in the benchmark",
};
/// The user and the group `nobody`.
const NOBODY: u32 = 65534;
/// The folder of uploaded files.
const UPLOADED: &str = "uploaded";

/// A running nginx with a directory of its own. Dropping it ends the process and removes the
/// directory.
pub(crate) struct Nginx {
    child: Child,
    directory: PathBuf,
    /// The URL that it serves.
    pub(crate) address: String,
}

impl Nginx {
    /// Serves `files`, given as (name, content). If the user is root, nginx runs as `nobody`.
    pub(crate) fn start(files: &[(&str, &[u8])]) -> Result<Self> {
        let program = NGINX.ensure()?;
        let directory = std::env::temp_dir().join(format!("darkroom-nginx-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        for (name, content) in files {
            fs::write(directory.join(name), content)?;
            fs::set_permissions(directory.join(name), fs::Permissions::from_mode(0o644))?;
        }
        fs::create_dir_all(directory.join(UPLOADED))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = directory.join("nginx.conf");
        fs::write(&config, configuration(&directory, port))?;
        let mut command = Command::new(&program);
        command
            .arg("-e")
            .arg(directory.join("error.log"))
            .arg("-c")
            .arg(&config);
        command.stdin(Stdio::null()).process_group(0);
        if rustix::process::getuid().is_root() {
            for folder in [&directory, &directory.join(UPLOADED)] {
                chown(folder, Some(NOBODY), Some(NOBODY))?;
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let mut nginx = Self {
            child,
            directory,
            address: format!("http://127.0.0.1:{port}"),
        };
        nginx.wait_until_ready()?;
        Ok(nginx)
    }

    /// The URL to `PUT` files to, with a name that [`Load`](super::wrk::Load) varies.
    pub(crate) fn uploads(&self) -> String {
        format!("{}/{UPLOADED}/{:016}", self.address, 0)
    }

    /// Removes the uploaded files.
    pub(crate) fn forget_uploads(&self) -> Result<()> {
        for file in fs::read_dir(self.directory.join(UPLOADED))? {
            fs::remove_file(file?.path())?;
        }
        Ok(())
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        for _ in 0..100 {
            if http::get(&self.address).is_ok() {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.directory.join("error.log")).unwrap_or_default();
        bail!("nginx does not serve: {}", log.trim())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        signals::send(self.child.id(), Signal::TERM);
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn configuration(directory: &Path, port: u16) -> String {
    let directory = directory.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("    {kind}_temp_path {directory}/{kind};\n"))
        .collect();
    format!(
        "worker_processes auto;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{}}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    default_type image/png;
{temporary}    server {{
        listen 127.0.0.1:{port};
        root {directory};
        location /{UPLOADED}/ {{
            dav_methods PUT;
            client_max_body_size 0;
        }}
    }}
}}
"
    )
}

//! nginx in front of a server, as a proxy that caches.

use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::peer::free_port;
use super::watchdog::{Watchdog, signal};
use super::{Client, Darkroom, environment, tokens};

/// The documented configuration.
const RECIPE: &str = include_str!("../../recipes/nginx-cache.conf");
/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A proxy with a cache of its own. Dropping it ends it.
pub(crate) struct Nginx {
    child: Child,
    address: String,
    folder: tempfile::TempDir,
    _watchdog: Watchdog,
}

impl Nginx {
    /// Starts one in front of a server, by the documented configuration with some
    /// lines replaced; none where `cargo xtask test` found no nginx, which it reports
    /// as skipped.
    pub(crate) fn before(darkroom: &Darkroom, replaced: &[(&str, &str)]) -> Option<Self> {
        let program = environment::peer("DARKROOM_TEST_NGINX")?;
        let mut log = String::new();
        // Between finding a free port and using it, another may take it.
        for _ in 0..5 {
            let folder = tempfile::tempdir().expect("a temporary directory");
            let port = free_port();
            let configuration = configuration(&folder, port, darkroom, replaced);
            let file = folder.path().join("nginx.conf");
            fs::write(&file, configuration).expect("is written");
            let child = Command::new(&program)
                .arg("-e")
                .arg(folder.path().join("error.log"))
                .arg("-c")
                .arg(file)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .spawn()
                .expect("nginx starts");
            let mut nginx = Self {
                _watchdog: Watchdog::over(child.id(), folder.path()),
                child,
                address: format!("http://127.0.0.1:{port}"),
                folder,
            };
            if nginx.listens(port) {
                return Some(nginx);
            }
            log = nginx.log();
        }
        panic!("{} does not start: {log}", program.display());
    }

    fn listens(&mut self, port: u16) -> bool {
        let start = Instant::now();
        while start.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// What it complains of.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }

    /// A client of the proxy whose token lets it do everything with the images of
    /// `owner`.
    pub(crate) fn client(&self, owner: &str) -> Client {
        let token = tokens::token(owner, tokens::ALL_SCOPES);
        Client::new(&self.address, Some(token))
    }

    /// A client of the proxy without a token.
    pub(crate) fn anybody(&self) -> Client {
        Client::new(&self.address, None)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        signal(self.child.id(), "KILL");
        let _ = self.child.wait();
    }
}

fn configuration(
    folder: &tempfile::TempDir,
    port: u16,
    darkroom: &Darkroom,
    replaced: &[(&str, &str)],
) -> String {
    let folder = folder.path().display().to_string();
    let authority = darkroom.address().trim_start_matches("http://");
    let mut recipe = RECIPE.to_owned();
    let listen = format!("listen 127.0.0.1:{port};");
    let here = [
        ("/var/cache/nginx/darkroom", format!("{folder}/cache")),
        ("127.0.0.1:3000", authority.to_owned()),
        ("listen 80;", listen),
    ];
    let here = here.iter().map(|(from, to)| (*from, to.as_str()));
    for (from, to) in here.chain(replaced.iter().copied()) {
        assert!(recipe.contains(from), "the recipe has no {from}");
        recipe = recipe.replace(from, to);
    }
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = kinds
        .iter()
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .collect();
    format!(
        "user root;\ndaemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\n\
         events {{}}\nhttp {{\naccess_log off;\n{temporary}{recipe}}}\n"
    )
}

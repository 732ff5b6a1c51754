//! nginx in front of a server, as a proxy that caches or one for resumable uploads, which terminates
//! TLS on request.

use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::peer::free_port;
use super::tls::{self, Certificate};
use super::watchdog::{Watchdog, signal};
use super::{Client, Darkroom, Program, Raw, environment, tokens};

/// The documented configurations: of a cache, and of a proxy for resumable uploads.
const CACHE: &str = include_str!("../../recipes/nginx-cache.conf");
const RESUMABLE: &str = include_str!("../../recipes/nginx-resumable.conf");
/// The file with the ids of the requests that it accepted.
const TAKEN: &str = "taken.log";
/// How long nginx may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A proxy with a cache of its own. Dropping it ends it.
pub(crate) struct Nginx {
    child: Child,
    address: String,
    folder: tempfile::TempDir,
    certificate: Option<Certificate>,
    _watchdog: Watchdog,
}

impl Nginx {
    /// Starts nginx in front of a server, with the documented configuration, in which some lines
    /// are replaced. Returns none if `cargo xtask test` found no nginx, which it reports as
    /// skipped.
    pub(crate) fn before(darkroom: &Darkroom, replaced: &[(&str, &str)]) -> Option<Self> {
        Self::start(darkroom, CACHE, replaced, None)
    }

    /// The same with the configuration for resumable uploads.
    pub(crate) fn for_uploads(darkroom: &Darkroom, replaced: &[(&str, &str)]) -> Option<Self> {
        Self::start(darkroom, RESUMABLE, replaced, None)
    }

    /// The same for clients that use TLS, over HTTP/1.1 or HTTP/2. It logs the requests that it
    /// accepts.
    pub(crate) fn with_tls(darkroom: &Darkroom, replaced: &[(&str, &str)]) -> Option<Self> {
        Self::start(darkroom, CACHE, replaced, Some(Certificate::make()?))
    }

    fn start(
        darkroom: &Darkroom,
        recipe: &str,
        replaced: &[(&str, &str)],
        certificate: Option<Certificate>,
    ) -> Option<Self> {
        let program = environment::peer("DARKROOM_TEST_NGINX")?;
        let mut log = String::new();
        // Another process may take a free port before it is used here.
        for _ in 0..5 {
            let folder = tempfile::tempdir().expect("a temporary directory");
            let port = free_port();
            let tls = certificate.as_ref();
            let recipe = filled(recipe, &folder, port, darkroom, replaced, tls);
            let configuration = configuration(&folder, &recipe, tls.is_some());
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
            let scheme = tls.map_or("http", |_| "https");
            let mut nginx = Self {
                _watchdog: Watchdog::over(child.id(), folder.path()),
                child,
                address: format!("{scheme}://127.0.0.1:{port}"),
                folder,
                certificate: certificate.clone(),
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

    /// Its error log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }

    /// The ids of the requests that it accepted, as the clients sent them.
    pub(crate) fn taken(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join(TAKEN)).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// Its URL: `https://127.0.0.1:1234`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A TLS connection, on which bytes are sent unchanged.
    pub(crate) fn raw(&self) -> Raw {
        let certificate = self.certificate.as_ref().expect("TLS");
        let authority = self.address.trim_start_matches("https://").to_owned();
        Raw::over(tls::connect(&authority, certificate), authority)
    }

    /// The output of a curl that trusts its certificate, or none if there is no curl.
    pub(crate) fn curl(&self, arguments: &[&str], path: &str) -> Option<Vec<u8>> {
        let curl = Program::find("DARKROOM_TEST_CURL")?;
        let authority = self.certificate.as_ref().expect("TLS").path();
        let url = format!("{}{path}", self.address);
        let trust = ["-sS", "--cacert", &authority, &url];
        let output = curl.run(&[&trust, arguments].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{url}: {errors}");
        Some(output.stdout)
    }

    /// A client of the proxy, with a token that permits everything with the images of `owner`.
    pub(crate) fn client(&self, owner: &str) -> Client {
        let token = tokens::token(owner, tokens::ALL_SCOPES);
        Client::new(&self.address, Some(token))
    }

    /// A client of the proxy without a token.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(&self.address, None)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        signal(self.child.id(), "KILL");
        let _ = self.child.wait();
    }
}

/// A recipe as it is used here: in this folder, on this port, with some lines replaced.
fn filled(
    recipe: &str,
    folder: &tempfile::TempDir,
    port: u16,
    darkroom: &Darkroom,
    replaced: &[(&str, &str)],
    tls: Option<&Certificate>,
) -> String {
    let folder = folder.path().display().to_string();
    let authority = darkroom.address().trim_start_matches("http://");
    let mut recipe = recipe.replace("/var/cache/nginx/darkroom", &format!("{folder}/cache"));
    let listen = match tls {
        None => format!("listen 127.0.0.1:{port};"),
        Some(certificate) => format!(
            "listen 127.0.0.1:{port} ssl http2;\nssl_certificate {0};\n\
             ssl_certificate_key {0};",
            certificate.path()
        ),
    };
    let here = [("127.0.0.1:3000", authority), ("listen 80;", &listen)];
    for (from, to) in here.into_iter().chain(replaced.iter().copied()) {
        assert!(recipe.contains(from), "the recipe has no {from}");
        recipe = recipe.replace(from, to);
    }
    recipe
}

/// The whole configuration of a process.
fn configuration(folder: &tempfile::TempDir, recipe: &str, logs: bool) -> String {
    let folder = folder.path().display().to_string();
    let log = if logs {
        format!("log_format taken $http_x_request_id;\naccess_log {folder}/{TAKEN} taken;")
    } else {
        "access_log off;".to_owned()
    };
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = kinds
        .iter()
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .collect();
    format!(
        "user root;\ndaemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\n\
         events {{}}\nhttp {{\n{log}\n{temporary}{recipe}}}\n"
    )
}

//! Programs other than the host that tests need: found, or installed where that is allowed.

pub(crate) mod corpora;
pub(crate) mod libraries;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};

use crate::{cargo, say};

/// A program from a Debian package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    /// The program's file name.
    pub(crate) program: &'static str,
    /// The package that contains it.
    pub(crate) package: &'static str,
    /// What it is needed for.
    pub(crate) purpose: &'static str,
}

/// The database servers that unit tests may need as well, each with the environment variable that
/// holds its path.
const DATABASES: &[(&str, Tool)] = &[
    (
        "DARKROOM_TEST_POSTGRES",
        Tool {
            program: "initdb",
            package: "postgresql",
            purpose: "the tests of the catalog on PostgreSQL",
        },
    ),
    (
        "DARKROOM_TEST_PGBOUNCER",
        Tool {
            program: "pgbouncer",
            package: "pgbouncer",
            purpose: "the tests of the catalog behind a pool of connections",
        },
    ),
];

/// The other programs that the end-to-end tests may need, in the same form.
const PROGRAMS: &[(&str, Tool)] = &[
    (
        "DARKROOM_TEST_REDIS_SERVER",
        Tool {
            program: "redis-server",
            package: "redis-server",
            purpose: "the tests that keep blobs in Redis",
        },
    ),
    (
        "DARKROOM_TEST_FAKETIME",
        Tool {
            program: "faketime",
            package: "faketime",
            purpose: "the tests of hosts whose clocks differ",
        },
    ),
    (
        "DARKROOM_TEST_OPENSSL",
        Tool {
            program: "openssl",
            package: "openssl",
            purpose: "the tests of the shell recipes in docs/access.md",
        },
    ),
    (
        "DARKROOM_TEST_EXIFTOOL",
        Tool {
            program: "exiftool",
            package: "libimage-exiftool-perl",
            purpose: "the tests that metadata is removed",
        },
    ),
    (
        "DARKROOM_TEST_CHROMIUM",
        Tool {
            program: "chromium",
            package: "chromium",
            purpose: "the tests of pages in a browser",
        },
    ),
    (
        "DARKROOM_TEST_SYSTEMD_ANALYZE",
        Tool {
            program: "systemd-analyze",
            package: "systemd",
            purpose: "the test of the unit for systemd",
        },
    ),
    ("DARKROOM_TEST_CURL", client("curl", "curl")),
    ("DARKROOM_TEST_WGET", client("wget", "wget")),
    ("DARKROOM_TEST_ARIA2C", client("aria2c", "aria2")),
    (
        "DARKROOM_TEST_NGINX",
        Tool {
            program: "nginx",
            package: "nginx-light",
            purpose: "the tests of proxies",
        },
    ),
    (
        "DARKROOM_TEST_CADDY",
        Tool {
            program: "caddy",
            package: "caddy",
            purpose: "the tests of proxies",
        },
    ),
];

/// A program that downloads files.
const fn client(program: &'static str, package: &'static str) -> Tool {
    Tool {
        program,
        package,
        purpose: "the tests of clients",
    }
}

/// Installs libraries where they are missing, and returns their path.
type Install = fn() -> Result<String>;

/// The libraries that the end-to-end tests may need, in the same form.
const LIBRARIES: &[(&str, Install)] = &[
    ("DARKROOM_TEST_PYTHON", libraries::python),
    ("DARKROOM_TEST_NODE_MODULES", libraries::node_modules),
    ("DARKROOM_TEST_CORPUS", corpora::folder),
];

/// The tools that were found, and those that were not.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    /// Environment variables for the tests.
    pub(crate) environment: Vec<(String, String)>,
    /// Which tests are skipped, and which installation would let them run.
    pub(crate) missing: Vec<String>,
}

/// The tools of the end-to-end tests. With `strict`, a missing one is an error.
pub(crate) fn find_or_install(strict: bool) -> Result<Tools> {
    let programs = DATABASES.iter().chain(PROGRAMS);
    let programs = programs.map(|(variable, tool)| (*variable, tool.ensure()));
    let libraries = LIBRARIES
        .iter()
        .map(|(variable, install)| (*variable, install()));
    collect(programs.chain(libraries), strict)
}

/// The tools of the unit tests. With `strict`, a missing one is an error.
pub(crate) fn find_or_install_databases(strict: bool) -> Result<Tools> {
    let programs = DATABASES.iter();
    collect(
        programs.map(|(variable, tool)| (*variable, tool.ensure())),
        strict,
    )
}

/// Held while tools are looked for: what one thread installs, another does not look for meanwhile.
static INSTALLING: Mutex<()> = Mutex::new(());

fn collect(
    all: impl Iterator<Item = (&'static str, Result<String>)>,
    strict: bool,
) -> Result<Tools> {
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut tools = Tools::default();
    for (variable, found) in all {
        match found {
            Ok(path) => tools.environment.push((variable.to_owned(), path)),
            Err(error) => tools.missing.push(format!("{error:#}")),
        }
    }
    ensure!(
        !strict || tools.missing.is_empty(),
        "no test may be skipped in this run, but tools are missing: {}",
        tools.missing.join("; ")
    );
    Ok(tools)
}

impl Tool {
    /// The program's path. Where the program is missing and the user is root, its package is
    /// installed.
    pub(crate) fn ensure(&self) -> Result<String> {
        if let Some(path) = self.find() {
            return Ok(path);
        }
        self.install();
        self.find().ok_or_else(|| {
            anyhow::anyhow!(
                "{} need {}; install it with: apt-get install {}",
                self.purpose,
                self.program,
                self.package
            )
        })
    }

    /// Installs the package if the user is root. Returns whether that succeeded.
    fn install(&self) -> bool {
        if !rustix::process::getuid().is_root() || cargo::on_path("apt-get").is_none() {
            return false;
        }
        say::step(&format!(
            "Installing the Debian package {}, for {}",
            self.package, self.purpose
        ));
        let install = || apt_get(&["install", "-y", "--no-install-recommends", self.package]);
        // Package lists may be missing or stale: refresh them once, then try again.
        install() || (apt_get(&["update"]) && install())
    }

    fn find(&self) -> Option<String> {
        let found = cargo::on_path(self.program).or_else(|| {
            // Servers are installed here, which is not on an ordinary user's PATH.
            let path = Path::new("/usr/sbin").join(self.program);
            path.is_file().then_some(path)
        });
        let found = found.or_else(|| self.find_in_newest_postgres());
        Some(found?.display().to_string())
    }

    /// Debian keeps the programs of PostgreSQL's server in a directory per version.
    fn find_in_newest_postgres(&self) -> Option<PathBuf> {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
        let found = versions.filter_map(|version| {
            let version = version.ok()?;
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            let path = version.path().join("bin").join(self.program);
            path.is_file().then_some((number, path))
        });
        Some(found.max()?.1)
    }
}

fn apt_get(arguments: &[&str]) -> bool {
    let mut command = Command::new("apt-get");
    command
        .args(["-q"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

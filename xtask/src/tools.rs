//! Programs that tests talk to besides the host: found, or installed where
//! that is allowed.

mod corpora;
pub(crate) mod libraries;

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::{cargo, say};

/// A program from a Debian package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    /// The program's file name.
    pub(crate) program: &'static str,
    /// The package that brings it.
    pub(crate) package: &'static str,
    /// What it is needed for.
    pub(crate) purpose: &'static str,
}

/// The programs that the end-to-end tests may need, and the variables that tell
/// their paths.
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
        "DARKROOM_TEST_OPENSSL",
        Tool {
            program: "openssl",
            package: "openssl",
            purpose: "the test of the shell's recipes in docs/access.md",
        },
    ),
    (
        "DARKROOM_TEST_EXIFTOOL",
        Tool {
            program: "exiftool",
            package: "libimage-exiftool-perl",
            purpose: "the tests of what is left of metadata",
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
            purpose: "the tests of a caching proxy",
        },
    ),
];

/// A program that downloads.
const fn client(program: &'static str, package: &'static str) -> Tool {
    Tool {
        program,
        package,
        purpose: "the tests of clients",
    }
}

/// Installs libraries where they are missing, and gives where they are.
type Install = fn() -> Result<String>;

/// The libraries that they may need, likewise.
const LIBRARIES: &[(&str, Install)] = &[
    ("DARKROOM_TEST_PYTHON", libraries::python),
    ("DARKROOM_TEST_NODE_MODULES", libraries::node_modules),
    ("DARKROOM_TEST_CORPUS", corpora::folder),
];

/// What was found, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    /// Variables for the tests.
    pub(crate) environment: Vec<(String, String)>,
    /// What is left out, and how to change that.
    pub(crate) missing: Vec<String>,
}

/// The tools of the end-to-end tests. With `strict`, a missing one is an error.
pub(crate) fn find_or_install(strict: bool) -> Result<Tools> {
    let mut tools = Tools::default();
    let programs = PROGRAMS
        .iter()
        .map(|(variable, tool)| (variable, tool.ensure()));
    let libraries = LIBRARIES
        .iter()
        .map(|(variable, install)| (variable, install()));
    for (variable, found) in programs.chain(libraries) {
        match found {
            Ok(path) => tools.environment.push(((*variable).to_owned(), path)),
            Err(error) => tools.missing.push(format!("{error:#}")),
        }
    }
    ensure!(
        !strict || tools.missing.is_empty(),
        "nothing may be skipped here: {}",
        tools.missing.join("; ")
    );
    Ok(tools)
}

impl Tool {
    /// The program's path. Root gets the package installed where it is missing.
    pub(crate) fn ensure(&self) -> Result<String> {
        if let Some(path) = self.find() {
            return Ok(path);
        }
        self.install();
        self.find().ok_or_else(|| {
            anyhow::anyhow!(
                "{}: there is no {}; install it with: apt-get install {}",
                self.purpose,
                self.program,
                self.package
            )
        })
    }

    /// Installs the package, if that is allowed; whether it is there then.
    fn install(&self) -> bool {
        if !rustix::process::getuid().is_root() || cargo::on_path("apt-get").is_none() {
            return false;
        }
        say::step(&format!(
            "Installing the Debian package {}, for {}",
            self.package, self.purpose
        ));
        let install = || apt_get(&["install", "-y", "--no-install-recommends", self.package]);
        // Package lists may be missing or stale: then refresh them, once.
        install() || (apt_get(&["update"]) && install())
    }

    fn find(&self) -> Option<String> {
        let found = cargo::on_path(self.program).or_else(|| {
            // Where servers are, which an ordinary user's PATH leaves out.
            let path = std::path::Path::new("/usr/sbin").join(self.program);
            path.is_file().then_some(path)
        });
        Some(found?.display().to_string())
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

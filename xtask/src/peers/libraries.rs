//! Libraries of other languages that tests talk to, each of one version, kept
//! below `target/`: what clients would use to make tokens and links.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::Peer;
use crate::{cargo, say};

/// The JWT library of Python.
const PYJWT: &str = "2.15.1";
/// The JWT library of JavaScript.
const JOSE: &str = "6.2.18";
/// What all of them are for.
const PURPOSE: &str = "the tests of the recipes in docs/access.md";

/// A Python that has PyJWT.
pub(super) fn python() -> Result<String> {
    let venv = cargo::target_dir().join("venv");
    let python = venv.join("bin/python");
    let has_library = || {
        let check = format!("import jwt; assert jwt.__version__ == '{PYJWT}'");
        succeeds(Command::new(&python).args(["-c", &check]))
    };
    if !has_library() {
        make_venv(&venv)?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]);
        install(pip.arg(format!("PyJWT=={PYJWT}")))?;
        ensure!(has_library(), "{PURPOSE}: PyJWT can not be imported");
    }
    Ok(python.display().to_string())
}

fn make_venv(venv: &Path) -> Result<()> {
    // Debian keeps what makes a venv apart from Python itself.
    let peer = Peer {
        program: "python3",
        package: "python3-venv",
        purpose: PURPOSE,
    };
    let python3 = peer.ensure()?;
    say::step(&format!(
        "Installing PyJWT {PYJWT} in {}, for {PURPOSE}",
        venv.display()
    ));
    let make = || {
        let mut command = Command::new(&python3);
        succeeds(command.args(["-m", "venv", "--clear"]).arg(venv))
    };
    let made = make() || (peer.install() && make());
    ensure!(
        made,
        "{PURPOSE}: python3 makes no venv; install what that needs with: \
         apt-get install python3-venv"
    );
    Ok(())
}

/// The `node_modules` directory that has jose.
pub(super) fn node_modules() -> Result<String> {
    for (program, package) in [("node", "nodejs"), ("npm", "npm")] {
        let purpose = PURPOSE;
        let peer = Peer {
            program,
            package,
            purpose,
        };
        peer.ensure()?;
    }
    let target = cargo::target_dir();
    let modules = target.join("node_modules");
    if version(&modules.join("jose")).as_deref() != Some(JOSE) {
        say::step(&format!(
            "Installing jose {JOSE} in {}, for {PURPOSE}",
            modules.display()
        ));
        fs::create_dir_all(&target)?;
        let mut npm = Command::new("npm");
        npm.arg("install").arg("--prefix").arg(&target);
        npm.args(["--no-save", "--no-package-lock", "--no-audit", "--no-fund"]);
        npm.args(["--ignore-scripts", "--loglevel=error"]);
        install(npm.arg(format!("jose@{JOSE}")))?;
    }
    Ok(modules.display().to_string())
}

/// The version of a package of npm that is in this directory.
fn version(package: &Path) -> Option<String> {
    let manifest: PathBuf = package.join("package.json");
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(manifest).ok()?).ok()?;
    Some(manifest["version"].as_str()?.to_owned())
}

fn install(command: &mut Command) -> Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    cargo::run(command).with_context(|| format!("{PURPOSE} lack a library"))
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_package_is_that_of_its_manifest() {
        let folder = std::env::temp_dir().join(format!("xtask-npm-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("made");
        assert_eq!(version(&folder), None);
        fs::write(folder.join("package.json"), r#"{"version":"1.2.3"}"#).expect("written");
        assert_eq!(version(&folder).as_deref(), Some("1.2.3"));
        fs::remove_dir_all(&folder).expect("removed");
    }
}

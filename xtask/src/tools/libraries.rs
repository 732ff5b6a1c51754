//! Libraries and programs from the package registries of other languages that tests
//! talk to: what users would have. `tests/tools/` lists them with their versions;
//! they are installed below `target/`, all of a list at once where it has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::Tool;
use crate::{cargo, say};

/// What all of them are for.
const PURPOSE: &str = "the tests that speak with programs of others";

/// The `bin` folder of a Python that has everything in `tests/tools/requirements.txt`.
pub(crate) fn python_programs() -> Result<PathBuf> {
    let venv = cargo::target_dir().join("venv");
    let list = List::read("requirements.txt", &venv)?;
    if !list.is_installed() {
        list.announce();
        make_venv(&venv)?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]);
        install(pip.arg("-r").arg(&list.path))?;
        list.mark_installed()?;
    }
    Ok(venv.join("bin"))
}

/// The Python that has them.
pub(super) fn python() -> Result<String> {
    Ok(python_programs()?.join("python").display().to_string())
}

fn make_venv(venv: &Path) -> Result<()> {
    // Debian keeps what makes a venv apart from Python itself.
    let tool = Tool {
        program: "python3",
        package: "python3-venv",
        purpose: PURPOSE,
    };
    let python3 = tool.ensure()?;
    let make = || {
        let mut command = Command::new(&python3);
        succeeds(command.args(["-m", "venv", "--clear"]).arg(venv))
    };
    let made = make() || (tool.install() && make());
    ensure!(
        made,
        "{PURPOSE}: python3 makes no venv; install what that needs with: \
         apt-get install python3-venv"
    );
    Ok(())
}

/// The `node_modules` directory that has everything in `tests/tools/packages.txt`.
pub(super) fn node_modules() -> Result<String> {
    for (program, package) in [("node", "nodejs"), ("npm", "npm")] {
        let purpose = PURPOSE;
        let tool = Tool {
            program,
            package,
            purpose,
        };
        tool.ensure()?;
    }
    let target = cargo::target_dir();
    let modules = target.join("node_modules");
    let list = List::read("packages.txt", &modules)?;
    if !list.is_installed() {
        list.announce();
        fs::create_dir_all(&target)?;
        let mut npm = Command::new("npm");
        npm.arg("install").arg("--prefix").arg(&target);
        npm.args(["--no-save", "--no-package-lock", "--no-audit", "--no-fund"]);
        npm.args(["--ignore-scripts", "--loglevel=error"]);
        install(npm.args(list.entries()))?;
        list.mark_installed()?;
    }
    Ok(modules.display().to_string())
}

/// A list of packages, and where they go.
pub(super) struct List {
    path: PathBuf,
    text: String,
    /// The folder of what is installed. It has a copy of the list as it was then.
    folder: PathBuf,
}

impl List {
    /// The list of that name in `tests/tools/`.
    pub(super) fn read(name: &str, folder: &Path) -> Result<Self> {
        let path = cargo::root().join("tests/tools").join(name);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let folder = folder.to_owned();
        Ok(Self { path, text, folder })
    }

    fn copy(&self) -> PathBuf {
        self.folder.join("installed.txt")
    }

    /// Whether what is in the folder is of this very list.
    pub(super) fn is_installed(&self) -> bool {
        fs::read_to_string(self.copy()).is_ok_and(|installed| installed == self.text)
    }

    /// Notes that it is.
    pub(super) fn mark_installed(&self) -> Result<()> {
        Ok(fs::write(self.copy(), &self.text)?)
    }

    /// The packages: every line that is neither empty nor a comment.
    pub(super) fn entries(&self) -> impl Iterator<Item = &str> {
        let lines = self.text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    /// Tells what is going to be done.
    pub(super) fn announce(&self) {
        let entries: Vec<&str> = self.entries().collect();
        say::step(&format!(
            "Installing {} in {}, for {PURPOSE}",
            entries.join(", "),
            self.folder.display()
        ));
    }
}

/// Runs a command that installs something, quietly.
pub(super) fn install(command: &mut Command) -> Result<()> {
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
    fn a_list_is_installed_until_it_changes() {
        let folder = std::env::temp_dir().join(format!("xtask-list-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("made");
        let list = |text: &str| List {
            path: PathBuf::new(),
            text: text.to_owned(),
            folder: folder.clone(),
        };
        let old = list("# why\na==1\n");
        assert!(!old.is_installed());
        old.mark_installed().expect("written");
        assert!(old.is_installed());
        let new = list("# why\na==1\n\n b@2 \n");
        assert!(!new.is_installed());
        assert_eq!(new.entries().collect::<Vec<_>>(), ["a==1", "b@2"]);
        fs::remove_dir_all(&folder).expect("removed");
    }
}

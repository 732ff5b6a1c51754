//! Libraries and programs from the package registries of other languages, which users would have
//! and tests run. `tests/tools/` lists them with their versions, except uv. They are installed below
//! `target/`; when a list changes, all its entries are installed again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::Tool;
use crate::{cargo, say};

/// The purpose of all of them.
const PURPOSE: &str = "the tests that use third-party programs";

/// The installer that is tried before pip.
const UV: &str = "uv==0.13.9";

/// The `bin` folder of a Python that has everything in `tests/tools/requirements.txt`.
pub(crate) fn python_programs() -> Result<PathBuf> {
    let venv = cargo::target_dir().join("venv");
    let list = List::read("requirements.txt", &venv)?;
    if !list.is_installed() {
        list.announce();
        make_venv(&venv)?;
        let bin = venv.join("bin");
        if !install_with_uv(&bin, &list) {
            install(pip(&bin).arg("-r").arg(&list.path))?;
        }
        list.mark_installed()?;
    }
    Ok(venv.join("bin"))
}

/// Installs a list with uv, in a tenth of pip's time. Returns whether that was possible: packages
/// may come from a registry that only pip is configured for.
fn install_with_uv(bin: &Path, list: &List) -> bool {
    let mut uv = Command::new(bin.join("uv"));
    uv.args(["pip", "install", "--quiet", "--link-mode=copy", "--python"]);
    uv.arg(bin.join("python")).arg("-r").arg(&list.path);
    succeeds(pip(bin).args(["--no-compile", UV])) && succeeds(&mut uv)
}

fn pip(bin: &Path) -> Command {
    let mut pip = Command::new(bin.join("python"));
    pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]);
    pip
}

/// The path of the Python that has them.
pub(super) fn python() -> Result<String> {
    Ok(python_programs()?.join("python").display().to_string())
}

fn make_venv(venv: &Path) -> Result<()> {
    // Debian packages the venv module apart from Python itself.
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
        "{PURPOSE}: python3 cannot create a venv; install the module with: \
         apt-get install python3-venv"
    );
    Ok(())
}

/// The `node_modules` directory that has everything in `tests/tools/packages.txt`. The directory
/// `node_parts` beside it has another one, with the files in `tests/tools/parts.txt`.
pub(super) fn node_modules() -> Result<String> {
    let target = cargo::target_dir();
    let modules = node_packages("packages.txt", &target)?;
    unpack_parts(&target.join("node_parts"))?;
    Ok(modules.display().to_string())
}

/// The folder of the programs that the benchmark compares derivations with, which has a
/// `node_modules` with everything in `tests/tools/peers.txt`.
pub(crate) fn peers() -> Result<PathBuf> {
    let folder = cargo::target_dir().join("peers");
    node_packages("peers.txt", &folder)?;
    Ok(folder)
}

/// Installs a list of packages below `folder`. Returns its `node_modules`.
fn node_packages(list: &str, folder: &Path) -> Result<PathBuf> {
    for (program, package) in [("node", "nodejs"), ("npm", "npm")] {
        let purpose = PURPOSE;
        let tool = Tool {
            program,
            package,
            purpose,
        };
        tool.ensure()?;
    }
    let modules = folder.join("node_modules");
    let list = List::read(list, &modules)?;
    if !list.is_installed() {
        list.announce();
        fs::create_dir_all(folder)?;
        let mut npm = Command::new("npm");
        npm.arg("install").arg("--prefix").arg(folder);
        npm.args(["--no-save", "--no-package-lock", "--no-audit", "--no-fund"]);
        npm.args(["--ignore-scripts", "--loglevel=error"]);
        install(npm.args(list.entries()))?;
        list.mark_installed()?;
    }
    Ok(modules)
}

/// Unpacks the files in `tests/tools/parts.txt` from their packages, without what those depend on.
fn unpack_parts(folder: &Path) -> Result<()> {
    let modules = folder.join("node_modules");
    let list = List::read("parts.txt", &modules)?;
    if list.is_installed() {
        return Ok(());
    }
    list.announce();
    for entry in list.entries() {
        let mut words = entry.split_whitespace();
        let package = words.next().unwrap_or_default();
        let at = package.rfind('@');
        let name = at.and_then(|at| package.get(..at));
        let name = name.with_context(|| format!("{package:?} has no version"))?;
        let module = modules.join(name);
        fs::create_dir_all(&module)?;
        let mut npm = Command::new("npm");
        npm.args(["pack", "--loglevel=error", "--pack-destination"]);
        install(npm.arg(folder).arg(package))?;
        // As npm names it.
        let archive = package.trim_start_matches('@').replace(['/', '@'], "-");
        let archive = folder.join(format!("{archive}.tgz"));
        let mut tar = Command::new("tar");
        tar.args(["--strip-components=1", "-xzf"]).arg(&archive);
        tar.arg("-C").arg(&module);
        install(tar.args(words.map(|file| format!("package/{file}"))))?;
        fs::remove_file(archive)?;
    }
    list.mark_installed()
}

/// A list of packages, and the folder to install them in.
pub(super) struct List {
    path: PathBuf,
    text: String,
    /// The folder of the installed packages. It contains a copy of the list that was installed.
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

    /// Whether exactly this list is installed.
    pub(super) fn is_installed(&self) -> bool {
        fs::read_to_string(self.copy()).is_ok_and(|installed| installed == self.text)
    }

    /// Records that this list is installed.
    pub(super) fn mark_installed(&self) -> Result<()> {
        Ok(fs::write(self.copy(), &self.text)?)
    }

    /// The packages: every line that is neither empty nor a comment.
    pub(super) fn entries(&self) -> impl Iterator<Item = &str> {
        let lines = self.text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    /// Announces the installation.
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
    cargo::run(command).with_context(|| format!("cannot install a library for {PURPOSE}"))
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

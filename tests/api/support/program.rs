//! Third-party programs.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use super::environment;

/// A program, and a folder of its own to run it in.
pub(crate) struct Program {
    path: PathBuf,
    folder: tempfile::TempDir,
}

impl Program {
    /// The program at the path in an environment variable, or none if `cargo xtask test` did not
    /// find it, which it reports as skipped.
    pub(crate) fn find(variable: &str) -> Option<Self> {
        environment::peer(variable).map(Self::at)
    }

    /// The program with this path or name.
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            folder: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into its folder.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.file(name), bytes).expect("is written");
    }

    /// Reads a file from its folder.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let read = fs::read(self.file(name));
        read.unwrap_or_else(|error| panic!("{name} of {:?}: {error}", self.names()))
    }

    /// The names of all files in its folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        entries
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .collect()
    }

    /// Runs it without the user's settings: no configuration, no proxy, no variables of Darkroom.
    pub(crate) fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Output {
        self.run_with(&[], arguments)
    }

    /// The same, with environment variables.
    pub(crate) fn run_with(
        &self,
        variables: &[(&str, &str)],
        arguments: &[impl AsRef<OsStr>],
    ) -> Output {
        let mut command = Command::new(&self.path);
        for (name, _) in std::env::vars_os() {
            let name_in_lower_case = name.to_string_lossy().to_ascii_lowercase();
            let is_setting = name_in_lower_case.starts_with("spin_variable_");
            if is_setting || name_in_lower_case.ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C.UTF-8")
            .envs(variables.iter().copied())
            .stdin(Stdio::null());
        command.output().expect("it starts")
    }

    /// Runs it, which must succeed, and returns its standard output.
    #[track_caller]
    pub(crate) fn succeed(&self, arguments: &[impl AsRef<OsStr>]) -> String {
        let output = self.run(arguments);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{}: {printed}\n{errors}",
            output.status
        );
        printed
    }
}

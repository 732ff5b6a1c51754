//! `darkroom completions` and `darkroom man`: documents generated from the command line.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::CommandLine;

/// Prints a script with which a shell completes these commands.
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let mut script = Vec::new();
        let mut command = CommandLine::command();
        clap_complete::generate(self.shell, &mut command, "darkroom", &mut script);
        Ok(io::stdout().write_all(&script)?)
    }
}

/// Prints the manual page `darkroom(1)`, or writes the pages of all commands.
#[derive(Args)]
pub(crate) struct Man {
    /// Write one page for each command into this directory
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
}

impl Man {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let command = CommandLine::command();
        let Some(folder) = self.out else {
            return Ok(clap_mangen::Man::new(command).render(&mut io::stdout())?);
        };
        fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(command, &folder))
            .with_context(|| format!("cannot write to {}", folder.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_manual_page() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let out = Some(folder.path().join("man1"));
        Man { out }.run().expect("is written");
        for command in CommandLine::command().get_subcommands() {
            let name = command.get_name();
            let page = folder.path().join(format!("man1/darkroom-{name}.1"));
            let page = fs::read_to_string(page).expect("a page");
            let about = command.get_about().expect("is described").to_string();
            let begin = about.split_whitespace().next().expect("a word");
            let heading = format!("darkroom\\-{} \\- {begin}", name.replace('-', "\\-"));
            assert!(page.contains(&heading), "no {heading} in {page}");
        }
    }
}

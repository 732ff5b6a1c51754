//! `cargo xtask variables`: regenerates the published variables.

use anyhow::Result;
use clap::Args;

use crate::cargo;
use crate::say;

/// The unit test that compares the files with the table, or writes them when [`WRITE`] is set.
const TEST: &str = "the_manifest_and_the_readme_list_all_variables";
/// The environment variable that makes the test write the files.
const WRITE: &str = "DARKROOM_WRITE_VARIABLES";

/// Writes the table of variables in `src/settings/` into `spin.toml` and `README.md`.
#[derive(Args)]
pub(crate) struct Variables {}

impl Variables {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        say::step("Writing the variables in spin.toml and README.md");
        cargo::write_by_test(TEST, WRITE)
    }
}

//! `cargo xtask openapi`: the published description of the API, written anew.

use anyhow::Result;
use clap::Args;

use crate::cargo;
use crate::say;

/// The unit test that holds the files to the code, and writes them where it is asked to.
const TEST: &str = "the_published_description_is_what_the_code_gives";
/// Asks it to.
const WRITE: &str = "DARKROOM_WRITE_OPENAPI";

/// Generates `docs/openapi.json` and `docs/openapi.html` from the code.
#[derive(Args)]
pub(crate) struct Openapi {}

impl Openapi {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        say::step("Writing docs/openapi.json and docs/openapi.html");
        cargo::write_by_test(TEST, WRITE)
    }
}

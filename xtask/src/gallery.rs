//! `cargo xtask gallery`: a contact sheet of every operation of derived images in every format,
//! made by the built components, to be looked at.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::cargo::{self, root, target_dir};
use crate::host::{Build, Choice, Program};
use crate::keys::{self, OWN_IMAGES, TokenOptions};
use crate::tools;
use crate::{bench, say};

/// Derives a few pictures in every way.
#[derive(Args)]
pub(crate) struct Gallery {
    /// What runs the components
    #[arg(long, value_enum, default_value = "auto")]
    host: Choice,
}

impl Gallery {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let program = Program::resolve(self.host, Build::Dev)?;
        let tools = tools::find_or_install(false)?;
        let installed = |variable: &str| {
            let found = tools.environment.iter().find(|(name, _)| name == variable);
            let path = found.map(|(_, path)| path.as_str());
            path.with_context(|| tools.missing.join("; "))
        };
        let folder = target_dir().join("gallery");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let keys = keys::generate("gallery")?;
        let host = bench::start(&program, &folder, &keys)?;
        let token = keys::mint(
            &keys,
            &TokenOptions {
                sub: "gallery",
                scope: OWN_IMAGES,
                expires_in: Duration::from_secs(60 * 60),
                audience: None,
                key_id: None,
            },
        )?;
        say::step("Deriving, and decoding what was derived with Pillow");
        let mut python = Command::new(installed("DARKROOM_TEST_PYTHON")?);
        python.arg("-B");
        python.arg(root().join("tests/golden/gallery.py"));
        python.args([&host.address, &token]);
        python.arg(installed("DARKROOM_TEST_CORPUS")?);
        cargo::run(python.arg(&folder))?;
        drop(host);
        fs::remove_dir_all(folder.join("data"))?;
        println!("{}", folder.join("index.html").display());
        Ok(())
    }
}

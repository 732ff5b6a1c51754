//! `cargo xtask gallery`: a contact sheet of every operation of derived images in every format,
//! made by the built components, to be looked at.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::cargo::{self, root, target_dir};
use crate::host::{Build, Choice, Program};
use crate::keys::{self, OWN_IMAGES, TokenOptions};
use crate::tools::{corpora, libraries};
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
        let python = libraries::python_programs()?.join("python");
        let corpus = corpora::folder()?;
        let folder = target_dir().join("gallery");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let keys = keys::generate("gallery")?;
        let host = bench::start(&program, &folder, &keys, bench::QUIET)?;
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
        let mut command = Command::new(python);
        command
            .arg("-B")
            .arg(root().join("tests/golden/gallery.py"));
        command.args([&host.address, &token, &corpus]);
        cargo::run(command.arg(&folder))?;
        drop(host);
        fs::remove_dir_all(folder.join("data"))?;
        println!("{}", folder.join("index.html").display());
        Ok(())
    }
}

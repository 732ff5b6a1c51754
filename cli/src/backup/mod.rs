//! `darkroom backup` and `darkroom restore`: copy the file stores of a server, which may be
//! running, to a directory, and back.
//!
//! A backup is a directory with the catalog, the chunks, and a manifest that is
//! written last. The directory gets its name when everything in it is on the disk.

mod copy;
mod manifest;
mod restore;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::stores::{Files, Location};
use crate::variables::EnvFile;
use manifest::Manifest;
pub(crate) use restore::Restore;

const CATALOG: &str = "catalog.db";
const BLOBS: &str = "blobs.db";

/// Makes a consistent copy of the file stores of a server, which may be running.
#[derive(Args)]
pub(crate) struct Backup {
    /// The directory to create
    #[arg(long, value_name = "DIRECTORY")]
    to: PathBuf,
    #[command(flatten)]
    location: Location,
}

impl Backup {
    /// Runs the command.
    pub(crate) fn run(self, env_file: &EnvFile) -> Result<()> {
        let config = self.location.existing_config()?;
        let files = Files::in_use(&config, &env_file.variables()?)?;
        ensure!(!self.to.exists(), "{} already exists", self.to.display());
        let unfinished = with_suffix(&self.to, ".unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir_all(&unfinished)
            .with_context(|| format!("cannot create {}", unfinished.display()))?;
        let manifest = make(&files, &unfinished)?;
        fs::rename(&unfinished, &self.to)?;
        sync(self.to.parent().unwrap_or(Path::new(".")))?;
        eprintln!("==> Backed up: {}", self.to.display());
        println!("{manifest}");
        match manifest.damaged.len() {
            0 => Ok(()),
            damaged => bail!(
                "{damaged} blobs lack bytes in the stores, and so in the backup; run \
                 darkroom fsck for details"
            ),
        }
    }
}

/// Makes a backup in an existing directory, and waits until all of it is on the disk.
fn make(files: &Files, folder: &Path) -> Result<Manifest> {
    let (catalog, blobs) = files.both()?;
    copy::catalog(catalog, &folder.join(CATALOG))?;
    let manifest = copy::blobs(catalog, blobs, folder)?;
    for name in [CATALOG, BLOBS] {
        sync(&folder.join(name))?;
    }
    manifest.write(folder)?;
    sync(folder)?;
    Ok(manifest)
}

/// Waits until a file's contents, or a directory's entries, are on the disk.
fn sync(path: &Path) -> Result<()> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("cannot sync {}", path.display()))
}

/// The path with `suffix` appended to the file name.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

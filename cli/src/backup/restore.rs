//! `darkroom restore`: restores the stores of a backup where there are none yet.
//!
//! Chunks are restored first and the catalog last, as in an upload: if the command is
//! interrupted, no image lacks its bytes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::manifest::Manifest;
use super::{BLOBS, CATALOG, sync, with_suffix};
use crate::stores::{self, Files, Location};
use crate::variables::EnvFile;

/// Restores a backup where there are no stores yet.
#[derive(Args)]
pub(crate) struct Restore {
    /// The directory of the backup
    #[arg(long, value_name = "DIRECTORY")]
    from: PathBuf,
    #[command(flatten)]
    location: Location,
}

impl Restore {
    /// Runs the command.
    pub(crate) fn run(self, env_file: &EnvFile) -> Result<()> {
        let files = Files::in_use(&self.location.config()?, &env_file.variables()?)?;
        let manifest = restore(&self.from, &files)?;
        eprintln!("==> Restored; to check every byte, run `darkroom fsck`");
        println!("{manifest}");
        Ok(())
    }
}

fn restore(from: &Path, files: &Files) -> Result<Manifest> {
    let manifest = Manifest::read(from)?;
    let (catalog, blobs) = files.both()?;
    for path in [catalog, blobs] {
        ensure!(
            !path.exists() && !with_suffix(path, "-wal").exists(),
            "{} already exists, and restoring never overwrites stores; move the file away, or \
             choose another --data-dir",
            path.display()
        );
    }
    place(&from.join(BLOBS), blobs)?;
    place(&from.join(CATALOG), catalog)?;
    Ok(manifest)
}

/// Copies a file under a temporary name, checks the copy, and renames it to `to`.
fn place(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let unfinished = with_suffix(to, ".unfinished");
    fs::copy(from, &unfinished)
        .with_context(|| format!("cannot copy {} to {}", from.display(), unfinished.display()))?;
    let check = "PRAGMA quick_check(1)";
    let found: String = stores::open(&unfinished)?.query_row(check, [], |row| row.get(0))?;
    ensure!(found == "ok", "{} is damaged: {found}", from.display());
    sync(&unfinished)?;
    fs::rename(&unfinished, to)?;
    sync(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::make;
    use crate::stores::testing::Stores;

    fn targets(folder: &Path) -> Files {
        Files {
            catalog: folder.join("data/a.db"),
            blobs: Some(folder.join("data/b.db")),
        }
    }

    #[test]
    fn a_backup_is_restored_once_and_never_overwrites_anything() {
        let stores = Stores::new();
        stores.image("l1.0", 3);
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (backup, files) = (folder.path().join("backup"), targets(folder.path()));
        fs::create_dir(&backup).expect("is made");
        let made = make(&stores.files(), &backup).expect("is copied");
        assert_eq!(restore(&backup, &files).expect("is restored"), made);
        let again = restore(&backup, &files).expect_err("already exists");
        assert!(again.to_string().contains("already"), "{again}");
        let second = folder.path().join("second");
        fs::create_dir(&second).expect("is made");
        assert_eq!(make(&files, &second).expect("is copied").bytes, made.bytes);
    }

    #[test]
    fn an_incomplete_backup_is_refused() {
        let stores = Stores::new();
        stores.image("l1.0", 3);
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (backup, files) = (folder.path().join("backup"), targets(folder.path()));
        fs::create_dir(&backup).expect("is made");
        assert!(restore(&backup, &files).is_err());
        make(&stores.files(), &backup).expect("is copied");
        let path = backup.join(BLOBS);
        let whole = fs::read(&path).expect("is read");
        fs::write(&path, &whole[..whole.len() / 2]).expect("is written");
        assert!(restore(&backup, &files).is_err());
        assert!(!files.catalog.exists());
        fs::write(&path, whole).expect("is written");
        restore(&backup, &files).expect("is restored");
    }
}

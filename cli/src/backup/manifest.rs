//! What a backup says of itself, in `backup.json`.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::sync;

const NAME: &str = "backup.json";
/// Raised when an older version could not restore it.
const FORMAT: u64 = 1;

/// What is in a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// When its catalog was copied, in seconds since the Unix epoch.
    pub(super) made_at: u64,
    /// How many images it has.
    pub(super) images: u64,
    /// How many blobs.
    pub(super) blobs: u64,
    /// How many bytes of chunks.
    pub(super) bytes: u64,
    /// How many images are not in it because they were deleted while it was made.
    pub(super) left_out: u64,
    /// The blobs that lack chunks, as they do in the stores.
    pub(super) damaged: Vec<String>,
}

impl Manifest {
    /// One that is made now.
    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            made_at: since.unwrap_or_default().as_secs(),
            ..Self::default()
        }
    }

    /// Writes it, to the disk.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(NAME);
        let json = json!({
            "format": FORMAT,
            "made_at": self.made_at,
            "images": self.images,
            "blobs": self.blobs,
            "bytes": self.bytes,
            "left_out": self.left_out,
            "damaged": self.damaged,
        });
        fs::write(&path, format!("{json:#}\n"))
            .with_context(|| format!("cannot write {}", path.display()))?;
        sync(&path)
    }

    /// Reads that of a backup.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} is no backup: no {NAME}", folder.display()))?;
        let json: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", path.display()))?;
        let number = |name: &str| {
            let number = json[name].as_u64();
            number.with_context(|| format!("{} has no number {name}", path.display()))
        };
        let format = number("format")?;
        ensure!(
            format == FORMAT,
            "{} is of format {format}; this version restores format {FORMAT}",
            folder.display()
        );
        let damaged = json["damaged"].as_array().into_iter().flatten();
        Ok(Self {
            made_at: number("made_at")?,
            images: number("images")?,
            blobs: number("blobs")?,
            bytes: number("bytes")?,
            left_out: number("left_out")?,
            damaged: damaged
                .filter_map(|id| Some(id.as_str()?.to_owned()))
                .collect(),
        })
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} images, {} blobs, {} bytes",
            self.images, self.blobs, self.bytes
        )?;
        if self.left_out > 0 {
            write!(f, "; without {} images deleted meanwhile", self.left_out)?;
        }
        for id in &self.damaged {
            write!(f, "\ndamaged blob {id}")?;
        }
        Ok(())
    }
}

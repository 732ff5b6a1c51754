//! The manifest of a backup, `backup.json`.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::sync;

const NAME: &str = "backup.json";
/// The version of the format, raised when older programs could not restore a backup.
const FORMAT: u64 = 1;

/// The contents of a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// When the catalog was copied, in seconds since the Unix epoch.
    pub(super) made_at: u64,
    /// The number of images.
    pub(super) images: u64,
    /// The number of blobs.
    pub(super) blobs: u64,
    /// The number of bytes of all chunks.
    pub(super) bytes: u64,
    /// The number of images left out because they were deleted during the copy.
    pub(super) left_out: u64,
    /// The blobs that lack chunks in the stores, and so in the backup.
    pub(super) damaged: Vec<String>,
}

impl Manifest {
    /// An empty manifest of a backup that is made now.
    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            made_at: since.unwrap_or_default().as_secs(),
            ..Self::default()
        }
    }

    /// Writes the manifest into a backup, and waits until it is on the disk.
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

    /// Reads the manifest of a backup.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} is not a backup: cannot read {NAME}", folder.display()))?;
        let json: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", path.display()))?;
        let number = |name: &str| {
            let number = json[name].as_u64();
            number.with_context(|| {
                format!("the member {name} of {} must be a number", path.display())
            })
        };
        let format = number("format")?;
        ensure!(
            format == FORMAT,
            "the backup {} has the format {format}, but this version can only restore {FORMAT}",
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
            write!(
                f,
                "; {} images deleted during the copy are left out",
                self.left_out
            )?;
        }
        for id in &self.damaged {
            write!(f, "\ndamaged blob {id}")?;
        }
        Ok(())
    }
}

//! The pictures to derive from: those that `pictures.mjs` makes, and a photo.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::cargo::{self, target_dir};
use crate::say;

/// The folder of the pictures.
pub(super) struct Files {
    folder: PathBuf,
}

/// The name of the photo.
pub(super) const PHOTO: &str = "photo.jpg";
/// The crate that has it, under the licences of the crate. It is among the dependencies.
const HAS_PHOTO: &str = "jpeg-decoder";
/// Its path in that crate.
const PATH_OF_PHOTO: &str = "benches/large_image.jpg";

impl Files {
    /// Makes the pictures, unless this version of the script has made them before.
    pub(super) fn make(peers: &Path) -> Result<Self> {
        let folder = target_dir().join("bench-pictures");
        let (script, made) = (include_str!("pictures.mjs"), folder.join("made-by.mjs"));
        if fs::read_to_string(&made).is_ok_and(|made| made == script) {
            return Ok(Self { folder });
        }
        say::step("Making pictures to derive from");
        fs::create_dir_all(&folder)?;
        fs::copy(photo()?, folder.join(PHOTO)).context("cannot copy the photo")?;
        cargo::run(super::script(peers, "pictures.mjs")?.arg(&folder))?;
        fs::write(made, script)?;
        Ok(Self { folder })
    }

    /// The path of one of them.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder of all.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The path of the photo in the sources of its crate.
fn photo() -> Result<PathBuf> {
    let listed = cargo::output(&mut cargo::cargo(["metadata", "--format-version", "1"]))?;
    let listed: Value = serde_json::from_str(&listed)?;
    let packages = listed["packages"].as_array().into_iter().flatten();
    let mut manifests = packages
        .filter(|package| package["name"] == HAS_PHOTO)
        .filter_map(|package| Some(Path::new(package["manifest_path"].as_str()?).to_owned()));
    let manifest = manifests.next();
    let manifest = manifest.with_context(|| format!("{HAS_PHOTO} is not a dependency"))?;
    Ok(manifest.with_file_name(PATH_OF_PHOTO))
}

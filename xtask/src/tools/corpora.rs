//! Collections of images in the sources of packages, for the tests that upload them. The packages
//! are listed in `tests/tools/corpora.txt`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::libraries::{self, List, install};
use crate::cargo::{self, cargo};

/// A Python program that unpacks archives and copies folders into its first argument.
const UNPACK: &str = "
import pathlib, shutil, sys
target, *sources = map(pathlib.Path, sys.argv[1:])
for source in sources:
    if source.is_dir():
        shutil.copytree(source, target / source.name)
    else:
        shutil.unpack_archive(source, target)
";

/// The folder with the unpacked sources of all packages in the list.
pub(crate) fn folder() -> Result<String> {
    let corpus = cargo::target_dir().join("corpus");
    let list = List::read("corpora.txt", &corpus)?;
    let images = corpus.join("images");
    if !list.is_installed() {
        list.announce();
        let _ = fs::remove_dir_all(&corpus);
        fs::create_dir_all(&images)?;
        let python = libraries::python()?;
        let mut sources = distributions(&python, &list, &corpus.join("archives"))?;
        sources.extend(crates(&list, &corpus.join("crates"))?);
        let mut unpack = Command::new(&python);
        install(unpack.args(["-c", UNPACK]).arg(&images).args(sources))?;
        list.mark_installed()?;
    }
    Ok(images.display().to_string())
}

/// The archives of the Python packages, listed as `name==version`.
fn distributions(python: &str, list: &List, folder: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    for package in list.entries() {
        let Some((name, _)) = package.split_once("==") else {
            continue;
        };
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "download", "-q", "--disable-pip-version-check"]);
        pip.args(["--no-deps", "--no-binary", name, package, "--dest"]);
        install(pip.arg(folder))?;
    }
    let archives = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    archives.collect()
}

/// The folders of the crates, listed as `name@version`. Cargo downloads them as the dependencies
/// of a package that is never built.
fn crates(list: &List, folder: &Path) -> Result<Vec<PathBuf>> {
    let listed: Vec<_> = list
        .entries()
        .filter_map(|entry| entry.split_once('@'))
        .collect();
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let manifest = folder.join("Cargo.toml");
    fs::write(&manifest, describe(&listed))?;
    let mut metadata = cargo(["metadata", "--format-version", "1", "--manifest-path"]);
    let metadata: Value = serde_json::from_str(&cargo::output(metadata.arg(&manifest))?)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata lists no packages")?;
    let listed = listed.iter().map(|(name, version)| {
        let found = packages
            .iter()
            .find(|package| package["name"] == *name && package["version"] == *version);
        let manifest = found.and_then(|package| package["manifest_path"].as_str());
        let folder = manifest.and_then(|manifest| Path::new(manifest).parent());
        folder
            .map(Path::to_owned)
            .with_context(|| format!("cargo metadata does not list {name} {version}"))
    });
    listed.collect()
}

/// The manifest of a package that depends on these crates.
fn describe(listed: &[(&str, &str)]) -> String {
    let dependencies = listed
        .iter()
        .map(|(name, version)| format!("{name} = \"={version}\"\n"));
    let head = "[package]\nname = \"corpora\"\nedition = \"2024\"\n\n[workspace]\n\n";
    format!("{head}[dependencies]\n{}", dependencies.collect::<String>())
}

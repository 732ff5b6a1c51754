//! Where the stores are: the runtime configuration for a data directory (the same
//! stores as in `runtime-config.toml`, with their files put elsewhere), and the files
//! that a configuration names.

pub(crate) mod chunk_keys;
#[cfg(test)]
pub(crate) mod testing;

use std::fs;
use std::path::{self, Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use rusqlite::{Connection, OpenFlags};
use toml::{Table, Value};

use crate::cargo::root;
use crate::keys;

/// The label of both stores in `spin.toml`.
pub(crate) const LABEL: &str = "default";
/// The data directory that `runtime-config.toml` itself names.
const DEFAULT_DATA_DIR: &str = ".spin";

/// The options that say where the stores are.
#[derive(Args, Clone, Debug)]
pub(crate) struct Location {
    /// Where the files of the stores are [default: .spin in the repository]
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// The stores [default: runtime-config.toml]
    #[arg(long)]
    runtime_config_file: Option<PathBuf>,
}

impl Location {
    /// The data directory.
    pub(crate) fn data_dir(&self) -> Result<PathBuf> {
        Ok(match &self.data_dir {
            Some(directory) => path::absolute(directory)?,
            None => root().join(DEFAULT_DATA_DIR),
        })
    }

    /// The runtime configuration to start a host with; the data directory is made.
    pub(crate) fn config(&self, data_dir: &Path) -> Result<PathBuf> {
        runtime_config(self.runtime_config_file.as_deref(), data_dir)
    }

    /// The same, where the data directory has to be there.
    pub(crate) fn existing_config(&self, data_dir: &Path) -> Result<PathBuf> {
        ensure!(
            data_dir.is_dir(),
            "there is no directory {}; which stores are meant? (--data-dir)",
            data_dir.display()
        );
        self.config(data_dir)
    }
}

/// The runtime configuration to start a host with when files belong in
/// `data_dir`; made there where it is not the default directory.
pub(crate) fn runtime_config(file: Option<&Path>, data_dir: &Path) -> Result<PathBuf> {
    let source = match file {
        Some(file) => path::absolute(file)?,
        None => root().join("runtime-config.toml"),
    };
    fs::create_dir_all(data_dir)
        .with_context(|| format!("cannot make the data directory {}", data_dir.display()))?;
    if data_dir == root().join(DEFAULT_DATA_DIR) {
        return Ok(source);
    }
    let text =
        fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let moved = moved(&text, data_dir)
        .with_context(|| format!("{} is not valid TOML", source.display()))?;
    let path = data_dir.join("runtime-config.generated.toml");
    fs::write(&path, moved).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// The files that stores are kept in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    /// The metadata, if they are in a file.
    pub(crate) catalog: Option<PathBuf>,
    /// The chunks, if they are in a file.
    pub(crate) blobs: Option<PathBuf>,
}

impl Files {
    /// The files that a runtime configuration names.
    pub(crate) fn of(config: &Path) -> Result<Self> {
        let text = fs::read_to_string(config)
            .with_context(|| format!("cannot read {}", config.display()))?;
        let table: Table = text
            .parse()
            .with_context(|| format!("{} is not valid TOML", config.display()))?;
        let path = |kind: &str| {
            let store = table.get(kind)?.get(LABEL)?;
            let is_file = store.get("type").and_then(Value::as_str) == Some("spin");
            store
                .get("path")
                .and_then(Value::as_str)
                .filter(|_| is_file)
        };
        // A database's path starts where the host runs, a key-value file's beside
        // the configuration.
        let beside = config.parent().unwrap_or(Path::new("."));
        Ok(Self {
            catalog: path("sqlite_database").map(|path| root().join(path)),
            blobs: path("key_value_store").map(|path| beside.join(path)),
        })
    }

    /// The files that are in use: blobs may be in a bucket, which is chosen by a
    /// variable.
    pub(crate) fn in_use(config: &Path) -> Result<Self> {
        let mut files = Self::of(config)?;
        let blob_store = keys::variable(&keys::variables()?, "blob_store");
        if blob_store.is_some_and(|store| store != "key-value") {
            files.blobs = None;
        }
        Ok(files)
    }

    /// All of them.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        let both = [&self.catalog, &self.blobs];
        both.into_iter().flatten().map(PathBuf::as_path)
    }

    /// The catalog's file and that of the chunks, where both are in files.
    pub(crate) fn both(&self) -> Result<(&Path, &Path)> {
        match (&self.catalog, &self.blobs) {
            (Some(catalog), Some(blobs)) => Ok((catalog, blobs)),
            _ => anyhow::bail!(
                "not all stores are in files; docs/operations.md says how others are backed up"
            ),
        }
    }
}

/// Opens a store's file, which has to be there. A server may be using it.
pub(crate) fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .with_context(|| format!("cannot open {}", path.display()))?;
    connection.busy_timeout(Duration::from_secs(30))?;
    Ok(connection)
}

/// The configuration with the path of every file-backed store moved to
/// `data_dir`. Stores on the network are left as they are.
fn moved(config: &str, data_dir: &Path) -> Result<String, toml::de::Error> {
    let mut config: Table = config.parse()?;
    for kind in ["sqlite_database", "key_value_store"] {
        let stores = config.get_mut(kind).and_then(Value::as_table_mut);
        for (_, store) in stores.into_iter().flatten() {
            let Some(Value::String(path)) = store.get_mut("path") else {
                continue;
            };
            if let Some(name) = Path::new(path.as_str()).file_name() {
                *path = data_dir.join(name).display().to_string();
            }
        }
    }
    Ok(format!(
        "# Made by `cargo xtask`; overwritten at each start.\n\n{config}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_move_and_network_stores_stay() {
        let config = "
            [sqlite_database.default]
            type = 'spin'
            path = '.spin/darkroom.db'
            [key_value_store.default]
            type = 'redis'
            url = 'redis://127.0.0.1:6379'
        ";
        let moved: Table = moved(config, Path::new("/data"))
            .expect("valid")
            .parse()
            .expect("TOML");
        assert_eq!(
            moved["sqlite_database"]["default"]["path"].as_str(),
            Some("/data/darkroom.db")
        );
        assert_eq!(
            moved["key_value_store"]["default"]["url"].as_str(),
            Some("redis://127.0.0.1:6379")
        );
    }

    #[test]
    fn files_are_found_in_the_configuration() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let config = folder.path().join("config.toml");
        let blobs = "[key_value_store.default]\ntype = 'spin'\npath = 'blobs.db'\n";
        let catalog = "[sqlite_database.default]\ntype = 'spin'\npath = '/data/catalog.db'\n";
        fs::write(&config, format!("{blobs}{catalog}")).expect("is written");
        let files = Files::of(&config).expect("is read");
        assert_eq!(files.catalog, Some("/data/catalog.db".into()));
        assert_eq!(files.blobs, Some(folder.path().join("blobs.db")));
        let redis = "[key_value_store.default]\ntype = 'redis'\nurl = 'redis://h'\n";
        fs::write(&config, format!("{redis}{catalog}")).expect("is written");
        let files = Files::of(&config).expect("is read");
        assert!(files.blobs.is_none() && files.both().is_err());
    }

    #[test]
    fn the_default_directory_is_the_one_in_the_committed_file() {
        let text = fs::read_to_string(root().join("runtime-config.toml")).expect("readable");
        let config: Table = text.parse().expect("TOML");
        let path = config["sqlite_database"]["default"]["path"]
            .as_str()
            .expect("a path");
        assert_eq!(Path::new(path).parent(), Some(Path::new(DEFAULT_DATA_DIR)));
    }
}

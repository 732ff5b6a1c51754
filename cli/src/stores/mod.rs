//! The location of the stores, and their files.

#[cfg(test)]
pub(crate) mod testing;

use std::path::{self, Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use darkroom_host::runtime_config::{KeyValue, RuntimeConfig};
use rusqlite::{Connection, OpenFlags};

use crate::variables::Variables;

/// The label of both stores in `spin.toml`.
pub(crate) const LABEL: &str = "default";
/// The default stores.
const CONFIG: &str = include_str!("../../../runtime-config.toml");
/// The default directory of their files.
const DATA_DIR: &str = "darkroom-data";

/// The options for the location of the stores.
#[derive(Args, Clone, Debug)]
pub(crate) struct Location {
    /// The directory of the stores' files [default: darkroom-data, or the paths in the runtime
    /// configuration]
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// A runtime configuration that defines other stores [default: two SQLite files]
    #[arg(long, value_name = "FILE")]
    runtime_config_file: Option<PathBuf>,
}

impl Location {
    /// The configuration of the stores.
    pub(crate) fn config(&self) -> Result<RuntimeConfig> {
        let folder = self.folder()?;
        let Some(file) = &self.runtime_config_file else {
            return RuntimeConfig::in_folder(CONFIG, &folder);
        };
        let mut config = RuntimeConfig::load(Some(file), None, &folder)?;
        if self.data_dir.is_some() {
            config.move_files(&folder);
        }
        Ok(config)
    }

    /// The configuration of stores whose data directory must exist.
    pub(crate) fn existing_config(&self) -> Result<RuntimeConfig> {
        let folder = self.folder()?;
        ensure!(
            self.is_set_by_file() || folder.is_dir(),
            "the directory {} does not exist; name the directory of the stores with --data-dir",
            folder.display()
        );
        self.config()
    }

    fn folder(&self) -> Result<PathBuf> {
        let folder = self.data_dir.as_deref().unwrap_or(Path::new(DATA_DIR));
        Ok(path::absolute(folder)?)
    }

    fn is_set_by_file(&self) -> bool {
        self.data_dir.is_none() && self.runtime_config_file.is_some()
    }
}

/// The files of the stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    /// The catalog's file.
    pub(crate) catalog: PathBuf,
    /// The file of the chunks, if they are in a file.
    pub(crate) blobs: Option<PathBuf>,
}

impl Files {
    /// The files that are in use. The variable `blob_store` may place blobs in a bucket instead.
    pub(crate) fn in_use(config: &RuntimeConfig, variables: &Variables) -> Result<Self> {
        let catalog = config.sqlite.get(LABEL);
        let blobs = match config.key_value.get(LABEL) {
            Some(KeyValue::File(path)) if variables.blobs_are_in_key_value() => Some(path.clone()),
            _ => None,
        };
        Ok(Self {
            catalog: catalog.context("the catalog is not in a file")?.clone(),
            blobs,
        })
    }

    /// The paths of all files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        let blobs = self.blobs.as_deref();
        [self.catalog.as_path()].into_iter().chain(blobs)
    }

    /// The catalog's file and that of the chunks, which must both be in files.
    pub(crate) fn both(&self) -> Result<(&Path, &Path)> {
        match &self.blobs {
            Some(blobs) => Ok((&self.catalog, blobs)),
            None => bail!(
                "some stores are not in files; docs/operations.md explains how to back them up"
            ),
        }
    }
}

/// Opens a store's file, which must exist. A server may be using it.
pub(crate) fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .with_context(|| format!("cannot open {}", path.display()))?;
    connection.busy_timeout(Duration::from_secs(30))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::keys::tests::deployment;

    fn location(data_dir: Option<&Path>, file: Option<&Path>) -> Location {
        Location {
            data_dir: data_dir.map(Path::to_owned),
            runtime_config_file: file.map(Path::to_owned),
        }
    }

    fn files(location: &Location, variables: &Variables) -> Files {
        Files::in_use(&location.config().expect("is read"), variables).expect("has files")
    }

    #[test]
    fn files_are_in_the_data_directory_or_at_the_configured_paths() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let config = folder.path().join("config.toml");
        let text = "[key_value_store.default]\ntype = 'spin'\npath = 'blobs.db'\n\
                    [sqlite_database.default]\ntype = 'spin'\npath = '/else/catalog.db'\n";
        fs::write(&config, text).expect("is written");
        let here = std::env::current_dir().expect("a directory").join(DATA_DIR);
        let data = Path::new("/data");
        let variables = deployment("", &[]);
        for (location, catalog, blobs) in [
            (
                location(None, None),
                here.join("darkroom.db"),
                here.join("darkroom-blobs.db"),
            ),
            (
                location(Some(data), None),
                data.join("darkroom.db"),
                data.join("darkroom-blobs.db"),
            ),
            (
                location(None, Some(&config)),
                "/else/catalog.db".into(),
                folder.path().join("blobs.db"),
            ),
            (
                location(Some(data), Some(&config)),
                data.join("catalog.db"),
                data.join("blobs.db"),
            ),
        ] {
            let blobs = Some(blobs);
            assert_eq!(files(&location, &variables), Files { catalog, blobs });
        }
        let absent = location(Some(&folder.path().join("absent")), None);
        assert!(absent.existing_config().is_err());
        assert!(location(None, Some(&config)).existing_config().is_ok());
    }

    #[test]
    fn blobs_in_a_bucket_or_in_redis_have_no_file() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let config = folder.path().join("config.toml");
        let text = "[key_value_store.default]\ntype = 'redis'\nurl = 'redis://h'\n";
        fs::write(&config, text).expect("is written");
        let bucket = deployment("", &[("blob_store", "s3")]);
        let in_files = location(Some(folder.path()), None);
        let in_redis = location(None, Some(&config));
        for files in [
            files(&in_files, &bucket),
            files(&in_redis, &deployment("", &[])),
        ] {
            assert!(files.blobs.is_none() && files.both().is_err());
        }
        let named = deployment("", &[("blob_store", "key-value")]);
        assert!(files(&in_files, &named).both().is_ok());
    }
}

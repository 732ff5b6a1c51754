//! `runtime-config.toml`: the location of the stores.

use crate::exit::WrongSetting;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The stores by their labels, with absolute paths.
#[derive(Debug, Default, PartialEq)]
pub struct RuntimeConfig {
    /// Key-value stores by label.
    pub key_value: BTreeMap<String, KeyValue>,
    /// SQLite files by label.
    pub sqlite: BTreeMap<String, PathBuf>,
    /// The maximum memory of an instance, if the file sets one.
    pub max_instance_memory: Option<usize>,
    /// The directory for the host's own files.
    pub state_dir: PathBuf,
}

/// A kind of key-value store.
#[derive(Debug, PartialEq)]
pub enum KeyValue {
    /// A SQLite file.
    File(PathBuf),
    /// A Redis server.
    Redis(String),
}

impl fmt::Display for KeyValue {
    /// The path of the file, or the URL of the server without its user and password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Redis(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
                let (_, server) = rest.rsplit_once('@').unwrap_or(("", rest));
                write!(formatter, "{scheme}://{server}")
            }
        }
    }
}

/// The name of the file, beside the manifest.
const FILE: &str = "runtime-config.toml";

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .map_err(WrongSetting::because)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key_value_store: BTreeMap<String, KeyValueTable>,
    #[serde(default)]
    sqlite_database: BTreeMap<String, SqliteTable>,
    state_dir: Option<PathBuf>,
    max_instance_memory: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyValueTable {
    r#type: String,
    path: Option<PathBuf>,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SqliteTable {
    r#type: String,
    path: Option<PathBuf>,
    #[serde(rename = "url", alias = "token")]
    _of_libsql: Option<String>,
}

impl RuntimeConfig {
    /// Reads the file `path`, or else the `runtime-config.toml` in the manifest's directory
    /// `folder`, if there is one, in which all paths are relative to `folder`.
    pub fn find(path: Option<&Path>, state_dir: Option<&Path>, folder: &Path) -> Result<Self> {
        let beside = folder.join(FILE);
        let default_state_dir = folder.join(".spin");
        if path.is_some() || !beside.is_file() {
            return Self::load(path, state_dir, &default_state_dir);
        }
        let text = read(&beside)?;
        let state_dir = state_dir.map(std::path::absolute).transpose()?;
        Self::parse(
            &text,
            folder,
            folder,
            state_dir.as_deref(),
            &default_state_dir,
        )
        .with_context(|| format!("cannot use {}", beside.display()))
        .map_err(WrongSetting::because)
    }

    /// Reads the file `path`, if any, and adds the default stores. The host's own files are in
    /// `state_dir`, or else in the directory that the file sets, or else in `default_state_dir`.
    ///
    /// As in Spin, a key-value store's path is relative to the directory of the file, and a
    /// database's path to the current directory.
    pub fn load(
        path: Option<&Path>,
        state_dir: Option<&Path>,
        default_state_dir: &Path,
    ) -> Result<Self> {
        let (text, folder) = match path {
            Some(path) => {
                let text = read(path)?;
                let path = std::path::absolute(path)?;
                (text, path.parent().map(Path::to_owned).unwrap_or_default())
            }
            None => Default::default(),
        };
        let current = std::env::current_dir()?;
        Self::parse(&text, &folder, &current, state_dir, default_state_dir)
            .with_context(|| format!("cannot use {}", path.unwrap_or(Path::new("")).display()))
            .map_err(WrongSetting::because)
    }

    /// Parses `text`, and moves the stores that are files, and the host's own files, to `folder`.
    /// The stores keep their file names.
    pub fn in_folder(text: &str, folder: &Path) -> Result<Self> {
        let config = Self::parse(text, folder, folder, Some(folder), folder);
        let mut config = config.map_err(WrongSetting::because)?;
        config.move_files(folder);
        Ok(config)
    }

    /// Changes the directory of every store that is a file, and of the host's own files, to
    /// `folder`. Stores on the network are not changed.
    pub fn move_files(&mut self, folder: &Path) {
        let key_value = self.key_value.values_mut().filter_map(|store| match store {
            KeyValue::File(path) => Some(path),
            KeyValue::Redis(_) => None,
        });
        for path in key_value.chain(self.sqlite.values_mut()) {
            if let Some(name) = path.file_name() {
                *path = folder.join(name);
            }
        }
        folder.clone_into(&mut self.state_dir);
    }

    fn parse(
        text: &str,
        folder: &Path,
        current: &Path,
        state_dir: Option<&Path>,
        default_state_dir: &Path,
    ) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let state_dir = match state_dir.or(file.state_dir.as_deref()) {
            Some(given) => current.join(given),
            None => default_state_dir.to_owned(),
        };
        let mut config = Self {
            max_instance_memory: file.max_instance_memory,
            ..Self::default()
        };
        for (label, table) in file.key_value_store {
            let store = match (table.r#type.as_str(), table.path, table.url) {
                ("spin", Some(path), None) => KeyValue::File(folder.join(path)),
                ("redis", None, Some(url)) => KeyValue::Redis(url),
                ("spin", ..) => bail!("key_value_store.{label} must have only a `path`"),
                ("redis", ..) => bail!("key_value_store.{label} must have only a `url`"),
                (other, ..) => {
                    bail!(
                        "key_value_store.{label}.type must be \"spin\" or \"redis\", not {other:?}"
                    )
                }
            };
            config.key_value.insert(label, store);
        }
        for (label, table) in file.sqlite_database {
            match (table.r#type.as_str(), table.path) {
                ("spin", Some(path)) => config.sqlite.insert(label, current.join(path)),
                ("spin", None) => bail!("sqlite_database.{label} must have a `path`"),
                ("libsql", _) => bail!(
                    "sqlite_database.{label} is on libSQL, which only Spin serves, and which stops \
                     answering under a few uploads at the same time; set catalog = postgres instead"
                ),
                (other, _) => {
                    bail!("sqlite_database.{label}.type must be \"spin\", not {other:?}")
                }
            };
        }
        let default = "default".to_owned();
        config
            .key_value
            .entry(default.clone())
            .or_insert_with(|| KeyValue::File(state_dir.join("sqlite_key_value.db")));
        config
            .sqlite
            .entry(default)
            .or_insert_with(|| state_dir.join("sqlite_db.db"));
        config.state_dir = state_dir;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RuntimeConfig> {
        RuntimeConfig::parse(
            text,
            Path::new("/conf"),
            Path::new("/cwd"),
            None,
            Path::new("/app/.spin"),
        )
    }

    #[test]
    fn without_a_file_the_default_stores_are_in_the_state_directory() {
        let config = parse("").unwrap();
        let file = KeyValue::File("/app/.spin/sqlite_key_value.db".into());
        assert_eq!(config.key_value["default"], file);
        assert_eq!(
            config.sqlite["default"],
            Path::new("/app/.spin/sqlite_db.db")
        );
    }

    #[test]
    fn paths_are_relative_to_the_same_directories_as_in_spin() {
        let config = parse(
            "[key_value_store.default]\ntype='spin'\npath='a.db'\n\
             [sqlite_database.default]\ntype='spin'\npath='b.db'\n\
             [key_value_store.r]\ntype='redis'\nurl='redis://h'",
        )
        .unwrap();
        assert_eq!(
            config.key_value["default"],
            KeyValue::File("/conf/a.db".into())
        );
        assert_eq!(config.sqlite["default"], Path::new("/cwd/b.db"));
        assert_eq!(config.key_value["r"], KeyValue::Redis("redis://h".into()));
    }

    #[test]
    fn the_file_beside_the_manifest_is_the_default_wherever_the_host_is_started() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let find = |path| RuntimeConfig::find(path, None, folder).unwrap();
        let absent = find(None);
        assert_eq!(absent.sqlite["default"], folder.join(".spin/sqlite_db.db"));
        let text = "[sqlite_database.default]\ntype='spin'\npath='.spin/darkroom.db'\n\
                    [key_value_store.default]\ntype='spin'\npath='.spin/blobs.db'";
        std::fs::write(folder.join(FILE), text).unwrap();
        let beside = find(None);
        assert_eq!(beside.sqlite["default"], folder.join(".spin/darkroom.db"));
        let blobs = KeyValue::File(folder.join(".spin/blobs.db"));
        assert_eq!(beside.key_value["default"], blobs);
        assert_eq!(beside.state_dir, folder.join(".spin"));
        let other = folder.join("other.toml");
        std::fs::write(&other, "state_dir = '/state'").unwrap();
        assert_eq!(find(Some(&other)).state_dir, Path::new("/state"));
    }

    #[test]
    fn a_store_is_shown_without_its_password() {
        for (store, shown) in [
            (KeyValue::File("/a/b.db".into()), "/a/b.db"),
            (KeyValue::Redis("redis://h:1/2".into()), "redis://h:1/2"),
            (KeyValue::Redis("rediss://u:p@ss@h".into()), "rediss://h"),
        ] {
            assert_eq!(store.to_string(), shown);
        }
    }

    #[test]
    fn files_are_moved_to_a_directory_and_stores_on_the_network_are_not() {
        let mut config = parse(
            "[key_value_store.default]\ntype='redis'\nurl='redis://h'\n\
             [key_value_store.k]\ntype='spin'\npath='deep/a.db'\n\
             [sqlite_database.default]\ntype='spin'\npath='/else/b.db'",
        )
        .unwrap();
        config.move_files(Path::new("/data"));
        assert_eq!(config.key_value["k"], KeyValue::File("/data/a.db".into()));
        let redis = KeyValue::Redis("redis://h".into());
        assert_eq!(config.key_value["default"], redis);
        assert_eq!(config.sqlite["default"], Path::new("/data/b.db"));
        assert_eq!(config.state_dir, Path::new("/data"));
    }

    #[test]
    fn the_error_names_the_unsupported_entry() {
        for (text, names) in [
            ("[key_value_store.k]\ntype='aws_dynamo'", "aws_dynamo"),
            ("[key_value_store.k]\ntype='spin'", "key_value_store.k"),
            (
                "[sqlite_database.d]\ntype='libsql'\nurl='x'",
                "catalog = postgres",
            ),
            ("[llm_compute]\ntype='spin'", "llm_compute"),
        ] {
            let error = format!("{:#}", parse(text).map(drop).unwrap_err());
            assert!(error.contains(names), "{text}: {error}");
        }
    }
}

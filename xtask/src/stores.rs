//! Where the stores are: the runtime configuration for a data directory, which is the
//! same as in `runtime-config.toml` with the files put elsewhere, for either host.

use std::fs;
use std::path::{self, Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use toml::{Table, Value};

use crate::cargo::root;

/// The data directory that `runtime-config.toml` itself names.
pub(crate) const DEFAULT_DATA_DIR: &str = ".spin";

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
    fn the_default_directory_is_the_one_in_the_committed_file() {
        let text = fs::read_to_string(root().join("runtime-config.toml")).expect("readable");
        let config: Table = text.parse().expect("TOML");
        let path = config["sqlite_database"]["default"]["path"]
            .as_str()
            .expect("a path");
        assert_eq!(Path::new(path).parent(), Some(Path::new(DEFAULT_DATA_DIR)));
    }
}

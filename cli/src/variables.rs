//! The settings of the deployment, as `darkroom serve` finds them: in the environment, and
//! behind it in a file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use darkroom::auth::KeyRing;
use darkroom_host::variables::Sources;

/// Where the file is looked for.
const DEFAULT: &str = ".env";

/// The option that names the file.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct EnvFile {
    /// A file with variables that the environment does not set, as SPIN_VARIABLE_<NAME>=<value>
    /// [default: .env, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

impl EnvFile {
    /// Where it is, or may be.
    pub(crate) fn path(&self) -> &Path {
        self.env_file.as_deref().unwrap_or(Path::new(DEFAULT))
    }

    /// The same, where it has to be there if it is named.
    pub(crate) fn existing(&self) -> Result<&Path> {
        let path = self.path();
        ensure!(
            self.env_file.is_none() || path.is_file(),
            "there is no file {}, which --env-file names",
            path.display()
        );
        Ok(path)
    }

    /// The variables that it and the environment set.
    pub(crate) fn variables(&self) -> Result<Variables> {
        Variables::read(self.existing()?, HashMap::new())
    }
}

/// Variables that are set, by the environment, a file or on the command line.
pub(crate) struct Variables(Sources);

impl Variables {
    /// Those of `file` behind the environment behind those `given`.
    pub(crate) fn read(file: &Path, given: HashMap<String, String>) -> Result<Self> {
        Ok(Self(Sources::new(given, file)?))
    }

    /// The value of a variable; an empty one is as good as unset.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// The signing keys.
    pub(crate) fn signing_keys(&self) -> Result<KeyRing> {
        let keys = self.get("signing_keys").context(
            "there is no signing key: `darkroom keygen --save` makes one and keeps it in .env, \
             where all commands look for it; or set SPIN_VARIABLE_SIGNING_KEYS",
        )?;
        KeyRing::parse(keys).context("the variable signing_keys is not valid")
    }

    /// Whether blobs are kept in the key-value store, and not in a bucket.
    pub(crate) fn blobs_are_in_key_value(&self) -> bool {
        matches!(self.get("blob_store"), None | Some("key-value"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_to_be_there_only_if_it_is_named() {
        assert!(EnvFile::default().existing().is_ok());
        let named = EnvFile {
            env_file: Some("/nowhere/.env".into()),
        };
        let error = named.variables().err().expect("is refused").to_string();
        assert!(error.contains("/nowhere/.env"), "{error}");
    }

    #[test]
    fn what_has_no_key_says_how_to_make_one() {
        let variables = Variables::read(Path::new("/nowhere/.env"), HashMap::new());
        let variables = variables.expect("nothing to read");
        let error = variables.signing_keys().expect_err("no keys").to_string();
        assert!(error.contains("darkroom keygen --save"), "{error}");
    }
}

//! The deployment's settings, from the same sources that `darkroom serve` uses: the environment,
//! and a file for the variables that it does not set.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use darkroom::auth::KeyRing;
use darkroom::auth::token::DEFAULT_MAX_SECONDS;
use darkroom::settings;
use darkroom_host::exit::WrongSetting;
use darkroom_host::variables::{Source, Sources};

/// The default file.
const DEFAULT: &str = ".env";

/// The option that names the file.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct EnvFile {
    /// A file with variables that the environment does not set, as SPIN_VARIABLE_<NAME>=<value>
    /// [default: .env, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

impl EnvFile {
    /// The path of the file, which may not exist.
    pub(crate) fn path(&self) -> &Path {
        self.env_file.as_deref().unwrap_or(Path::new(DEFAULT))
    }

    /// The path of the file, which must exist if the option names it.
    pub(crate) fn existing(&self) -> Result<&Path> {
        let path = self.path();
        ensure!(
            self.env_file.is_none() || path.is_file(),
            "the file {} of --env-file does not exist",
            path.display()
        );
        Ok(path)
    }

    /// The variables that the environment and the file set.
    pub(crate) fn variables(&self) -> Result<Variables> {
        Variables::read(self.existing()?, HashMap::new())
    }
}

/// The variables that are set on the command line, in the environment or in a file.
pub(crate) struct Variables(Sources);

impl Variables {
    /// Reads the variables: `given` takes precedence over the environment, and the environment
    /// over `file`.
    pub(crate) fn read(file: &Path, given: HashMap<String, String>) -> Result<Self> {
        Ok(Self(Sources::new(given, file)?))
    }

    /// The value of a variable. A variable that is set to an empty value counts as unset.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// The value of a variable as it is set, and its source.
    pub(crate) fn find(&self, name: &str) -> Option<(&str, Source)> {
        let (value, source) = self.0.find(name)?;
        Some((value, source))
    }

    /// A warning for each variable that is set but does not exist.
    pub(crate) fn unknown(&self) -> Vec<String> {
        self.0.unknown(names())
    }

    /// Checks that every variable of the command line exists.
    pub(crate) fn check_given(&self) -> Result<()> {
        self.0.check_given(names()).map_err(WrongSetting::because)
    }

    /// The signing keys.
    pub(crate) fn signing_keys(&self) -> Result<KeyRing> {
        let keys = self.get("signing_keys").context(
            "there is no signing key: run `darkroom keygen --save`, which saves one to .env, where \
             all commands look for it; or set SPIN_VARIABLE_SIGNING_KEYS",
        );
        keys.and_then(|keys| KeyRing::parse(keys).context("the variable signing_keys is not valid"))
            .map_err(WrongSetting::because)
    }

    /// How far in the future a token's `exp` may be, in seconds.
    pub(crate) fn max_token_seconds(&self) -> Result<u64> {
        match self.get("max_token_seconds") {
            Some(text) => text
                .parse()
                .context("the variable max_token_seconds is not a whole number"),
            None => Ok(DEFAULT_MAX_SECONDS),
        }
    }

    /// All variables that are set.
    pub(crate) fn set(&self) -> BTreeMap<&'static str, String> {
        let set = names().filter_map(|name| Some((name, self.get(name)?.to_owned())));
        set.collect()
    }

    /// Whether blobs are stored in the key-value store rather than in a bucket.
    pub(crate) fn blobs_are_in_key_value(&self) -> bool {
        matches!(self.get("blob_store"), None | Some("key-value"))
    }
}

fn names() -> impl Iterator<Item = &'static str> + Clone {
    settings::variables().map(|variable| variable.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_must_exist_only_if_it_is_named() {
        assert!(EnvFile::default().existing().is_ok());
        let named = EnvFile {
            env_file: Some("/nowhere/.env".into()),
        };
        let error = named.variables().err().expect("is refused").to_string();
        assert!(error.contains("/nowhere/.env"), "{error}");
    }

    #[test]
    fn the_error_for_a_missing_key_says_how_to_make_one() {
        let variables = Variables::read(Path::new("/nowhere/.env"), HashMap::new());
        let variables = variables.expect("nothing to read");
        let error = variables.signing_keys().expect_err("no keys").to_string();
        assert!(error.contains("darkroom keygen --save"), "{error}");
    }
}

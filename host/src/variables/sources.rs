//! The sources of variables' values: the command line, the environment, and a file.

use crate::exit::WrongSetting;
use crate::similar::closest;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::path::Path;

/// The sources of values. The first that has one wins: `--variable`, the environment,
/// `.env`, and last the manifest's default.
#[derive(Default)]
pub struct Sources {
    /// `--variable NAME=VALUE`.
    pub given: HashMap<String, String>,
    /// The environment.
    pub env: HashMap<String, String>,
    /// The file of variables, `.env`.
    pub file: HashMap<String, String>,
}

/// The source of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `--variable NAME=VALUE`.
    CommandLine,
    /// The environment.
    Environment,
    /// The file of variables.
    File,
}

impl Sources {
    /// Reads the process's environment, and a file in the format of `.env` for the variables that
    /// it does not set. The file may be absent.
    pub fn new(given: HashMap<String, String>, env_file: &Path) -> Result<Self> {
        let env = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            name.starts_with(PREFIX)
                .then_some((name, value.into_string().ok()?))
        });
        Ok(Self {
            given,
            env: env.collect(),
            file: entries(env_file).map_err(WrongSetting::because)?,
        })
    }

    /// A warning for each variable of the environment or the file that the application does not
    /// declare, and that therefore has no effect.
    pub fn unknown<'a>(&self, declared: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
        let set: BTreeSet<&String> = self.env.keys().chain(self.file.keys()).collect();
        let set = set.into_iter().filter_map(|name| {
            let bare = name.strip_prefix(PREFIX)?;
            let is_known = declared
                .clone()
                .any(|known| known.to_ascii_uppercase() == bare);
            (!is_known).then_some((name, bare))
        });
        set.map(|(name, bare)| {
            let meant = closest(&bare.to_ascii_lowercase(), declared.clone());
            let meant = meant.map(|meant| format!("{PREFIX}{}", meant.to_ascii_uppercase()));
            let meant = suggestion(meant);
            format!("{name} is set, but the application has no such variable{meant}")
        })
        .collect()
    }

    /// Checks that the application declares every variable of the command line.
    ///
    /// # Errors
    ///
    /// Fails with the name of a variable that is not declared.
    pub fn check_given<'a>(&self, declared: impl Iterator<Item = &'a str> + Clone) -> Result<()> {
        let mut names = self.given.keys();
        let unknown = names.find(|name| !declared.clone().any(|known| known == name.as_str()));
        if let Some(name) = unknown {
            let meant = suggestion(closest(name, declared));
            bail!("--variable {name}: the application has no such variable{meant}");
        }
        Ok(())
    }

    /// The value of a variable, by its name in the manifest.
    pub fn get(&self, name: &str) -> Option<&String> {
        self.find(name).map(|(value, _)| value)
    }

    /// The value of a variable, and its source.
    pub fn find(&self, name: &str) -> Option<(&String, Source)> {
        let in_environment = format!("{PREFIX}{}", name.to_ascii_uppercase());
        let sources = [
            (self.given.get(name), Source::CommandLine),
            (self.env.get(&in_environment), Source::Environment),
            (self.file.get(&in_environment), Source::File),
        ];
        let mut set = sources
            .into_iter()
            .filter_map(|(value, source)| Some((value?, source)));
        set.next()
    }
}

/// The variables that a file in the format of `.env` sets; none if there is no file.
fn entries(env_file: &Path) -> Result<HashMap<String, String>> {
    let mut entries = HashMap::new();
    if env_file.exists() {
        let unreadable = || format!("cannot read {}", env_file.display());
        // Spin uses the same library.
        let lines = dotenvy::from_path_iter(env_file).with_context(unreadable)?;
        for (number, entry) in (1..).zip(lines) {
            // The library's own error quotes the line, which may be a secret.
            let (name, value) = entry.map_err(|_| {
                let path = env_file.display();
                anyhow::anyhow!("entry {number} of {path} must have the form NAME=VALUE")
            })?;
            entries.insert(name, value);
        }
    }
    Ok(entries)
}

/// The end of a message about an unknown name.
fn suggestion(meant: Option<impl Display>) -> String {
    meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"))
}

/// Parses the value of `--variable`.
///
/// # Errors
///
/// Fails if the text has no `=`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The prefix of the names of variables in the environment.
pub const PREFIX: &str = "SPIN_VARIABLE_";

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect()
    }

    #[test]
    fn misspelt_variables_are_reported_with_the_name_that_was_meant() {
        let declared = ["signing_keys", "max_pixels"];
        let sources = Sources {
            env: map(&[
                ("SPIN_VARIABLE_MAX_PIXELS", "1"),
                ("SPIN_VARIABLE_SIGNING_KEY", "secret"),
                ("SPIN_VARIABLE_max_pixels", "1"),
            ]),
            file: map(&[("SPIN_VARIABLE_LOG", "x"), ("OTHER", "y")]),
            ..Sources::default()
        };
        let [log, key, lowercase] = &sources.unknown(declared.into_iter())[..] else {
            panic!("three warnings");
        };
        assert!(!log.contains("did you mean"), "{log}");
        assert!(
            key.ends_with("did you mean SPIN_VARIABLE_SIGNING_KEYS?"),
            "{key}"
        );
        assert!(!key.contains("secret"), "{key}");
        let meant = "did you mean SPIN_VARIABLE_MAX_PIXELS?";
        assert!(lowercase.ends_with(meant), "{lowercase}");

        let sources = Sources {
            given: map(&[("max_pixel", "1")]),
            ..Sources::default()
        };
        let error = sources.check_given(declared.into_iter()).unwrap_err();
        let error = error.to_string();
        assert!(error.ends_with("did you mean max_pixels?"), "{error}");
    }

    #[test]
    fn entries_of_a_file_may_be_quoted_or_exported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Sources::new(HashMap::new(), &path)
        };
        for (text, expect) in [
            ("SPIN_VARIABLE_A=b", Some("b")),
            ("export SPIN_VARIABLE_A = b # note", Some("b")),
            ("\n# note\nSPIN_VARIABLE_A=\"b # c\"\n", Some("b # c")),
            ("SPIN_VARIABLE_A='$b'", Some("$b")),
            ("# SPIN_VARIABLE_A=b", None),
            ("A=b", None),
        ] {
            let sources = read(text).unwrap();
            assert_eq!(sources.get("a").map(String::as_str), expect, "{text}");
        }
        let error = read("SPIN_VARIABLE_A=b\nsecret nonsense").map(drop);
        let message = format!("{:#}", error.unwrap_err());
        assert!(
            message.contains("entry 2") && !message.contains("secret"),
            "{message}"
        );
        std::fs::remove_file(&path).unwrap();
        assert!(Sources::new(HashMap::new(), &path).is_ok());
    }
}

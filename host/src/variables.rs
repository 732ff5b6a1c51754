//! Variables: the application's values, and the component's templates that refer to them.

use crate::exit::WrongSetting;
use crate::manifest::Variable;
use crate::similar::closest;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// The application's variables, evaluated.
#[derive(Debug, Default)]
pub struct Values(HashMap<String, String>);

impl Values {
    /// Evaluates the variables that the manifest declares. The error names variables that are
    /// missing or unknown.
    pub fn evaluate(application: &BTreeMap<String, Variable>, sources: &Sources) -> Result<Self> {
        let mut values = HashMap::new();
        let mut missing = Vec::new();
        for (name, variable) in application {
            check_name(name).map_err(|why| anyhow::anyhow!("variables.{name}: {why}"))?;
            match (sources.get(name).or(variable.default.as_ref()), variable) {
                (Some(_), v) if v.required && v.default.is_some() => {
                    bail!("variables.{name} is required, so it must not have a default")
                }
                (Some(value), _) => drop(values.insert(name.clone(), value.clone())),
                (None, _) => missing.push(name.as_str()),
            }
        }
        if !missing.is_empty() {
            let hint = missing[0];
            bail!(
                "required variables have no value: {} (set {PREFIX}{} or pass --variable {hint}=…)",
                missing.join(", "),
                hint.to_ascii_uppercase(),
            );
        }
        sources.check_given(application.keys().map(String::as_str))?;
        Ok(Self(values))
    }

    /// Evaluates a component's own variables.
    pub fn resolve(&self, templates: &BTreeMap<String, String>) -> Result<HashMap<String, String>> {
        let templates = templates.iter();
        templates
            .map(|(name, template)| {
                check_name(name).map_err(|why| anyhow::anyhow!("variable {name:?}: {why}"))?;
                let value = self.expand(template);
                let value = value.with_context(|| format!("variable {name:?}"))?;
                Ok((name.clone(), value))
            })
            .collect()
    }

    /// Evaluates one template.
    pub fn expand(&self, template: &str) -> Result<String> {
        let mut out = String::new();
        let mut rest = template;
        while let Some((literal, expression)) = rest.split_once("{{") {
            let (name, after) = expression
                .split_once("}}")
                .context("the template has an unmatched '{{'")?;
            out.push_str(literal);
            let name = name.trim();
            let value = self.0.get(name);
            out.push_str(value.with_context(|| format!("unknown variable {name:?}"))?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// Checks a name by Spin's rule: lowercase letters and digits, separated by single underscores.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("must not be empty")
    } else if !name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        Err("may contain only lower-case letters, numbers, and underscores")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Err("must start with a lowercase ASCII letter")
    } else if name.ends_with('_') {
        Err("must end with a lowercase ASCII letter or digit")
    } else if name.contains("__") {
        Err("must not contain multiple consecutive underscores")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(name: &str, default: Option<&str>) -> BTreeMap<String, Variable> {
        let mut variable = Variable::default();
        variable.default = default.map(str::to_owned);
        variable.required = default.is_none();
        BTreeMap::from([(name.to_owned(), variable)])
    }

    fn map(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect()
    }

    #[test]
    fn the_first_source_that_sets_a_variable_wins() {
        let declared = declared("a", Some("default"));
        let templates = BTreeMap::from([("x".to_owned(), "<{{ a }}>".to_owned())]);
        let named = |value| map(&[("SPIN_VARIABLE_A", value)]);
        let none = HashMap::new;
        for (given, env, file, expect) in [
            (none(), none(), none(), "<default>"),
            (none(), none(), named("file"), "<file>"),
            (none(), named("env"), named("file"), "<env>"),
            (map(&[("a", "given")]), named("env"), none(), "<given>"),
        ] {
            let sources = Sources { given, env, file };
            let values = Values::evaluate(&declared, &sources).unwrap();
            assert_eq!(values.resolve(&templates).unwrap()["x"], expect);
        }
    }

    #[test]
    fn a_required_variable_without_a_value_is_named() {
        let error = Values::evaluate(&declared("keys", None), &Sources::default());
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("SPIN_VARIABLE_KEYS")
        );
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

        let application = self::declared("max_pixels", Some("1"));
        let sources = Sources {
            given: map(&[("max_pixel", "1")]),
            ..Sources::default()
        };
        let error = Values::evaluate(&application, &sources)
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("did you mean max_pixels?"), "{error}");
    }

    #[test]
    fn templates_mix_text_and_names() {
        let values = Values(map(&[("a", "1"), ("b", "2")]));
        for (template, expect) in [
            ("", Some("")),
            ("plain", Some("plain")),
            ("{{a}}-{{ b }}", Some("1-2")),
            ("x{{ c }}", None),
            ("{{ a", None),
        ] {
            assert_eq!(
                values.expand(template).ok().as_deref(),
                expect,
                "{template}"
            );
        }
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

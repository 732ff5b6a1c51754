//! `darkroom config check`: the effective configuration, without secrets.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use anyhow::Result;
use clap::{Args, Subcommand};
use darkroom::auth::{KeyRing, SigningKey};
use darkroom::settings::{self, Settings, Variable};
use darkroom_host::exit::WrongSetting;
use darkroom_host::runtime_config::RuntimeConfig;
use darkroom_host::variables::{Source, pair};

use crate::stores::Location;
use crate::variables::{EnvFile, Variables};

/// Shows and checks the configuration.
#[derive(Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Check the configuration, and print every setting with its source, without secrets
    Check(Check),
}

/// Checks the configuration that `darkroom serve` would use with the same options.
#[derive(Args)]
struct Check {
    /// Set a variable; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    variable: Vec<(String, String)>,
    #[command(flatten)]
    location: Location,
    /// Print only warnings and errors
    #[arg(long)]
    quiet: bool,
}

impl Config {
    /// Runs the command.
    pub(crate) fn run(self, env_file: &EnvFile) -> Result<()> {
        let Action::Check(check) = self.action;
        let given = check.variable.into_iter().collect();
        let variables = Variables::read(env_file.existing()?, given)?;
        let stores = check.location.config();
        if !check.quiet {
            let mut out = io::stdout().lock();
            writeln!(out, "{}", listing(&variables, env_file))?;
            if let Ok(stores) = &stores {
                writeln!(out, "{}", places(stores))?;
            }
        }
        for warning in variables.unknown() {
            eprintln!("warning: {warning}");
        }
        stores?;
        validate(&variables)
    }
}

/// Checks all variables as the server does.
fn validate(variables: &Variables) -> Result<()> {
    variables.check_given()?;
    let set = settings::variables().filter_map(|variable| {
        let value = variables.find(variable.name)?.0;
        Some((variable.name, value.to_owned()))
    });
    let set: BTreeMap<&str, String> = set.collect();
    Settings::parse(&set)
        .map(drop)
        .map_err(|error| WrongSetting::new(error.to_string()).into())
}

/// One line for each variable: its name, its effective value and the source of the value.
fn listing(variables: &Variables, env_file: &EnvFile) -> String {
    let lines = settings::variables().map(|variable| {
        let found = variables.find(variable.name);
        let value = variable.effective(found.map(|(value, _)| value));
        let source = match found.filter(|(value, _)| !value.trim().is_empty()) {
            None => "default".to_owned(),
            Some((_, Source::CommandLine)) => "--variable".to_owned(),
            Some((_, Source::Environment)) => "environment".to_owned(),
            Some((_, Source::File)) => env_file.path().display().to_string(),
        };
        let shown = shown(variable, value);
        format!("{} = {shown}  ({source})", variable.name)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The value as it may be seen by anybody. Of a secret, only whether it is set, and of keys their
/// names.
fn shown(variable: &Variable, value: &str) -> String {
    if value.is_empty() || !variable.is_secret {
        return format!("{value:?}");
    }
    let ids = KeyRing::parse(value).map(|ring| {
        ring.iter()
            .map(SigningKey::id)
            .collect::<Vec<_>>()
            .join(", ")
    });
    match ids {
        Ok(ids) if variable.name == "signing_keys" => format!("{ids} (secrets not shown)"),
        _ => "(secret, not shown)".to_owned(),
    }
}

/// The stores that the host opens.
fn places(stores: &RuntimeConfig) -> String {
    let databases = stores.sqlite.iter();
    let databases =
        databases.map(|(label, path)| format!("database {label:?}: {}", path.display()));
    let key_value = stores.key_value.iter();
    let key_value = key_value.map(|(label, store)| format!("key-value store {label:?}: {store}"));
    databases.chain(key_value).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{generate, tests::deployment};

    #[test]
    fn every_variable_is_listed_with_its_source_and_without_secrets() {
        let keys = format!(
            "{},{}",
            generate("new").expect("random bytes"),
            generate("old").expect("random bytes")
        );
        let variables = deployment(
            &keys,
            &[
                ("max_pixels", " 100 "),
                ("max_width", ""),
                ("s3_secret_access_key", "hush"),
            ],
        );
        let listing = listing(&variables, &EnvFile::default());
        let lines: Vec<&str> = listing.lines().collect();
        assert_eq!(lines.len(), settings::variables().count());
        for expected in [
            "signing_keys = new, old (secrets not shown)  (--variable)",
            "max_pixels = \"100\"  (--variable)",
            "max_width = \"65535\"  (default)",
            "token_audience = \"\"  (default)",
            "s3_secret_access_key = (secret, not shown)  (--variable)",
        ] {
            assert!(lines.contains(&expected), "{expected}: {listing}");
        }
        let secrets = keys.split([':', ',']).filter(|part| part.len() > 10);
        for secret in secrets.chain(["hush"]) {
            assert!(!listing.contains(secret), "{listing}");
        }
        assert!(validate(&variables).is_ok());
    }

    #[test]
    fn a_wrong_value_is_an_error_that_names_the_variable() {
        let keys = generate("key").expect("random bytes");
        for (keys, name, value) in [
            (keys.as_str(), "max_pixels", "many"),
            (&keys, "max_pixel", "1"),
            ("key:short", "signing_keys", "key:short"),
            ("", "signing_keys", ""),
        ] {
            let error = validate(&deployment(keys, &[(name, value)])).expect_err(name);
            assert!(error.is::<WrongSetting>(), "{error}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

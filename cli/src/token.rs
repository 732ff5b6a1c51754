//! `darkroom token` and `darkroom keygen`.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use darkroom::auth::Scope;
use darkroom_host::variables::PREFIX;

use crate::keys::{self, Wanted};
use crate::variables::{EnvFile, Variables};

/// The scopes that allow everything on the owner's own images.
pub(crate) const OWN_IMAGES: &str = "images:read images:write images:delete";

/// Prints a bearer token.
#[derive(Args)]
pub(crate) struct Token {
    /// The owner that the token acts for
    #[arg(long, default_value = "dev")]
    sub: String,
    /// A scope; for several, repeat the option or separate them by spaces
    #[arg(long, default_value = OWN_IMAGES, value_parser = parse_scopes)]
    scope: Vec<String>,
    /// How long the token is valid: 90s, 15m, 1h, 30d
    #[arg(long, default_value = "1h", value_parser = parse_lifetime)]
    expires_in: Duration,
    /// The `aud` claim [default: the variable token_audience]
    #[arg(long)]
    audience: Option<String>,
    /// The name of the key to sign with [default: the first]
    #[arg(long)]
    key_id: Option<String>,
}

impl Token {
    /// Runs the command.
    pub(crate) fn run(self, env_file: &EnvFile) -> Result<()> {
        let wanted = Wanted {
            sub: &self.sub,
            scope: &self.scope.join(" "),
            expires_in: self.expires_in,
            audience: self.audience.as_deref(),
            key_id: self.key_id.as_deref(),
        };
        let token = keys::mint(&env_file.variables()?, &wanted)?;
        println!("{token}");
        Ok(())
    }
}

/// Generates a signing key, and prints or saves it.
#[derive(Args)]
pub(crate) struct Keygen {
    /// The key's name, which tokens carry as `kid` [default: key-1]
    #[arg(long, value_parser = parse_key_id)]
    kid: Option<String>,
    /// Save the key to the file of variables (.env, or --env-file) instead of printing it. Signing
    /// keys that are there stay, and a key with a given name is not added to them
    #[arg(long)]
    save: bool,
}

impl Keygen {
    /// Runs the command.
    pub(crate) fn run(self, env_file: &EnvFile) -> Result<()> {
        if self.save {
            return self.save(env_file);
        }
        println!("{}", self.key()?);
        Ok(())
    }

    fn key(&self) -> Result<String> {
        keys::generate(self.kid.as_deref().unwrap_or("key-1"))
    }

    fn save(&self, env_file: &EnvFile) -> Result<()> {
        let path = env_file.path();
        let variables = Variables::read(path, HashMap::new())?;
        let place = format!("{} or the environment", path.display());
        if variables.get("signing_keys").is_none() {
            return save(&self.key()?, path);
        }
        ensure!(
            self.kid.is_none(),
            "{place} already has signing keys; to rotate them, put the new key before the old one \
             (docs/access.md)",
        );
        variables.signing_keys()?;
        eprintln!("==> {place} already has signing keys, which stay");
        Ok(())
    }
}

fn save(key: &str, path: &Path) -> Result<()> {
    keys::append_secret(path, &format!("{PREFIX}SIGNING_KEYS"), key)
        .with_context(|| format!("cannot write the signing key to {}", path.display()))?;
    eprintln!("==> Saved a new signing key to {}", path.display());
    Ok(())
}

/// Checks the name of a key. The server accepts only names that need no quoting anywhere.
fn parse_key_id(text: &str) -> Result<String, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.is_empty() || !text.chars().all(is_allowed) {
        return Err("expected one or more letters, digits, '.', '_' or '-'".to_owned());
    }
    Ok(text.to_owned())
}

/// Checks that every word of a list of scopes is a scope. The server ignores unknown words, because
/// a token may serve several programs; a token from here is for the server only.
fn parse_scopes(text: &str) -> Result<String, String> {
    let is_known = |word: &str| Scope::ALL.iter().any(|scope| scope.as_str() == word);
    let mut words = text.split_ascii_whitespace().peekable();
    if words.peek().is_none() || !words.all(is_known) {
        let known = Scope::ALL.map(Scope::as_str);
        return Err(format!(
            "expected scopes separated by spaces, each of them one of: {}",
            known.join(", ")
        ));
    }
    Ok(text.to_owned())
}

/// Parses a duration that is not zero.
pub(crate) fn parse_lifetime(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => {
            Err("expected at least 1s, because nothing could be done with it".to_owned())
        }
        lifetime => Ok(lifetime),
    }
}

/// Parses a duration, such as `90`, `90s`, `15m`, `1h` or `30d`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(format!("unknown unit {unit:?}: expected s, m, h or d")),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a number and a unit, like 1h".to_owned())?;
    number
        .checked_mul(factor)
        .map(Duration::from_secs)
        .ok_or_else(|| "the duration is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        token: Token,
    }

    fn parse(options: &[&str]) -> Result<Token, clap::Error> {
        let line = ["token"].iter().chain(options);
        <Line as clap::Parser>::try_parse_from(line).map(|line| line.token)
    }

    #[test]
    fn options_that_make_a_useless_token_are_refused() {
        for (options, expected) in [
            (&["--scope", "x:y"][..], "images:read, images:write"),
            (&["--scope", ""], "images:read"),
            (
                &["--scope", "images:read,images:write"],
                "separated by spaces",
            ),
            (&["--scope", "Images:read"], "images:read"),
            (&["--scope", "admin", "--scope", "x:y"], "images:read"),
            (&["--expires-in", "0"], "at least 1s"),
            (&["--expires-in", "0d"], "at least 1s"),
        ] {
            let refused = parse(options).err().expect("refused").to_string();
            assert!(refused.contains(expected), "{options:?}: {refused}");
        }
        let token = parse(&["--scope", "images:read images:write", "--scope", "admin"]);
        let scope = token.expect("accepted").scope.join(" ");
        assert_eq!(scope, "images:read images:write admin");
        assert!(parse(&[]).is_ok());
    }

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("15m", 900),
            ("1h", 3600),
            ("2d", 172_800),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "h", "1w", "-1h", "1.5h", "99999999999999999d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}

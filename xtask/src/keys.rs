//! The development signing key, kept in the git-ignored `.env`, and tokens signed with it by
//! the operator's program.

use std::env;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cargo::{self, root};
use crate::operator;

const PREFIX: &str = "SPIN_VARIABLE_";
const KEYS: &str = "SPIN_VARIABLE_SIGNING_KEYS";

/// The scopes of a token that permits every operation on its owner's images.
pub(crate) const OWN_IMAGES: &str = "images:read images:write images:delete";

/// A fresh key in the form of the `signing_keys` setting.
pub(crate) fn generate(kid: &str) -> Result<String> {
    cargo::output(program()?.args(["keygen", "--kid", kid]))
}

/// The application's variables from the environment and from `.env`, as pairs of the name (in
/// upper case, with its prefix) and the value. Those of the environment are last.
pub(crate) fn variables() -> Result<Vec<(String, String)>> {
    let mut variables = Vec::new();
    let path = root().join(".env");
    if path.exists() {
        for entry in dotenvy::from_path_iter(&path)? {
            // The library's own error contains the text of the line, which may be a secret.
            let entry = entry.ok().with_context(|| {
                format!(
                    "{} has a line that is not of the form NAME=VALUE",
                    path.display()
                )
            })?;
            variables.push(entry);
        }
    }
    let own = env::vars_os();
    variables.extend(
        own.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    );
    variables.retain(|(name, _)| name.starts_with(PREFIX));
    Ok(variables)
}

/// The value of a variable, by its name in `spin.toml`. If the name is given several times, the
/// last value counts; an empty value counts as none.
pub(crate) fn variable(variables: &[(String, String)], name: &str) -> Option<String> {
    let name = format!("{PREFIX}{}", name.to_uppercase());
    let found = variables.iter().rev().find(|(known, _)| *known == name);
    found
        .map(|(_, value)| value.clone())
        .filter(|value| !value.is_empty())
}

/// The signing keys of the environment or of `.env`, generated into `.env` on first use.
pub(crate) fn ensure() -> Result<String> {
    if let Some(keys) = variable(&variables()?, "signing_keys") {
        return Ok(keys);
    }
    let mut keygen = program()?;
    keygen.args(["keygen", "--kid", "dev", "--save", "--env-file"]);
    cargo::run(keygen.arg(root().join(".env")))?;
    variable(&variables()?, "signing_keys").context("the new signing key cannot be found in .env")
}

/// The claims of a token to mint, and the key to sign it with.
#[derive(Clone, Debug)]
pub(crate) struct TokenOptions<'a> {
    /// The owner.
    pub(crate) sub: &'a str,
    /// Space-separated scopes.
    pub(crate) scope: &'a str,
    /// How long the token is valid.
    pub(crate) expires_in: Duration,
    /// The audience, where the deployment checks it.
    pub(crate) audience: Option<String>,
    /// The id of the key to sign with; the first key if there is none.
    pub(crate) key_id: Option<&'a str>,
}

/// Signs a token.
pub(crate) fn mint(keys: &str, options: &TokenOptions<'_>) -> Result<String> {
    let mut token = program()?;
    token.env(KEYS, keys);
    token.args(["token", "--sub", options.sub, "--scope", options.scope]);
    token.arg("--expires-in");
    token.arg(format!("{}s", options.expires_in.as_secs()));
    if let Some(audience) = &options.audience {
        token.args(["--audience", audience]);
    }
    if let Some(key_id) = options.key_id {
        token.args(["--key-id", key_id]);
    }
    cargo::output(&mut token)
}

fn program() -> Result<Command> {
    Ok(cargo::tool(operator::build()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_variable_counts_unless_it_is_empty() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let variables = [
            pair("SPIN_VARIABLE_A", "file"),
            pair("SPIN_VARIABLE_B", "file"),
            pair("SPIN_VARIABLE_A", "environment"),
            pair("SPIN_VARIABLE_B", ""),
        ];
        assert_eq!(variable(&variables, "a").as_deref(), Some("environment"));
        assert_eq!(variable(&variables, "b"), None);
        assert_eq!(variable(&variables, "c"), None);
    }
}

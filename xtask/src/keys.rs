//! The development signing key, kept in the git-ignored `.env`, and tokens
//! signed with it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, io};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use darkroom::auth::{Audience, Claims, KeyRing, token};

use crate::cargo::root;
use crate::say;

const PREFIX: &str = "SPIN_VARIABLE_";
const KEYS: &str = "SPIN_VARIABLE_SIGNING_KEYS";

/// A fresh key in the form of the `signing_keys` setting.
pub(crate) fn generate(kid: &str) -> Result<String> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)
        .map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
    Ok(format!("{kid}:{}", URL_SAFE_NO_PAD.encode(secret)))
}

/// The application's variables as the environment gives them, or else `.env`:
/// (name in upper case with its prefix, value).
pub(crate) fn variables() -> Result<Vec<(String, String)>> {
    let path = env_file();
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        other => other.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let mut variables: Vec<(String, String)> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    for (name, value) in parse_env(&text) {
        if name.starts_with(PREFIX) && !variables.iter().any(|(known, _)| known == name) {
            variables.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(variables)
}

/// One variable of the application, by the name that it has in `spin.toml`.
pub(crate) fn variable(variables: &[(String, String)], name: &str) -> Option<String> {
    let name = format!("{PREFIX}{}", name.to_uppercase());
    variables
        .iter()
        .find(|(known, value)| *known == name && !value.is_empty())
        .map(|(_, value)| value.clone())
}

/// The signing keys of the environment or of `.env`, made there on first use.
pub(crate) fn ensure() -> Result<String> {
    if let Some(keys) = variable(&variables()?, "signing_keys") {
        return Ok(keys);
    }
    let keys = generate("dev")?;
    let path = env_file();
    append_secret(&path, KEYS, &keys)
        .with_context(|| format!("cannot write the signing key to {}", path.display()))?;
    say::step(&format!(
        "Made a signing key for development in {}",
        path.display()
    ));
    Ok(keys)
}

/// The signing keys of the environment or of `.env`; an error where there are none.
pub(crate) fn existing() -> Result<String> {
    variable(&variables()?, "signing_keys").with_context(|| {
        format!(
            "there is no signing key: set {KEYS} in the environment or in .env \
             (`cargo xtask up` makes one on first use, `cargo xtask keygen` prints one)"
        )
    })
}

/// What a token is to say.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    /// The owner.
    pub(crate) sub: &'a str,
    /// Space-separated scopes.
    pub(crate) scope: &'a str,
    /// How long it is good for.
    pub(crate) expires_in: Duration,
    /// For whom, where the deployment checks that.
    pub(crate) audience: Option<String>,
    /// The key to sign with; the first where none is named.
    pub(crate) key_id: Option<&'a str>,
}

/// Signs a token.
pub(crate) fn mint(keys: &str, wanted: Wanted<'_>) -> Result<String> {
    let ring = KeyRing::parse(keys).context("the signing keys are not usable")?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let claims = Claims {
        sub: wanted.sub.to_owned(),
        scope: wanted.scope.to_owned(),
        iat: Some(now),
        exp: now.saturating_add(wanted.expires_in.as_secs()),
        aud: wanted.audience.map(Audience::One),
        ..Claims::default()
    };
    let token = token::mint(&ring, wanted.key_id, &claims).context("cannot sign the token")?;
    // A token that the server would refuse is an error here, not there.
    let audience = claims.aud.as_ref().and_then(|audience| match audience {
        Audience::One(one) => Some(one.as_str()),
        Audience::Many(_) => None,
    });
    token::verify(&ring, audience, now, &token).context("the server would refuse this token")?;
    Ok(token)
}

fn env_file() -> PathBuf {
    root().join(".env")
}

/// Adds a line to a file that only its owner may read.
fn append_secret(path: &Path, name: &str, value: &str) -> io::Result<()> {
    let before = fs::read(path).unwrap_or_default();
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    let separator = if before.is_empty() || before.ends_with(b"\n") {
        ""
    } else {
        "\n"
    };
    writeln!(file, "{separator}{name}={value}")
}

/// The assignments of an `.env` file.
fn parse_env(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let quoted = ['"', '\'']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        (!name.starts_with('#')).then_some((name, quoted.unwrap_or(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_are_read_with_comments_quotes_and_exports() {
        let text = "# A=1\n\nB = 2\nexport C='3'\nD=\"4=5\"\nnothing\n";
        let found: Vec<_> = parse_env(text).collect();
        assert_eq!(found, [("B", "2"), ("C", "3"), ("D", "4=5")]);
    }

    #[test]
    fn a_secret_is_added_to_what_is_there_and_kept_from_others() {
        let path = env::temp_dir().join(format!("xtask-env-{}", std::process::id()));
        fs::write(&path, "OTHER=1").expect("written");
        append_secret(&path, KEYS, "dev:abc").expect("appended");
        let text = fs::read_to_string(&path).expect("readable");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        fs::remove_file(&path).expect("removed");
        assert_eq!(text, format!("OTHER=1\n{KEYS}=dev:abc\n"));
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_generated_key_signs_tokens() {
        let keys = generate("dev").expect("random bytes");
        let wanted = Wanted {
            sub: "dev",
            scope: "images:read",
            expires_in: Duration::from_secs(60),
            audience: Some("darkroom".to_owned()),
            key_id: Some("dev"),
        };
        assert!(mint(&keys, wanted.clone()).is_ok());
        let unknown = Wanted {
            key_id: Some("other"),
            ..wanted
        };
        assert!(mint(&keys, unknown).is_err());
    }
}

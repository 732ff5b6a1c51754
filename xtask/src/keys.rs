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
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

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

/// Signs a token: a JWT with HS256, as the server reads it.
pub(crate) fn mint(keys: &str, wanted: &Wanted<'_>) -> Result<String> {
    let (kid, secret) = find(keys, wanted.key_id)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": kid });
    let mut claims = json!({
        "sub": wanted.sub,
        "scope": wanted.scope,
        "iat": now,
        "exp": now.saturating_add(wanted.expires_in.as_secs()),
    });
    if let Some(audience) = &wanted.audience {
        claims["aud"] = json!(audience);
    }
    let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(hmac(&secret, message.as_bytes())?);
    Ok(format!("{message}.{signature}"))
}

/// HMAC-SHA256 of `message`.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().into())
}

/// The name and the secret of the first key, or of the one named.
pub(crate) fn find<'a>(keys: &'a str, wanted: Option<&str>) -> Result<(&'a str, Vec<u8>)> {
    let (kid, secret) = keys
        .split(',')
        .filter_map(|entry| entry.trim().split_once(':'))
        .find(|(kid, _)| wanted.is_none_or(|wanted| wanted == *kid))
        .with_context(|| match wanted {
            Some(wanted) => format!("the signing keys hold none named {wanted}"),
            None => "the signing keys are not of the form kid:base64url-secret".to_owned(),
        })?;
    let secret = URL_SAFE_NO_PAD
        .decode(secret.trim_end_matches('='))
        .with_context(|| format!("the secret of the signing key {kid} is not base64url"))?;
    Ok((kid, secret))
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
    use darkroom::auth::{KeyRing, Scope, token};

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
    fn the_server_takes_the_tokens_that_are_minted_here() {
        let keys = format!(
            "{},{}=",
            generate("first").expect("random bytes"),
            generate("second").expect("random bytes")
        );
        let ring = KeyRing::parse(&keys).expect("the form that the server reads");
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("now")
            .as_secs();
        for key_id in [None, Some("first"), Some("second")] {
            let wanted = Wanted {
                sub: "dev",
                scope: "images:read",
                expires_in: Duration::from_secs(60),
                audience: Some("darkroom".to_owned()),
                key_id,
            };
            let token = mint(&keys, &wanted).expect("signed");
            let grant = token::verify(&ring, Some("darkroom"), now, &token).expect("taken");
            assert!(grant.owner == "dev" && grant.allows(Scope::Read) && !grant.is_admin());
            assert!(token::verify(&ring, Some("darkroom"), now + 3600, &token).is_err());
        }
    }

    #[test]
    fn a_key_that_is_not_there_is_named() {
        let error = find("dev:AAAA", Some("other")).expect_err("none such");
        assert!(error.to_string().contains("other"));
        assert!(find("nothing", None).is_err() && find("dev:*", None).is_err());
    }
}

//! Signing keys: generating them, saving them to a file, and signing tokens with them.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use darkroom::auth::{Audience, Claims, MIN_SECRET_BYTES, Requirements, token};

use crate::variables::Variables;

/// Generates a key, in the format of the variable `signing_keys`.
pub(crate) fn generate(kid: &str) -> Result<String> {
    let mut secret = [0; MIN_SECRET_BYTES];
    getrandom::fill(&mut secret)
        .map_err(|error| anyhow::anyhow!("cannot get random bytes from the system: {error}"))?;
    Ok(format!("{kid}:{}", URL_SAFE_NO_PAD.encode(secret)))
}

/// The contents of a token to sign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// The owner.
    pub(crate) sub: &'a str,
    /// Space-separated scopes.
    pub(crate) scope: &'a str,
    /// How long the token is valid.
    pub(crate) expires_in: Duration,
    /// The audience; by default the deployment's.
    pub(crate) audience: Option<&'a str>,
    /// The key to sign with; by default the first.
    pub(crate) key_id: Option<&'a str>,
}

/// Signs a token with the deployment's keys, and checks that the deployment will accept it.
pub(crate) fn mint(variables: &Variables, wanted: &Wanted<'_>) -> Result<String> {
    let ring = variables.signing_keys()?;
    let now = now()?;
    let audience = wanted.audience.or(variables.get("token_audience"));
    let requirements = Requirements {
        audience,
        max_seconds: variables.max_token_seconds()?,
    };
    let claims = Claims {
        sub: wanted.sub.to_owned(),
        scope: wanted.scope.to_owned(),
        iat: Some(now),
        exp: now.saturating_add(wanted.expires_in.as_secs()),
        aud: audience.map(|audience| Audience::One(audience.to_owned())),
        ..Claims::default()
    };
    let signed =
        token::mint(&ring, wanted.key_id, &claims).with_context(|| named(wanted.key_id))?;
    token::verify(&ring, requirements, now, &signed)
        .context("the server would refuse the token")?;
    Ok(signed)
}

/// Signs a token with the scope `admin`, for the duration of a command.
pub(crate) fn admin_token(
    variables: &Variables,
    sub: &str,
    expires_in: Duration,
) -> Result<String> {
    let wanted = Wanted {
        sub,
        scope: "admin",
        expires_in,
        audience: None,
        key_id: None,
    };
    mint(variables, &wanted)
}

/// The context of an error in signing, which names the requested key.
pub(crate) fn named(key_id: Option<&str>) -> String {
    match key_id {
        Some(key_id) => format!("cannot sign with the key {key_id}"),
        None => "cannot sign with the first key".to_owned(),
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// Appends an assignment to a file, and makes the file readable by its owner only.
pub(crate) fn append_secret(path: &Path, name: &str, value: &str) -> io::Result<()> {
    let before = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other?,
    };
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
    writeln!(file, "{separator}{name}={value}")?;
    file.sync_all()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashMap;

    use darkroom::auth::{KeyRing, Scope};

    use super::*;

    /// A deployment with these signing keys, whatever the environment sets.
    pub(crate) fn deployment(keys: &str, more: &[(&str, &str)]) -> Variables {
        let own = [("signing_keys", keys)];
        let given = own.iter().chain(more);
        let given = given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let given: HashMap<String, String> = given.collect();
        Variables::read(Path::new("/nowhere/.env"), given).expect("nothing to read")
    }

    fn two_keys() -> String {
        let make = |kid| generate(kid).expect("random bytes");
        format!("{},{}=", make("first"), make("second"))
    }

    #[test]
    fn the_server_accepts_the_tokens_that_are_minted_here() {
        let keys = two_keys();
        let variables = deployment(&keys, &[("token_audience", "darkroom")]);
        let ring = KeyRing::parse(&keys).expect("a ring");
        let now = now().expect("a clock");
        for key_id in [None, Some("first"), Some("second")] {
            let wanted = Wanted {
                sub: "dev",
                scope: "images:read",
                expires_in: Duration::from_secs(60),
                audience: None,
                key_id,
            };
            let token = mint(&variables, &wanted).expect("signed");
            let required = Requirements {
                audience: Some("darkroom"),
                ..Requirements::default()
            };
            let grant = token::verify(&ring, required, now, &token).expect("accepted");
            assert!(grant.owner == "dev" && grant.allows(Scope::Read) && !grant.is_admin());
            assert!(token::verify(&ring, required, now + 3600, &token).is_err());
        }
    }

    #[test]
    fn tokens_that_the_server_would_refuse_are_refused_here() {
        let variables = deployment(&two_keys(), &[("max_token_seconds", "3600")]);
        let refused_for = |sub: &str, key_id, seconds| {
            let wanted = Wanted {
                sub,
                scope: "images:read",
                expires_in: Duration::from_secs(seconds),
                audience: None,
                key_id,
            };
            format!("{:#}", mint(&variables, &wanted).expect_err("refused"))
        };
        let refused = |sub: &str, key_id| refused_for(sub, key_id, 60);
        assert!(refused_for("dev", None, 3700).contains("at most 3600 seconds"));
        assert!(refused("", None).contains("sub"));
        assert!(refused(&"x".repeat(129), None).contains("sub"));
        assert!(refused("dev", Some("third")).contains("third"));
    }

    #[test]
    fn a_ring_that_the_server_would_refuse_signs_nothing() {
        let variables = deployment("dev:AAAA", &[]);
        let minted = admin_token(&variables, "dev", Duration::from_secs(60));
        let error = format!("{:#}", minted.expect_err("refused"));
        assert!(error.contains("at least 32"), "{error}");
    }

    #[test]
    fn a_secret_is_appended_to_the_file_and_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join(".env");
        fs::write(&path, "OTHER=1").expect("written");
        append_secret(&path, "KEYS", "dev:abc").expect("appended");
        let text = fs::read_to_string(&path).expect("readable");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(text, "OTHER=1\nKEYS=dev:abc\n");
        assert_eq!(mode & 0o777, 0o600);
    }
}

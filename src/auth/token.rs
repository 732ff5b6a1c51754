//! Bearer tokens: JSON Web Tokens (RFC 7519) in JWS compact form (RFC 7515),
//! HS256 only (RFC 8725 §3.1: the verifier, not the token, names the algorithm).
//!
//! Times are seconds since the Unix epoch. [`mint`] and [`verify`] are inverses.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Grant, KeyRing, MAX_OWNER_CHARS, Purpose, Scopes, SigningKey};

mod claims;
pub use claims::{Audience, Claim, Claims};

/// The maximum length of a token in bytes. Longer ones are refused unread.
pub const MAX_TOKEN_BYTES: usize = 4096;
/// How far the clocks of the minter and the verifier may differ, in seconds.
pub const LEEWAY_SECONDS: u64 = 60;

/// How far `exp` may be in the future unless the deployment says otherwise, in seconds: a year.
pub const DEFAULT_MAX_SECONDS: u64 = 31_536_000;

/// What a deployment requires of tokens, besides a good signature.
#[derive(Clone, Copy, Debug)]
pub struct Requirements<'a> {
    /// The audience that `aud` must include; `None` leaves `aud` unchecked.
    pub audience: Option<&'a str>,
    /// How far `exp` may be in the future, in seconds.
    pub max_seconds: u64,
}

impl Default for Requirements<'_> {
    fn default() -> Self {
        Self {
            audience: None,
            max_seconds: DEFAULT_MAX_SECONDS,
        }
    }
}

/// Why a token was refused; becomes the `error_description` of RFC 6750 §3. Before the signature
/// is known to be good, an error describes only the form of the token, and never what this
/// deployment expected. After that, it names the claim that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token is not three base64url parts, or its header is not JSON.
    #[error("the token is malformed: expected a JWT of three base64url parts, joined by dots")]
    Malformed,
    /// The token is longer than [`MAX_TOKEN_BYTES`].
    #[error("the token must have at most {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// The algorithm is not HS256, or the header requires an extension.
    #[error("the token must be signed with HS256, and without extensions (crit)")]
    Algorithm,
    /// The signature was not made with any key of the ring, or not with the named one.
    #[error("the token's signature is not valid; /problems/unauthorized lists the usual causes")]
    Signature,
    /// The payload cannot be read in one way only.
    #[error("the token's payload must be a JSON object in UTF-8 without duplicate names")]
    Payload,
    /// A required claim is absent.
    #[error("the token has no {0} claim, which is required")]
    Missing(Claim),
    /// A claim is not of the right type.
    #[error("the token's {0} must be {expected}", expected = .0.expected())]
    Type(Claim),
    /// A time seems to be in milliseconds.
    #[error("the token's {0} seems to be in milliseconds; it must be in seconds since 1970")]
    Milliseconds(Claim),
    /// The time is past `exp`.
    #[error("the token has expired: its exp is in the past")]
    Expired,
    /// `exp` is too far in the future.
    #[error("the token's exp must be at most {max_seconds} seconds from now")]
    TooFar {
        /// The setting `max_token_seconds`.
        max_seconds: u64,
    },
    /// The time is before `nbf`.
    #[error("the token is not valid yet: its nbf is in the future")]
    NotYetValid,
    /// `aud` does not include this deployment.
    #[error("the token's aud does not include the audience of this deployment")]
    Audience,
    /// `sub` is empty or too long, or has control characters.
    #[error(
        "the token's sub must have 1 to {MAX_OWNER_CHARS} characters, none a control character"
    )]
    Subject,
    /// [`mint`] was called with the name of a key that the ring does not contain.
    #[error("the ring has no key with that id")]
    UnknownKey,
}

impl TokenError {
    /// The claim that is wrong, if the signature is good.
    pub fn claim(self) -> Option<Claim> {
        match self {
            Self::Missing(claim) | Self::Type(claim) | Self::Milliseconds(claim) => Some(claim),
            Self::Expired | Self::TooFar { .. } => Some(Claim::Expiry),
            Self::NotYetValid => Some(Claim::NotBefore),
            Self::Audience => Some(Claim::Audience),
            Self::Subject => Some(Claim::Subject),
            Self::Malformed
            | Self::TooLong
            | Self::Algorithm
            | Self::Signature
            | Self::Payload
            | Self::UnknownKey => None,
        }
    }
}

/// A token's header, as [`mint`] writes it.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// Signs `claims` with the key named `kid`, or with the ring's first key.
pub fn mint(ring: &KeyRing, kid: Option<&str>, claims: &Claims) -> Result<String, TokenError> {
    let key = match kid {
        Some(kid) => ring.find(kid).ok_or(TokenError::UnknownKey)?,
        None => ring.signing(),
    };
    let header = Header {
        alg: "HS256",
        typ: "JWT",
        kid: key.id(),
    };
    let part = |json: Result<Vec<u8>, _>| json.map(|json| URL_SAFE_NO_PAD.encode(json));
    let header = part(serde_json::to_vec(&header)).map_err(|_| TokenError::Malformed)?;
    let claims = part(serde_json::to_vec(claims)).map_err(|_| TokenError::Malformed)?;
    let message = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(Purpose::Token, message.as_bytes()));
    Ok(format!("{message}.{signature}"))
}

/// Checks the algorithm, then the signature, then the claims, at the second `now`.
pub fn verify(
    ring: &KeyRing,
    requirements: Requirements<'_>,
    now: u64,
    token: &str,
) -> Result<Grant, TokenError> {
    let payload = object(&verified_payload(ring, token)?).ok_or(TokenError::Payload)?;
    let claims = Claims::read(payload)?;
    judge(&claims, requirements, now)?;
    Ok(Grant {
        scopes: Scopes::parse(&claims.scope),
        quota: claims.quota.unwrap_or_default(),
        owner: claims.sub,
        expires: claims.exp,
    })
}

fn verified_payload(ring: &KeyRing, token: &str) -> Result<Vec<u8>, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::TooLong);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
    let decode = |part: &str| {
        URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| TokenError::Malformed)
    };

    let header = object(&decode(header)?).ok_or(TokenError::Malformed)?;
    let kid = signing_key_id(&header)?;
    let signature = decode(signature)?;
    let signed_by = |key: &SigningKey| key.verifies(Purpose::Token, message.as_bytes(), &signature);
    let known = match kid {
        Some(kid) => ring.find(kid).is_some_and(signed_by),
        None => ring.iter().any(signed_by),
    };
    if !known {
        return Err(TokenError::Signature);
    }
    decode(payload)
}

/// The `kid` of a header that has the right algorithm and requires no extension. RFC 7515 §4.1.11:
/// an extension that is not understood must be refused, whatever the value of `crit`.
fn signing_key_id(header: &Map<String, Value>) -> Result<Option<&str>, TokenError> {
    let text = |name: &str| match header.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(TokenError::Malformed),
    };
    let (alg, kid) = (text("alg")?, text("kid")?);
    text("typ")?;
    if alg != Some("HS256") || header.contains_key("crit") {
        return Err(TokenError::Algorithm);
    }
    Ok(kid)
}

/// Parses an object. An object with a duplicate name, known or not, is refused: two readers may
/// read two different tokens from it (RFC 8725 §2.4). The same is true of a value that some readers
/// cannot read, such as text that is not UTF-8, so all values are parsed.
fn object(json: &[u8]) -> Option<Map<String, Value>> {
    struct Members;
    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Map<String, Value>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object whose names are unique")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut members = Map::new();
            while let Some((name, value)) = map.next_entry()? {
                if members.insert(name, value).is_some() {
                    return Err(serde::de::Error::custom("duplicate member"));
                }
            }
            Ok(members)
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(json);
    let members = serde::Deserializer::deserialize_map(&mut reader, Members).ok()?;
    reader.end().ok()?;
    Some(members)
}

fn judge(claims: &Claims, requirements: Requirements<'_>, now: u64) -> Result<(), TokenError> {
    if now >= claims.exp.saturating_add(LEEWAY_SECONDS) {
        return Err(TokenError::Expired);
    }
    let max_seconds = requirements.max_seconds;
    let latest = now
        .saturating_add(max_seconds)
        .saturating_add(LEEWAY_SECONDS);
    if claims.exp > latest {
        return Err(match in_milliseconds(claims.exp, now) {
            true => TokenError::Milliseconds(Claim::Expiry),
            false => TokenError::TooFar { max_seconds },
        });
    }
    if let Some(nbf) = claims
        .nbf
        .filter(|nbf| *nbf > now.saturating_add(LEEWAY_SECONDS))
    {
        return Err(match in_milliseconds(nbf, now) {
            true => TokenError::Milliseconds(Claim::NotBefore),
            false => TokenError::NotYetValid,
        });
    }
    if let Some(wanted) = requirements.audience {
        let aud = claims.aud.as_ref();
        let aud = aud.ok_or(TokenError::Missing(Claim::Audience))?;
        if !aud.includes(wanted) {
            return Err(TokenError::Audience);
        }
    }
    if !super::is_owner(&claims.sub) {
        return Err(TokenError::Subject);
    }
    Ok(())
}

/// Whether a time is one of the present century only if it is in milliseconds.
fn in_milliseconds(time: u64, now: u64) -> bool {
    (now / 2..now.saturating_mul(2)).contains(&(time / 1000))
}

#[cfg(test)]
mod tests;

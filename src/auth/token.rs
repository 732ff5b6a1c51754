//! Bearer tokens: JSON Web Tokens (RFC 7519) in JWS compact form (RFC 7515),
//! HS256 only (RFC 8725 §3.1: the verifier, not the token, names the algorithm).
//!
//! Times are seconds since the Unix epoch. [`mint`] and [`verify`] are inverses.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{Grant, KeyRing, MAX_OWNER_CHARS, Purpose, Scopes, SigningKey};
use crate::model::QuotaClaim;

/// The maximum length of a token in bytes. Longer ones are refused unread.
pub const MAX_TOKEN_BYTES: usize = 4096;
/// How far the clocks of the minter and the verifier may differ, in seconds.
pub const LEEWAY_SECONDS: u64 = 60;

/// A token's claims (RFC 7519 §4.1). Unknown claims are ignored, as §4 requires; a
/// duplicate claim is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The owner, 1 to [`MAX_OWNER_CHARS`] characters.
    pub sub: String,
    /// The token is refused from this time on.
    #[serde(deserialize_with = "numeric_date")]
    pub exp: u64,
    /// The token is refused before this time.
    #[serde(
        default,
        deserialize_with = "optional_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub nbf: Option<u64>,
    /// When the token was made. Not checked.
    #[serde(
        default,
        deserialize_with = "optional_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub iat: Option<u64>,
    /// The audience that the token was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// Space-separated scopes.
    #[serde(default)]
    pub scope: String,
    /// The owner's quota, if it differs from the deployment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaClaim>,
}

/// The `aud` claim: one string or several (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// A single audience.
    One(String),
    /// Several audiences, any of which may match.
    Many(Vec<String>),
}

impl Audience {
    fn includes(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// Why a token was refused; becomes the `error_description` of RFC 6750 §3. It does not
/// say which part of a signature was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token is not three base64url parts of JSON, is too long, or has a claim of a
    /// wrong type.
    #[error("the token is malformed")]
    Malformed,
    /// The algorithm is not HS256, or the header requires an extension.
    #[error("the token is not signed with HS256")]
    Algorithm,
    /// The signature was not made with any key of the ring.
    #[error("the token's signature is not valid")]
    Signature,
    /// The time is past `exp`.
    #[error("the token has expired")]
    Expired,
    /// The time is before `nbf`.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `aud` does not include this deployment.
    #[error("the token is meant for another audience")]
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

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    alg: &'a str,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    typ: Option<std::borrow::Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    kid: Option<std::borrow::Cow<'a, str>>,
    /// RFC 7515 §4.1.11: an extension that is not understood must be refused.
    #[serde(default, skip_serializing, deserialize_with = "present")]
    crit: bool,
}

/// Whether a member is present, whatever its value.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Signs `claims` with the key named `kid`, or with the ring's first key.
pub fn mint(ring: &KeyRing, kid: Option<&str>, claims: &Claims) -> Result<String, TokenError> {
    let key = match kid {
        Some(kid) => ring.find(kid).ok_or(TokenError::UnknownKey)?,
        None => ring.signing(),
    };
    let header = Header {
        alg: "HS256",
        typ: Some("JWT".into()),
        kid: Some(key.id().into()),
        crit: false,
    };
    let part = |json: Result<Vec<u8>, _>| json.map(|json| URL_SAFE_NO_PAD.encode(json));
    let header = part(serde_json::to_vec(&header)).map_err(|_| TokenError::Malformed)?;
    let claims = part(serde_json::to_vec(claims)).map_err(|_| TokenError::Malformed)?;
    let message = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(Purpose::Token, message.as_bytes()));
    Ok(format!("{message}.{signature}"))
}

/// Checks the algorithm, then the signature, then the claims, at the second `now`. `aud`
/// must include `audience`; `None` leaves `aud` unchecked.
pub fn verify(
    ring: &KeyRing,
    audience: Option<&str>,
    now: u64,
    token: &str,
) -> Result<Grant, TokenError> {
    let payload = verified_payload(ring, token)?;
    refuse_duplicates(&payload)?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| TokenError::Malformed)?;
    judge(&claims, audience, now)?;
    Ok(Grant {
        scopes: Scopes::parse(&claims.scope),
        quota: claims.quota.unwrap_or_default(),
        owner: claims.sub,
    })
}

fn verified_payload(ring: &KeyRing, token: &str) -> Result<Vec<u8>, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
    let decode = |part: &str| {
        URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| TokenError::Malformed)
    };

    let header = decode(header)?;
    refuse_duplicates(&header)?;
    let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| TokenError::Malformed)?;
    if header.alg != "HS256" || header.crit {
        return Err(TokenError::Algorithm);
    }
    let signature = decode(signature)?;
    let signed_by = |key: &SigningKey| key.verifies(Purpose::Token, message.as_bytes(), &signature);
    let known = match &header.kid {
        Some(kid) => ring.find(kid).is_some_and(signed_by),
        None => ring.iter().any(signed_by),
    };
    if !known {
        return Err(TokenError::Signature);
    }
    decode(payload)
}

/// Refuses an object with a duplicate name, known or not: two readers may read two
/// different tokens from it (RFC 8725 §2.4). The same is true of a value that some readers
/// cannot read, such as text that is not UTF-8, so all values are parsed.
fn refuse_duplicates(json: &[u8]) -> Result<(), TokenError> {
    struct Names;
    impl<'de> serde::de::Visitor<'de> for Names {
        type Value = ();
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object whose names are unique")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            let mut seen = std::collections::BTreeSet::new();
            while let Some(name) = map.next_key::<String>()? {
                map.next_value::<serde_json::Value>()?;
                if !seen.insert(name) {
                    return Err(serde::de::Error::custom("duplicate member"));
                }
            }
            Ok(())
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(json);
    serde::Deserializer::deserialize_map(&mut reader, Names).map_err(|_| TokenError::Malformed)
}

fn judge(claims: &Claims, audience: Option<&str>, now: u64) -> Result<(), TokenError> {
    if now >= claims.exp.saturating_add(LEEWAY_SECONDS) {
        return Err(TokenError::Expired);
    }
    if claims
        .nbf
        .is_some_and(|nbf| now.saturating_add(LEEWAY_SECONDS) < nbf)
    {
        return Err(TokenError::NotYetValid);
    }
    let meant = |wanted| claims.aud.as_ref().is_some_and(|aud| aud.includes(wanted));
    if !audience.is_none_or(meant) {
        return Err(TokenError::Audience);
    }
    if !super::is_owner(&claims.sub) {
        return Err(TokenError::Subject);
    }
    Ok(())
}

/// A NumericDate (RFC 7519 §2): seconds, whole or with a fraction, never negative.
fn numeric_date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Date;
    impl serde::de::Visitor<'_> for Date {
        type Value = u64;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("seconds since the Unix epoch")
        }
        fn visit_u64<E>(self, seconds: u64) -> Result<u64, E> {
            Ok(seconds)
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be in range; the fraction is dropped on purpose"
        )]
        fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<u64, E> {
            if (0.0..9e15).contains(&seconds) {
                Ok(seconds as u64)
            } else {
                Err(E::custom("out of range"))
            }
        }
    }
    deserializer.deserialize_any(Date)
}

fn optional_date<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    numeric_date(deserializer).map(Some)
}

#[cfg(test)]
mod tests;

//! The claims of a token (RFC 7519 §4.1), and what may be wrong with each.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::TokenError;
use crate::model::QuotaClaim;

/// A token's claims. Unknown claims are ignored, as RFC 7519 §4 requires.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The owner, 1 to [`MAX_OWNER_CHARS`](crate::auth::MAX_OWNER_CHARS) characters.
    pub sub: String,
    /// The token is refused from this time on.
    pub exp: u64,
    /// The token is refused before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// When the token was made. Not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// The audience that the token was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// Space-separated scopes.
    pub scope: String,
    /// The owner's quota, if it differs from the deployment's.
    #[serde(skip_serializing_if = "Option::is_none")]
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
    /// Whether this is, or includes, the audience.
    pub(super) fn includes(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// The name of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// `sub`: the owner.
    Subject,
    /// `exp`: the end of the token's life.
    Expiry,
    /// `nbf`: its beginning.
    NotBefore,
    /// `iat`: when it was made.
    IssuedAt,
    /// `aud`: for whom it was made.
    Audience,
    /// `scope`: what it allows.
    Scope,
    /// `quota`: how much the owner may keep.
    Quota,
}

impl Claim {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "sub",
            Self::Expiry => "exp",
            Self::NotBefore => "nbf",
            Self::IssuedAt => "iat",
            Self::Audience => "aud",
            Self::Scope => "scope",
            Self::Quota => "quota",
        }
    }

    /// The values that the claim may have, for people.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Subject => "a string",
            Self::Expiry | Self::NotBefore | Self::IssuedAt => {
                "a number: seconds since 1970-01-01 UTC"
            }
            Self::Audience => "a string or an array of strings",
            Self::Scope => "one string of scopes separated by spaces, not an array",
            Self::Quota => {
                "an object that has only the members images and bytes, with whole numbers or null"
            }
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Claims {
    /// Reads the claims of a payload whose signature is good.
    pub(super) fn read(mut payload: Map<String, Value>) -> Result<Self, TokenError> {
        let mut take = |claim: Claim| payload.remove(claim.as_str());
        Ok(Self {
            sub: required(Claim::Subject, text(Claim::Subject, take(Claim::Subject))?)?,
            exp: required(Claim::Expiry, date(Claim::Expiry, take(Claim::Expiry))?)?,
            nbf: date(Claim::NotBefore, take(Claim::NotBefore))?,
            iat: date(Claim::IssuedAt, take(Claim::IssuedAt))?,
            aud: nullable(Claim::Audience, take(Claim::Audience))?,
            scope: text(Claim::Scope, take(Claim::Scope))?.unwrap_or_default(),
            quota: nullable(Claim::Quota, take(Claim::Quota))?,
        })
    }
}

fn required<T>(claim: Claim, value: Option<T>) -> Result<T, TokenError> {
    value.ok_or(TokenError::Missing(claim))
}

fn text(claim: Claim, value: Option<Value>) -> Result<Option<String>, TokenError> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::Type(claim)),
    }
}

/// Reads a NumericDate (RFC 7519 §2): seconds, whole or with a fraction, never negative.
fn date(claim: Claim, value: Option<Value>) -> Result<Option<u64>, TokenError> {
    let Some(value) = value else { return Ok(None) };
    let whole = value.as_u64();
    let seconds = whole.or_else(|| value.as_f64().and_then(whole_seconds));
    seconds.map(Some).ok_or(TokenError::Type(claim))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be in range; the fraction is dropped on purpose"
)]
fn whole_seconds(seconds: f64) -> Option<u64> {
    (0.0..9e15).contains(&seconds).then_some(seconds as u64)
}

/// Reads a claim for which `null` is the same as its absence.
fn nullable<T: serde::de::DeserializeOwned>(
    claim: Claim,
    value: Option<Value>,
) -> Result<Option<T>, TokenError> {
    let value = value.unwrap_or_default();
    serde_json::from_value(value).map_err(|_| TokenError::Type(claim))
}

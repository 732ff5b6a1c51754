//! The variables that decide who has access: keys, tokens and signed URLs.

use super::values::{Values, refuse};
use super::{SettingsError, Variable};
use crate::auth::{KeyRing, Requirements};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "signing_keys",
        "",
        "2026-11:…",
        "Comma-separated list of `kid:base64url-secret`, at least 32 bytes each: `darkroom keygen` \
         prints one. The first key signs; all of them verify",
    )
    .required()
    .secret(),
    Variable::new(
        "token_audience",
        "",
        "darkroom",
        "Value that a token's `aud` must include",
    ),
    Variable::new(
        "max_token_seconds",
        "31536000",
        "86400",
        "Maximum time from now to a token's `exp`, in seconds: a year",
    ),
    Variable::new(
        "max_link_seconds",
        "604800",
        "86400",
        "Maximum lifetime of a signed URL",
    ),
    Variable::new(
        "link_bucket_seconds",
        "60",
        "300",
        "Interval to which the expiry of signed URLs is rounded up. URLs made within one \
         interval are identical, so caches can reuse them",
    ),
];

/// Who has access.
#[derive(Clone, Debug)]
pub struct Access {
    /// The keys of tokens, links, tickets and cursors.
    pub signing_keys: KeyRing,
    /// The value that a token's `aud` must include; `None`: `aud` is not checked.
    pub token_audience: Option<String>,
    /// How far a token's `exp` may be in the future, in seconds.
    pub max_token_seconds: u64,
    /// The longest lifetime of a signed URL in seconds.
    pub max_link_seconds: u64,
    /// The interval in seconds to which the expiry of signed URLs is rounded up, so that URLs
    /// made within one interval are the same.
    pub link_bucket_seconds: u64,
}

impl Access {
    /// What the deployment requires of tokens.
    pub fn token_requirements(&self) -> Requirements<'_> {
        Requirements {
            audience: self.token_audience.as_deref(),
            max_seconds: self.max_token_seconds,
        }
    }

    pub(super) fn read(values: &Values) -> Result<Self, SettingsError> {
        let keys = "signing_keys";
        Ok(Self {
            signing_keys: KeyRing::parse(values.text(keys))
                .map_err(|error| refuse(keys, error.to_string()))?,
            token_audience: values.get("token_audience").map(str::to_owned),
            max_token_seconds: values.number("max_token_seconds", 1..=3_153_600_000)?,
            max_link_seconds: values.number("max_link_seconds", 1..=31_536_000)?,
            link_bucket_seconds: values.number("link_bucket_seconds", 1..=86_400)?,
        })
    }
}

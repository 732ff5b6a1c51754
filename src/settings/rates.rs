//! The variables that limit what a client may do per minute.

use super::values::{Values, refuse};
use super::{SettingsError, Variable};
use crate::model::{RateLimit, RateLimits};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "rate_limit_requests",
        "0",
        "600",
        "Maximum number of requests per minute of an owner's tokens, or of an upload ticket; 0 \
         means no limit ([docs/operations.md](docs/operations.md#rate-limits))",
    ),
    Variable::new(
        "rate_limit_bytes",
        "0",
        "1073741824",
        "Maximum number of bytes per minute that they may send and receive; 0 means no limit. At \
         least `max_upload_bytes`",
    ),
];

/// Reads the limits.
pub(super) fn read(values: &Values, max_upload_bytes: u64) -> Result<RateLimits, SettingsError> {
    let limits = RateLimits {
        requests: limit(values, "rate_limit_requests", 1_000_000)?,
        bytes: limit(values, "rate_limit_bytes", 1 << 50)?,
    };
    match limits.bytes {
        Some(limit) if limit.per_minute < max_upload_bytes => {
            let rule = format!(
                "must be 0 or at least max_upload_bytes, which is {max_upload_bytes}, not {}",
                limit.per_minute
            );
            Err(refuse("rate_limit_bytes", rule))
        }
        _ => Ok(limits),
    }
}

fn limit(
    values: &Values,
    variable: &'static str,
    most: u64,
) -> Result<Option<RateLimit>, SettingsError> {
    let per_minute = values.number(variable, 0..=most)?;
    Ok((per_minute > 0).then_some(RateLimit { per_minute }))
}

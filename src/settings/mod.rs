//! Settings: every variable, parsed, checked and defaulted in this one place.
//!
//! They arrive as strings from the host's variables provider; [`Settings::parse`] either
//! accepts all of them or reports the one that is wrong and what was expected.
//!
//! Each part has its rows of the table of variables ([`variables`]) and the settings that
//! are read from them, which the application uses as they are:
//! - `access`: who has access: keys, tokens, signed URLs;
//! - `uploads`: the limits of uploads, whatever their content;
//! - `rates`: what a client may do per minute;
//! - `media`: which images are accepted, and what is stored of them: a [`Policy`];
//! - `derived`: which derived images may be requested, and what they may cost;
//! - `http`: URLs, origins, logging and metrics;
//! - `stores`: where bytes are kept, and how long;
//! - `catalog`: which database has the catalog, and whether it accepts changes.
//!
//! The table is the only source of names and defaults: `spin.toml` and README.md are
//! written from it (`cargo xtask variables`).

mod access;
mod catalog;
mod derived;
mod http;
mod media;
mod rates;
mod stores;
mod uploads;
mod values;

use std::collections::BTreeMap;

use crate::media::Policy;
use crate::model::RateLimits;

pub use access::Access;
pub use catalog::{Catalog, DatabaseSetting, PostgresConfig};
pub use derived::{Derived, Placeholders, TransformPolicy};
pub use http::{Http, MetricsAccess, Origins, RequestLog};
pub use stores::{BlobStoreSetting, Stores};
pub use uploads::Uploads;
use values::Values;

/// A variable: a row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The value used if it is not set; empty if there is none.
    pub default: &'static str,
    /// A value that differs from the default, to show its form. The component does not contain it.
    #[cfg(any(test, not(target_family = "wasm")))]
    pub example: &'static str,
    /// Whether the application cannot run without it.
    pub is_required: bool,
    /// Whether its value must not be shown.
    pub is_secret: bool,
    /// Its description in README.md. The component does not contain it.
    #[cfg(test)]
    description: &'static str,
}

impl Variable {
    const fn new(
        name: &'static str,
        default: &'static str,
        example: &'static str,
        description: &'static str,
    ) -> Self {
        #[cfg(not(test))]
        let _ = description;
        #[cfg(all(not(test), target_family = "wasm"))]
        let _ = example;
        Self {
            name,
            default,
            #[cfg(any(test, not(target_family = "wasm")))]
            example,
            is_required: false,
            is_secret: false,
            #[cfg(test)]
            description,
        }
    }

    const fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    const fn secret(self) -> Self {
        Self {
            is_secret: true,
            ..self
        }
    }
}

impl Variable {
    /// The value that has effect if the variable is set to `set`: surrounding spaces do not count,
    /// and an empty value counts as unset.
    pub fn effective<'a>(&self, set: Option<&'a str>) -> &'a str {
        let set = set.map(str::trim).filter(|value| !value.is_empty());
        set.unwrap_or(self.default)
    }
}

/// The table of all variables.
pub fn variables() -> impl Iterator<Item = &'static Variable> + Clone {
    let parts = [
        access::VARIABLES,
        uploads::VARIABLES,
        rates::VARIABLES,
        media::VARIABLES,
        derived::VARIABLES,
        http::VARIABLES,
        stores::VARIABLES,
        catalog::VARIABLES,
    ];
    parts.into_iter().flatten()
}

/// The configuration of a deployment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who has access.
    pub access: Access,
    /// The limits of uploads, whatever their content.
    pub uploads: Uploads,
    /// What a client may do per minute.
    pub rates: RateLimits,
    /// Which images are accepted, and what is stored of them.
    pub media: Policy,
    /// Which derived images may be requested, and what they may cost.
    pub derived: Derived,
    /// How the deployment communicates with clients.
    pub http: Http,
    /// Where bytes are kept, and how long.
    pub stores: Stores,
    /// Which database has the catalog, and whether it accepts changes.
    pub catalog: Catalog,
}

/// A variable that cannot be used. The message contains no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the variable {variable} {reason}")]
pub struct SettingsError {
    /// The variable's name.
    pub variable: &'static str,
    /// What was expected of it, phrased to follow its name.
    pub reason: String,
}

impl Settings {
    /// Reads all variables from a map of names to values.
    pub fn parse(set: &BTreeMap<&str, String>) -> Result<Self, SettingsError> {
        let values = Values(set);
        let uploads = Uploads::read(&values)?;
        Ok(Self {
            access: Access::read(&values)?,
            rates: rates::read(&values, uploads.max_bytes)?,
            uploads,
            media: media::read(&values)?,
            derived: Derived::read(&values)?,
            http: Http::read(&values)?,
            stores: Stores::read(&values)?,
            catalog: Catalog::read(&values)?,
        })
    }
}

/// The signing key of tests.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) const TEST_KEYS: &str = "test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

#[cfg(any(test, feature = "fuzzing"))]
impl Settings {
    /// The settings of a test: a signing key, the defaults, and the variables in `set`.
    pub(crate) fn of_test(set: &[(&'static str, &str)]) -> Result<Self, SettingsError> {
        let keys = [("signing_keys", TEST_KEYS)];
        let set = keys.iter().chain(set);
        Self::parse(
            &set.map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests;

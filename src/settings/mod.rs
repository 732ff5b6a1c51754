//! Settings: every variable, parsed, checked and defaulted in this one place.
//!
//! They come as strings from whatever provider the host has; [`Settings::parse`]
//! either understands all of them or names the one that is wrong, and what was expected.
//!
//! Each part has its rows of the table of variables ([`variables`]) and the settings that
//! come of them, which the application uses as they are:
//! - `access`: who gets in: keys, tokens, signed URLs;
//! - `uploads`: what uploads are held to, whatever is in them;
//! - `media`: which images are accepted, and what is stored of them: a [`Policy`];
//! - `http`: URLs, origins, what is logged and shown;
//! - `stores`: where bytes are kept, and how long.
//!
//! The table is the only place of names and defaults: `spin.toml` and README.md have them
//! from here (`cargo xtask variables`).

mod access;
mod http;
mod media;
mod stores;
mod uploads;
mod values;

use std::collections::BTreeMap;

use crate::media::Policy;

pub use access::Access;
pub use http::{Http, MetricsAccess, Origins, RequestLog};
pub use stores::{BlobStoreSetting, Stores};
pub use uploads::Uploads;
use values::Values;

/// A variable: a row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds where it is not set; empty if nothing does.
    pub default: &'static str,
    /// Whether the application cannot do without.
    pub is_required: bool,
    /// Whether nobody may see its value.
    pub is_secret: bool,
    /// What README.md says of it. The component does not carry it.
    #[cfg(test)]
    description: &'static str,
}

impl Variable {
    const fn new(name: &'static str, default: &'static str, description: &'static str) -> Self {
        #[cfg(not(test))]
        let _ = description;
        Self {
            name,
            default,
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

/// The table of all variables.
pub fn variables() -> impl Iterator<Item = &'static Variable> {
    let parts = [
        access::VARIABLES,
        uploads::VARIABLES,
        media::VARIABLES,
        http::VARIABLES,
        stores::VARIABLES,
    ];
    parts.into_iter().flatten()
}

/// What a deployment was configured to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who gets in.
    pub access: Access,
    /// What uploads are held to, whatever is in them.
    pub uploads: Uploads,
    /// Which images are accepted, and what is stored of them.
    pub media: Policy,
    /// How the deployment speaks with clients.
    pub http: Http,
    /// Where bytes are kept, and how long.
    pub stores: Stores,
}

/// A variable that cannot be used. The message holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the variable {variable} {reason}")]
pub struct SettingsError {
    /// The variable's name.
    pub variable: &'static str,
    /// What was expected of it, to be read after its name.
    pub reason: String,
}

impl Settings {
    /// Reads all variables from a map of names to values.
    pub fn parse(set: &BTreeMap<&str, String>) -> Result<Self, SettingsError> {
        let values = Values(set);
        Ok(Self {
            access: Access::read(&values)?,
            uploads: Uploads::read(&values)?,
            media: media::read(&values)?,
            http: Http::read(&values)?,
            stores: Stores::read(&values)?,
        })
    }
}

/// The signing key of tests.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) const TEST_KEYS: &str = "test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

#[cfg(any(test, feature = "fuzzing"))]
impl Settings {
    /// The settings of a test: a signing key, the defaults, and what is `set`.
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

//! The values of variables and how they are read: numbers are decimal, lists are separated
//! by commas, and an empty string counts as unset.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{SettingsError, variables};

/// The variables that are set.
pub(super) struct Values<'a>(pub(super) &'a BTreeMap<&'a str, String>);

impl Values<'_> {
    /// The value that is set, or else the default, if there is one.
    pub(super) fn get(&self, variable: &str) -> Option<&str> {
        Some(self.text(variable)).filter(|value| !value.is_empty())
    }

    /// The same, or an empty string.
    pub(super) fn text(&self, variable: &str) -> &str {
        let known = variables().find(|known| known.name == variable);
        let set = self.0.get(variable).map(String::as_str);
        known.map_or("", |known| known.effective(set))
    }

    /// The parts of a list, without empty ones.
    pub(super) fn list(&self, variable: &str) -> impl Iterator<Item = &str> {
        let parts = self.text(variable).split(',').map(str::trim);
        parts.filter(|part| !part.is_empty())
    }

    /// A whole number in this range.
    pub(super) fn number(
        &self,
        variable: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<u64, SettingsError> {
        let value = self.text(variable);
        let number = value.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (least, most) = range.into_inner();
            refuse(
                variable,
                format!("must be a whole number from {least} to {most}, not {value:?}"),
            )
        })
    }

    /// A number whose range fits into 32 bits.
    pub(super) fn small_number(
        &self,
        variable: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<u32, SettingsError> {
        let number = self.number(variable, range)?;
        Ok(number.try_into().unwrap_or(u32::MAX))
    }

    /// The value that belongs to one of these words.
    pub(super) fn word<T: Copy>(
        &self,
        variable: &'static str,
        words: &[(&str, T)],
    ) -> Result<T, SettingsError> {
        let value = self.text(variable);
        let found = words.iter().find(|(word, _)| *word == value);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            refuse_word(variable, &known, value)
        })
    }
}

fn refuse_word(variable: &'static str, known: &[&str], value: &str) -> SettingsError {
    let known = known.join(", ");
    refuse(variable, format!("must be one of {known}, not {value:?}"))
}

/// Creates the error of a variable; `reason` is phrased to follow its name.
pub(super) fn refuse(variable: &'static str, reason: impl Into<String>) -> SettingsError {
    SettingsError {
        variable,
        reason: reason.into(),
    }
}

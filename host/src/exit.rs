//! The exit code of a process: one of its own for a wrong setting, so that a supervisor can tell
//! it from a crash and need not start the process again.

use anyhow::Error;
use std::fmt;
use std::process::ExitCode;

/// `EX_CONFIG` of `sysexits.h`: a setting is wrong.
pub const CONFIGURATION: u8 = 78;

/// A setting is wrong: a variable, or an entry of a configuration file.
#[derive(Debug)]
pub struct WrongSetting(String);

impl WrongSetting {
    /// Creates the error from a description of what is wrong.
    pub fn new(description: impl Into<String>) -> Self {
        Self(description.into())
    }

    /// Classifies an error as a wrong setting.
    pub fn because(error: Error) -> Error {
        Error::new(Self(format!("{error:#}")))
    }
}

impl fmt::Display for WrongSetting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for WrongSetting {}

/// The exit code of a process that ends with this error.
pub fn code(error: &Error) -> ExitCode {
    if error.chain().any(|cause| cause.is::<WrongSetting>()) {
        ExitCode::from(CONFIGURATION)
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context as _, anyhow};

    #[test]
    fn a_wrong_setting_has_an_exit_code_of_its_own() {
        let wrong = anyhow!("must be a number").context("the variable a");
        let wrong = WrongSetting::because(wrong);
        assert_eq!(format!("{wrong:#}"), "the variable a: must be a number");
        let within = Err::<(), _>(wrong).context("cannot serve").unwrap_err();
        assert_eq!(code(&within), ExitCode::from(CONFIGURATION));
        assert_eq!(code(&anyhow!("a disk is full")), ExitCode::FAILURE);
    }
}

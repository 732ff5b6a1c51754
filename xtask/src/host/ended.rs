//! The error for a program that ended by itself.

use std::fmt;
use std::path::Path;
use std::process::ExitStatus;

/// `EX_CONFIG` of `sysexits.h`, with which a host ends if a setting is wrong.
pub(crate) const EX_CONFIG: u8 = 78;

/// A program ended by itself.
#[derive(Debug)]
pub(crate) struct Ended {
    program: &'static str,
    status: ExitStatus,
    /// The end of its log; `None` if its messages are shown already.
    log: Option<String>,
}

impl Ended {
    /// The error for a program with this log, or one whose messages are shown already.
    pub(crate) fn new(program: &'static str, status: ExitStatus, log: Option<&Path>) -> Self {
        Self {
            program,
            status,
            log: log.map(last_lines),
        }
    }

    /// Whether a setting is wrong, and the message that says so is shown already.
    pub(crate) fn has_named_a_wrong_setting(&self) -> bool {
        self.log.is_none() && self.status.code() == Some(EX_CONFIG.into())
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ended ({}); ", self.program, self.status)?;
        match &self.log {
            Some(log) => write!(formatter, "its message: {log}"),
            None => formatter.write_str("its message is above"),
        }
    }
}

impl std::error::Error for Ended {}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn a_wrong_setting_is_not_reported_twice() {
        let ended = |code: i32, log: Option<&Path>| {
            let status = ExitStatus::from_raw(code << 8);
            Ended::new("the host", status, log).has_named_a_wrong_setting()
        };
        assert!(ended(78, None));
        assert!(!ended(1, None));
        assert!(!ended(78, Some(Path::new("/nowhere/log"))));
    }
}

//! What clippy finds while it builds what tests run ([`cargo::lint_builds`]).

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::cargo;

/// Runs a build of cargo, and fails if clippy finds anything. What it found in an earlier build is
/// reported again.
pub(super) fn check(mut build: Command) -> Result<()> {
    build.arg("--message-format=json");
    let shown = cargo::shown(&build);
    let mut child = build
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let stdout = child.stdout.take().context("cargo has no stdout")?;
    let mut found = 0_u32;
    for line in BufReader::new(stdout).lines() {
        if let Some(diagnostic) = diagnostic(&line?) {
            eprint!("{diagnostic}");
            found += 1;
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "`{shown}` failed ({status})");
    ensure!(found == 0, "clippy has found something in `{shown}`");
    Ok(())
}

/// The text of a diagnostic, if that is what cargo reports on this line.
fn diagnostic(line: &str) -> Option<String> {
    let report: Value = serde_json::from_str(line).ok()?;
    let is_diagnostic = report["reason"] == "compiler-message";
    is_diagnostic.then(|| {
        report["message"]["rendered"]
            .as_str()
            .unwrap_or(line)
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_are_told_from_other_reports() {
        let warning = r#"{"reason":"compiler-message","message":{"rendered":"warning: unused"}}"#;
        assert_eq!(diagnostic(warning).as_deref(), Some("warning: unused"));
        assert_eq!(diagnostic(r#"{"reason":"compiler-artifact"}"#), None);
        assert_eq!(diagnostic("running 3 tests"), None);
    }
}

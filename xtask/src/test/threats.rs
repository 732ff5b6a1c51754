//! `SECURITY.md` names the tests of the defence against each threat: those tests must exist.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::steps::STEPS;

/// The folder of the tests that are named without one.
const END_TO_END: &str = "tests/api";
/// The prefix of a step of this command.
const STEP: &str = "cargo xtask test --only ";

/// Checks that every test in the last column of the table of threats exists. The error lists all
/// that are missing.
pub(crate) fn check(root: &Path) -> Result<()> {
    let text = fs::read_to_string(root.join("SECURITY.md")).context("SECURITY.md")?;
    let named = named(&text);
    ensure!(!named.is_empty(), "SECURITY.md has no table of threats");
    let missing: Vec<&str> = named
        .into_iter()
        .filter(|name| !exists(root, name))
        .collect();
    ensure!(
        missing.is_empty(),
        "SECURITY.md names tests that do not exist: {}",
        missing.join(", ")
    );
    Ok(())
}

/// The names in backquotes in the last column of tables. For a cell without any, its whole text.
fn named(text: &str) -> Vec<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = rows.filter(|row| !row.starts_with("---") && !row.ends_with("| tested in |"));
    let cells = rows.map(|row| {
        let row = row.trim_end_matches([' ', '|']);
        row.rsplit_once(" | ").map_or(row, |(_, last)| last)
    });
    let names = cells.map(|cell| {
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        if names.is_empty() { vec![cell] } else { names }
    });
    names.flatten().collect()
}

fn exists(root: &Path, name: &str) -> bool {
    if let Some(step) = name.strip_prefix(STEP) {
        return STEPS.iter().any(|known| known.name == step);
    }
    let path = if name.starts_with("src/") || name.starts_with("host/") {
        root.join(name)
    } else {
        root.join(END_TO_END).join(name)
    };
    has_tests(&path.with_extension("rs")) || has_tests(&path)
}

/// Whether a file, or any file in a folder, has tests.
fn has_tests(path: &Path) -> bool {
    if path.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        return paths.iter().any(|path| has_tests(path));
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    ["#[test]", "#[tokio::test]"]
        .iter()
        .any(|attribute| text.contains(attribute))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo;

    #[test]
    fn the_last_column_names_tests() {
        let text = "| threat | defence | tested in |\n| --- | --- | --- |\n\
            | a | `b` | `c`, `d/e` |\n\n| `f` | g | nowhere |\n";
        assert_eq!(named(text), ["c", "d/e", "nowhere"]);
    }

    #[test]
    fn tests_are_files_folders_or_steps() {
        let check = |name: &str, expected: bool| {
            assert_eq!(exists(&cargo::root(), name), expected, "{name}");
        };
        check("hostile/abuse/framing", true);
        check("hostile/abuse", true);
        check("src/media", true);
        check("cargo xtask test --only supply", true);
        check("hostile/abuse/nothing", false);
        // A module without a test of its own.
        check("support/raw", false);
        check("cargo xtask test --only nothing", false);
        check("nowhere", false);
    }
}

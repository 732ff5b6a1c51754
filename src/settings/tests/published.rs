//! `spin.toml` and README.md contain the variables of the table, their defaults and their
//! descriptions. Pages in `docs/` repeat some of them.

use std::path::Path;
use std::{env, fs};

use super::*;

/// `cargo xtask variables` sets this to have the files written.
const WRITE: &str = "DARKROOM_WRITE_VARIABLES";

/// Checks that a file has these lines between the line `after` and the next empty line; or
/// writes them, if that is requested.
fn check_lines(name: &str, after: &str, lines: &[String]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = fs::read_to_string(&path).expect("a file");
    let heading = format!("\n{after}\n");
    let (before, rest) = text.split_once(&heading).expect("the line before");
    let (found, rest) = rest.split_once("\n\n").expect("an empty line");
    let expected = lines.join("\n");
    if env::var_os(WRITE).is_some() {
        let text = format!("{before}{heading}{expected}\n\n{rest}");
        fs::write(&path, text).expect("written");
    } else {
        let must = format!(
            "after {after}, {name} must contain these lines (`cargo xtask variables` writes them)"
        );
        assert!(found == expected, "{must}:\n{expected}");
    }
}

fn lines(line: impl Fn(&Variable) -> String) -> Vec<String> {
    variables().map(line).collect()
}

#[test]
fn the_manifest_and_the_readme_list_all_variables() {
    let declaration = |variable: &Variable| {
        let Variable { name, default, .. } = variable;
        let value = if variable.is_required {
            "required = true".to_owned()
        } else {
            format!("default = {default:?}")
        };
        let secret = if variable.is_secret {
            ", secret = true"
        } else {
            ""
        };
        format!("{name} = {{ {value}{secret} }}")
    };
    check_lines("spin.toml", "[variables]", &lines(declaration));

    let grant = |variable: &Variable| format!("{0} = \"{{{{ {0} }}}}\"", variable.name);
    let heading = "[component.darkroom.variables]";
    check_lines("spin.toml", heading, &lines(grant));
    check_variant();

    let row = |variable: &Variable| {
        let default = match variable.default {
            _ if variable.is_required => "required".to_owned(),
            "" => String::new(),
            number if number.parse::<u64>().is_ok() => number.to_owned(),
            word => format!("`{word}`"),
        };
        let Variable {
            name,
            example,
            description,
            ..
        } = variable;
        format!("| `{name}` | {default} | `{example}` | {description} |").replace("|  |", "| |")
    };
    let heading = "| Variable | Default | Example | Description |\n| --- | --- | --- | --- |";
    check_lines("README.md", heading, &lines(row));
}

#[test]
fn the_pages_show_the_defaults_of_the_table() {
    let mut shown = 0;
    for page in [
        include_str!("../../../docs/access.md"),
        include_str!("../../../docs/stores.md"),
    ] {
        let (_, rows) = page
            .split_once("| variable | default | description |")
            .expect("a table");
        for row in rows.lines().skip(2).take_while(|row| row.starts_with('|')) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let (name, default) = (cells[1].trim_matches('`'), cells[2].trim_matches('`'));
            let variable = variables().find(|variable| variable.name == name);
            let variable = variable.unwrap_or_else(|| panic!("no variable {name}"));
            // Those of S3 are required only if blobs are there.
            let is_required = default == "required";
            let expected = if is_required { "" } else { default };
            assert_eq!(variable.default, expected, "{name}");
            shown += 1;
        }
    }
    assert_eq!(shown, 16);
}

/// What differs in the manifest for hosts without SQLite, whose requests have at most 10 MiB.
const DEFAULTS_THERE: [(&str, &str); 3] = [
    ("catalog", "postgres"),
    ("blob_store", "s3"),
    ("max_upload_bytes", "10000000"),
];

/// The manifest of `deploy/akamai`, made of `spin.toml`.
fn variant(manifest: &str) -> String {
    let mut lines = vec![
        "# Made of spin.toml by `cargo xtask variables`, for hosts without SQLite: docs/deploy.md."
            .to_owned(),
    ];
    for line in manifest.lines() {
        let (key, value) = line.split_once(" = ").unwrap_or((line, ""));
        let default = DEFAULTS_THERE.iter().find(|(name, _)| *name == key);
        match (key, default) {
            ("sqlite_databases" | "watch", _) => {}
            ("source", _) => lines.push(line.replace("\"target/", "\"../../target/")),
            ("command", _) => lines.extend([line.to_owned(), "workdir = \"../..\"".to_owned()]),
            (_, Some((_, default))) if value.starts_with("{ default") => {
                lines.push(format!("{key} = {{ default = {default:?} }}"));
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n") + "\n"
}

/// Checks that the manifest of `deploy/akamai` is made of `spin.toml`; or makes it, if that is
/// requested.
fn check_variant() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("spin.toml")).expect("a file");
    let path = root.join("deploy/akamai/spin.toml");
    let expected = variant(&manifest);
    if env::var_os(WRITE).is_some() {
        fs::write(path, expected).expect("written");
    } else {
        let found = fs::read_to_string(path).expect("a file");
        assert!(found == expected, "run `cargo xtask variables`");
    }
}

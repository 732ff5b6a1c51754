//! `spin.toml` and README.md contain the variables of the table, their defaults and their
//! descriptions.

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

//! The fence between the parts of `src/`: the names that each part must not contain.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::source::words;

/// Names that parts must not contain: crates and, after `crate::`, modules and their submodules.
struct Rule {
    /// Modules of the crate: a folder, a file, or both.
    parts: &'static [&'static str],
    crates: &'static [&'static str],
    modules: &'static [&'static str],
    /// Files that are exempt, because they assemble an application for tests.
    except: &'static [&'static str],
    why: &'static str,
}

/// Parts without a rule, which assemble the application and may name everything.
#[cfg(test)]
const FREE: &[&str] = &["lib", "spin", "conformance", "fuzz", "testing"];

const RULES: &[Rule] = &[
    Rule {
        parts: &[
            "app", "auth", "blobs", "catalog", "cause", "http", "media", "model", "number",
            "patience", "platform", "service", "settings", "trace",
        ],
        crates: &["spin_sdk", "wit_bindgen"],
        modules: &["spin"],
        except: &[],
        why: "only src/spin and src/lib.rs know Spin, so that the rest runs natively",
    },
    Rule {
        parts: &[
            "auth", "blobs", "catalog", "cause", "http", "media", "model", "number", "patience",
            "platform", "service", "settings", "trace",
        ],
        crates: &[],
        modules: &["app"],
        except: &["http/testing.rs"],
        why: "only the edge and tests assemble the application",
    },
    Rule {
        parts: &[
            "auth", "blobs", "catalog", "cause", "media", "model", "number", "patience",
            "platform", "service", "settings", "trace",
        ],
        crates: &["axum"],
        modules: &["http"],
        except: &[],
        why: "only src/http knows HTTP",
    },
    Rule {
        parts: &[
            "auth", "blobs", "catalog", "cause", "media", "model", "number", "patience",
            "platform", "settings", "trace",
        ],
        crates: &[],
        modules: &["service"],
        except: &[],
        why: "stores and pure functions do not know their callers",
    },
    Rule {
        parts: &["cause", "model", "number"],
        crates: &[],
        modules: &[
            "auth", "blobs", "catalog", "http", "media", "patience", "platform", "service",
            "settings", "spin", "trace",
        ],
        except: &[],
        why: "the types of the model depend on nothing",
    },
    Rule {
        parts: &["platform"],
        crates: &[],
        modules: &[
            "auth", "blobs", "catalog", "media", "patience", "settings", "trace",
        ],
        except: &[],
        why: "the interface to the host depends on the types of the model alone",
    },
    Rule {
        parts: &["auth", "http", "media", "trace"],
        crates: &[],
        modules: &["blobs", "catalog"],
        except: &[
            "http/testing.rs",
            "http/tests.rs",
            "http/tests",
            "http/fuzz",
        ],
        why: "only the service uses the stores",
    },
    Rule {
        parts: &["http/headers"],
        crates: &[],
        modules: &["http::input", "http::layers", "http::routes"],
        except: &[],
        why: "header fields are parsed without knowing their purpose",
    },
    Rule {
        parts: &["http/input", "http/reply"],
        crates: &[],
        modules: &["http::layers", "http::routes"],
        except: &[],
        why: "routes use input and replies, and not the other way round",
    },
    Rule {
        parts: &["http/reply"],
        crates: &[],
        modules: &["http::input"],
        except: &[],
        why: "a reply is made without knowing how the request was read",
    },
    Rule {
        parts: &["blobs"],
        crates: &[],
        modules: &["catalog"],
        except: &[],
        why: "the blobs do not know the records that refer to them",
    },
    Rule {
        parts: &["catalog"],
        crates: &[],
        modules: &["auth", "blobs", "media", "patience", "settings", "trace"],
        except: &[],
        why: "the records do not know the blobs, nor who may see them",
    },
];

/// Checks every file below `src`. The error lists all violations.
pub(crate) fn check(src: &Path) -> Result<()> {
    let mut found = Vec::new();
    for rule in RULES {
        for part in rule.parts {
            for path in [src.join(part), src.join(part).with_extension("rs")] {
                if path.exists() {
                    check_path(rule, src, &path, &mut found)?;
                }
            }
        }
    }
    ensure!(found.is_empty(), "\n{}", found.join("\n"));
    Ok(())
}

fn check_path(rule: &Rule, src: &Path, path: &Path, found: &mut Vec<String>) -> Result<()> {
    let is_free = |except: &&str| path == src.join(except);
    if rule.except.iter().any(is_free) {
        return Ok(());
    }
    let unreadable = || format!("cannot read {}", path.display());
    if path.is_dir() {
        for entry in fs::read_dir(path).with_context(unreadable)? {
            check_path(rule, src, &entry?.path(), found)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = fs::read_to_string(path).with_context(unreadable)?;
        let violations = violations(rule, &text).with_context(unreadable)?;
        for (line, name) in violations {
            found.push(format!(
                "{}:{line}: must not name {name}: {}",
                path.display(),
                rule.why
            ));
        }
    }
    Ok(())
}

/// The forbidden names in a source text, with their lines.
fn violations(rule: &Rule, text: &str) -> Result<Vec<(usize, String)>> {
    let words = words(text)?;
    let mut found = Vec::new();
    for (at, (line, word)) in words.iter().enumerate() {
        if rule.crates.contains(&word.as_str()) {
            found.push((*line, word.clone()));
        }
        if word == "crate" || word == "super" {
            for (line, module) in after(&words[at + 1..]) {
                if rule.modules.contains(&module) {
                    found.push((line, format!("{word}::{module}")));
                }
            }
            let [_, _, (_, part), inner @ ..] = &words[at..] else {
                continue;
            };
            for (line, module) in after(inner) {
                let module = format!("{part}::{module}");
                if rule.modules.contains(&module.as_str()) {
                    found.push((line, format!("{word}::{module}")));
                }
            }
        }
    }
    Ok(found)
}

/// The names that directly follow `crate`: one after `::`, several after `::{`.
fn after(words: &[(usize, String)]) -> Vec<(usize, &str)> {
    let mut words = words.iter().map(|(line, word)| (*line, word.as_str()));
    if words.next().map(|(_, word)| word) != Some("::") {
        return Vec::new();
    }
    let mut names = Vec::new();
    let (mut depth, mut at_start) = (0, true);
    for (line, word) in words {
        match word {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," => at_start = depth == 1,
            name => {
                if at_start {
                    names.push((line, name));
                }
                at_start = false;
            }
        }
        if depth == 0 {
            break;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        let only_http = RULES.iter().find(|rule| rule.crates == ["axum"]);
        violations(only_http.expect("a rule"), text).expect("Rust")
    }

    #[test]
    fn each_rule_finds_every_name_that_it_forbids() {
        for rule in RULES {
            for module in rule.modules {
                let text = format!("use crate::{module}::Name;");
                let expected = [(1, format!("crate::{module}"))];
                assert_eq!(
                    violations(rule, &text).expect("Rust"),
                    expected,
                    "{}",
                    rule.why
                );
            }
            for name in rule.crates {
                let text = format!("use {name}::Name;");
                let found = violations(rule, &text).expect("Rust");
                assert_eq!(found, [(1, (*name).to_owned())]);
            }
        }
    }

    #[test]
    fn every_part_of_the_application_has_a_rule() {
        let parts: Vec<&str> = RULES.iter().flat_map(|rule| rule.parts).copied().collect();
        let source = crate::cargo::root().join("src");
        for entry in fs::read_dir(source).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy();
            let known = parts.contains(&&*name) || FREE.contains(&&*name);
            assert!(known, "{name} has no rule");
        }
    }

    #[test]
    fn a_crate_is_found_wherever_it_is_named() {
        assert_eq!(found("use axum::Router;"), [(1, "axum".to_owned())]);
        assert_eq!(
            found("\nfn f() -> ::axum::Body {}"),
            [(2, "axum".to_owned())]
        );
        assert!(found("use axum_like::Router; let axum2 = 1;").is_empty());
    }

    #[test]
    fn a_module_is_found_by_path_and_in_groups() {
        let expected = [(1, "crate::http".to_owned())];
        assert_eq!(found("use crate::http::range;"), expected);
        assert_eq!(found("use crate::{auth::{self, Grant}, http};"), expected);
        assert_eq!(found("crate::http::problem(1)"), expected);
        assert_eq!(found("use super::http;"), [(1, "super::http".to_owned())]);
    }

    #[test]
    fn a_module_of_a_module_is_found_by_path_and_in_groups() {
        let rule = RULES.iter().find(|rule| rule.parts == ["http/reply"]);
        let found = |text: &str| violations(rule.expect("a rule"), text).expect("Rust");
        let expected = [(1, "crate::http::input".to_owned())];
        assert_eq!(found("use crate::http::input;"), expected);
        assert_eq!(found("use crate::http::input::json::Json;"), expected);
        assert_eq!(found("use crate::http::{app, input::json};"), expected);
        for permitted in ["use crate::http::headers::input;", "use crate::input;"] {
            assert!(found(permitted).is_empty(), "{permitted}");
        }
    }

    #[test]
    fn other_items_of_the_same_name_are_permitted() {
        for text in [
            "use crate::auth::{http, token};",
            "use crate::{auth::http};",
            "use crate::media; use other::{http};",
            "http::StatusCode",
            "pub(crate) fn http() {}",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn comments_and_literals_are_skipped() {
        for text in [
            "// axum\n/// axum\n//! axum",
            "/* axum /* axum */ axum */",
            r#""axum \" axum" b"axum""#,
            r##"r#"axum " axum"# br"axum""##,
            "'\\'' '\"' /* axum */ '\"'",
            "fn f<'a>(x: &'a str) /* axum */ {}",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
        assert_eq!(
            found("\"a\nb\" /*\n*/ r\"\n\" axum").last(),
            Some(&(4, "axum".to_owned()))
        );
    }
}

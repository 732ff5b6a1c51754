//! Text of the document as HTML.

use serde_json::Value;

use crate::http::reply::page::prose;

/// A string; empty where there is none.
pub(super) fn of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// As much of Markdown as the document has: paragraphs, and code between backquotes.
pub(super) fn markdown(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(str::trim);
    let paragraphs = paragraphs.filter(|paragraph| !paragraph.is_empty());
    paragraphs
        .map(|paragraph| format!("<p>{}</p>\n", prose(paragraph)))
        .collect()
}

/// What a reference refers to, and its name.
pub(super) fn resolve<'a>(document: &'a Value, value: &'a Value) -> (&'a Value, Option<&'a str>) {
    match value["$ref"].as_str() {
        Some(reference) => {
            let found = document.pointer(reference.trim_start_matches('#'));
            (
                found.expect("a reference that leads somewhere"),
                reference.rsplit('/').next(),
            )
        }
        None => (value, None),
    }
}

//! Text of the document as HTML.

use serde_json::Value;

use crate::openapi::markup::prose;

/// A string, or an empty one if the value is not a string.
pub(super) fn of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The subset of Markdown that the document uses: paragraphs, and code in backquotes.
pub(super) fn markdown(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(str::trim);
    let paragraphs = paragraphs.filter(|paragraph| !paragraph.is_empty());
    paragraphs
        .map(|paragraph| format!("<p>{}</p>\n", prose(paragraph)))
        .collect()
}

/// The object that a reference points to, and its name.
pub(super) fn resolve<'a>(document: &'a Value, value: &'a Value) -> (&'a Value, Option<&'a str>) {
    match value["$ref"].as_str() {
        Some(reference) => {
            let found = document.pointer(reference.trim_start_matches('#'));
            (
                found.expect("the reference has a target"),
                reference.rsplit('/').next(),
            )
        }
        None => (value, None),
    }
}

//! The value of a parameter that is given in JSON.

use serde_json::Value;

/// The text of a parameter of a transform as JSON has it: a string, or a number, which stands
/// for its text.
pub fn parameter_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_numbers_are_values() {
        for (json, text) in [
            ("\"cover\"", Some("cover")),
            ("300", Some("300")),
            ("1.5", Some("1.5")),
            ("-1", Some("-1")),
            ("true", None),
            ("null", None),
            ("[1]", None),
        ] {
            let value: Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(parameter_text(&value).as_deref(), text, "{json}");
        }
    }
}

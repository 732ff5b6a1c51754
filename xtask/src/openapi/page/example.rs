//! Examples of objects as JSON that is easy to read.

use serde_json::Value;

use super::text::resolve;

/// The longest list or object that is written on one line, in bytes.
const LINE: usize = 80;

/// The example of a schema that has one.
pub(super) fn example(document: &Value, name: &str) -> Option<String> {
    let value = document["components"]["examples"].get(name)?.get("value")?;
    let schema = &document["components"]["schemas"][name];
    Some(lines(document, schema, value, 0))
}

/// A value with one line for each of its members or items.
fn lines(document: &Value, schema: &Value, value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth + 1);
    let part = |schema: &Value, value: &Value| match line(document, schema, value) {
        line if line.len() <= LINE => line,
        _ => lines(document, schema, value, depth + 1),
    };
    let (open, parts, close) = match value {
        Value::Object(_) => {
            let members = members(document, schema, value).into_iter();
            let parts = members
                .map(|(name, schema, value)| format!("{indent}\"{name}\": {}", part(schema, value)))
                .collect();
            ('{', parts, '}')
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| (&schema["items"], item));
            let parts: Vec<String> = items
                .map(|(schema, item)| format!("{indent}{}", part(schema, item)))
                .collect();
            ('[', parts, ']')
        }
        other => return other.to_string(),
    };
    let outer = "  ".repeat(depth);
    format!("{open}\n{}\n{outer}{close}", parts.join(",\n"))
}

/// A value on one line.
fn line(document: &Value, schema: &Value, value: &Value) -> String {
    match value {
        Value::Object(_) => {
            let members = members(document, schema, value).into_iter();
            let parts: Vec<String> = members
                .map(|(name, schema, value)| {
                    format!("\"{name}\": {}", line(document, schema, value))
                })
                .collect();
            format!("{{{}}}", parts.join(", "))
        }
        Value::Array(items) => {
            let items = items.iter();
            let parts: Vec<String> = items
                .map(|item| line(document, &schema["items"], item))
                .collect();
            format!("[{}]", parts.join(", "))
        }
        other => other.to_string(),
    }
}

/// The members of an object, each with its schema: the required ones first, in the order of
/// the schema.
fn members<'a>(
    document: &'a Value,
    schema: &'a Value,
    object: &'a Value,
) -> Vec<(&'a str, &'a Value, &'a Value)> {
    let (schema, _) = resolve(document, schema);
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    let schema = alternatives
        .map(|schema| resolve(document, schema).0)
        .find(|schema| required(schema).all(|name| object.get(name).is_some()))
        .unwrap_or(schema);
    let required: Vec<&str> = required(schema).collect();
    let place = |name: &str| {
        let found = required.iter().position(|required| *required == name);
        found.unwrap_or(required.len())
    };
    let members = object.as_object().into_iter().flatten();
    let mut members: Vec<_> = members
        .map(|(name, value)| (name.as_str(), &schema["properties"][name], value))
        .collect();
    members.sort_by_key(|(name, _, _)| place(name));
    members
}

/// The members that the schema requires.
fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema["required"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_follow_the_order_of_their_schema_and_long_ones_are_split_into_lines() {
        let long = "x".repeat(LINE);
        let document = json!({"components": {
            "schemas": {
                "Inner": {"required": ["y", "x"]},
                "Outer": {
                    "required": ["c", "b", "d"],
                    "properties": {
                        "b": {"$ref": "#/components/schemas/Inner"},
                        "d": {"items": {"$ref": "#/components/schemas/Inner"}},
                    },
                },
            },
            "examples": {"Outer": {"value": {
                "a": null, "b": {"x": 1, "y": []}, "c": "c", "d": [{"x": 1, "y": long}],
            }}},
        }});
        let text = example(&document, "Outer").expect("an example");
        let expected = format!(
            "{{\n  \"c\": \"c\",\n  \"b\": {{\"y\": [], \"x\": 1}},\n  \"d\": [\n    {{\n      \
             \"y\": \"{long}\",\n      \"x\": 1\n    }}\n  ],\n  \"a\": null\n}}"
        );
        assert_eq!(text, expected);
        assert_eq!(example(&document, "Inner"), None);
    }
}

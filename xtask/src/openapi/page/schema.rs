//! Schemas as HTML: briefly where they are used, and as tables of members.

use serde_json::Value;

use super::example::example;
use super::text::{markdown, of};
use crate::openapi::markup::{escape, prose};

/// A named schema, with its members and an example.
pub(super) fn object(document: &Value, name: &str, schema: &Value) -> String {
    let mut html = format!("<section id=\"{name}\">\n<h3>{name}</h3>\n");
    html += &markdown(of(&schema["description"]));
    match schema["properties"].as_object() {
        Some(_) => html += &members(schema),
        None => html += &format!("<p>{}{}</p>\n", kind(schema), limits(schema)),
    }
    if let Some(example) = example(document, name) {
        html += &format!("<pre><code>{}</code></pre>\n", escape(&example));
    }
    html + "</section>\n"
}

/// The members of an object: the required ones first, in the order of the schema.
fn members(schema: &Value) -> String {
    let properties = schema["properties"].as_object().expect("an object");
    let required = schema["required"].as_array();
    let required: Vec<&str> = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let optional = properties.keys().map(String::as_str);
    let optional = optional.filter(|name| !required.contains(name));
    let rows = required.iter().copied().chain(optional).map(|name| {
        let member = &properties[name];
        let mark = if required.contains(&name) {
            ""
        } else {
            " <span class=\"faint\">optional</span>"
        };
        row(name, mark, member, &description(member))
    });
    format!("<table>\n{}</table>\n", rows.collect::<String>())
}

/// A row of a table: a name, its type and limits, and its description.
pub(super) fn row(name: &str, mark: &str, schema: &Value, description: &str) -> String {
    format!(
        "<tr><th><code>{}</code>{mark}</th><td><span class=\"faint\">{}</span>{}<br>{}</td></tr>\n",
        escape(name),
        kind(schema),
        limits(schema),
        prose(description),
    )
}

/// The description of a member. For one that may also be `null`, it is in an alternative.
fn description(schema: &Value) -> String {
    let own = of(&schema["description"]);
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    let mut descriptions = [own]
        .into_iter()
        .chain(alternatives.map(|one| of(&one["description"])));
    descriptions
        .find(|description| !description.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// The type of a value, in a few words.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next())
    {
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    if let Some(alternatives) = schema["oneOf"].as_array() {
        let alternatives: Vec<String> = alternatives.iter().map(kind).collect();
        return alternatives.join(" or ");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words
            .iter()
            .map(|word| format!("<code>{}</code>", word.to_string().trim_matches('"')))
            .collect();
        return words.join(" or ");
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().map(of).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => return "any value".to_owned(),
    };
    let types: Vec<String> = types.iter().map(|one| named(one, schema)).collect();
    types.join(" or ")
}

fn named(one: &str, schema: &Value) -> String {
    match (one, of(&schema["format"])) {
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("object of {}", kind(&schema["additionalProperties"]))
        }
        ("string", "binary") => "file".to_owned(),
        ("string", "date-time") => "time".to_owned(),
        ("string", "uri-reference") => "URL".to_owned(),
        ("string", "uuid") => "UUID".to_owned(),
        _ => one.to_owned(),
    }
}

/// The bounds of a value.
fn limits(schema: &Value) -> String {
    let words = [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minItems", "items at least:"),
        ("maxItems", "items at most:"),
        ("default", "by default"),
    ];
    let limits = words.into_iter().filter_map(|(keyword, words)| {
        let value = schema.get(keyword)?;
        Some(format!(", {words} {value}"))
    });
    escape(&limits.collect::<String>())
}

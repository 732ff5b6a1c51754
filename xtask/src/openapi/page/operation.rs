//! An operation as HTML.

use serde_json::Value;

use super::example::example;
use super::schema;
use super::text::{markdown, of, resolve};
use crate::openapi::markup::{escape, prose};

/// The badge of a method, with a colour for each method.
pub(super) fn badge(method: &str) -> String {
    format!(
        "<span class=\"method {method}\">{}</span>",
        method.to_uppercase()
    )
}

/// The operation: its description, parameters, body, responses and an example.
pub(super) fn operation(
    document: &Value,
    (method, path, operation): super::Operation<'_>,
) -> String {
    let name = of(&operation["operationId"]);
    let mut html = format!(
        "<section id=\"{name}\">\n<h3><a href=\"#{name}\">{}</a></h3>\n\
         <p class=\"target\">{} <code>{}</code></p>\n",
        escape(of(&operation["summary"])),
        badge(method),
        escape(path),
    );
    html += &markdown(of(&operation["description"]));
    html += &access(operation);
    html += &parameters(document, operation);
    html += &request(operation);
    html += &samples(operation);
    html += &responses(document, operation);
    html + "</section>\n"
}

/// The commands that show how to use the operation, with their labels if there are several.
fn samples(operation: &Value) -> String {
    let samples: Vec<&Value> = operation["x-codeSamples"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let sample = |sample: &&Value| {
        let label = match samples.len() {
            1 => String::new(),
            _ => format!("<p>{}:</p>\n", escape(of(&sample["label"]))),
        };
        let source = escape(of(&sample["source"]));
        format!("{label}<pre><code>{source}</code></pre>\n")
    };
    samples.iter().map(sample).collect()
}

/// Which credentials the operation needs.
fn access(operation: &Value) -> String {
    let ways = operation["security"].as_array().into_iter().flatten();
    let mut ways = ways.peekable();
    if ways.peek().is_none() {
        return "<p class=\"faint\">Needs no credentials.</p>\n".to_owned();
    }
    let ways = ways.map(
        |way| match way.as_object().and_then(|way| way.iter().next()) {
            None => "nothing, where the image is public".to_owned(),
            Some((scheme, scopes)) => {
                let scopes: Vec<&str> = scopes.as_array().into_iter().flatten().map(of).collect();
                let with = if scopes.is_empty() {
                    String::new()
                } else {
                    format!(" with <code>{}</code>", scopes.join(" "))
                };
                format!("<a href=\"#{scheme}\">{scheme}</a>{with}")
            }
        },
    );
    format!(
        "<p class=\"faint\">Needs: {}</p>\n",
        ways.collect::<Vec<_>>().join(", or ")
    )
}

fn parameters(document: &Value, operation: &Value) -> String {
    let Some(parameters) = operation["parameters"].as_array() else {
        return String::new();
    };
    let rows = parameters.iter().map(|parameter| {
        let (parameter, _) = resolve(document, parameter);
        let place = of(&parameter["in"]);
        let mark = format!(" <span class=\"faint\">{place}</span>");
        let description = of(&parameter["description"]);
        schema::row(
            of(&parameter["name"]),
            &mark,
            &parameter["schema"],
            description,
        )
    });
    format!(
        "<h4>Parameters</h4>\n<table>\n{}</table>\n",
        rows.collect::<String>()
    )
}

/// The media types of a body, each with the schema of its content.
fn contents(content: &Value) -> String {
    let all = content.as_object().into_iter().flatten();
    let all = all.map(|(media_type, content)| {
        let kind = match content.get("schema") {
            Some(of) => format!(" {}", schema::kind(of)),
            None => String::new(),
        };
        format!("<code>{media_type}</code>{kind}")
    });
    all.collect::<Vec<_>>().join(", ")
}

fn request(operation: &Value) -> String {
    match operation.get("requestBody") {
        Some(body) => format!("<h4>Body</h4>\n<p>{}</p>\n", contents(&body["content"])),
        None => String::new(),
    }
}

fn responses(document: &Value, operation: &Value) -> String {
    let mut rows = String::new();
    let mut sample = String::new();
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let (response, _) = resolve(document, response);
        let content = &response["content"];
        let problems = content["application/problem+json"]["examples"].as_object();
        let meaning = match problems {
            Some(kinds) => kinds
                .keys()
                .map(|slug| problem(document, slug))
                .collect::<Vec<_>>()
                .join("<br>"),
            None => {
                let description = prose(of(&response["description"]));
                let parts = [description, contents(content), headers(response)];
                let parts = parts.into_iter().filter(|part| !part.is_empty());
                parts.collect::<Vec<_>>().join("<br>")
            }
        };
        rows += &format!(
            "<tr><th><span class=\"status\">{status}</span></th><td>{meaning}</td></tr>\n"
        );
        let name = content["application/json"]["schema"]["$ref"].as_str();
        let text = name.and_then(|name| example(document, name.rsplit('/').next()?));
        if let Some(text) = text.filter(|_| status.starts_with('2')) {
            sample = format!("<pre><code>{}</code></pre>\n", escape(&text));
        }
    }
    format!("{sample}<h4>Responses</h4>\n<table>\n{rows}</table>\n")
}

fn problem(document: &Value, slug: &str) -> String {
    let title = of(&document["components"]["examples"][slug]["summary"]);
    format!("<a href=\"problems/{slug}\">{}</a>", escape(title))
}

/// The header fields of a response, except the one that every response has.
fn headers(response: &Value) -> String {
    let names = response["headers"].as_object().into_iter().flatten();
    let names = names
        .map(|(name, _)| name.as_str())
        .filter(|name| *name != "X-Request-Id");
    let names: Vec<String> = names.map(|name| format!("<code>{name}</code>")).collect();
    names.join(" ")
}

//! The document as HTML: a page for people, generated from the same file that programs read.

mod example;
mod operation;
mod schema;
mod text;

use serde_json::Value;

use super::markup;
use operation::operation;
use text::markdown;

/// The methods of a path, in the order in which they are shown. HEAD is documented with GET.
const METHODS: [&str; 4] = ["post", "get", "patch", "delete"];

/// The page.
pub(super) fn html(document: &Value) -> String {
    let info = &document["info"];
    let title = text::of(&info["title"]);
    let body = format!(
        "<div class=\"layout\">\n<nav aria-label=\"Contents\">\n{}</nav>\n<main>\n<h1>{title} API \
         <span class=\"faint\">{}</span></h1>\n{}{}{}{}</main>\n</div>",
        contents(document),
        markup::escape(text::of(&info["version"])),
        markdown(text::of(&info["description"])),
        access(document),
        tags(document)
            .map(|tag| section(document, tag))
            .collect::<String>(),
        objects(document),
    );
    markup::html(&format!("{title} API"), &body)
}

fn tags(document: &Value) -> impl Iterator<Item = &Value> {
    document["tags"].as_array().into_iter().flatten()
}

/// An operation: its method, path and description.
type Operation<'a> = (&'a str, &'a str, &'a Value);

/// The operations of a tag, sorted by path, with those below `/v1/` first.
fn operations<'a>(document: &'a Value, tag: &'a Value) -> Vec<Operation<'a>> {
    let paths = document["paths"].as_object().expect("paths");
    let all = paths.iter().flat_map(|(path, methods)| {
        let methods = METHODS.map(|method| (method, path.as_str(), &methods[method]));
        methods.into_iter()
    });
    let tagged = all.filter(|(_, _, operation)| operation["tags"][0] == tag["name"]);
    let mut tagged: Vec<Operation<'_>> = tagged.collect();
    tagged.sort_by_key(|(_, path, _)| !path.starts_with("/v1/"));
    tagged
}

fn contents(document: &Value) -> String {
    let mut html = "<a href=\"#access\">Access</a>\n".to_owned();
    for tag in tags(document) {
        html += &format!("<h2>{}</h2>\n<ul>\n", text::of(&tag["name"]));
        for (method, _, operation) in operations(document, tag) {
            let name = text::of(&operation["operationId"]);
            let summary = markup::escape(text::of(&operation["summary"]));
            let badge = operation::badge(method);
            html += &format!("<li><a href=\"#{name}\">{badge} {summary}</a></li>\n");
        }
        html += "</ul>\n";
    }
    html += "<h2>Objects</h2>\n<ul>\n";
    for name in document["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .keys()
    {
        html += &format!("<li><a href=\"#{name}\">{name}</a></li>\n");
    }
    html += "</ul>\n<h2>More</h2>\n<ul>\n<li><a href=\"problems\">Problems</a></li>\n\
             <li><a href=\"openapi.json\">openapi.json</a></li>\n</ul>\n";
    html
}

fn access(document: &Value) -> String {
    let schemes = document["components"]["securitySchemes"]
        .as_object()
        .expect("schemes");
    let rows = schemes.iter().map(|(name, scheme)| {
        let description = markdown(text::of(&scheme["description"]));
        format!("<tr><th id=\"{name}\">{name}</th><td>{description}</td></tr>\n")
    });
    let rows: String = rows.collect();
    format!("<h2 id=\"access\">Access</h2>\n<table>\n{rows}</table>\n")
}

fn section(document: &Value, tag: &Value) -> String {
    let name = text::of(&tag["name"]);
    let operations = operations(document, tag);
    let operations = operations
        .into_iter()
        .map(|found| operation(document, found));
    format!(
        "<h2>{name}</h2>\n{}{}",
        markdown(text::of(&tag["description"])),
        operations.collect::<String>(),
    )
}

fn objects(document: &Value) -> String {
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let all = schemas
        .iter()
        .map(|(name, object)| schema::object(document, name, object));
    format!("<h2>Objects</h2>\n{}", all.collect::<String>())
}

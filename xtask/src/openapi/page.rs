//! The document as HTML: a page for people, generated from the same file that programs read.

mod example;
mod operation;
mod schema;
mod start;
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
         <span class=\"faint\">{}</span></h1>\n{}{}{}{}{}</main>\n</div>\n<script>{}</script>",
        contents(document),
        markup::escape(text::of(&info["version"])),
        start::section(),
        markdown(text::of(&info["description"])),
        access(document),
        tags(document)
            .map(|tag| section(document, tag))
            .collect::<String>(),
        objects(document),
        markup::SCRIPT,
    );
    markup::html(&format!("{title} API"), &body)
}

fn tags(document: &Value) -> impl Iterator<Item = &Value> {
    document["tags"].as_array().into_iter().flatten()
}

/// An operation: its method, path and description.
type Operation<'a> = (&'a str, &'a str, &'a Value);

/// The beginnings of paths in the order in which operations are shown: by how many readers need
/// them. Within one of them, the order is that of the document.
const ORDER: [&str; 9] = [
    "/v1/images",
    "/v1/upload-tickets",
    "/v1/limits",
    "/v1/usage",
    "/problems",
    "/openapi.json",
    "/docs",
    "/health",
    "/metrics",
];

/// The operations of a tag.
fn operations<'a>(document: &'a Value, tag: &'a Value) -> Vec<Operation<'a>> {
    let paths = document["paths"].as_object().expect("paths");
    let all = paths.iter().flat_map(|(path, methods)| {
        let methods = METHODS.map(|method| (method, path.as_str(), &methods[method]));
        methods.into_iter()
    });
    let tagged = all.filter(|(_, _, operation)| operation["tags"][0] == tag["name"]);
    let mut tagged: Vec<Operation<'_>> = tagged.collect();
    // What only operators need is not in the list, and comes last.
    let place = |path: &str| ORDER.iter().position(|start| path.starts_with(start));
    tagged.sort_by_key(|(_, path, _)| place(path).unwrap_or(ORDER.len()));
    tagged
}

fn contents(document: &Value) -> String {
    let mut html = "<details open>\n<summary>Contents</summary>\n\
                    <input type=\"search\" placeholder=\"Search ( / )\" aria-label=\"Search\" hidden>\n\
                    <p class=\"none faint\" hidden>Nothing was found.</p>\n<h2>Start</h2>\n<ul>\n\
                    <li><a href=\"#start\">Quick start</a></li>\n\
                    <li><a href=\"#access\">Access</a></li>\n</ul>\n"
        .to_owned();
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
    html += "<h2>More</h2>\n<ul>\n<li><a href=\"problems\">Problems</a></li>\n\
             <li><a href=\"openapi.json\">openapi.json</a></li>\n</ul>\n<h2>Objects</h2>\n<ul>\n";
    for name in document["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .keys()
    {
        html += &format!("<li><a href=\"#{name}\">{name}</a></li>\n");
    }
    html + "</ul>\n</details>\n"
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
    format!("<section id=\"access\">\n<h2>Access</h2>\n<table>\n{rows}</table>\n</section>\n")
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

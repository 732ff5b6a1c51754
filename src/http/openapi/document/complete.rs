//! Completes the document that is generated from the annotations.

use serde_json::{Map, Value, json};

use super::operation::{Operation, object};
use super::{commands, examples, problems, shared};

/// Extensions of operations with which annotations pass hints to this module.
const HINTS: [&str; 4] = ["x-problems", "x-cached", "x-conditional", "x-optional-body"];

/// Adds everything that operations have in common to the document.
pub(super) fn complete(mut document: Value) -> Value {
    let components = object(&mut document["components"]);
    components.insert("headers".to_owned(), shared::headers());
    components.insert("parameters".to_owned(), shared::parameters());
    components.insert("securitySchemes".to_owned(), shared::security_schemes());
    let schemas = object(&mut components["schemas"]);
    let mut all = examples::all(schemas);
    all.extend(problems::examples());
    schemas.insert("Problem".to_owned(), problems::schema());
    components.insert("examples".to_owned(), Value::Object(all));
    let mut responses = Map::new();
    for (path, methods) in object(&mut document["paths"]) {
        for (method, operation) in object(methods) {
            let members = object(operation);
            let operation = Operation {
                method,
                path,
                members,
            };
            responses.extend(complete_operation(operation));
        }
    }
    document["components"]["responses"] = Value::Object(responses);
    drop_unused_examples(&mut document);
    document
}

/// Removes the examples that nothing refers to: those of problems that no described operation has.
fn drop_unused_examples(document: &mut Value) {
    let text = document.to_string();
    let examples = object(&mut document["components"]["examples"]);
    examples.retain(|name, _| text.contains(&format!("\"#/components/examples/{name}\"")));
}

/// Completes an operation, and returns the responses that it shares with others.
fn complete_operation(mut operation: Operation<'_>) -> Map<String, Value> {
    complete_conditions(&mut operation);
    complete_parameters(&mut operation);
    let head = operation.method == "head";
    if head {
        leave_out_ranges(&mut operation);
    }
    for response in operation.responses().values_mut() {
        complete_response(object(response));
    }
    let shared = problems::add(&mut operation);
    if head {
        leave_out_content(&mut operation, &shared);
    }
    // Explicit, because a document without it may mean that its author forgot about security.
    operation.members.entry("security").or_insert(json!([]));
    let optional = operation.hint("x-optional-body").is_some();
    if let Some(body) = operation.members.get_mut("requestBody") {
        body["required"] = json!(!optional);
        complete_content(object(body));
    }
    if head {
        let name = format!(
            "{}Head",
            operation.members["operationId"]
                .as_str()
                .unwrap_or_default()
        );
        operation
            .members
            .insert("operationId".to_owned(), json!(name));
    }
    let samples = commands::samples(&operation);
    operation
        .members
        .insert("x-codeSamples".to_owned(), samples);
    for hint in HINTS {
        operation.members.remove(hint);
    }
    shared
}

/// Removes ranges, which only GET supports (RFC 9110 §14.2).
fn leave_out_ranges(operation: &mut Operation<'_>) {
    operation.responses().remove("206");
    if let Some(Value::Array(parameters)) = operation.members.get_mut("parameters") {
        let ranges = [
            "#/components/parameters/Range",
            "#/components/parameters/If-Range",
        ];
        parameters.retain(|parameter| ranges.iter().all(|range| parameter["$ref"] != *range));
    }
    if let Some(Value::Array(problems)) = operation.members.get_mut("x-problems") {
        problems.retain(|slug| slug != "range-not-satisfiable");
    }
}

/// Removes the content of responses: a response to HEAD has the same headers and no content.
fn leave_out_content(operation: &mut Operation<'_>, shared: &Map<String, Value>) {
    for response in operation.responses().values_mut() {
        let name = response["$ref"]
            .as_str()
            .and_then(|name| name.rsplit('/').next());
        if let Some(named) = name.and_then(|name| shared.get(name)) {
            *response = named.clone();
        }
        object(response).remove("content");
    }
}

/// Adds the headers and responses of conditional requests (RFC 9110 §13).
fn complete_conditions(operation: &mut Operation<'_>) {
    let cached = operation.hint("x-cached").is_some();
    let conditional = operation.hint("x-conditional").is_some();
    let reads = ["get", "head"].contains(&operation.method);
    let mut names = Vec::new();
    if conditional {
        names.extend(["If-Match", "If-Unmodified-Since"]);
    }
    if (cached || conditional) && reads {
        names.push("If-None-Match");
        let known = json!({"description": "Not modified: the client has the current version.", "headers": {"ETag": null}});
        operation.responses().insert("304".to_owned(), known);
    }
    if conditional && reads {
        names.push("If-Modified-Since");
    }
    let parameters = operation.members.entry("parameters").or_insert(json!([]));
    if let Value::Array(parameters) = parameters {
        parameters.extend(
            names
                .iter()
                .map(|name| json!({"in": "header", "name": name})),
        );
    }
    if let Some(success) = operation.responses().get_mut("200") {
        let headers = object(success).entry("headers").or_insert(json!({}));
        if cached || conditional {
            headers["ETag"] = Value::Null;
        }
        if conditional {
            headers["Last-Modified"] = Value::Null;
        }
    }
}

/// Replaces shared parameters with references, and adds the parameters of the path.
fn complete_parameters(operation: &mut Operation<'_>) {
    let parameters = operation.members.entry("parameters").or_insert(json!([]));
    let Value::Array(parameters) = parameters else {
        return;
    };
    for parameter in parameters
        .iter_mut()
        .filter(|parameter| parameter["in"] == "header")
    {
        *parameter = shared::parameter(parameter["name"].as_str().unwrap_or_default());
    }
    let parts = operation.path.split('/');
    let names = parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for (place, name) in names.enumerate() {
        parameters.insert(place, shared::parameter(name));
    }
    if parameters.is_empty() {
        operation.members.remove("parameters");
    }
}

fn complete_response(response: &mut Map<String, Value>) {
    let headers = object(response.entry("headers").or_insert(json!({})));
    headers.insert(shared::ALWAYS.to_owned(), Value::Null);
    for (name, header) in headers {
        *header = shared::header(name);
    }
    complete_content(response);
}

/// Media types, or prefixes of them, whose content is not JSON.
const BYTES: [&str; 5] = [
    "image/",
    "application/octet-stream",
    "application/offset+octet-stream",
    "application/partial-upload",
    "multipart/byteranges",
];

/// Describes binary content as such, and adds examples of objects. OpenAPI 3.1 §4.8.14.5 would leave
/// out the schema of binary content, but then generators of clients leave out the content.
fn complete_content(body: &mut Map<String, Value>) {
    let Some(content) = body.get_mut("content") else {
        return;
    };
    for (media_type, content) in object(content) {
        if BYTES.iter().any(|prefix| media_type.starts_with(prefix)) {
            *content = json!({"schema": {"type": "string", "format": "binary"}});
        }
        let name = content["schema"]["$ref"].as_str();
        let name = name.and_then(|name| name.strip_prefix("#/components/schemas/"));
        if let Some(name) = name.map(str::to_owned)
            && let Some(examples) = examples::of(&name)
        {
            content["examples"] = examples;
        }
    }
}

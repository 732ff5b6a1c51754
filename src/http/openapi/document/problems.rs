//! The error responses of operations.

mod cases;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::shared;
use crate::http::reply::problem::ProblemKind::{self, *};

/// Adds error responses to an operation, by status, and returns those that it needs in
/// `components.responses`.
pub(super) fn add(operation: &mut Operation<'_>) -> Map<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<ProblemKind>> = BTreeMap::new();
    let kinds = of(operation);
    // Each kind once, in the order of the list.
    for kind in ProblemKind::ALL.iter().filter(|kind| kinds.contains(kind)) {
        by_status
            .entry(kind.status().as_u16())
            .or_default()
            .push(*kind);
    }
    let mut shared = Map::new();
    let responses = operation.responses();
    for (status, kinds) in by_status {
        let slugs: Vec<&str> = kinds.iter().map(|kind| kind.slug()).collect();
        let name = slugs.join("_");
        let reference = json!({"$ref": format!("#/components/responses/{name}")});
        responses.insert(status.to_string(), reference);
        shared.insert(name, response(&kinds));
    }
    shared
}

/// The kinds that the annotation names, and those that follow from the rest of the operation.
fn of(operation: &Operation<'_>) -> Vec<ProblemKind> {
    let mut kinds = vec![
        UriTooLong,
        HeadersTooLarge,
        Internal,
        Misconfigured,
        Unavailable,
    ];
    let named = operation.hint("x-problems").and_then(Value::as_array);
    for slug in named.into_iter().flatten().filter_map(Value::as_str) {
        kinds.push(ProblemKind::from_slug(slug).expect("a kind"));
    }
    if operation.path.starts_with("/v1/") {
        kinds.push(BadRequest);
    }
    // Every owner can be named, whether or not it has images.
    if operation.path.contains('{') && !operation.path.contains("{owner}") {
        kinds.push(NotFound);
    }
    if operation.hint("x-conditional").is_some() {
        kinds.push(PreconditionFailed);
    }
    let security = operation.members.get("security").and_then(Value::as_array);
    if security.is_some_and(|ways| ways.iter().any(|way| way.get("token").is_some())) {
        kinds.extend([Unauthorized, InsufficientScope]);
        // The operator's tokens are not limited.
        let of_operator = ["/v1/admin/", "/v1/owners/", "/metrics"];
        if !of_operator
            .iter()
            .any(|path| operation.path.starts_with(path))
        {
            kinds.push(RateLimited);
        }
    }
    let responses = operation.members["responses"].as_object();
    // Deletions are not refused because of the type of their response.
    let is_deletion = operation.method == "delete";
    if !is_deletion
        && responses.is_some_and(|all| {
            all.values()
                .any(|response| response.get("content").is_some())
        })
    {
        kinds.push(NotAcceptable);
    }
    if let Some(body) = operation.members.get("requestBody") {
        kinds.push(UnsupportedCoding);
        if body["content"].get("application/json").is_some() {
            kinds.extend([UploadInterrupted, TooLarge, UnsupportedType]);
        }
    }
    kinds
}

fn response(kinds: &[ProblemKind]) -> Value {
    let titles: Vec<String> = kinds
        .iter()
        .map(|kind| format!("{}.", kind.title()))
        .collect();
    let examples = kinds.iter().map(|kind| {
        let slug = kind.slug();
        (
            slug.to_owned(),
            json!({"$ref": format!("#/components/examples/{slug}")}),
        )
    });
    let mut headers = Map::new();
    let mut set = |name: &str| headers.insert(name.to_owned(), shared::header(name));
    set(shared::ALWAYS);
    if kinds.contains(&Unauthorized) || kinds.contains(&InsufficientScope) {
        set("WWW-Authenticate");
    }
    if kinds.contains(&RangeNotSatisfiable) {
        set("Content-Range");
    }
    if kinds.contains(&RateLimited) {
        set("RateLimit");
        set("RateLimit-Policy");
    }
    if kinds.contains(&Unavailable) || kinds.contains(&RateLimited) {
        set("Retry-After");
    }
    json!({
        "description": titles.join(" "),
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": Value::Object(examples.collect()),
        }},
    })
}

/// `components.examples` for all kinds.
pub(super) fn examples() -> Map<String, Value> {
    let examples = ProblemKind::ALL.iter().map(|kind| {
        let mut value = json!({
            "type": kind.uri(), "title": kind.title(), "status": kind.status().as_u16(),
            "detail": cases::detail(*kind),
        });
        let members = cases::members(*kind);
        if let (Some(value), Value::Object(members)) = (value.as_object_mut(), members) {
            value.extend(members);
        }
        (
            kind.slug().to_owned(),
            json!({"summary": kind.title(), "value": value}),
        )
    });
    examples.collect()
}

/// `components.schemas.Problem`.
pub(super) fn schema() -> Value {
    let types: Vec<String> = ProblemKind::ALL.iter().map(|kind| kind.uri()).collect();
    json!({
        "type": "object",
        "description": "An error (RFC 9457). Some kinds have additional members for programs.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "enum": types,
                "description": "The kind of the problem: the URL of a page that explains it."},
            "title": {"type": "string", "description": "A short summary of the kind, for people."},
            "status": {"type": "integer", "description": "The HTTP status code of the response."},
            "detail": {"type": "string",
                "description": "An explanation of this occurrence, for people."},
            "limit": {"type": "integer", "description": "The maximum that is allowed."},
            "actual": {"type": ["integer", "string"], "description": "The value that the request had."},
            "allowed": {"type": "array", "items": {"type": "string"},
                "description": "The values that are allowed."},
            "detected": {"type": "string",
                "description": "The media type of the file, if its bytes determine it."},
            "quota": {"type": "string", "description": "The resource whose quota is exceeded: `images` or `bytes`."},
            "violated-policies": {"type": "array", "items": {"type": "string"},
                "description": "What there was too much of: `requests`, `bytes` or both."},
            "size": {"type": "integer", "description": "The size of the content in bytes."},
            "header": {"type": "string", "description": "The name of the invalid header field."},
            "parameter": {"type": "string", "description": "The name of the invalid query parameter."},
            "field": {"type": "string", "description": "The name of the invalid member of the body."},
            "path": {"type": "string", "description": "The path of the resource that was probably meant."},
            "claim": {"type": "string", "description": "The claim of the token that is not valid. Absent unless the token's signature is valid."},
            "scope": {"type": "string", "description": "The scope that the token lacks."},
            "expected-offset": {"type": "integer", "description": "The number of bytes that the upload has received."},
            "provided-offset": {"type": "integer", "description": "The offset that the request had."},
            "variable": {"type": "string", "description": "The name of the invalid setting."},
        },
    })
}

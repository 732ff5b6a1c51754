//! The answers of operations that are problems.

mod cases;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::complete::Operation;
use super::shared;
use crate::http::reply::problem::ProblemKind::{self, *};

/// As its slug, by which annotations name it.
impl Serialize for ProblemKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

/// Adds them to an operation, by status, and gives those that it needs among
/// `components.responses`.
pub(super) fn add(operation: &mut Operation<'_>) -> Map<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<ProblemKind>> = BTreeMap::new();
    let kinds = of(operation);
    // In the order of the list, each once.
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

/// The kinds that the annotation names, and those that follow from the rest of it.
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
    if operation.path.contains('{') {
        kinds.push(NotFound);
    }
    if operation.hint("x-conditional").is_some() {
        kinds.push(PreconditionFailed);
    }
    let security = operation.members.get("security").and_then(Value::as_array);
    if security.is_some_and(|ways| ways.iter().any(|way| way.get("token").is_some())) {
        kinds.extend([Unauthorized, InsufficientScope]);
    }
    let responses = operation.members["responses"].as_object();
    if responses.is_some_and(|all| {
        all.values()
            .any(|response| response.get("content").is_some())
    }) {
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
    if kinds.contains(&Unavailable) {
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

/// `components.examples` of all kinds.
pub(super) fn examples() -> Map<String, Value> {
    let examples = ProblemKind::ALL.iter().map(|kind| {
        let (detail, members) = cases::case(*kind);
        let mut value = json!({
            "type": kind.uri(), "title": kind.title(), "status": kind.status().as_u16(),
            "detail": detail,
        });
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
        "description": "An error (RFC 9457). Some have further members that a program can use.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "enum": types,
                "description": "What kind it is: the URL of a page that explains it."},
            "title": {"type": "string", "description": "What kind it is, for a person."},
            "status": {"type": "integer", "description": "The status of the answer."},
            "detail": {"type": "string",
                "description": "What is wrong in this case, for a person."},
            "limit": {"type": "integer", "description": "The most that is allowed."},
            "actual": {"type": ["integer", "string"], "description": "What there was instead."},
            "allowed": {"type": "array", "items": {"type": "string"},
                "description": "What is allowed."},
            "quota": {"type": "string", "description": "What of the quota is reached."},
            "size": {"type": "integer", "description": "How many bytes there are."},
            "header": {"type": "string", "description": "The header field that is wrong."},
            "parameter": {"type": "string", "description": "The query parameter that is wrong."},
            "field": {"type": "string", "description": "The member of the body that is wrong."},
            "scope": {"type": "string", "description": "The scope that the token lacks."},
            "variable": {"type": "string", "description": "The setting that is wrong."},
        },
    })
}

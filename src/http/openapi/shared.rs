//! What operations refer to by name: header fields, parameters of paths, ways of access.

use serde_json::{Map, Value, json};

use crate::http::reply::problem::ProblemKind;

/// Header fields of answers: name, what it says, an example.
const RESPONSE_HEADERS: &[(&str, &str, &str)] = &[
    (
        "Accept-Ranges",
        "Ranges of bytes can be asked for.",
        "bytes",
    ),
    (
        "Cache-Control",
        "Who may keep it, and for how long (RFC 9111).",
        "private, no-cache",
    ),
    (
        "Content-Range",
        "Which bytes of how many these are (RFC 9110 §14.4).",
        "bytes 0-1023/2841774",
    ),
    (
        "Content-Disposition",
        "The file's name, and whether to save it (RFC 6266).",
        "inline; filename=\"cat.jpg\"",
    ),
    (
        "ETag",
        "Changes with every change of what is sent (RFC 9110 §8.8.3).",
        "\"3b8e6c1d\"",
    ),
    (
        "Last-Modified",
        "When it last changed.",
        "Tue, 24 Nov 2026 03:53:43 GMT",
    ),
    (
        "Link",
        "The next page, as `rel=\"next\"` (RFC 8288); not there on the last one.",
        "</v1/images?limit=50&cursor=AQ>; rel=\"next\"",
    ),
    (
        "Location",
        "Where the image is; not there where several were uploaded.",
        "/v1/images/01a20bb0-2825-7c3f-bc27-e33a2a4cd178",
    ),
    (
        "Repr-Digest",
        "The SHA-256 of the whole file (RFC 9530).",
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
    ),
    ("Retry-After", "Seconds until it is worth another try.", "5"),
    (
        "WWW-Authenticate",
        "What is wrong with the token (RFC 6750).",
        "Bearer realm=\"darkroom\", error=\"invalid_token\"",
    ),
    (
        "X-Request-Id",
        "Names this exchange in the log: the caller's, if it sent one.",
        "01a20bb028257c3fbc27e33a2a4cd178",
    ),
];

/// Header fields of requests, likewise.
const REQUEST_HEADERS: &[(&str, &str, &str)] = &[
    (
        "Idempotency-Key",
        "A repeat with the same key gets the first answer, and does nothing again.",
        "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"",
    ),
    (
        "If-Match",
        "Only if it has one of these tags, or exists (`*`); otherwise 412.",
        "\"3b8e6c1d\"",
    ),
    (
        "If-Modified-Since",
        "Only if it has changed since; otherwise 304.",
        "Tue, 24 Nov 2026 03:53:43 GMT",
    ),
    (
        "If-None-Match",
        "Only if it has none of these tags; otherwise 304.",
        "\"3b8e6c1d\"",
    ),
    (
        "If-Range",
        "The range only if it has this tag, or has not changed since; otherwise all of it.",
        "\"3b8e6c1d\"",
    ),
    (
        "If-Unmodified-Since",
        "Only if it has not changed since; otherwise 412.",
        "Tue, 24 Nov 2026 03:53:43 GMT",
    ),
    (
        "Range",
        "Only these bytes: one range or several (RFC 9110 §14).",
        "bytes=0-1023",
    ),
    (
        "Content-Digest",
        "The SHA-256 of the body, which is checked (RFC 9530).",
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
    ),
    (
        "Content-Disposition",
        "The name of the file that is the body (RFC 6266).",
        "attachment; filename=\"cat.jpg\"",
    ),
    (
        "Repr-Digest",
        "The SHA-256 of the file, which is checked (RFC 9530).",
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
    ),
];

/// What an answer of every operation has.
pub(super) const ALWAYS: &str = "X-Request-Id";

/// `components.headers`.
pub(super) fn headers() -> Value {
    let fields = RESPONSE_HEADERS.iter().map(|(name, description, example)| {
        let header = json!({
            "description": description, "schema": {"type": "string"}, "example": example,
        });
        ((*name).to_owned(), header)
    });
    Value::Object(fields.collect())
}

/// The reference to a header field of answers, which must be known.
pub(super) fn header(name: &str) -> Value {
    let known = RESPONSE_HEADERS.iter().any(|(known, _, _)| *known == name);
    assert!(known, "openapi/shared.rs does not have the header {name}");
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// `components.parameters`.
pub(super) fn parameters() -> Value {
    let mut parameters = Map::new();
    for (name, description, example) in REQUEST_HEADERS {
        let parameter = json!({
            "name": name, "in": "header", "description": description,
            "schema": {"type": "string"}, "example": example,
        });
        parameters.insert((*name).to_owned(), parameter);
    }
    let id = json!({
        "name": "id", "in": "path", "required": true, "description": "The image.",
        "schema": {"type": "string", "format": "uuid"},
        "example": "01a20bb0-2825-7c3f-bc27-e33a2a4cd178",
    });
    parameters.insert("id".to_owned(), id);
    let slugs: Vec<&str> = ProblemKind::ALL.iter().map(|kind| kind.slug()).collect();
    let slug = json!({
        "name": "slug", "in": "path", "required": true,
        "description": "The last part of a problem's `type`.",
        "schema": {"type": "string", "enum": slugs}, "example": "not-found",
    });
    parameters.insert("slug".to_owned(), slug);
    Value::Object(parameters)
}

/// The reference to a header field of requests, or to a part of a path; it must be known.
pub(super) fn parameter(name: &str) -> Value {
    let known = parameters().get(name).is_some();
    assert!(
        known,
        "openapi/shared.rs does not have the parameter {name}"
    );
    json!({"$ref": format!("#/components/parameters/{name}")})
}

/// `components.securitySchemes`.
pub(super) fn security_schemes() -> Value {
    json!({
        "token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A JWT signed with HS256. Its `sub` is the owner, its `scope` lists \
                what it allows, separated by spaces: `images:read`, `images:write`, \
                `images:delete`, or `admin` for all of these with every owner's images.",
        },
        "signedUrl": {
            "type": "apiKey", "in": "query", "name": "signature",
            "description": "The signature of a URL that `createLink` gives. It belongs to the \
                URL's path and to all of its parameters: use the URL as it is.",
        },
        "ticket": {
            "type": "apiKey", "in": "query", "name": "ticket",
            "description": "An upload ticket: the `upload_url` that `createTicket` gives \
                has it. It is good for one upload.",
        },
    })
}

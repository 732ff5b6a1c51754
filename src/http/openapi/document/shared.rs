//! The components that operations refer to by name: header fields, path parameters, security
//! schemes.

use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;

use crate::http::openapi::schema;
use crate::http::reply::problem::ProblemKind;

/// Header fields of responses: name, description, example.
const RESPONSE_HEADERS: &[(&str, &str, &str)] = &[
    ("Accept-Ranges", "Byte ranges are supported.", "bytes"),
    (
        "Cache-Control",
        "Which caches may store the response, and for how long (RFC 9111).",
        "private, no-cache",
    ),
    (
        "Content-Location",
        "The URL of the image that the upload has become.",
        "/v1/images/01a20bb0-2825-7c3f-bc27-e33a2a4cd178",
    ),
    (
        "Content-Range",
        "The range of the content that is returned, and the size of the content (RFC 9110 §14.4).",
        "bytes 0-1023/2841774",
    ),
    (
        "Content-Disposition",
        "The file's name, and whether to display or save it (RFC 6266).",
        "inline; filename=\"cat.jpg\"",
    ),
    (
        "ETag",
        "The version of the response's content (RFC 9110 §8.8.3).",
        "\"3b8e6c1d\"",
    ),
    (
        "Last-Modified",
        "The time of the last change (RFC 9110 §8.8.2).",
        "Tue, 24 Nov 2026 03:53:43 GMT",
    ),
    (
        "Link",
        "The next page of a list, as `rel=\"next\"` (RFC 8288), which is absent on the last page; the canonical URL and the profile of an IIIF image.",
        "</v1/images?limit=50&cursor=AQ>; rel=\"next\"",
    ),
    (
        "Location",
        "The URL of the image, or of the upload.",
        "/v1/images/01a20bb0-2825-7c3f-bc27-e33a2a4cd178",
    ),
    (
        "RateLimit",
        "How much is left of each limit (`r`), and the seconds until it is whole again (`t`), if the deployment limits requests (draft-ietf-httpapi-ratelimit-headers-10).",
        "\"requests\";r=599;t=1",
    ),
    (
        "RateLimit-Policy",
        "The limits of the deployment: the quota (`q`) in a window of `w` seconds.",
        "\"requests\";q=600;w=60",
    ),
    (
        "Repr-Digest",
        "The SHA-256 of the whole file (RFC 9530).",
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
    ),
    (
        "Retry-After",
        "The number of seconds to wait before repeating the request.",
        "5",
    ),
    (
        "Upload-Expires",
        "The time at which the upload expires if it receives nothing until then.",
        "Tue, 24 Nov 2026 09:53:43 GMT",
    ),
    (
        "Upload-Length",
        "The length of the file in bytes.",
        "2841774",
    ),
    ("Upload-Offset", "The number of bytes received.", "1048576"),
    (
        "WWW-Authenticate",
        "The reason why the token was refused (RFC 6750).",
        "Bearer realm=\"darkroom\", error=\"invalid_token\"",
    ),
    (
        "X-Request-Id",
        "The id of the request in the log: the caller's, if the request had one.",
        "01a20bb028257c3fbc27e33a2a4cd178",
    ),
];

/// Header fields of requests: name, description, example.
const REQUEST_HEADERS: &[(&str, &str, &str)] = &[
    (
        "Idempotency-Key",
        "Makes the request safe to retry: a repeated request with the same key returns the first response and has no further effect.",
        "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"",
    ),
    (
        "If-Match",
        "Perform the request only if the resource has one of these tags, or exists (`*`); otherwise 412.",
        "\"3b8e6c1d\"",
    ),
    (
        "If-Modified-Since",
        "Return the resource only if it has changed since this time; otherwise 304.",
        "Tue, 24 Nov 2026 03:53:43 GMT",
    ),
    (
        "If-None-Match",
        "Return the resource only if it has none of these tags; otherwise 304.",
        "\"3b8e6c1d\"",
    ),
    (
        "If-Range",
        "Return the range only if the content has this tag, or has not changed since this time; otherwise return all of it.",
        "\"3b8e6c1d\"",
    ),
    (
        "If-Unmodified-Since",
        "Perform the request only if the resource has not changed since this time; otherwise 412.",
        "Tue, 24 Nov 2026 03:53:43 GMT",
    ),
    (
        "Range",
        "The bytes to return: one range or several (RFC 9110 §14).",
        "bytes=0-1023",
    ),
    (
        "Content-Digest",
        "The SHA-256 of the body, which is verified (RFC 9530).",
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
    ),
    (
        "Content-Disposition",
        "The name of the file in the body (RFC 6266).",
        "attachment; filename=\"cat.jpg\"",
    ),
    (
        "Repr-Digest",
        "The SHA-256 of the file, which is verified (RFC 9530).",
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
    ),
    (
        "Tus-Resumable",
        "The version of tus. Absent in requests by the IETF draft.",
        "1.0.0",
    ),
    (
        "Upload-Checksum",
        "An algorithm (`sha1`, `sha256` or `md5`) and the checksum of the body in base64, which is verified.",
        "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
    ),
    (
        "Upload-Concat",
        "`partial` for a part of a file, or `final;` and the URLs of the parts, separated by spaces.",
        "partial",
    ),
    (
        "Upload-Length",
        "The length of the file in bytes. Without it, `Upload-Defer-Length: 1`.",
        "2841774",
    ),
    (
        "Upload-Metadata",
        "Keys and values in base64: `filename`, `filetype`, `tags`, `visibility` and `metadata`. Others are ignored.",
        "filename Y2F0LmpwZw==,filetype aW1hZ2UvanBlZw==",
    ),
    (
        "Upload-Offset",
        "The number of bytes that the upload has received.",
        "1048576",
    ),
    (
        "X-HTTP-Method-Override",
        "The method that is meant: `PATCH`, `DELETE` or `HEAD`.",
        "PATCH",
    ),
];

/// The parts of the paths of the IIIF Image API: name, description, example.
const IIIF: &[(&str, &str, &str)] = &[
    (
        "identifier",
        "The id of the image, or the identifier with a signature from the URL of `createLink`.",
        "01a20bb0-2825-7c3f-bc27-e33a2a4cd178",
    ),
    (
        "region",
        "What is cut out: `full`, `square`, `x,y,w,h` in pixels or `pct:x,y,w,h` in percent.",
        "square",
    ),
    (
        "size",
        "The size of the result: `max`, `w,`, `,h`, `w,h`, `!w,h` (inside the box) or `pct:n`. `^` before it allows the region to be enlarged.",
        "300,",
    ),
    (
        "rotation",
        "Degrees clockwise: `0`, `90`, `180` or `270`. `!` before it mirrors the image first.",
        "0",
    ),
    (
        "file",
        "The quality, which is `default`, `color`, `gray` or `bitonal`, a point, and the format, which is `jpg`, `png`, `gif`, `webp` or `avif`.",
        "default.jpg",
    ),
];

/// The parts of the paths of files of the page: name, description, example.
const PAGE: &[(&str, &str, &str)] = &[
    (
        "version",
        "What depends on the content of the files, as in the page.",
        "2f6a6f0c9be1d3a4",
    ),
    (
        "part",
        "The file: `page.js`, `page.css` or `icon.svg`.",
        "page.css",
    ),
];

/// The header field that every response has.
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

/// A reference to a response header field, which must be defined above.
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
        "name": "id", "in": "path", "required": true, "description": "The id of the image.",
        "schema": {"type": "string", "format": "uuid"},
        "example": "01a20bb0-2825-7c3f-bc27-e33a2a4cd178",
    });
    parameters.insert("id".to_owned(), id);
    for (name, description, example) in IIIF.iter().chain(PAGE) {
        let parameter = json!({
            "name": name, "in": "path", "required": true, "description": description,
            "schema": {"type": "string"}, "example": example,
        });
        parameters.insert((*name).to_owned(), parameter);
    }
    let link = json!({
        "name": "link", "in": "path", "required": true, "description": "The id of the link.",
        "schema": {"type": "string", "format": "uuid"},
        "example": "01a20bb0-2831-7d40-9a4e-6b1f0c5d2e77",
    });
    parameters.insert("link".to_owned(), link);
    let ticket = json!({
        "name": "ticket", "in": "path", "required": true,
        "description": "The id of the upload ticket.",
        "schema": schema::TicketId::schema(), "example": "01a20bb0282f7a2c9d105e6f7a8b9c0d",
    });
    parameters.insert("ticket".to_owned(), ticket);
    let owner = json!({
        "name": "owner", "in": "path", "required": true,
        "description": "The owner: the `sub` of its tokens.",
        "schema": schema::Owner::schema(), "example": "alice",
    });
    parameters.insert("owner".to_owned(), owner);
    let upload = json!({
        "name": "upload", "in": "path", "required": true,
        "description": "The id of the upload. Whoever knows it may continue the upload.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "example": "0f3a5c6d7e8f90123456789abcdef012",
    });
    parameters.insert("upload".to_owned(), upload);
    let slugs: Vec<&str> = ProblemKind::ALL.iter().map(|kind| kind.slug()).collect();
    let slug = json!({
        "name": "slug", "in": "path", "required": true,
        "description": "The last part of a problem's `type`.",
        "schema": {"type": "string", "enum": slugs}, "example": "not-found",
    });
    parameters.insert("slug".to_owned(), slug);
    Value::Object(parameters)
}

/// A reference to a request header field or a path parameter, which must be defined above.
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
            "description": "A JWT signed with HS256. Its `sub` is the owner. Its `scope` lists \
                permissions, separated by spaces: `images:read`, `images:write`, \
                `images:delete`, `metrics`, `maintenance`, or `admin`, which includes all of these \
                for every owner.",
        },
        "signedUrl": {
            "type": "apiKey", "in": "query", "name": "signature",
            "description": "The signature of a URL from `createLink`. It covers the URL's path \
                and all of its parameters: use the URL unchanged.",
        },
        "ticket": {
            "type": "apiKey", "in": "query", "name": "ticket",
            "description": "An upload ticket, which is part of the `upload_url` from \
                `createTicket`. It allows one upload, or as many as it was created for.",
        },
    })
}

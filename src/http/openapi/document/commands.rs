//! Examples of commands that send requests.

use serde_json::{Map, Value, json};

use super::examples;
use super::operation::Operation;

/// The server of the examples. The page of the description replaces it with its own address.
const SERVER: &str = "http://127.0.0.1:3000";

/// `x-codeSamples`: the commands that show how to use an operation, each with a label.
pub(super) fn samples(operation: &Operation<'_>) -> Value {
    let samples = match operation.members["operationId"].as_str() {
        Some("uploadImage") => uploads(operation),
        _ => vec![("curl", curl(operation))],
    };
    let samples = samples
        .into_iter()
        .map(|(label, source)| json!({"lang": "Shell", "label": label, "source": source}));
    samples.collect()
}

/// The ways to upload one file.
fn uploads(operation: &Operation<'_>) -> Vec<(&'static str, String)> {
    let raw = [
        "curl --data-binary @cat.jpg".to_owned(),
        "-H 'Content-Type: image/jpeg'".to_owned(),
        TOKEN.to_owned(),
        format!("'{SERVER}{}?filename=cat.jpg'", operation.path),
    ];
    let ticket = "curl -F file=@cat.jpg \"$UPLOAD_URL\"".to_owned();
    vec![
        ("As a form", curl(operation)),
        ("As the body", command(&raw)),
        ("With an upload ticket, without a token", ticket),
    ]
}

/// The type of a piece of a file.
const PIECE: &str = "application/offset+octet-stream";
/// The option that sends a token.
const TOKEN: &str = "-H \"Authorization: Bearer $TOKEN\"";

/// The curl command for an operation.
fn curl(operation: &Operation<'_>) -> String {
    let path = operation
        .path
        .replace("{id}", "01a20bb0-2825-7c3f-bc27-e33a2a4cd178");
    let path = path.replace("{identifier}", "01a20bb0-2825-7c3f-bc27-e33a2a4cd178");
    let path = path.replace(
        "{region}/{size}/{rotation}/{file}",
        "square/300,/0/default.jpg",
    );
    let path = path.replace("{slug}", "not-found");
    let path = path.replace("{owner}", "alice");
    let path = path.replace("{link}", "01a20bb0-2831-7d40-9a4e-6b1f0c5d2e77");
    let path = path.replace("{ticket}", "01a20bb0282f7a2c9d105e6f7a8b9c0d");
    let path = path.replace("{upload}", "0f3a5c6d7e8f90123456789abcdef012");
    let path = path.replace("{version}/{part}", "2f6a6f0c9be1d3a4/page.css");
    let content = operation
        .members
        .get("requestBody")
        .and_then(|body| body["content"].as_object());
    let mut parts = vec!["curl".to_owned()];
    match operation.method {
        "get" => {}
        "head" => parts.push("--head".to_owned()),
        // curl sends a body with POST unless told otherwise.
        "post" if content.is_some() => {}
        method => parts.push(format!("-X {}", method.to_uppercase())),
    }
    let needs = |scheme: &str| {
        let ways = operation.members.get("security").and_then(Value::as_array);
        ways.is_some_and(|ways| ways.iter().any(|way| way.get(scheme).is_some()))
    };
    if needs("token") {
        parts.push(TOKEN.to_owned());
    }
    if let Some(content) = content {
        parts.extend(body(operation, content));
    }
    if operation.members["operationId"] == "getShareXUploader" {
        parts.push("-o darkroom.sxcu".to_owned());
    }
    let saved = ["downloadImage", "getIiifImage"];
    if saved
        .iter()
        .any(|name| operation.members["operationId"] == *name)
    {
        parts.push("-o cat.jpg".to_owned());
    }
    parts.push(format!("{SERVER}{path}"));
    command(&parts)
}

/// A command, on one line if it fits.
fn command(parts: &[String]) -> String {
    let line = parts.join(" ");
    if line.len() < 80 {
        return line;
    }
    let lines = parts.join(" \\\n     ");
    lines.replacen(" \\\n     ", " ", 1)
}

/// The arguments that send an example of the body.
fn body(operation: &Operation<'_>, content: &Map<String, Value>) -> Vec<String> {
    if operation.members["operationId"] == "uploadImages" {
        return vec!["-F file=@cat.jpg -F file=@dog.png -F tags=pets".to_owned()];
    }
    if content.contains_key(PIECE) {
        return vec![
            format!("-H 'Content-Type: {PIECE}'"),
            "-H 'Tus-Resumable: 1.0.0'".to_owned(),
            match operation.path {
                "/v1/uploads" => "-H 'Upload-Length: 2841774'".to_owned(),
                _ => "-H 'Upload-Offset: 1048576'".to_owned(),
            },
            "--data-binary @piece".to_owned(),
        ];
    }
    if content.contains_key("multipart/form-data") {
        return vec!["-F file=@cat.jpg".to_owned()];
    }
    let (media_type, first) = content.iter().next().expect("a media type");
    let name = first["schema"]["$ref"].as_str().unwrap_or_default();
    let name = name.trim_start_matches("#/components/schemas/");
    let value = examples::value(name).expect("an example");
    vec![
        format!("-H 'Content-Type: {media_type}'"),
        format!("-d '{value}'"),
    ]
}

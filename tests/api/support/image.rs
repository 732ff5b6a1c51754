//! Image objects, as the contract describes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Fixture;

/// Checks every member of an image that was just uploaded without any options.
pub(crate) fn check_image(image: &Value, file: &Fixture, owner: &str, filename: Option<&str>) {
    let id = image["id"].as_str().expect("an id");
    let version = Uuid::parse_str(id).map(|id| id.get_version_num());
    assert_eq!(version, Ok(7), "{id}");
    let created_at = image["created_at"].as_str().expect("a time");
    assert!(is_time(created_at), "{created_at}");
    let expected = json!({
        "id": id,
        "owner": owner,
        "filename": filename,
        "content_type": file.content_type,
        "size": file.bytes.len(),
        "sha256": sha256_hex(file.bytes),
        "width": file.size.0,
        "height": file.size.1,
        "frames": file.frames,
        "created_at": created_at,
        "updated_at": created_at,
        "visibility": "private",
        "tags": [],
        "metadata": {},
        "links": {
            "self": format!("/v1/images/{id}"),
            "content": format!("/v1/images/{id}/content"),
        },
    });
    assert_eq!(*image, expected, "{}", file.name);
}

/// Whether the text is a time of RFC 3339 in UTC with milliseconds: `2026-01-31T12:34:56.789Z`.
fn is_time(text: &str) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:dd.dddZ";
    let fits = |(c, p): (char, char)| c == p || (p == 'd' && c.is_ascii_digit());
    text.len() == pattern.len() && text.chars().zip(pattern.chars()).all(fits)
}

/// The path of an image object, from its links.
pub(crate) fn path(image: &Value) -> &str {
    image["links"]["self"].as_str().expect("a link")
}

/// The path of an image's bytes, from its links.
pub(crate) fn content(image: &Value) -> &str {
    image["links"]["content"].as_str().expect("a link")
}

/// The SHA-256 of these bytes, in the form of the image object's member.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of `Repr-Digest` (RFC 9530) for these bytes.
pub(crate) fn repr_digest(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

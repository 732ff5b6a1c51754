//! Examples of objects.

use serde_json::{Map, Value, json};

use crate::model::Kind;
use crate::service::filename;

/// An example of each schema, with its members in the documented order. Words in capitals are
/// replaced by values from the code.
const OBJECTS: &[(&str, &str)] = &[
    (
        "MigrationStep",
        r#"{
  "cursor": null,
  "limit": 50
}"#,
    ),
    (
        "Migrated",
        r#"{
  "moved": 49,
  "moved_bytes": 90177536,
  "moved_before": 1,
  "damaged": [],
  "next_cursor": "01a20bb028257c3f.7"
}"#,
    ),
    (
        "Sweep",
        r#"{
  "limit": 200
}"#,
    ),
    (
        "Swept",
        r#"{
  "blobs": 200,
  "leases": 2,
  "uploads": 1,
  "variants": 5,
  "more": true
}"#,
    ),
    (
        "Audit",
        r#"{
  "cursor": null,
  "limit": 50,
  "repair": false
}"#,
    ),
    (
        "Audited",
        r#"{
  "images": 0,
  "blobs": 50,
  "dead": 3,
  "uploads": 0,
  "bytes": 90177536,
  "findings": [],
  "next_cursor": "blobs:01a20bb028257c3f.7"
}"#,
    ),
    (
        "OpenUploads",
        r#"{
  "items": [{
    "url": "/v1/uploads/0f3a5c6d7e8f90123456789abcdef012",
    "offset": 1048576,
    "length": 2841774,
    "filename": "cat.jpg",
    "created_at": "2026-11-24T03:53:43.000Z",
    "expires_at": "2026-11-24T09:53:43.000Z"
  }]
}"#,
    ),
    ("Image", IMAGE),
    (
        "ImagePatch",
        r#"{
  "tags": ["cats", "holiday"],
  "visibility": "public",
  "metadata": {"album": "2026", "draft": null}
}"#,
    ),
    (
        "NewLink",
        r#"{
  "expires_in": 3600,
  "download": true
}"#,
    ),
    (
        "Link",
        r#"{
  "url": "/v1/images/01a20bb0-2825-7c3f-bc27-e33a2a4cd178/content?download=1&expires=1795500000&kid=dev&signature=CcFD-_OpGoK3k3OHCn7PVPaHH2Ru-CsEjB3K2bkFXJQ",
  "expires_at": "2026-11-24T06:00:00.000Z"
}"#,
    ),
    (
        "ImageService",
        r#"{
  "@context": "http://iiif.io/api/image/3/context.json",
  "id": "http://127.0.0.1:3000/iiif/3/01a20bb0-2825-7c3f-bc27-e33a2a4cd178",
  "type": "ImageService3",
  "protocol": "http://iiif.io/api/image",
  "profile": "level2",
  "width": 1600,
  "height": 1200,
  "maxWidth": 8192,
  "maxHeight": 8192,
  "maxArea": 25000000,
  "sizes": [
    {"width": 400, "height": 300},
    {"width": 800, "height": 600},
    {"width": 1600, "height": 1200}
  ],
  "tiles": [{"width": 512, "scaleFactors": [1, 2, 4]}],
  "extraFormats": ["gif", "webp", "avif"],
  "extraQualities": ["color", "gray", "bitonal"],
  "extraFeatures": ["canonicalLinkHeader", "mirroring", "profileLinkHeader", "sizeUpscaling"]
}"#,
    ),
    (
        "ImagesToDelete",
        r#"{
  "ids": ["01a20bb0-2825-7c3f-bc27-e33a2a4cd178", "01a20bb0-2844-74b5-8560-f8154794d311"]
}"#,
    ),
    (
        "DeletedImages",
        r#"{
  "items": [
    {"id": "01a20bb0-2825-7c3f-bc27-e33a2a4cd178", "status": 204, "problem": null},
    {
      "id": "01a20bb0-2844-74b5-8560-f8154794d311",
      "status": 404,
      "problem": NOT_FOUND
    }
  ]
}"#,
    ),
    (
        "NewLinks",
        r#"{
  "ids": ["01a20bb0-2825-7c3f-bc27-e33a2a4cd178", "01a20bb0-2844-74b5-8560-f8154794d311"],
  "expires_in": 3600
}"#,
    ),
    (
        "CreatedLinks",
        r#"{
  "items": [
    {
      "id": "01a20bb0-2825-7c3f-bc27-e33a2a4cd178",
      "status": 201,
      "link": {
        "url": "/v1/images/01a20bb0-2825-7c3f-bc27-e33a2a4cd178/content?expires=1795500000&kid=dev&signature=CcFD-_OpGoK3k3OHCn7PVPaHH2Ru-CsEjB3K2bkFXJQ",
        "expires_at": "2026-11-24T06:00:00.000Z"
      },
      "problem": null
    },
    {
      "id": "01a20bb0-2844-74b5-8560-f8154794d311",
      "status": 404,
      "link": null,
      "problem": NOT_FOUND
    }
  ]
}"#,
    ),
    (
        "DeletedOwner",
        r#"{
  "deleted": 200,
  "remaining": 1042,
  "more": true
}"#,
    ),
    (
        "NewTicket",
        r#"{
  "expires_in": 600,
  "max_uploads": 1,
  "name": "New avatar",
  "max_bytes": 5000000,
  "content_types": ["image/jpeg", "image/png"],
  "tags": ["avatar"],
  "metadata": {"user": "1234"},
  "filename": "avatar.jpg",
  "visibility": "public"
}"#,
    ),
    (
        "Ticket",
        r#"{
  "ticket": "01a20bb0282f7a2c9d105e6f7a8b9c0d",
  "upload_url": "/v1/images?ticket=dev.eyJpZCI6IjEifQ.N0aXWjIMaqAMIQRt3Q2FPOPhdmJMeTnEyAGM",
  "expires_at": "2026-11-24T04:03:43.000Z",
  "owner": "alice",
  "name": "New avatar",
  "status": "open",
  "max_uploads": 1,
  "uploads": 0,
  "max_bytes": 5000000,
  "content_types": ["image/jpeg", "image/png"],
  "tags": ["avatar"],
  "metadata": {"user": "1234"},
  "filename": "avatar.jpg",
  "visibility": "public",
  "created_at": "2026-11-24T03:53:43.717Z",
  "revoked_at": null
}"#,
    ),
    (
        "NamedLinks",
        r#"{
  "items": [
    {
      "url": "/v1/images/01a20bb0-2825-7c3f-bc27-e33a2a4cd178/content?expires=1795500000&kid=dev&link=01a20bb0-2831-7d40-9a4e-6b1f0c5d2e77&signature=CcFD-_OpGoK3k3OHCn7PVPaHH2Ru-CsEjB3K2bkFXJQ",
      "expires_at": "2026-11-24T06:00:00.000Z",
      "id": "01a20bb0-2831-7d40-9a4e-6b1f0c5d2e77",
      "name": "for Anna",
      "created_at": "2026-11-24T03:53:43.717Z"
    }
  ]
}"#,
    ),
    (
        "ShareXUploader",
        r#"{
  "Version": "15.0.0",
  "Name": "Darkroom (https://images.example.com)",
  "DestinationType": "ImageUploader",
  "RequestMethod": "POST",
  "RequestURL": "https://images.example.com/v1/images",
  "Headers": {"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln"},
  "Body": "MultipartFormData",
  "Arguments": {"visibility": "public"},
  "FileFormName": "file",
  "URL": "{json:links.content}",
  "ThumbnailURL": "{json:links.content}?preset=thumb",
  "ErrorMessage": "{json:detail}"
}"#,
    ),
    (
        "Limits",
        r#"{
  "upload": {
    "content_types": [ALL_TYPES],
    "max_bytes": 26214400,
    "max_pixels": 50000000,
    "max_width": 65535,
    "max_height": 65535,
    "max_frames": 1000,
    "max_files": 32,
    "max_filename_bytes": MAX_FILENAME_BYTES,
    "max_metadata_bytes": 1048576,
    "strip_metadata": "gps",
    "trailing_data": "strip"
  },
  "derived": {
    "enabled": true,
    "policy": "signed",
    "presets": {"thumb": "w=96&h=96&fit=cover"},
    "width_ladder": [
      16, 32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840
    ],
    "snap_widths": false,
    "max_side": 8192,
    "max_pixels": 100000000
  },
  "tags": {"max_count": 32, "max_characters": 64},
  "metadata": {"max_bytes": 4096},
  "links": {
    "min_seconds": 1, "max_seconds": 604800, "max_named": 100, "max_name_characters": 100
  },
  "upload_tickets": {
    "min_seconds": 1, "max_seconds": 2592000, "max_uploads": 1000, "max_name_characters": 100
  },
  "list": {"default_limit": 50, "max_limit": 200},
  "bulk": {"max_images": 100},
  "json": {"max_bytes": 65536}
}"#,
    ),
    (
        "Health",
        r#"{
  "status": "ok"
}"#,
    ),
];

const NOT_FOUND: &str = r#"{
        "type": "/problems/not-found", "title": "Not found", "status": 404,
        "detail": "no such image"
      }"#;

const IMAGE: &str = r#"{
  "id": "01a20bb0-2825-7c3f-bc27-e33a2a4cd178",
  "owner": "alice",
  "filename": "cat.jpg",
  "content_type": "image/jpeg",
  "size": 2841774,
  "sha256": "44aff4ab2d7c3250525675a08f0cfa9591168cffe51791c5f5bbc417c15a6c38",
  "width": 4032,
  "height": 3024,
  "frames": 1,
  "created_at": "2026-11-24T03:53:43.717Z",
  "updated_at": "2026-11-24T03:53:43.717Z",
  "visibility": "private",
  "tags": ["cats"],
  "metadata": {"album": "2026"},
  "links": {
    "self": "/v1/images/01a20bb0-2825-7c3f-bc27-e33a2a4cd178",
    "content": "/v1/images/01a20bb0-2825-7c3f-bc27-e33a2a4cd178/content"
  }
}"#;

/// The example of a schema, as JSON text.
fn text(schema: &str) -> Option<String> {
    if schema == "Images" {
        let image = IMAGE.replace('\n', "\n    ");
        return Some(format!("{{\n  \"items\": [\n    {image}\n  ]\n}}"));
    }
    if schema == "ImagePage" {
        let image = IMAGE.replace('\n', "\n    ");
        let cursor = "AQAAAZvXgC01AaILsCglfD-8J-M6Kk";
        return Some(format!(
            "{{\n  \"items\": [\n    {image}\n  ],\n  \"next_cursor\": \"{cursor}\"\n}}"
        ));
    }
    let mut found = OBJECTS.iter().filter(|(name, _)| *name == schema);
    let (_, text) = found.next()?;
    let types = Kind::ALL.map(|kind| format!("\"{}\"", kind.media_type()));
    let text = text.replace("NOT_FOUND", NOT_FOUND);
    let text = text.replace("ALL_TYPES", &types.join(", "));
    Some(text.replace("MAX_FILENAME_BYTES", &filename::MAX_BYTES.to_string()))
}

/// The example of a schema.
pub(super) fn value(schema: &str) -> Option<Value> {
    text(schema).map(|text| serde_json::from_str(&text).expect("JSON"))
}

/// `components.examples`: the examples of all schemas that have one.
pub(super) fn all(schemas: &Map<String, Value>) -> Map<String, Value> {
    let examples = schemas.keys().filter_map(|name| {
        let value = value(name)?;
        Some((name.clone(), json!({"value": value})))
    });
    examples.collect()
}

/// The `examples` of a body with this schema.
pub(super) fn of(schema: &str) -> Option<Value> {
    let reference = json!({"$ref": format!("#/components/examples/{schema}")});
    text(schema).map(|_| json!({"example": reference}))
}

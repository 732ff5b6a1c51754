//! curl, with the requests of both protocols written by hand.

use serde_json::json;

use super::Stage;
use crate::support::{Png, Program};

/// An upload in three pieces over tus. The second is damaged at first, and refused by its checksum.
const TUS: &str = r#"
begun=$(curl -sS -D - -o answer -X POST "$URL/v1/uploads" -H 'Tus-Resumable: 1.0.0' \
    -H "Authorization: Bearer $TOKEN" -H "Upload-Length: $(wc -c <image.png)" \
    -H "Upload-Metadata: filename $(printf tus.png | base64)")
location() { printf '%s' "$1" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p'; }
upload=$URL$(location "$begun")
split -b 200000 image.png piece.
offset() {
    curl -sS -I "$upload" -H 'Tus-Resumable: 1.0.0' | tr -d '\r' | sed -n 's/^[Uu]pload-[Oo]ffset: //p'
}
send() {
    curl -sS -o answer -w '%{http_code}' -X PATCH "$upload" -H 'Tus-Resumable: 1.0.0' \
        -H 'Content-Type: application/offset+octet-stream' -H "Upload-Offset: $(offset)" \
        -H "Upload-Checksum: $2 $(openssl dgst -"$2" -binary "$1" | base64)" --data-binary @"$3"
}
[ "$(send piece.aa sha256 piece.aa)" = 204 ]
[ "$(send piece.ab sha1 piece.aa)" = 460 ]
[ "$(offset)" = 200000 ]
[ "$(send piece.ab sha1 piece.ab)" = 204 ]
[ "$(send piece.ac md5 piece.ac)" = 204 ]
"#;

/// The same under the draft of the IETF, whose last answer is that of any upload.
const DRAFT: &str = r#"
split -b 200000 image.png piece.
begun=$(curl -sS -D - -o answer -X POST "$URL/v1/images?filename=draft.png" \
    -H "Authorization: Bearer $TOKEN" -H 'Content-Type: image/png' \
    -H 'Upload-Draft-Interop-Version: 8' -H 'Upload-Complete: ?0' \
    -H "Upload-Length: $(wc -c <image.png)" --data-binary @piece.aa)
location() { printf '%s' "$1" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p'; }
upload=$URL$(location "$begun")
offset() {
    curl -sS -I "$upload" -H 'Upload-Draft-Interop-Version: 8' | tr -d '\r' |
        sed -n 's/^[Uu]pload-[Oo]ffset: //p'
}
[ "$(offset)" = 200000 ]
send() {
    curl -sS -o answer -w '%{http_code}' -X PATCH "$upload" -H 'Upload-Draft-Interop-Version: 8' \
        -H 'Content-Type: application/partial-upload' -H "Upload-Offset: $(offset)" \
        -H "Upload-Complete: $2" --data-binary @"$1"
}
case $(send piece.ab '?0') in 20[014]) ;; *) false ;; esac
case $(send piece.ac '?1') in 20[01]) ;; *) false ;; esac
grep -q '"filename":"draft.png"' answer
"#;

async fn uploads(script: &str, filename: &str) {
    if Program::find("DARKROOM_TEST_CURL").is_none()
        || Program::find("DARKROOM_TEST_OPENSSL").is_none()
    {
        return;
    }
    let stage = Stage::start();
    let shell = Program::at("/bin/sh");
    let file = Png::of_size(500_000).bytes();
    shell.write("image.png", &file);
    let variables = [("URL", stage.darkroom.address()), ("TOKEN", &stage.token)];
    let output = shell.run_with(&variables, &["-eux", "-c", script]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let images = stage.holds_only(&[file]).await;
    assert_eq!(images[0]["filename"], json!(filename));
}

#[tokio::test]
async fn curl_uploads_in_pieces_with_checksums() {
    uploads(TUS, "tus.png").await;
}

#[tokio::test]
async fn curl_uploads_in_pieces_under_the_draft_of_the_ietf() {
    uploads(DRAFT, "draft.png").await;
}

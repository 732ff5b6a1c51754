//! Ranges, conditions and uploads of clients that use HTTP/2 to the proxy, which uses HTTP/1.1 to
//! the application and caches public images.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ALICE, Stage, authorization};
use crate::hostile::attacks::Cases;
use crate::support::{Png, content, path};

const SIZE: usize = 300_000;

/// An answer, as curl received it.
struct Answer {
    status: String,
    head: String,
    body: Vec<u8>,
}

impl Stage {
    /// Sends a request over HTTP/2. Returns none if there is no curl.
    fn over_http2(&self, arguments: &[&str], path: &str) -> Option<Answer> {
        let output = self
            .nginx
            .curl(&[&["--http2", "-i"], arguments].concat(), path)?;
        let end = output.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let (head, body) = output.split_at(end.expect("a head") + 4);
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let line = head.lines().next().unwrap_or_default();
        let status = line.strip_prefix("http/2 ").unwrap_or(line).trim();
        Some(Answer {
            status: status.to_owned(),
            body: body.to_vec(),
            head,
        })
    }

    /// A public image of Alice.
    async fn public_image(&self, file: &[u8]) -> Value {
        let alice = self.darkroom.client(ALICE);
        let image = alice.upload(file.to_vec()).await;
        let public = json!({"visibility": "public"});
        let changed = alice.json(Method::PATCH, path(&image), &public).await;
        assert_eq!(changed.status(), 200);
        image
    }
}

#[tokio::test]
async fn ranges_and_conditions_mean_the_same_over_http2_whether_cached_or_not() {
    let Some(stage) = Stage::new() else { return };
    let file = Png::of_size(SIZE).bytes();
    let image = stage.public_image(&file).await;
    let etag = format!("\"{}\"", image["sha256"].as_str().expect("hex"));
    let [same, other, if_same, if_other] = [
        format!("If-None-Match: {etag}"),
        "If-None-Match: \"x\"".to_owned(),
        format!("If-Range: {etag}"),
        "If-Range: \"x\"".to_owned(),
    ];
    let range = "Range: bytes=100-199";
    let (whole, part) = (&file[..], &file[100..200]);
    let mut cases = Cases::default();
    // The first round fills the cache; Alice is never served from it.
    for (round, token) in [
        ("first", None),
        ("cached", None),
        ("Alice", Some(authorization())),
    ] {
        for (lines, status, expect) in [
            (vec![], "200", whole),
            (vec![range], "206", part),
            (vec!["Range: bytes=-100"], "206", &file[SIZE - 100..]),
            (vec!["Range: bytes=299999-"], "206", &file[SIZE - 1..]),
            (vec!["Range: bytes=300000-"], "416", &[]),
            (vec!["Range: lines=1-2"], "200", whole),
            (vec![same.as_str()], "304", &[]),
            (vec![other.as_str()], "200", whole),
            (vec![range, if_same.as_str()], "206", part),
            (vec![range, if_other.as_str()], "200", whole),
            (vec!["RANGE: bytes=100-199"], "206", part),
        ] {
            let mut arguments = Vec::new();
            for line in lines.iter().copied().chain(token.as_deref()) {
                arguments.extend(["-H", line]);
            }
            let Some(answer) = stage.over_http2(&arguments, content(&image)) else {
                return;
            };
            let bytes = status == "416" || answer.body == expect;
            let case = format!("{round}: {lines:?}");
            cases.hold(case, answer.status == status && bytes, &answer.head);
        }
        let mut arguments = vec!["--head"];
        arguments.extend(token.iter().flat_map(|line| ["-H", line.as_str()]));
        let answer = stage.over_http2(&arguments, content(&image)).expect("curl");
        let has_length = answer.head.contains(&format!("content-length: {SIZE}\r\n"));
        cases.hold(
            format!("{round}: HEAD"),
            answer.status == "200" && has_length,
            &answer.head,
        );
    }
    cases.end();
}

#[tokio::test]
async fn an_answer_to_an_owner_over_http2_is_served_to_nobody_else() {
    let Some(stage) = Stage::new() else { return };
    let (image, _) = stage.image().await;
    let authorization = authorization();
    let mut cases = Cases::default();
    for lines in [
        vec![],
        vec!["-H", "Range: bytes=0-9"],
        vec!["-H", "If-None-Match: *"],
        vec!["-H", "Cookie: a=b"],
        vec!["--head"],
    ] {
        let own = [&lines[..], &["-H", &authorization]].concat();
        let Some(own) = stage.over_http2(&own, content(&image)) else {
            return;
        };
        let given = ["200", "206", "304"].contains(&own.status.as_str());
        cases.hold(format!("own {lines:?}"), given, &own.head);
        let other = stage.over_http2(&lines, content(&image)).expect("curl");
        cases.hold(
            format!("others' {lines:?}"),
            other.status == "401",
            &other.head,
        );
    }
    cases.end();
}

#[tokio::test]
async fn an_upload_over_http2_arrives_whole_and_a_change_keeps_its_condition() {
    let Some(stage) = Stage::new() else { return };
    let authorization = authorization();
    let file = stage.darkroom.folder().join("upload.png");
    let sent = Png::of_size(SIZE).bytes();
    std::fs::write(&file, &sent).expect("written");
    let data = format!("@{}", file.display());
    let typed = "Content-Type: image/png";
    let arguments = ["-H", &authorization, "-H", typed, "--data-binary", &data];
    let Some(answer) = stage.over_http2(&arguments, "/v1/images") else {
        return;
    };
    assert_eq!(answer.status, "201", "{}", answer.head);
    let image: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let alice = stage.darkroom.client(ALICE);
    assert!(alice.download(&image).await == sent);
    let change = [
        ["-X", "PATCH"],
        ["-H", &authorization],
        ["-H", "If-Match: \"x\""],
        ["-H", "Content-Type: application/merge-patch+json"],
        ["--data", "{\"tags\":[\"a\"]}"],
    ];
    let answer = stage
        .over_http2(&change.concat(), path(&image))
        .expect("curl");
    assert_eq!(answer.status, "412", "{}", answer.head);
    let delete = ["-X", "DELETE", "-H", &authorization];
    let answer = stage.over_http2(&delete, path(&image)).expect("curl");
    assert_eq!(answer.status, "204", "{}", answer.head);
    assert!(alice.list().await.is_empty());
}

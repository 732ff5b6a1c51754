//! Sweeps and audits, and who may request them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    ALL_SCOPES, Client, Darkroom, Png, Raw, content, eventually, path, problem, send,
};

const SWEEP: &str = "/v1/admin/sweep";
const AUDIT: &str = "/v1/admin/audit";

fn admin(darkroom: &Darkroom) -> Client {
    darkroom.scoped("root", "admin")
}

/// A server with short periods of grace, because a test cannot wait for hours.
fn hasty() -> Darkroom {
    let setup = Darkroom::with().variable("max_upload_seconds", 1);
    let setup = setup.variable("late_write_seconds", 1);
    setup.variable("delete_grace_seconds", 1).start()
}

#[tokio::test]
async fn sweeps_and_audits_require_a_scope_of_their_own() {
    let darkroom = Darkroom::shared();
    for path in [SWEEP, AUDIT] {
        let refused = darkroom
            .anonymous()
            .json(Method::POST, path, &json!({}))
            .await;
        problem(refused, 401, "unauthorized").await;
        let owner = darkroom.scoped("alice", ALL_SCOPES);
        let refused = owner.json(Method::POST, path, &json!({})).await;
        let details = problem(refused, 403, "insufficient-scope").await;
        assert_eq!(details["scope"], "maintenance");
        let got = admin(&darkroom).get(path).await;
        problem(got, 405, "method-not-allowed").await;
    }
}

#[tokio::test]
async fn a_cron_job_needs_no_body() {
    let darkroom = Darkroom::shared();
    for path in [SWEEP, AUDIT] {
        let cron = darkroom.scoped("cron", "maintenance");
        let request = cron.request(Method::POST, path);
        assert_eq!(send(request).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn an_invalid_request_is_refused() {
    let admin = admin(&Darkroom::shared());
    for (path, body) in [
        (SWEEP, json!({"limit": 0})),
        (SWEEP, json!({"limit": 1001})),
        (SWEEP, json!({"limit": 1.5})),
        (SWEEP, json!({"older_than": 1})),
        (AUDIT, json!({"limit": 201})),
        (AUDIT, json!({"limit": "1"})),
        (AUDIT, json!({"cursor": "2"})),
    ] {
        let answer = admin.json(Method::POST, path, &body).await;
        problem(answer, 400, "bad-request").await;
    }
    let untyped = admin.request(Method::POST, SWEEP).body("{}");
    problem(send(untyped).await, 415, "unsupported-type").await;
}

#[tokio::test]
async fn an_audit_reads_everything_page_by_page() {
    let darkroom = Darkroom::with().variable("chunk_bytes", 1024).start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(5000).bytes();
    for _ in 0..3 {
        alice.upload(file.clone()).await;
    }
    let gone = alice.upload(Png::of_size(700).bytes()).await;
    alice.upload(Png::of_size(800).bytes()).await;
    assert_eq!(alice.delete(path(&gone)).await.status(), 204);
    for limit in [1, 2, 200] {
        let request = json!({"limit": limit, "repair": true});
        let page = admin(&darkroom).audit(&request).await;
        let expected = json!({"images": 4, "blobs": 3, "dead": 1, "uploads": 0, "bytes": 5800, "findings": []});
        assert_eq!(page, expected);
    }
}

#[tokio::test]
async fn damage_is_found_named_and_removed_on_request() {
    let darkroom = Darkroom::with().variable("chunk_bytes", 1024).start();
    let (alice, admin) = (darkroom.client("alice"), admin(&darkroom));
    let broken = alice.upload(Png::of_size(5000).bytes()).await;
    let whole = alice.upload(Png::of_size(3000).bytes()).await;
    darkroom.damage("DELETE FROM spin_key_value WHERE key LIKE '%:4'");
    for request in [json!({}), json!({"repair": true})] {
        let found = admin.audit(&request).await;
        let [finding] = found["findings"].as_array().expect("a list").as_slice() else {
            panic!("{found}");
        };
        assert_eq!(finding["fault"], "damaged_bytes");
        assert_eq!(finding["remedy"], "remove");
        assert_eq!(finding["repaired"], false);
        assert_eq!(finding["images"], json!([broken["id"]]));
    }
    assert_eq!(alice.list().await.len(), 2);
    let request = json!({"repair": true, "remove_damaged": true});
    let found = admin.audit(&request).await;
    assert_eq!(found["findings"][0]["repaired"], true);
    assert_eq!(admin.audit(&json!({})).await["findings"], json!([]));
    assert_eq!(alice.list().await, [whole]);
}

#[tokio::test]
async fn dead_blobs_are_swept_after_their_grace_period_in_bounded_calls() {
    let darkroom = hasty();
    let (alice, admin) = (darkroom.client("alice"), admin(&darkroom));
    for _ in 0..20 {
        let image = alice.upload(Png::of_size(1000).bytes()).await;
        assert_eq!(alice.delete(path(&image)).await.status(), 204);
    }
    let kept = alice.upload(Png::of_size(2000).bytes()).await;
    let swept = eventually(|| async {
        let swept: Value = admin.admin(SWEEP, &json!({"limit": 8})).await;
        assert!(swept["blobs"].as_u64() <= Some(8), "{swept}");
        darkroom.chunks() == 1
    });
    assert_eq!(swept.await, Ok(()));
    assert_eq!(admin.admin(SWEEP, &json!({})).await["blobs"], 0);
    assert_eq!(alice.download(&kept).await.len(), 2000);
}

#[tokio::test]
async fn the_remains_of_uploads_after_a_crash_are_swept() {
    let mut darkroom = hasty();
    let length = "Content-Length: 2000000";
    let file = Png::of_size(2_000_000).bytes();
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin_upload("alice", &[length]).await;
    raw.send(&file[..1_300_000]).await;
    let begun = eventually(|| async { darkroom.chunks() >= 2 }).await;
    assert_eq!(begun, Ok(()));
    darkroom.kill();
    drop(raw);
    darkroom.start_again();
    assert!(darkroom.chunks() >= 2);
    let admin = admin(&darkroom);
    let swept = eventually(|| async {
        admin.sweep().await;
        darkroom.chunks() == 0
    });
    assert_eq!(swept.await, Ok(()));
}

#[tokio::test]
async fn blobs_that_are_being_read_or_uploaded_are_not_swept() {
    let darkroom = Darkroom::with().variable("chunk_bytes", 65_536).start();
    let (alice, admin) = (darkroom.client("alice"), admin(&darkroom));
    let file = Png::of_size(12_000_000).bytes();
    let image = alice.upload(file.clone()).await;
    // Only its head has been read so far.
    let reader = alice.get(content(&image)).await;
    let sent = Png::of_size(1_000_000).bytes();
    let mut sender = Raw::connect(&darkroom).await;
    let length = format!("Content-Length: {}", sent.len());
    sender.begin_upload("alice", &[&length]).await;
    sender.send(&sent[..600_000]).await;
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
    for _ in 0..10 {
        admin.sweep().await;
    }
    sender.send(&sent[600_000..]).await;
    let response = sender.response().await;
    assert_eq!(response.status, 201, "{}", response.text);
    assert!(reader.bytes().await.expect("all bytes") == file);
}

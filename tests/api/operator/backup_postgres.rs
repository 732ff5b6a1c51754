//! Backup and restore of a deployment with its catalog in PostgreSQL and its blobs in S3, by the
//! tools of these, as docs/operations.md says.

use std::time::Duration;

use serde_json::{Value, json};

use crate::faults::crash::ledger::{CHUNK, Ledger};
use crate::faults::crash::storm::Storm;
use crate::faults::crash::{Seed, everything};
use crate::support::{Darkroom, Postgres, S3};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_of_postgres_and_a_copy_of_the_bucket_that_are_made_under_load_are_complete() {
    let (Some(postgres), Some(s3)) = (Postgres::start(), S3::start().await) else {
        return;
    };
    let seed = Seed::new();
    let mut dice = seed.dice();
    let setup = |postgres: &Postgres, s3: &S3| {
        let setup = Darkroom::with().catalog_in(postgres).blobs_in_s3(s3);
        setup.variable("chunk_bytes", CHUNK)
    };
    let mut darkroom = setup(&postgres, &s3).start();
    let mut ledger = Ledger::new();
    let storm = Storm::begin(&darkroom, &ledger, &mut dice);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = storm.ledger();
    let dump = tokio::task::block_in_place(|| postgres.dump());
    let mut after = storm.ledger();
    let bucket = s3.copy().await;
    darkroom.stop();
    assert!(storm.end(&mut ledger).await > 20, "no load");

    let restored = tokio::task::block_in_place(|| Postgres::restored(&dump));
    let copy = setup(&restored, &bucket).start();
    let admin = copy.scoped("root", "admin");
    after.settle_copy(&before, &everything(&admin).await);
    assert!(after.images.len() > 10, "{} images", after.images.len());
    after.read_all(&copy).await;
    // Pieces of uploads that ended after the dump may be gone. Every image is whole.
    let audited = admin.audit(&json!({"limit": 200})).await;
    let findings = audited["findings"].as_array().expect("findings");
    let is_upload = |finding: &Value| finding["fault"] == "damaged_upload";
    assert!(findings.iter().all(is_upload), "{audited}");
    let removal = json!({"limit": 200, "repair": true, "remove_damaged": true});
    admin.audit(&removal).await;
    // It is a deployment like any other.
    let alice = copy.client("alice");
    let file = after.files[3].clone();
    let image = alice.upload(file.clone()).await;
    assert!(alice.download(&image).await == file);
    let audited = admin.audit(&json!({})).await;
    assert_eq!(audited["findings"], json!([]));
}

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::*;
use crate::auth::{Grant, Scopes};
use crate::blobs::{ChunkedBlobs, MemoryKeyValue};
use crate::catalog::SqlCatalog;
use crate::catalog::testing::native::Native;
use crate::media::testing;
use crate::model::{Image, QuotaClaim, Timestamp, Usage};
use crate::platform::testing::TestPlatform;
use crate::service::Content;
use crate::service::resumable::{NewResumable, Piece, ResumableError};
use crate::service::tests::settings;
use crate::service::{Attributes, Declared, ListRequest, UploadTerms};

/// A service on SQLite and a map, both of which the test may damage.
struct Bench {
    service: Service,
    database: Native,
    values: MemoryKeyValue,
    platform: Arc<TestPlatform>,
}

const NOW: i64 = 1_800_000_000_000;

impl Bench {
    async fn new() -> Self {
        let database = Native::timed_by(|| Timestamp::from_millis(NOW));
        let values = MemoryKeyValue::default();
        let catalog = SqlCatalog::open(database.clone()).await.expect("opens");
        let blobs = ChunkedBlobs::new(Arc::new(values.clone()), 64);
        let mut settings = settings();
        settings.stores.delete_grace_seconds = 0;
        let platform = TestPlatform::new(|| Timestamp::from_millis(NOW + 1));
        let platform = Arc::new(platform);
        Self {
            service: Service::new(
                Arc::new(catalog),
                Arc::new(blobs),
                Arc::new(settings),
                Arc::clone(&platform) as _,
                None,
            ),
            platform,
            database,
            values,
        }
    }

    async fn upload(&self, size: usize) -> Image {
        let file = bytes::Bytes::from(testing::png_of_size(size));
        let body = futures_util::stream::iter([Ok::<_, std::io::Error>(file)]);
        let terms = UploadTerms {
            owner: "alice".to_owned(),
            ..UploadTerms::default()
        };
        let begun = self.service.begin_upload(terms, None).await;
        let mut upload = begun.expect("begins");
        let accepted = upload.file(body, Declared::default()).await;
        accepted.expect("is accepted");
        let images = upload.commit(Attributes::default()).await;
        self.platform.do_spawned().await;
        images.expect("commits").remove(0)
    }

    /// Makes `variant` the variant `w=1` of `image`, with its own blob and bytes.
    fn turn_into_variant(&self, variant: &Image, image: &Image) {
        let (of, from) = (image.id, variant.id);
        self.sql(&format!(
            "INSERT INTO variants (image_id, transform, owner, blob_id, chunk_size, size, sha256,
                content_type, width, height, frames, created_at, used_at)
            SELECT '{of}', 'w=1', owner, blob_id, chunk_size, size, sha256, content_type, width,
                height, frames, created_at, created_at FROM images WHERE id = '{from}'"
        ));
        self.sql(&format!("DELETE FROM images WHERE id = '{from}'"));
    }

    fn sql(&self, sql: &str) {
        self.database.run(sql, vec![]).expect("runs");
    }

    /// Runs a whole audit and returns all pages as one.
    async fn audit(&self, limit: u32, repair: bool, remove_damaged: bool) -> AuditPage {
        let mut all = AuditPage::default();
        let mut next = Some(Place::default());
        while let Some(from) = next {
            let audit = Audit {
                from,
                limit,
                repair,
                remove_damaged,
            };
            let page = self.service.audit(&audit).await.expect("answers");
            all.images += page.images;
            all.blobs += page.blobs;
            all.dead += page.dead;
            all.uploads += page.uploads;
            all.bytes += page.bytes;
            all.findings.extend(page.findings);
            next = page.next;
        }
        all
    }

    /// Checks that audits find exactly these faults, twice, and nothing once they are
    /// repaired.
    async fn finds_and_repairs(&self, faults: &[Fault], remove_damaged: bool) {
        for _ in 0..2 {
            let found = self.audit(1, false, false).await.findings;
            assert_eq!(
                found.iter().map(|one| one.fault).collect::<Vec<_>>(),
                faults
            );
            assert!(found.iter().all(|finding| !finding.repaired));
        }
        let found = self.audit(1, true, remove_damaged).await.findings;
        assert!(found.iter().all(|finding| finding.repaired), "{found:?}");
        assert_eq!(self.audit(9, false, false).await.findings, []);
    }

    async fn is_whole(&self, image: &Image) -> bool {
        let found = self.service.find(&alice(), image.id).await;
        let Ok(found) = found else { return false };
        let whole = 0..found.blob.size;
        let read = self
            .service
            .read(&Content::of(&found), std::slice::from_ref(&whole))
            .await;
        let Ok(read) = read else { return false };
        let pieces: Result<Vec<_>, _> = read.try_collect().await;
        pieces.is_ok_and(|pieces| image.sha256 == Sha256::digest(pieces.concat()).into())
    }

    /// Deletes all images, sweeps, and checks that the stores are empty.
    async fn ends_empty(&self) {
        for image in self.images().await {
            let deleted = self.service.delete(&alice(), image.id, None).await;
            deleted.expect("is deleted");
        }
        self.service.sweep(1000).await.expect("sweeps");
        assert_eq!(self.values.keys(), Vec::<String>::new());
        let blobs = self.database.run("SELECT * FROM blobs", vec![]);
        assert_eq!(blobs, Ok(vec![]));
    }

    async fn images(&self) -> Vec<Image> {
        let request = ListRequest {
            limit: 100,
            ..ListRequest::default()
        };
        let page = self.service.list(&alice(), request).await;
        page.expect("lists").images
    }
}

fn alice() -> Grant {
    Grant {
        owner: "alice".to_owned(),
        scopes: Scopes::parse("images:read images:delete"),
        quota: QuotaClaim::default(),
        expires: u64::MAX,
    }
}

#[tokio::test]
async fn an_audit_finds_nothing_in_sound_stores() {
    for limit in [1, 2, 100] {
        let bench = Bench::new().await;
        for size in [100, 100, 200, 300] {
            bench.upload(size).await;
        }
        let gone = bench.upload(400).await;
        let deleted = bench.service.delete(&alice(), gone.id, None).await;
        deleted.expect("is deleted");
        let page = bench.audit(limit, true, true).await;
        let counts = (page.images, page.blobs, page.dead, page.bytes);
        assert_eq!((counts, page.findings), ((4, 4, 1, 600), vec![]));
    }
}

#[tokio::test]
async fn variants_are_audited_and_dropped_if_they_are_damaged() {
    let damages: [(&str, Fault); 4] = [
        (
            "UPDATE blobs SET refs = 4 WHERE size = 200",
            Fault::WrongCount,
        ),
        (
            "UPDATE blobs SET size = 7 WHERE size = 200",
            Fault::ContradictedVariant,
        ),
        (
            "DELETE FROM blobs WHERE size = 200",
            Fault::ContradictedVariant,
        ),
        ("", Fault::DamagedBytes),
    ];
    for (damage, fault) in damages {
        let bench = Bench::new().await;
        let image = bench.upload(100).await;
        let variant = bench.upload(200).await;
        bench.turn_into_variant(&variant, &image);
        let page = bench.audit(9, false, false).await;
        assert_eq!((page.images, page.blobs, page.findings), (1, 2, vec![]));
        if damage.is_empty() {
            let chunk = format!("{}:0", variant.blob.id);
            bench
                .values
                .tamper(|values| values.retain(|key, _| !key.ends_with(&chunk)));
        } else {
            bench.sql(damage);
        }
        if damage.contains("size = 7") {
            let found = bench.audit(9, true, false).await.findings;
            assert!(
                found.iter().any(|finding| finding.fault == fault),
                "{found:?}"
            );
            assert_eq!(found.iter().find(|finding| !finding.repaired), None);
        } else {
            bench.finds_and_repairs(&[fault], false).await;
        }
        assert!(bench.is_whole(&image).await, "{damage}");
        let left = bench
            .database
            .run("SELECT * FROM variants", vec![])
            .expect("runs");
        assert_eq!(left.is_empty(), fault != Fault::WrongCount, "{damage}");
    }
}

#[tokio::test]
async fn wrong_counts_are_found_and_corrected() {
    for damage in [
        "refs = 7",
        "refs = 1",
        "refs = 0",
        "refs = 0, died_at = 1",
        "died_at = 1",
    ] {
        let bench = Bench::new().await;
        let image = bench.upload(300).await;
        bench.upload(300).await;
        bench.sql(&format!("UPDATE blobs SET {damage}"));
        bench.finds_and_repairs(&[Fault::WrongCount], false).await;
        assert!(bench.is_whole(&image).await, "{damage}");
        bench.ends_empty().await;
    }
    for damage in ["refs = 1, died_at = NULL", "died_at = NULL"] {
        let bench = Bench::new().await;
        let image = bench.upload(300).await;
        let deleted = bench.service.delete(&alice(), image.id, None).await;
        deleted.expect("is deleted");
        bench.sql(&format!("UPDATE blobs SET {damage}"));
        bench.finds_and_repairs(&[Fault::WrongCount], false).await;
        bench.ends_empty().await;
    }
}

#[tokio::test]
async fn wrong_usage_is_found_and_recounted() {
    for damage in [
        "UPDATE usage SET images = 9",
        "UPDATE usage SET bytes = bytes - 1",
        "DELETE FROM usage",
        "INSERT INTO usage (owner, images, bytes) VALUES ('bob', 1, 1)",
        "UPDATE totals SET images = 0",
        "UPDATE totals SET live_bytes = live_bytes + 1",
        "UPDATE totals SET leases = leases + 1",
    ] {
        let bench = Bench::new().await;
        bench.upload(300).await;
        bench.upload(300).await;
        bench.sql(damage);
        bench.finds_and_repairs(&[Fault::WrongUsage], false).await;
        let usage = bench.service.usage("alice").await;
        let expected = Usage {
            images: 2,
            bytes: 600,
        };
        assert_eq!(usage.expect("answers"), expected, "{damage}");
        bench.ends_empty().await;
    }
}

#[tokio::test]
async fn a_wrong_count_loses_no_bytes() {
    let bench = Bench::new().await;
    let image = bench.upload(300).await;
    for damage in [
        "UPDATE blobs SET refs = 0, died_at = 1",
        "DELETE FROM blobs",
    ] {
        bench.sql(damage);
        bench.sql("UPDATE leases SET expires_at = 1");
        let swept = bench.service.sweep(1000).await.expect("sweeps");
        assert_eq!(swept.blobs, 0);
        assert!(bench.is_whole(&image).await, "{damage}");
    }
}

#[tokio::test]
async fn images_of_a_blob_that_counted_as_dead_move_to_the_live_one() {
    let bench = Bench::new().await;
    let first = bench.upload(300).await;
    let second = bench.upload(300).await;
    bench.sql("UPDATE blobs SET refs = 0, died_at = 1");
    let third = bench.upload(300).await;
    assert_ne!(third.blob, first.blob);
    bench.finds_and_repairs(&[Fault::WrongCount], false).await;
    for image in [&first, &second, &third] {
        let found = bench.service.find(&alice(), image.id).await;
        assert_eq!(found.expect("is there").blob, third.blob);
        assert!(bench.is_whole(image).await);
    }
    bench.service.sweep(1000).await.expect("sweeps");
    assert_eq!(bench.values.keys().len(), 5);
    bench.ends_empty().await;
}

#[tokio::test]
async fn a_blob_without_a_record_gets_one() {
    let bench = Bench::new().await;
    let image = bench.upload(300).await;
    bench.upload(300).await;
    bench.sql("DELETE FROM blobs");
    let faults = [Fault::UnrecordedBlob, Fault::UnrecordedBlob];
    bench.finds_and_repairs(&faults, false).await;
    assert!(bench.is_whole(&image).await);
    bench.ends_empty().await;
}

#[tokio::test]
async fn damaged_bytes_are_reported_and_removed_only_on_request() {
    let damages: [fn(&mut std::collections::BTreeMap<String, bytes::Bytes>); 4] = [
        |values| values.clear(),
        |values| drop(values.pop_last()),
        |values| *values.values_mut().next().expect("a chunk") = vec![0; 64].into(),
        |values| *values.values_mut().next().expect("a chunk") = vec![0; 63].into(),
    ];
    for damage in damages {
        let bench = Bench::new().await;
        let images = [bench.upload(300).await, bench.upload(300).await];
        let mut ids = images.clone().map(|image| image.id.to_string()).to_vec();
        ids.sort();
        bench.values.tamper(damage);
        let whole = bench.upload(400).await;
        for (repair, remove_damaged) in [(false, false), (true, false)] {
            let found = bench.audit(10, repair, remove_damaged).await.findings;
            let [finding] = found.as_slice() else {
                panic!("{found:?}")
            };
            let mut named = finding.images.clone();
            named.sort();
            assert_eq!((finding.fault, named), (Fault::DamagedBytes, ids.clone()));
            assert!(!finding.repaired);
        }
        bench.finds_and_repairs(&[Fault::DamagedBytes], true).await;
        assert_eq!(bench.images().await, std::slice::from_ref(&whole));
        assert!(bench.is_whole(&whole).await);
        bench.ends_empty().await;
    }
}

#[tokio::test]
async fn an_image_that_contradicts_its_blob_is_removed_only_on_request() {
    for damage in [
        "owner = 'bob'",
        "sha256 = printf('%064x', 1)",
        "size = 3",
        "chunk_size = 3",
    ] {
        let bench = Bench::new().await;
        let image = bench.upload(300).await;
        bench.upload(300).await;
        bench.sql(&format!(
            "UPDATE images SET {damage} WHERE id = '{}'",
            image.id
        ));
        // What its owner keeps is counted by the image's changed record.
        let found = bench.audit(10, true, false).await.findings;
        let (counts, image): (Vec<_>, Vec<_>) = found
            .iter()
            .partition(|finding| finding.fault == Fault::WrongUsage);
        assert!(counts.iter().all(|finding| finding.repaired), "{found:?}");
        assert!(image.iter().all(|finding| !finding.repaired), "{found:?}");
        bench
            .finds_and_repairs(&[Fault::ContradictedImage], true)
            .await;
        assert_eq!(bench.images().await.len(), 1);
        bench.ends_empty().await;
    }
}

#[tokio::test]
async fn unreadable_rows_are_reported_and_left_alone() {
    for (damage, fault) in [
        ("UPDATE images SET metadata = 'x'", Fault::UnreadableImage),
        ("UPDATE images SET width = -1", Fault::UnreadableImage),
        ("UPDATE images SET sha256 = 'x'", Fault::UnreadableImage),
        ("UPDATE blobs SET chunk_size = -1", Fault::UnreadableBlob),
    ] {
        let bench = Bench::new().await;
        bench.upload(300).await;
        bench.sql(damage);
        let found = bench.audit(10, true, true).await.findings;
        let of_fault = found.iter().filter(|finding| finding.fault == fault);
        assert!(of_fault.clone().all(|finding| !finding.repaired));
        assert_eq!(of_fault.count(), 1, "{damage}: {found:?}");
        assert_eq!(bench.values.keys().len(), 5);
    }
}

#[test]
fn the_documentation_explains_every_finding() {
    let page = include_str!("../../../docs/operations.md");
    let header = "| finding | meaning | `--repair` |";
    let (_, table) = page.split_once(header).expect("a table");
    let rows = table.lines().skip(2);
    let rows = rows.take_while(|row| row.starts_with('|'));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    // Those that only `darkroom fsck` finds, in the files.
    let names = names.filter(|name| !["orphan", "damaged_file"].contains(name));
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let all = [
        Fault::ContradictedImage,
        Fault::ContradictedVariant,
        Fault::DamagedBytes,
        Fault::DamagedUpload,
        Fault::UnreadableBlob,
        Fault::UnreadableImage,
        Fault::UnrecordedBlob,
        Fault::WrongCount,
        Fault::WrongUsage,
    ];
    assert_eq!(names, all.map(Fault::as_str));
}

#[tokio::test]
async fn what_uploads_have_received_is_read_too() {
    for damage in [
        "DELETE FROM upload_tails",
        "DELETE FROM upload_segments",
        "UPDATE upload_segments SET start_at = 9",
        "",
    ] {
        let bench = Bench::new().await;
        let begun = bench.service.begin_resumable(NewResumable {
            terms: UploadTerms {
                owner: "alice".to_owned(),
                ..UploadTerms::default()
            },
            declared: Declared {
                length: Some(300),
                ..Declared::default()
            },
            ..NewResumable::default()
        });
        let id = begun.await.expect("begins").id;
        let bytes = bytes::Bytes::from(testing::png_of_size(300)).slice(..200);
        let body = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)]);
        let piece = Piece::default();
        let added = bench.service.append(&id, piece, body).await;
        assert_eq!(added.map(|upload| upload.received), Ok(200));
        let sound = bench.audit(1, true, true).await;
        assert_eq!((sound.uploads, sound.findings), (1, vec![]));
        if damage.is_empty() {
            bench.values.tamper(|values| {
                let last = values.values_mut().next_back().expect("a value");
                *last = last.iter().map(|byte| !byte).collect();
            });
        } else {
            bench.sql(damage);
        }
        bench.finds_and_repairs(&[Fault::DamagedUpload], true).await;
        assert_eq!(
            bench.service.resume(&id).await,
            Err(ResumableError::NotFound)
        );
    }
}

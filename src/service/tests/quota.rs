//! Quotas: enforced by the commit, and checked early if the length is known.

use super::*;
use crate::model::{Quota, QuotaExceeded, Resource, Usage};

fn within(owner: &str, images: Option<u64>, bytes: Option<u64>) -> UploadTerms {
    UploadTerms {
        quota: Quota { images, bytes },
        ..of(owner)
    }
}

fn exceeded(resource: Resource, limit: u64, actual: u64) -> ServiceError {
    ServiceError::QuotaExceeded(QuotaExceeded {
        resource,
        limit,
        actual,
    })
}

#[tokio::test]
async fn files_beyond_the_quota_leave_nothing_behind() {
    let bench = Bench::new();
    for (terms, expected) in [
        (
            within("alice", None, Some(600)),
            exceeded(Resource::Bytes, 600, 601),
        ),
        (
            within("alice", Some(1), None),
            exceeded(Resource::Images, 1, 2),
        ),
    ] {
        let mut upload = bench.begin(terms).await;
        for size in [300, 301] {
            let file = body(&testing::png_of_size(size));
            let accepted = upload.file(file, Declared::default()).await;
            accepted.expect("is accepted");
        }
        let refused = upload.commit(Attributes::default()).await;
        assert_eq!(refused, Err(expected.into()));
        bench.do_spawned().await;
        assert_eq!(bench.values.keys(), Vec::<String>::new());
        assert_eq!(bench.service.usage("alice").await, Ok(Usage::default()));
    }
}

#[tokio::test]
async fn a_declared_length_is_checked_against_the_quota() {
    let bench = Bench::new();
    let file = testing::png_of_size(300);
    bench.upload("alice", &file).await.expect("is accepted");
    let admit = async |terms: UploadTerms, length| bench.begin(terms).await.admit(length).await;
    let bytes = || within("alice", None, Some(400));
    assert_eq!(admit(bytes(), Some(100)).await, Ok(()));
    let refused = exceeded(Resource::Bytes, 400, 401);
    assert_eq!(
        admit(bytes(), Some(101)).await,
        Err(UploadError::Service(refused))
    );
    assert_eq!(
        admit(within("bob", None, Some(400)), Some(400)).await,
        Ok(())
    );
    // Without a length, only a quota that is already used up to the last byte is refused.
    assert_eq!(admit(bytes(), None).await, Ok(()));
    let refused = exceeded(Resource::Bytes, 300, 301);
    assert_eq!(
        admit(within("alice", None, Some(300)), None).await,
        Err(UploadError::Service(refused))
    );
    let refused = exceeded(Resource::Images, 1, 2);
    assert_eq!(
        admit(within("alice", Some(1), None), None).await,
        Err(UploadError::Service(refused))
    );
    // A file that can never be accepted is refused for that first.
    assert_eq!(
        admit(bytes(), Some(2001)).await,
        Err(UploadError::TooLarge { limit: 2000 })
    );
}

#[tokio::test]
async fn a_report_says_how_long_work_has_been_waiting() {
    let bench = Bench::new();
    let file = testing::png_of_size(300);
    let image = bench.upload("alice", &file).await.expect("is accepted");
    let deleted = bench.service.delete(&grant("alice"), image.id, None).await;
    assert_eq!(deleted, Ok(()));
    bench.advance(100);
    let report = bench.service.report(1).await.expect("reads");
    assert_eq!(report.oldest_lease_seconds, 100);
    assert!((99..=101).contains(&report.oldest_death_seconds));
    assert_eq!(
        (report.statistics.leases, report.statistics.dead.blobs),
        (1, 1)
    );
    bench.advance(TERM_SECONDS);
    bench.sweep_all().await;
    let report = bench.service.report(1).await.expect("reads");
    assert_eq!(
        (report.oldest_lease_seconds, report.oldest_death_seconds),
        (0, 0)
    );
}

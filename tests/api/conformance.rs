//! The conformance suites, run inside the component on the stores of a real host.

use crate::support::{Postgres, Redis, S3, Setup};

/// The number of promises that the suites check together, so that none is left out unnoticed.
const PROMISES: usize = 69;

async fn conforms(setup: Setup) {
    let server = setup.conformance().launch();
    // Twice: on new stores, and on the stores as the first run left them.
    for _ in 0..2 {
        let answer = server.anonymous().get("/").await;
        let status = answer.status();
        let text = answer.text().await.expect("text");
        assert_eq!(status, 200, "{text}");
        assert_eq!(text.lines().count(), PROMISES, "{text}");
    }
}

#[tokio::test]
async fn stores_in_files_conform() {
    conforms(Setup::default()).await;
}

#[tokio::test]
async fn blobs_in_redis_conform() {
    if let Some(redis) = Redis::start() {
        conforms(Setup::default().blobs_in(redis)).await;
    }
}

#[tokio::test]
async fn blobs_in_s3_conform() {
    if let Some(s3) = S3::start().await {
        conforms(Setup::default().blobs_in_s3(&s3)).await;
        assert_eq!((s3.objects().await, s3.uploads().await), (Vec::new(), 0));
    }
}

#[tokio::test]
async fn a_catalog_in_postgres_conforms() {
    if let Some(postgres) = Postgres::start() {
        conforms(Setup::default().catalog_in(&postgres)).await;
    }
}

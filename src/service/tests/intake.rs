//! Files as they arrive: what is stored of them, and that a refused file leaves nothing behind.

use super::*;

#[tokio::test]
async fn an_uploaded_file_can_be_downloaded() {
    let bench = Bench::new();
    let file = testing::png_of_size(1000);
    let image = bench.upload("alice", &file).await.expect("is accepted");
    assert_eq!(
        (image.blob.size, image.filename.as_deref()),
        (1000, Some("a.png"))
    );
    assert_eq!(image.id.get_version_num(), 7);
    assert_eq!(bench.download(&image).await, file);
    assert_eq!(
        bench.service.find(&grant("alice"), image.id).await,
        Ok(image.clone())
    );
    let foreign = bench.service.find(&grant("bob"), image.id).await;
    assert_eq!(foreign, Err(ServiceError::NotFound));
}

#[tokio::test]
async fn a_refused_file_leaves_nothing_behind() {
    let file = testing::png_of_size(1000);
    let cut: Vec<u8> = file[..990].to_vec();
    let sha256 = Some([0; 32].into());
    type Case = (&'static str, Vec<u8>, Declared, fn(&UploadError) -> bool);
    let cases: Vec<Case> = vec![
        ("empty", vec![], Declared::default(), |error| {
            matches!(error, UploadError::Media(MediaError::Empty))
        }),
        (
            "text",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".repeat(9),
            Declared::default(),
            |error| matches!(error, UploadError::Media(MediaError::NotAccepted { .. })),
        ),
        ("cut off", cut, Declared::default(), |error| {
            matches!(
                error,
                UploadError::Media(MediaError::Truncated { kind: Kind::Png })
            )
        }),
        (
            "too long",
            testing::png_of_size(2001),
            Declared::default(),
            |error| matches!(error, UploadError::TooLarge { limit: 2000 }),
        ),
        (
            "short of its length",
            file.clone(),
            Declared {
                length: Some(1001),
                ..Declared::default()
            },
            |error| matches!(error, UploadError::Interrupted(_)),
        ),
        (
            "another kind",
            file.clone(),
            Declared {
                media_type: Some("image/jpeg".to_owned()),
                ..Declared::default()
            },
            |error| {
                matches!(
                    error,
                    UploadError::TypeMismatch {
                        actual: Kind::Png,
                        ..
                    }
                )
            },
        ),
        (
            "another hash",
            file.clone(),
            Declared {
                sha256,
                ..Declared::default()
            },
            |error| *error == UploadError::DigestMismatch,
        ),
        (
            "too many pixels",
            testing::png(101, 100),
            Declared::default(),
            |error| matches!(error, UploadError::Media(MediaError::TooManyPixels { .. })),
        ),
    ];
    for (case, bytes, declared, is_right) in cases {
        let bench = Bench::new();
        let mut upload = bench.begin(of("alice")).await;
        let error = upload.file(body(&bytes), declared).await.expect_err(case);
        assert!(is_right(&error), "{case}: {error:?}");
        assert_eq!(bench.values.keys(), Vec::<String>::new(), "{case}");
        bench.advance(TERM_SECONDS);
        bench.sweep_all().await;
        bench.assert_empty(case).await;
    }
}

/// Uploads a file that is stored as `whole`.
async fn check_completed(sent: &[u8], whole: &[u8]) {
    let bench = Bench::new();
    let mut upload = bench.begin(of("alice")).await;
    let declared = Declared {
        length: Some(sent.len() as u64),
        sha256: Some(sha2::Sha256::digest(sent).into()),
        ..Declared::default()
    };
    let file = upload.file(body(sent), declared).await;
    file.expect("is accepted");
    let images = upload.commit(Attributes::default()).await;
    let images = images.expect("is committed");
    let [image] = &images[..] else {
        panic!("{images:?}")
    };
    assert_eq!(image.blob.size, whole.len() as u64);
    assert_eq!(image.sha256, sha2::Sha256::digest(whole).into());
    assert_eq!(image.original_sha256, sha2::Sha256::digest(sent).into());
    assert_eq!(bench.download(image).await, whole);
    // It was stored twice if only its codes could tell that it is complete.
    bench.platform.do_spawned().await;
    let stored = bench.values.keys().len() as u64;
    assert_eq!(stored, image.blob.size.div_ceil(CHUNK.into()));
}

#[tokio::test]
async fn a_file_that_lacks_nothing_but_the_mark_of_its_end_is_stored_with_it() {
    let gif = testing::gif(8, 4, 3);
    check_completed(&gif[..gif.len() - 1], &gif).await;
    let jpeg = include_bytes!("../../../tests/fixtures/grey.jpg");
    let open = &jpeg[..jpeg.len() - 2];
    check_completed(open, jpeg).await;
    check_completed(
        &[open, b"\0\0\xd0\x0a\x1d\0\0\0Panorama_Shot_Info"].concat(),
        jpeg,
    )
    .await;
}

#[tokio::test]
async fn a_jpeg_that_is_cut_short_leaves_nothing() {
    let jpeg = include_bytes!("../../../tests/fixtures/grey.jpg");
    for cut in [jpeg.len() - 3, jpeg.len() - 20] {
        let bench = Bench::new();
        let mut upload = bench.begin(of("alice")).await;
        let file = upload.file(body(&jpeg[..cut]), Declared::default()).await;
        let kind = Kind::Jpeg;
        let truncated = UploadError::Media(MediaError::Truncated { kind });
        assert_eq!(file, Err(truncated), "{cut}");
        bench.platform.do_spawned().await;
        assert_eq!(bench.values.keys(), Vec::<String>::new(), "{cut}");
    }
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_nothing_behind() {
    let bench = Bench::new();
    let file = testing::png_of_size(1000);
    let gone = stream::once(async { Err(std::io::Error::other("connection reset")) });
    let cut = body(&file[..700]).chain(gone);
    let mut upload = bench.begin(of("alice")).await;
    let answer = upload.file(cut, Declared::default()).await;
    assert!(matches!(answer, Err(UploadError::Interrupted(_))));
    assert_eq!(bench.values.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_declared_too_long_is_refused_before_a_byte_is_read() {
    let bench = Bench::new();
    let unread = stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> {
            panic!("the body was read")
        },
    );
    let declared = Declared {
        length: Some(2001),
        ..Declared::default()
    };
    let mut upload = bench.begin(of("alice")).await;
    let answer = upload.file(unread, declared).await;
    assert!(matches!(answer, Err(UploadError::TooLarge { limit: 2000 })));
}

/// The blob store fails at its n-th call, for every n: once, or from that call on.
#[tokio::test]
async fn when_any_call_fails_nothing_is_half_stored_and_everything_is_swept() {
    let file = testing::png_of_size(1000);
    for outage in [false, true] {
        let mut failures = 0;
        for n in 0.. {
            let bench = Bench::failing(move |call| call == n || (outage && call > n));
            let case = format!("call {n}, outage {outage}");
            let uploaded = bench.upload("alice", &file).await;
            let after = bench.restarted();
            if let Ok(image) = &uploaded {
                assert_eq!(after.download(image).await, file, "{case}");
                break;
            }
            failures += 1;
            assert_eq!(after.images().await, vec![], "{case}");
            after.advance(TERM_SECONDS);
            after.sweep_all().await;
            after.assert_empty(&case).await;
        }
        assert_eq!(
            failures,
            1000_u32.div_ceil(CHUNK),
            "the write of every chunk failed once"
        );
    }
}

#[tokio::test]
async fn files_of_one_request_are_committed_together() {
    let bench = Bench::new();
    let (a, b) = (testing::png_of_size(300), testing::png_of_size(301));
    let mut upload = bench.begin(of("alice")).await;
    for file in [&a, &b, &a] {
        let accepted = upload.file(body(file), Declared::default()).await;
        accepted.expect("is accepted");
    }
    let attributes = Attributes {
        tags: vec!["t".to_owned()],
        ..Attributes::default()
    };
    let images = upload.commit(attributes).await.expect("commits");
    let sizes: Vec<u64> = images.iter().map(|image| image.blob.size).collect();
    assert_eq!(sizes, [300, 301, 300]);
    assert_eq!(images[0].blob, images[2].blob);
    assert!(images.iter().all(|image| image.tags == ["t"]));
    bench.do_spawned().await;
    // The third file's chunks are deleted: 5 of each of the others remain.
    assert_eq!(bench.values.keys().len(), 10);
}

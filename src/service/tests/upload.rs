//! Uploads as sessions, driven by front ends that are not HTTP.

use std::task::{Context, Waker};

use super::*;
use crate::model::{Quota, QuotaExceeded, Resource, Visibility};

/// The first request of this front end with a key, and each repeat of it.
pub(super) fn keyed(key: &str) -> Option<KeyedRequest> {
    Some(KeyedRequest {
        key: key.to_owned(),
        request: RequestIdentity::default(),
    })
}

fn with_ticket(id: &str) -> UploadTerms {
    UploadTerms {
        ticket: Some(UploadTicket {
            max_uploads: None,
            id: id.to_owned(),
            attributes: Attributes {
                tags: vec!["by-ticket".to_owned()],
                visibility: Visibility::Public,
                metadata: [("order".to_owned(), "7".to_owned())].into(),
            },
            filename: None,
        }),
        ..of("alice")
    }
}

/// Sends files of these sizes.
async fn send(upload: &mut Upload, sizes: &[usize]) -> Result<(), UploadError> {
    for size in sizes {
        let file = body(&testing::png_of_size(*size));
        upload.file(file, Declared::default()).await?;
    }
    Ok(())
}

/// The response of another server: a length, a type, and bytes that arrive in pieces.
struct Fetched {
    length: Option<u64>,
    media_type: &'static str,
    bytes: Vec<u8>,
}

/// Another way to upload: the image at a URL. Besides the fetch itself, this is all that it
/// needs.
async fn upload_from(
    service: &Service,
    terms: UploadTerms,
    keyed: Option<KeyedRequest>,
    url: &str,
    fetched: Fetched,
) -> Result<crate::model::Image, UploadError> {
    let mut upload = service.begin_upload(terms, keyed).await?;
    let declared = Declared {
        length: fetched.length,
        media_type: Some(fetched.media_type.to_owned()),
        sha256: None,
        filename: url.rsplit('/').next().map(str::to_owned),
    };
    if let Err(error) = upload.file(body(&fetched.bytes), declared).await {
        upload.abort().await;
        return Err(error);
    }
    let images = upload.commit(Attributes::default()).await?;
    Ok(images.into_iter().next().expect("one image"))
}

#[tokio::test]
async fn an_image_is_uploaded_from_a_url() {
    let bench = Bench::new();
    let bytes = testing::png_of_size(300);
    let fetched = |media_type, length| Fetched {
        length,
        media_type,
        bytes: bytes.clone(),
    };
    let url = "https://images.example/2024/cat.png";
    let upload = async |fetched| {
        let keyed = keyed("url");
        upload_from(&bench.service, of("alice"), keyed, url, fetched).await
    };
    let broken_off = upload(fetched("image/png", Some(400))).await;
    assert!(matches!(broken_off, Err(UploadError::Interrupted(_))));
    let other = upload(fetched("image/gif", None)).await;
    assert!(matches!(other, Err(UploadError::TypeMismatch { .. })));
    assert_eq!(bench.values.keys(), Vec::<String>::new());
    let image = upload(fetched("image/png", Some(300))).await;
    let image = image.expect("is accepted");
    assert_eq!(image.filename.as_deref(), Some("cat.png"));
    assert_eq!(bench.download(&image).await, bytes);
    let again = upload(fetched("image/png", None)).await.expect("repeats");
    assert_eq!((again.id, bench.images().await.len()), (image.id, 1));
}

#[tokio::test]
async fn a_refused_file_refuses_the_whole_upload_and_leaves_nothing_behind() {
    let bench = Bench::new();
    let mut upload = bench.begin(of("alice")).await;
    send(&mut upload, &[300]).await.expect("is accepted");
    let refused = upload.file(body(b"no image"), Declared::default()).await;
    assert!(matches!(
        refused,
        Err(UploadError::Media(MediaError::NotAccepted { .. }))
    ));
    // Neither another file nor a commit changes that.
    assert_eq!(send(&mut upload, &[301]).await, refused);
    let committed = upload.commit(Attributes::default()).await;
    assert_eq!(committed.err(), refused.err());
    bench.do_spawned().await;
    assert_eq!(bench.values.keys(), Vec::<String>::new());
    bench.advance(TERM_SECONDS);
    bench.sweep_all().await;
    bench.assert_empty("refused").await;
}

#[tokio::test]
async fn an_upload_without_a_file_is_refused() {
    let bench = Bench::new();
    let upload = bench.begin(of("alice")).await;
    let committed = upload.commit(Attributes::default()).await;
    assert_eq!(committed, Err(UploadError::NoFile));
}

#[tokio::test]
async fn an_upload_has_a_limited_number_of_files() {
    let bench = Bench::new();
    for (terms, limit) in [(of("alice"), MAX_FILES), (with_ticket("t1"), 1)] {
        let mut upload = bench.begin(terms).await;
        let accepted = send(&mut upload, &vec![100; limit]).await;
        accepted.expect("are accepted");
        let more = send(&mut upload, &[100]).await;
        assert_eq!(more, Err(UploadError::TooManyFiles { limit }));
    }
    bench.do_spawned().await;
    assert_eq!(bench.values.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn an_upload_that_is_aborted_or_dropped_leaves_nothing_behind() {
    for is_dropped in [false, true] {
        let bench = Bench::new();
        let begun = bench.service.begin_upload(of("alice"), keyed("k")).await;
        let mut upload = begun.expect("begins");
        send(&mut upload, &[300, 301]).await.expect("are accepted");
        assert_eq!(bench.values.keys().len(), 10);
        if is_dropped {
            drop(upload);
            let held = bench.service.begin_upload(of("alice"), keyed("k")).await;
            assert_eq!(held.err(), Some(ServiceError::KeyHeld));
            bench.do_spawned().await;
        } else {
            upload.abort().await;
        }
        // The key is free, and nothing was answered under it.
        let begun = bench.service.begin_upload(of("alice"), keyed("k")).await;
        let next = begun.expect("the key is free");
        assert!(!next.is_repeat());
        next.abort().await;
        bench.do_spawned().await;
        assert_eq!(bench.values.keys(), Vec::<String>::new());
        bench.advance(TERM_SECONDS);
        bench.sweep_all().await;
        bench.assert_empty("aborted").await;
    }
}

#[tokio::test]
async fn an_upload_that_crashes_is_left_to_the_sweep() {
    let bench = Bench::new();
    let upload = bench.receive(of("alice"), &testing::png_of_size(300)).await;
    crash(upload.expect("is accepted"));
    bench.do_spawned().await;
    assert_eq!(bench.values.keys().len(), 5);
    bench.advance(TERM_SECONDS);
    bench.sweep_all().await;
    bench.assert_empty("crashed").await;
}

/// A caller that disconnects while a file arrives: the files before it are deleted at once,
/// and the sweep finds what was written of the file.
#[tokio::test]
async fn an_upload_that_is_dropped_within_a_file_leaves_that_to_the_sweep() {
    let bench = Bench::new();
    let mut upload = bench.begin(of("alice")).await;
    send(&mut upload, &[300]).await.expect("is accepted");
    let stalls = body(&testing::png_of_size(1000)[..700]).chain(stream::pending());
    {
        let mut file = Box::pin(upload.file(stalls, Declared::default()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(file.as_mut().poll(&mut context).is_pending());
    }
    drop(upload);
    let written = bench.values.keys().len();
    bench.do_spawned().await;
    assert_eq!(bench.values.keys().len(), written - 5);
    bench.advance(TERM_SECONDS);
    bench.sweep_all().await;
    bench.assert_empty("dropped").await;
}

#[tokio::test]
async fn a_repeat_creates_nothing_and_returns_the_images_of_the_first_request() {
    let bench = Bench::new();
    let upload = async |sizes: &[usize], tag: &str| {
        let attributes = Attributes {
            tags: vec![tag.to_owned()],
            ..Attributes::default()
        };
        let begun = bench.service.begin_upload(of("alice"), keyed("k")).await;
        let mut upload = begun.expect("nobody holds the key");
        send(&mut upload, sizes).await.expect("are accepted");
        (upload.is_repeat(), upload.commit(attributes).await)
    };
    let (is_repeat, made) = upload(&[300, 301], "a").await;
    let made: Vec<_> = made.expect("commits").iter().map(|made| made.id).collect();
    assert_eq!((is_repeat, made.len()), (false, 2));
    bench.do_spawned().await;
    let chunks = bench.values.keys();
    let (is_repeat, repeated) = upload(&[300, 301], "a").await;
    let repeated: Vec<_> = repeated
        .expect("commits")
        .iter()
        .map(|image| image.id)
        .collect();
    assert_eq!((is_repeat, repeated), (true, made));
    for (sizes, tag) in [(&[300][..], "a"), (&[301, 300], "a"), (&[300, 301], "b")] {
        let (is_repeat, refused) = upload(sizes, tag).await;
        assert!(is_repeat);
        assert_eq!(refused, Err(ServiceError::KeyReused.into()), "{sizes:?}");
    }
    bench.do_spawned().await;
    assert_eq!(bench.values.keys(), chunks);
    assert_eq!(bench.images().await.len(), 2);
    // The same key of another owner is a different key.
    let other = bench.service.begin_upload(of("bob"), keyed("k")).await;
    assert!(!other.expect("begins").is_repeat());
}

#[tokio::test]
async fn a_ticket_decides_the_attributes_and_is_spent_before_a_byte_is_read() {
    let bench = Bench::new();
    let begun = bench.service.begin_upload(with_ticket("t1"), keyed("k"));
    let mut upload = begun.await.expect("begins");
    assert!(upload.has_ticket());
    send(&mut upload, &[300]).await.expect("is accepted");
    let others = Attributes {
        tags: vec!["other".to_owned()],
        ..Attributes::default()
    };
    let made = upload.commit(others.clone()).await.expect("commits");
    assert_eq!(made[0].tags, ["by-ticket"]);
    assert_eq!(made[0].visibility, Visibility::Public);
    assert_eq!(made[0].metadata["order"], "7");
    assert_eq!(made[0].ticket.as_deref(), Some("t1"));
    let spent = Some(ServiceError::TicketSpent);
    let begun = bench.service.begin_upload(with_ticket("t1"), None).await;
    assert_eq!(begun.err(), spent);
    for _ in 0..2 {
        // The key of a refused request is free at once.
        let begun = bench
            .service
            .begin_upload(with_ticket("t1"), keyed("other"));
        assert_eq!(begun.await.err(), spent);
    }
    // The upload that used the ticket can be repeated, if it had a key.
    let begun = bench.service.begin_upload(with_ticket("t1"), keyed("k"));
    let mut repeat = begun.await.expect("is answered");
    send(&mut repeat, &[300]).await.expect("is accepted");
    let repeated = repeat.commit(others).await.expect("is answered");
    assert_eq!(repeated[0].id, made[0].id);
    // The owner has keys of their own.
    let owners = bench.service.begin_upload(of("alice"), keyed("k")).await;
    assert!(!owners.expect("begins").is_repeat());
}

#[tokio::test]
async fn the_first_file_is_checked_against_the_quota_before_a_byte_is_read() {
    let bench = Bench::new();
    let terms = UploadTerms {
        quota: Quota {
            images: None,
            bytes: Some(400),
        },
        ..of("alice")
    };
    let unread = || {
        stream::poll_fn(
            |_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> {
                panic!("the body was read")
            },
        )
    };
    let declared = Declared {
        length: Some(401),
        ..Declared::default()
    };
    let mut upload = bench.begin(terms.clone()).await;
    let exceeded = ServiceError::QuotaExceeded(QuotaExceeded {
        resource: Resource::Bytes,
        limit: 400,
        actual: 401,
    });
    let refused = upload.file(unread(), declared).await;
    assert_eq!(refused, Err(exceeded.into()));
    let narrow = UploadTerms {
        max_bytes: Some(299),
        kinds: Some(vec![Kind::Gif]),
        ..of("alice")
    };
    let mut upload = bench.begin(narrow.clone()).await;
    let too_large = upload.admit(Some(300)).await;
    assert_eq!(too_large, Err(UploadError::TooLarge { limit: 299 }));
    let mut upload = bench.begin(narrow).await;
    let other = send(&mut upload, &[200]).await;
    assert!(matches!(
        other,
        Err(UploadError::Media(MediaError::NotAccepted { .. }))
    ));
    let mut upload = bench.begin(terms).await;
    send(&mut upload, &[400]).await.expect("is accepted");
    let committed = upload.commit(Attributes::default()).await;
    assert_eq!(committed.expect("commits").len(), 1);
}

//! Resumable uploads.

use futures_util::future;

use super::*;
use crate::service::resumable::{
    Checksum, ChecksumAlgorithm, End, NewResumable, Piece, ResumableError, ResumableState,
};

/// A file of seven chunks and a half.
const LENGTH: usize = 480;

fn file() -> Vec<u8> {
    testing::png_of_size(LENGTH)
}

/// The terms of an upload of this many bytes.
fn new(owner: &str, length: Option<usize>) -> NewResumable {
    NewResumable {
        terms: of(owner),
        declared: Declared {
            length: length.map(|length| length as u64),
            ..named("a.png")
        },
        ..NewResumable::default()
    }
}

fn at(offset: usize, size: usize) -> Piece {
    Piece {
        offset: offset as u64,
        size: Some(size as u64),
        ..Piece::default()
    }
}

/// A body that breaks off after these bytes.
fn broken(bytes: &[u8]) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + use<> {
    let lost = std::io::Error::other("the connection is lost");
    body(bytes).chain(stream::iter([Err(lost)]))
}

impl Bench {
    async fn begin_resumable(&self, length: usize) -> String {
        let begun = self.service.begin_resumable(new("alice", Some(length)));
        begun.await.expect("begins").id
    }

    async fn append(
        &self,
        id: &str,
        offset: usize,
        bytes: &[u8],
    ) -> Result<ResumableState, ResumableError> {
        let piece = at(offset, bytes.len());
        self.service.append(id, piece, body(bytes)).await
    }

    /// Sends all of `bytes` in pieces of this length.
    async fn send(&self, id: &str, bytes: &[u8], length: usize) -> ResumableState {
        let mut state = None;
        for (number, piece) in bytes.chunks(length).enumerate() {
            let sent = self.append(id, number * length, piece).await;
            state = Some(sent.expect("is accepted"));
        }
        state.expect("a piece")
    }
}

#[tokio::test]
async fn pieces_of_any_length_become_the_image_that_the_whole_file_would() {
    let bytes = file();
    for length in [1, 7, 63, 64, 65, 200, 479, 480] {
        let bench = Bench::new();
        let id = bench.begin_resumable(LENGTH).await;
        for (number, piece) in bytes.chunks(length).enumerate() {
            let sent = bench.append(&id, number * length, piece).await;
            let state = sent.expect("is accepted");
            let received = (number * length + piece.len()) as u64;
            assert_eq!(state.received, received, "{length}");
            assert_eq!(state.is_complete, received == LENGTH as u64, "{length}");
            if !state.is_complete {
                // One value for each chunk, however short the pieces are.
                let values = bench.values.keys().len() as u64;
                assert!(values <= received / u64::from(CHUNK), "{length}: {values}");
            }
        }
        let state = bench.service.resume(&id).await.expect("is there");
        let image = state.image.expect("an image");
        assert_eq!(bench.download(&image).await, bytes);
        assert_eq!(image.filename.as_deref(), Some("a.png"));
        bench.do_spawned().await;
        let plain = bench.upload("alice", &bytes).await.expect("is accepted");
        assert_eq!(
            (plain.blob, plain.sha256),
            (image.blob.clone(), image.sha256)
        );
        bench.do_spawned().await;
        assert_eq!(bench.values.keys().len() as u64, image.blob.chunks());
    }
}

#[tokio::test]
async fn a_connection_that_breaks_keeps_what_has_arrived() {
    let bytes = file();
    for broken_at in 0..LENGTH {
        let bench = Bench::new();
        let id = bench.begin_resumable(LENGTH).await;
        let sent = bench
            .service
            .append(&id, at(0, LENGTH), broken(&bytes[..broken_at]))
            .await;
        let interrupted = matches!(
            sent,
            Err(ResumableError::Upload(UploadError::Interrupted(_)))
        );
        assert!(interrupted, "{broken_at}: {sent:?}");
        let state = bench.service.resume(&id).await.expect("is there");
        assert_eq!(state.received, broken_at as u64);
        let rest = bench.append(&id, broken_at, &bytes[broken_at..]).await;
        let image = rest.expect("is accepted").image.expect("an image");
        assert_eq!(bench.download(&image).await, bytes);
    }
}

/// As on a host that drops the work of a request whose client is gone.
#[tokio::test]
async fn a_request_that_is_dropped_keeps_what_has_arrived() {
    let bench = Bench::new();
    let (id, bytes) = (bench.begin_resumable(LENGTH).await, file());
    let never = stream::pending::<Result<Bytes, std::io::Error>>();
    let piece = body(&bytes[..150]).chain(never);
    let request = bench.service.append(&id, at(0, LENGTH), piece);
    assert!(futures_util::FutureExt::now_or_never(request).is_none());
    bench.do_spawned().await;
    let state = bench.service.resume(&id).await.expect("is there");
    assert_eq!(state.received, 150);
    let rest = bench.append(&id, 150, &bytes[150..]).await;
    assert!(rest.expect("is accepted").is_complete);
}

#[tokio::test]
async fn of_requests_at_the_same_offset_one_has_an_effect() {
    let bench = Bench::new();
    let (id, bytes) = (bench.begin_resumable(LENGTH).await, file());
    let requests = (0..4).map(|_| bench.append(&id, 0, &bytes[..200]));
    let answers = future::join_all(requests).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let mismatch = Err(ResumableError::Mismatch {
        expected: 200,
        provided: 0,
    });
    assert_eq!(
        answers.iter().filter(|answer| **answer == mismatch).count(),
        3
    );
    // The last piece twice: both are told of the same image.
    let requests = (0..2).map(|_| bench.append(&id, 200, &bytes[200..]));
    let images = future::join_all(requests).await.into_iter();
    let images = images.map(|answer| answer.expect("is accepted").image.expect("an image").id);
    let images: Vec<_> = images.collect();
    assert_eq!(images[0], images[1]);
    assert_eq!(bench.images().await.len(), 1);
    bench.do_spawned().await;
    assert_eq!(bench.values.keys().len(), 8);
    // And again, later: with the last piece, or with nothing.
    for (offset, piece) in [(200, &bytes[200..]), (LENGTH, &[])] {
        let again = bench.append(&id, offset, piece).await.expect("is repeated");
        assert_eq!(again.image.map(|image| image.id), Some(images[0]));
    }
    let wrong = bench.append(&id, 0, &bytes[..200]).await;
    let (expected, provided) = (LENGTH as u64, 0);
    assert_eq!(wrong, Err(ResumableError::Mismatch { expected, provided }));
}

#[tokio::test]
async fn asking_for_the_offset_ends_requests_that_began_before() {
    let bench = Bench::new();
    let (id, bytes) = (bench.begin_resumable(LENGTH).await, file());
    let asked = async {
        bench.service.resume(&id).await.expect("is there");
        Err(std::io::Error::other("the connection is lost"))
    };
    let dead = body(&bytes[..150]).chain(stream::once(asked));
    let dead = bench.service.append(&id, at(0, LENGTH), dead).await;
    let nothing = Err(ResumableError::Mismatch {
        expected: 0,
        provided: 0,
    });
    assert_eq!(dead, nothing);
    assert!(bench.send(&id, &bytes, 100).await.is_complete);
}

#[tokio::test]
async fn what_arrives_slowly_is_added_every_second() {
    let bench = Bench::new();
    let (id, bytes) = (bench.begin_resumable(LENGTH).await, file());
    let clock = &bench.clock;
    let after_a_second = |bytes: &[u8]| {
        let bytes = Bytes::copy_from_slice(bytes);
        stream::once(async move {
            clock.fetch_add(1000, Ordering::Relaxed);
            Ok(bytes)
        })
    };
    // The server does not know that the connection is lost.
    let asked = async {
        let state = bench.service.resume(&id).await.expect("is there");
        assert_eq!(state.received, 300);
        Err(std::io::Error::other("the connection is lost"))
    };
    let dead = body(&bytes[..10])
        .chain(after_a_second(&bytes[10..30]))
        .chain(after_a_second(&bytes[30..300]))
        .chain(body(&bytes[300..310]))
        .chain(stream::once(asked));
    let dead = bench.service.append(&id, at(0, LENGTH), dead).await;
    assert!(dead.is_err());
    // A whole file that arrives slowly is an image before it has all of its bytes.
    let rest = after_a_second(&bytes[300..400]).chain(after_a_second(&bytes[400..]));
    let piece = at(300, LENGTH - 300);
    let state = bench.service.append(&id, piece, rest).await;
    assert!(state.expect("is accepted").is_complete);
    bench.do_spawned().await;
    assert_eq!(bench.values.keys().len(), 8);
}

#[tokio::test]
async fn the_first_bytes_decide_whether_a_file_is_accepted() {
    for (bytes, media_type) in [
        (b"%PDF-1.7 and so on".to_vec(), None),
        (b"no picture".to_vec(), None),
        (file()[..20].to_vec(), Some("image/jpeg")),
    ] {
        let bench = Bench::new();
        let mut terms = new("alice", Some(LENGTH));
        terms.declared.media_type = media_type.map(str::to_owned);
        let begun = bench.service.begin_resumable(terms).await.expect("begins");
        let refused = bench.append(&begun.id, 0, &bytes).await;
        let is_refused = matches!(
            refused,
            Err(ResumableError::Upload(
                UploadError::Media(_) | UploadError::TypeMismatch { .. }
            ))
        );
        assert!(is_refused, "{refused:?}");
        let gone = bench.service.resume(&begun.id).await;
        assert_eq!(gone, Err(ResumableError::NotFound));
        bench.sweep_all().await;
        bench.assert_empty("refused").await;
    }
}

#[tokio::test]
async fn a_file_that_is_refused_at_its_end_is_gone_and_never_complete() {
    let bench = Bench::new();
    let mut bytes = file();
    bytes.truncate(LENGTH - 8);
    let id = bench.begin_resumable(bytes.len()).await;
    bench.append(&id, 0, &bytes[..300]).await.expect("fits");
    let refused = bench.append(&id, 300, &bytes[300..]).await;
    let truncated = Err(MediaError::Truncated { kind: Kind::Png });
    assert_eq!(
        refused.map(|_| ()),
        truncated
            .map_err(UploadError::from)
            .map_err(ResumableError::from)
    );
    let gone = bench.service.resume(&id).await;
    assert_eq!(gone, Err(ResumableError::NotFound));
    bench.advance(TERM_SECONDS);
    bench.sweep_all().await;
    bench.assert_empty("refused").await;
    for length in [0, 2001] {
        let refused = bench.service.begin_resumable(new("alice", Some(length)));
        assert!(refused.await.is_err(), "{length}");
    }
    bench.assert_empty("refused by its length").await;
}

#[tokio::test]
async fn a_store_that_fails_anywhere_delays_an_upload_and_loses_nothing() {
    let bytes = file();
    for failing in 0..60 {
        let bench = Bench::failing(move |call| call == failing);
        let id = bench.begin_resumable(LENGTH).await;
        let mut image = None;
        for _ in 0..9 {
            let state = bench.service.resume(&id).await.expect("is there");
            // An upload has all of its bytes only when it is an image.
            assert_eq!(state.is_complete, state.received == LENGTH as u64);
            let offset = usize::try_from(state.received).expect("is small");
            let end = (offset + 200).min(LENGTH);
            match bench.append(&id, offset, &bytes[offset..end]).await {
                Ok(state) => image = state.image.or(image),
                Err(ResumableError::Upload(UploadError::Service(ServiceError::Unavailable(_)))) => {
                }
                Err(error) => panic!("{failing}: {error:?}"),
            }
            if image.is_some() {
                break;
            }
        }
        let image = image.expect("an image");
        let bench = bench.restarted();
        assert_eq!(bench.download(&image).await, bytes, "{failing}");
        bench.advance(2 * TERM_SECONDS);
        bench.sweep_all().await;
        bench.advance(2 * TERM_SECONDS);
        bench.sweep_all().await;
        assert_eq!(
            bench.values.keys().len() as u64,
            image.blob.chunks(),
            "{failing}"
        );
    }
}

#[tokio::test]
async fn an_upload_expires_when_nothing_arrives_and_at_its_deadline() {
    let bench = Bench::new();
    let (id, bytes) = (bench.begin_resumable(LENGTH).await, file());
    // The limit of idle time is longer than an upload may take here.
    let seconds = i64::try_from(UPLOAD_SECONDS).expect("is small");
    bench.append(&id, 0, &bytes[..200]).await.expect("fits");
    bench.advance(seconds - 1);
    let state = bench
        .append(&id, 200, &bytes[200..300])
        .await
        .expect("fits");
    assert!(state.expires_at > bench.service.now());
    bench.advance(1);
    let expired = Err(ResumableError::Expired);
    assert_eq!(bench.service.resume(&id).await, expired);
    assert_eq!(bench.append(&id, 300, &bytes[300..]).await, expired);
    assert_eq!(bench.service.open_resumables("alice").await, Ok(vec![]));
    bench.sweep_all().await;
    let gone = Err(ResumableError::NotFound);
    assert_eq!(bench.service.resume(&id).await, gone);
    assert_eq!(bench.values.keys(), Vec::<String>::new());
    bench.advance(TERM_SECONDS);
    bench.sweep_all().await;
    bench.assert_empty("expired").await;
}

#[tokio::test]
async fn open_uploads_cannot_promise_more_than_the_quota_allows() {
    let bench = Bench::new();
    let bytes = file();
    let quota = Quota {
        images: None,
        bytes: Some(3 * LENGTH as u64),
    };
    let mut begun = Vec::new();
    for _ in 0..64 {
        let mut terms = new("alice", Some(LENGTH));
        terms.terms.quota = quota;
        match bench.service.begin_resumable(terms).await {
            Ok(upload) => begun.push(upload.id),
            Err(error) => {
                let exceeded = matches!(
                    error,
                    ResumableError::Upload(UploadError::Service(ServiceError::QuotaExceeded(_)))
                );
                assert!(exceeded, "{error:?}");
            }
        }
    }
    assert_eq!(begun.len(), 3);
    let limited = UploadTerms {
        quota,
        ..of("alice")
    };
    assert_eq!(bench.service.most_bytes(&limited).await, 0);
    assert!(bench.receive(limited.clone(), &bytes).await.is_err());
    for id in &begun {
        assert!(bench.send(id, &bytes, 300).await.is_complete);
    }
    let kept = bench.service.usage("alice").await.expect("usage");
    assert_eq!((kept.images, kept.bytes), (3, 3 * LENGTH as u64));
}

#[tokio::test]
async fn a_ticket_begins_one_upload_and_a_repetition_finds_it() {
    let bench = Bench::new();
    let bytes = file();
    let terms = |length| NewResumable {
        terms: UploadTerms {
            ticket: Some(UploadTicket {
                id: "t1".to_owned(),
                ..UploadTicket::default()
            }),
            ..of("alice")
        },
        ..new("alice", Some(length))
    };
    let spent = Err(ResumableError::from(ServiceError::TicketSpent));
    let begun = bench.service.begin_resumable(terms(LENGTH)).await;
    let id = begun.expect("begins").id;
    let again = bench.service.begin_resumable(terms(LENGTH)).await;
    assert_eq!(again.expect("is repeated").id, id);
    let other = bench.service.begin_resumable(terms(LENGTH + 1)).await;
    assert_eq!(other, spent);
    assert!(bench.send(&id, &bytes, 300).await.is_complete);
    let images = bench.images().await;
    assert_eq!(images[0].ticket.as_deref(), Some("t1"));
    let again = bench.service.begin_resumable(terms(LENGTH)).await;
    assert!(again.expect("is repeated").is_complete);
    let other = bench.service.begin_resumable(terms(LENGTH + 1)).await;
    assert_eq!(other, spent);
    // An upload that has ended gives its ticket back.
    let mut second = terms(LENGTH);
    second.terms.ticket = Some(UploadTicket {
        id: "t2".to_owned(),
        ..UploadTicket::default()
    });
    for _ in 0..2 {
        let begun = bench.service.begin_resumable(second.clone()).await;
        let id = begun.expect("begins").id;
        let ended = bench.service.end_resumable(&id).await;
        assert_eq!(ended, Ok(()));
        let gone = Err(ResumableError::NotFound);
        assert_eq!(bench.service.end_resumable(&id).await, gone);
    }
}

#[tokio::test]
async fn a_length_may_be_told_late_or_never() {
    let bytes = file();
    let begin = async |bench: &Bench| {
        let begun = bench.service.begin_resumable(new("alice", None)).await;
        begun.expect("begins").id
    };
    // Late: with the last piece, which may be empty.
    for last in [180, 0] {
        let bench = Bench::new();
        let id = begin(&bench).await;
        let (before, rest) = bytes.split_at(LENGTH - last);
        let state = bench.append(&id, 0, before).await.expect("fits");
        assert_eq!((state.length, state.is_complete), (None, false));
        let piece = Piece {
            length: Some(LENGTH as u64),
            ..at(before.len(), last)
        };
        let sent = bench.service.append(&id, piece, body(rest)).await;
        assert!(sent.expect("is accepted").is_complete);
    }
    // Never: by a piece that is the last one.
    let bench = Bench::new();
    let id = begin(&bench).await;
    for (offset, end) in [(0, End::Later), (200, End::Later), (400, End::Here)] {
        let piece = &bytes[offset..(offset + 200).min(LENGTH)];
        let described = Piece {
            end,
            ..at(offset, piece.len())
        };
        let sent = bench.service.append(&id, described, body(piece)).await;
        assert_eq!(sent.expect("is accepted").is_complete, end == End::Here);
    }
    // Lengths that do not agree, and more bytes than announced.
    let id = bench.begin_resumable(LENGTH).await;
    for piece in [
        Piece {
            length: Some(LENGTH as u64 - 1),
            ..at(0, 10)
        },
        Piece {
            end: End::Here,
            ..at(0, 10)
        },
        at(0, LENGTH + 1),
    ] {
        let refused = bench.service.append(&id, piece, body(&bytes[..10])).await;
        let is_refused = matches!(refused, Err(ResumableError::Length { .. }));
        assert!(is_refused, "{refused:?}");
        let state = bench.service.resume(&id).await.expect("is there");
        assert_eq!(state.received, 0);
    }
    let unannounced = Piece::default();
    let long = [bytes.clone(), bytes.clone()].concat();
    let refused = bench.service.append(&id, unannounced, body(&long)).await;
    assert!(matches!(refused, Err(ResumableError::Length { .. })));
    let gone = Err(ResumableError::NotFound);
    assert_eq!(bench.service.resume(&id).await, gone);
    // Without a length, the limit applies.
    let id = begin(&bench).await;
    let huge = testing::png_of_size(2500);
    let refused = bench.append(&id, 0, &huge).await;
    let limit = 2000;
    assert_eq!(refused, Err(UploadError::TooLarge { limit }.into()));
}

#[tokio::test]
async fn a_piece_without_its_checksum_is_discarded() {
    let bench = Bench::new();
    let (id, bytes) = (bench.begin_resumable(LENGTH).await, file());
    let algorithm = ChecksumAlgorithm::Sha256;
    let with = |bytes: &[u8]| Piece {
        checksum: Some(Checksum {
            algorithm,
            value: sha2::Sha256::digest(bytes).to_vec(),
        }),
        ..at(0, 300)
    };
    let damaged = bench
        .service
        .append(&id, with(b"other"), body(&bytes[..300]))
        .await;
    assert_eq!(damaged, Err(ResumableError::Checksum));
    let lost = bench
        .service
        .append(&id, with(&bytes[..300]), broken(&bytes[..200]))
        .await;
    assert!(lost.is_err());
    let state = bench.service.resume(&id).await.expect("is there");
    assert_eq!((state.received, bench.values.keys().len()), (0, 0));
    let piece = with(&bytes[..300]);
    let sent = bench.service.append(&id, piece, body(&bytes[..300])).await;
    assert_eq!(sent.expect("is accepted").received, 300);
}

#[tokio::test]
async fn parts_that_arrive_side_by_side_become_one_image() {
    let bench = Bench::new();
    let bytes = file();
    let mut parts = Vec::new();
    for part in bytes.chunks(200) {
        let mut terms = new("alice", Some(part.len()));
        terms.is_partial = true;
        terms.terms.quota.images = Some(1);
        terms.terms.quota.bytes = Some(LENGTH as u64);
        let begun = bench.service.begin_resumable(terms).await.expect("begins");
        parts.push(begun.id);
    }
    let whole = || {
        let mut terms = new("alice", None);
        terms.terms.quota.images = Some(1);
        terms.terms.quota.bytes = Some(LENGTH as u64);
        terms
    };
    let unfinished = bench.service.concatenate(whole(), &parts).await;
    assert!(matches!(unfinished, Err(ResumableError::Parts(_))));
    for (part, id) in bytes.chunks(200).zip(&parts).rev() {
        let sent = bench.append(id, 0, part).await.expect("fits");
        assert!(!sent.is_complete);
    }
    let stranger = bench.service.concatenate(new("bob", None), &parts).await;
    assert!(matches!(stranger, Err(ResumableError::Parts(_))));
    let twice = [parts[0].clone(), parts[0].clone()];
    let twice = bench.service.concatenate(whole(), &twice).await;
    assert!(matches!(twice, Err(ResumableError::Parts(_))));
    let made = bench.service.concatenate(whole(), &parts).await;
    let made = made.expect("is accepted");
    let image = made.image.clone().expect("an image");
    assert_eq!(bench.download(&image).await, bytes);
    // The answer was lost.
    let again = bench.service.concatenate(whole(), &parts).await;
    assert_eq!(again.expect("is repeated").id, made.id);
    for part in &parts {
        let gone = Err(ResumableError::NotFound);
        assert_eq!(bench.service.resume(part).await, gone);
    }
    bench.do_spawned().await;
    assert_eq!(bench.values.keys().len() as u64, image.blob.chunks());
}

#[tokio::test]
async fn an_owner_that_is_erased_leaves_no_uploads() {
    let bench = Bench::new();
    let id = bench.begin_resumable(LENGTH).await;
    bench.append(&id, 0, &file()[..300]).await.expect("fits");
    let erased = bench.service.erase_owner("alice", 10).await;
    assert!(!erased.expect("erases").more);
    let gone = Err(ResumableError::NotFound);
    assert_eq!(bench.service.resume(&id).await, gone);
    bench.advance(2 * TERM_SECONDS);
    bench.sweep_all().await;
    bench.assert_empty("erased").await;
}

//! Changes of the catalog whose answer is lost: each is made once, and clients are told so.

use std::sync::Mutex;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::upload::keyed;
use super::*;
use crate::catalog::testing::Moment;
use crate::model::{Image, Ticket};
use crate::service::resumable::{NewResumable, Piece, ResumableError};

/// What is lost of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// The request: the change is not made.
    Request,
    /// The answer: the change is made.
    Answer,
}

/// Which change is lost.
#[derive(Debug, Default)]
struct Plan {
    /// How many changes come before it. None while nothing is lost.
    after: Option<usize>,
    loss: Option<Loss>,
    /// Whether the answer that comes next is lost.
    loses_answer: bool,
    /// Whether it has been lost.
    is_done: bool,
}

/// A catalog that loses as planned.
fn losing(plan: &Arc<Mutex<Plan>>) -> MemoryCatalog {
    let plan = Arc::clone(plan);
    MemoryCatalog::default().intercepted_by(Box::new(move |moment| {
        let mut plan = plan.lock().expect("not poisoned");
        let mut is_lost = false;
        match (moment, plan.after) {
            (Moment::Write, Some(0)) => {
                (plan.after, plan.is_done) = (None, true);
                is_lost = plan.loss == Some(Loss::Request);
                plan.loses_answer = !is_lost;
            }
            (Moment::Write, Some(after)) => plan.after = Some(after - 1),
            (Moment::Answer, _) => is_lost = std::mem::take(&mut plan.loses_answer),
            _ => {}
        }
        let outcome = if is_lost {
            Err(crate::catalog::CatalogError::unknown("injected"))
        } else {
            Ok(())
        };
        std::future::ready(outcome).boxed()
    }))
}

/// The end of what a client does.
type Done<'a> = BoxFuture<'a, Result<(), ServiceError>>;

/// What a client does.
struct Act {
    name: &'static str,
    /// Comes before it, and returns the image that it is about.
    prepare: fn(&Bench) -> BoxFuture<'_, Option<Image>>,
    act: fn(&Bench, Option<Image>) -> Done<'_>,
    /// How many of its changes are not looked for if their answer is lost, so that the client has
    /// to repeat it.
    forgotten: usize,
}

fn ticket(bench: &Bench) -> Ticket {
    Ticket {
        id: "ticket".to_owned(),
        owner: "alice".to_owned(),
        name: None,
        terms: String::new(),
        max_uploads: 2,
        uploads: 0,
        created_at: bench.service.now(),
        expires_at: bench.service.now().plus_seconds(3600),
        revoked_at: None,
    }
}

fn with_ticket() -> UploadTerms {
    UploadTerms {
        ticket: Some(UploadTicket {
            id: "ticket".to_owned(),
            max_uploads: Some(2),
            ..UploadTicket::default()
        }),
        ..of("alice")
    }
}

async fn nothing(_: &Bench) -> Option<Image> {
    None
}

async fn image(bench: &Bench) -> Option<Image> {
    let uploaded = bench.upload("alice", &testing::png_of_size(300)).await;
    bench.do_spawned().await;
    Some(uploaded.expect("is uploaded"))
}

/// Uploads a file, with the key that a repetition has too.
async fn upload(bench: &Bench, terms: UploadTerms) -> Result<(), ServiceError> {
    let mut upload = bench.service.begin_upload(terms, keyed("key")).await?;
    let file = body(&testing::png_of_size(300));
    let sent = upload.file(file, Declared::default()).await;
    let outcome = match sent {
        Ok(()) => upload.commit(Attributes::default()).await.map(|_| ()),
        Err(error) => {
            upload.abort().await;
            Err(error)
        }
    };
    outcome.map_err(of_service)
}

fn of_service(error: UploadError) -> ServiceError {
    match error {
        UploadError::Service(error) => error,
        other => panic!("{other:?}"),
    }
}

/// Uploads a file in two pieces, and continues where a repetition finds it.
async fn upload_in_pieces(bench: &Bench) -> Result<(), ServiceError> {
    let service = &bench.service;
    let failed = |error| match error {
        ResumableError::Upload(error) => of_service(error),
        other => panic!("{other:?}"),
    };
    let file = testing::png_of_size(480);
    let new = NewResumable {
        terms: of("alice"),
        key: Some("key".to_owned()),
        ..NewResumable::default()
    };
    let begun = service.begin_resumable(new).await.map_err(failed)?;
    let mut state = service.resume(&begun.id).await.map_err(failed)?;
    while !state.is_complete {
        let offset = state.received as usize;
        let end = if offset < 200 { 200 } else { file.len() };
        let piece = Piece {
            offset: state.received,
            size: Some((end - offset) as u64),
            length: Some(file.len() as u64),
            ..Piece::default()
        };
        let sent = service.append(&begun.id, piece, body(&file[offset..end]));
        state = sent.await.map_err(failed)?;
    }
    Ok(())
}

async fn make_links(bench: &Bench, image: Option<Image>) -> Result<(), ServiceError> {
    let new = NewLink {
        image: image.expect("an image"),
        name: "name".to_owned(),
        terms: String::new(),
        expires_at: Timestamp::from_millis(i64::MAX),
    };
    let made = bench.service.create_links(vec![new.clone(), new]).await?;
    made.into_iter().try_for_each(|made| made.map(|_| ()))
}

fn acts() -> Vec<Act> {
    let mut acts = uploads();
    acts.extend(edits());
    acts.extend(shares());
    acts
}

fn uploads() -> Vec<Act> {
    vec![
        Act {
            name: "an upload",
            prepare: |bench| nothing(bench).boxed(),
            act: |bench, _| upload(bench, of("alice")).boxed(),
            // The claim of its key, and its lease.
            forgotten: 2,
        },
        Act {
            name: "an upload with a ticket",
            prepare: |bench| {
                async {
                    let created = bench.service.create_ticket(&ticket(bench)).await;
                    created.expect("is created");
                    None
                }
                .boxed()
            },
            act: |bench, _| upload(bench, with_ticket()).boxed(),
            forgotten: 2,
        },
        Act {
            name: "an upload in pieces",
            prepare: |bench| nothing(bench).boxed(),
            act: |bench, _| upload_in_pieces(bench).boxed(),
            // Its lease, and the beginning of an epoch.
            forgotten: 2,
        },
        Act {
            name: "the end of an upload in pieces",
            prepare: |bench| {
                async {
                    let new = NewResumable {
                        terms: of("alice"),
                        ..NewResumable::default()
                    };
                    bench.service.begin_resumable(new).await.expect("begins");
                    None
                }
                .boxed()
            },
            act: |bench, _| {
                async move {
                    let open = bench.service.open_resumables("alice").await?;
                    let ended = bench.service.end_resumable(&open[0].id).await;
                    ended.map_err(|error| match error {
                        ResumableError::Upload(error) => of_service(error),
                        other => panic!("{other:?}"),
                    })
                }
                .boxed()
            },
            forgotten: 0,
        },
    ]
}

fn edits() -> Vec<Act> {
    vec![
        Act {
            name: "an edit",
            prepare: |bench| image(bench).boxed(),
            act: |bench, image| {
                async move {
                    let id = image.expect("an image").id;
                    let patch = Patch {
                        tags: Some(Some(vec!["new".to_owned()])),
                        ..Patch::default()
                    };
                    let grant = grant("alice");
                    let edited = bench
                        .service
                        .edit(&grant, id, &patch, Quota::default(), None)
                        .await;
                    edited.map(|_| ()).map_err(|error| match error {
                        EditError::Service(error) => error,
                        other => panic!("{other:?}"),
                    })
                }
                .boxed()
            },
            forgotten: 0,
        },
        Act {
            name: "a deletion",
            prepare: |bench| image(bench).boxed(),
            act: |bench, image| {
                async move {
                    let id = image.expect("an image").id;
                    bench.service.delete(&grant("alice"), id, None).await
                }
                .boxed()
            },
            forgotten: 0,
        },
    ]
}

fn shares() -> Vec<Act> {
    vec![
        Act {
            name: "a new ticket",
            prepare: |bench| nothing(bench).boxed(),
            act: |bench, _| {
                async move { bench.service.create_ticket(&ticket(bench)).await }.boxed()
            },
            forgotten: 0,
        },
        Act {
            name: "a revoked ticket",
            prepare: |bench| {
                async {
                    let created = bench.service.create_ticket(&ticket(bench)).await;
                    created.expect("is created");
                    None
                }
                .boxed()
            },
            act: |bench, _| {
                async move { bench.service.revoke_ticket(&grant("alice"), "ticket").await }.boxed()
            },
            forgotten: 0,
        },
        Act {
            name: "two named links",
            prepare: |bench| image(bench).boxed(),
            act: |bench, image| make_links(bench, image).boxed(),
            forgotten: 0,
        },
        Act {
            name: "the end of a named link",
            prepare: |bench| {
                async {
                    let image = image(bench).await;
                    let made = make_links(bench, image.clone()).await;
                    made.expect("are made");
                    image
                }
                .boxed()
            },
            act: |bench, image| {
                async move {
                    let (grant, id) = (grant("alice"), image.expect("an image").id);
                    let (_, links) = bench.service.links(&grant, id).await?;
                    bench.service.revoke_link(&grant, id, links[0].id).await
                }
                .boxed()
            },
            forgotten: 0,
        },
    ]
}

/// What clients can see, without ids and times.
async fn seen(bench: &Bench) -> String {
    let mut seen = String::new();
    for image in bench.images().await {
        let links = bench.service.links(&grant("alice"), image.id).await;
        let links = links.expect("is read").1.len();
        seen += &format!("{:?} {:?} {links}\n", image.sha256, image.tags);
        assert!(!bench.download(&image).await.is_empty());
    }
    let ticket = bench.service.catalog().find_ticket("ticket").await;
    let ticket = ticket.expect("is read");
    let ticket = ticket.map(|ticket| (ticket.uploads, ticket.revoked_at.is_some()));
    let open = bench
        .service
        .open_resumables("alice")
        .await
        .expect("is read");
    let usage = bench.service.usage("alice").await.expect("is read");
    format!("{seen}{ticket:?} {} {usage:?}", open.len())
}

#[tokio::test]
async fn every_change_whose_request_or_answer_is_lost_is_made_once() {
    for act in acts() {
        let expected = {
            let bench = Bench::new();
            let image = (act.prepare)(&bench).await;
            let done = (act.act)(&bench, image).await;
            assert_eq!(done, Ok(()), "{}", act.name);
            seen(&bench).await
        };
        for loss in [Loss::Request, Loss::Answer] {
            let mut repeated = 0;
            for after in 0.. {
                let plan: Arc<Mutex<Plan>> = Arc::default();
                let values = MemoryKeyValue::default();
                let catalog = Arc::new(losing(&plan));
                let bench = Bench::over(values.clone(), Arc::new(values), catalog);
                let image = (act.prepare)(&bench).await;
                {
                    let mut plan = plan.lock().expect("not poisoned");
                    (plan.after, plan.loss) = (Some(after), Some(loss));
                }
                let answer = (act.act)(&bench, image.clone()).await;
                let is_lost = {
                    let mut plan = plan.lock().expect("not poisoned");
                    plan.after = None;
                    plan.is_done
                };
                let case = format!("{}: change {after} loses its {loss:?}", act.name);
                bench.do_spawned().await;
                if let Err(error) = answer {
                    assert!(
                        matches!(error, ServiceError::Unavailable(_)),
                        "{case}: {error}"
                    );
                    repeated += 1;
                    // A claim that was abandoned holds its key for a moment.
                    bench.advance(1);
                    let again = (act.act)(&bench, image).await;
                    assert_eq!(again, Ok(()), "{case}, repeated");
                    bench.do_spawned().await;
                }
                assert_eq!(seen(&bench).await, expected, "{case}");
                if !is_lost {
                    break;
                }
            }
            if loss == Loss::Answer {
                assert_eq!(repeated, act.forgotten, "{}", act.name);
            }
        }
    }
}

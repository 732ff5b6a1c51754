//! Many connections at once: what one statement promises holds beside any others.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt as _;

use super::*;
use crate::catalog::{
    AnswerRecord, Audit as _, Begun, Blobs as _, Commits as _, Ending, Growth, Images as _,
    KeyAnswer, KeyClaim, KeyOutcome, Keys as _, Lease, Leases as _, Links as _, NewImage, NewLink,
    NewVariant, Position, Resumable, Tickets as _, VariantClaim, VariantCommit, Variants as _,
};
use crate::model::{Kind, NamedLink, Quota, Sha256, Ticket, Usage, Variant};

/// How many connections there are.
const THREADS: u32 = 16;
/// How many of them a pool has that is asked for more.
const POOL: u32 = 4;

/// A connection of a thread.
type Catalog = SqlCatalog<Postgres>;

fn now() -> Timestamp {
    Timestamp::from_millis(1000)
}

fn later() -> Timestamp {
    Timestamp::from_millis(1_000_000)
}

/// Waits for a call, which has an answer at once.
fn done<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("nothing waits")
}

/// Runs `work` with a connection on each of many threads, which begin together. Each is given its
/// number.
fn together<T: Send>(database: &Postgres, work: impl Fn(u32, &Catalog) -> T + Sync) -> Vec<T> {
    let catalogs: Vec<Catalog> = (0..THREADS)
        .map(|_| done(SqlCatalog::open(database.connect())).expect("opens"))
        .collect();
    meet(&catalogs, work)
}

/// The same with connections that are there.
fn meet<T: Send>(catalogs: &[Catalog], work: impl Fn(u32, &Catalog) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(catalogs.len());
    let (barrier, work) = (&barrier, &work);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..)
            .zip(catalogs)
            .map(|(number, catalog)| {
                scope.spawn(move || {
                    barrier.wait();
                    work(number, catalog)
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .map(|outcome| outcome.expect("does not panic"))
            .collect()
    })
}

/// A database with a lease that is in force.
fn leased() -> Option<(Postgres, Catalog)> {
    let database = Postgres::new()?;
    let catalog = done(SqlCatalog::open(database.clone())).expect("opens");
    done(catalog.lease(&lease("lease"))).expect("leases");
    Some((database, catalog))
}

fn lease(id: &str) -> Lease {
    Lease {
        id: id.to_owned(),
        capacity: 1_000_000,
        expires_at: later(),
    }
}

/// A new image with a number, which determines its id and its blob, and with this content.
fn image(owner: &str, number: u32, content: u32) -> NewImage {
    new_image(owner, &lease("lease"), number, content, 100)
}

/// How many succeeded.
fn successes<T, E>(outcomes: &[Result<T, E>]) -> usize {
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

/// Nothing was counted wrong.
fn assert_counted(catalog: &Catalog) {
    assert_eq!(done(catalog.miscounts(10)), Ok(vec![]));
}

#[test]
fn a_quota_holds_to_the_byte_beside_other_commits_edits_and_uploads() {
    let Some((database, catalog)) = leased() else {
        return;
    };
    let quota = Quota {
        images: Some(20),
        bytes: Some(2500),
    };
    let highest = AtomicU32::new(0);
    together(&database, |thread, catalog| {
        for round in 0..12 {
            let number = thread * 100 + round;
            let outcome = match number % 3 {
                0 => {
                    let new = [image("alice", number, number)];
                    done(catalog.commit(&new, quota, now())).map(|_| ())
                }
                1 => done(catalog.begin_resumable(&upload(number, Some(120)), quota, 1000))
                    .map(|_| ()),
                _ => grow(catalog, number, quota),
            };
            if let Err(error) = outcome {
                let is_expected = matches!(error, CatalogError::QuotaExceeded(_));
                assert!(is_expected, "{error:?}");
            }
            let kept = done(catalog.usage("alice")).expect("reads");
            let bytes = u32::try_from(kept.bytes).expect("is small");
            highest.fetch_max(bytes, Ordering::Relaxed);
            assert!(kept.images <= 20 && kept.bytes <= 2500, "{kept:?}");
        }
    });
    // The quota was reached.
    assert!(
        highest.into_inner() > 2400,
        "{:?}",
        done(catalog.usage("alice"))
    );
    assert_counted(&catalog);
}

/// Adds bytes to an upload of unknown length, or describes an image at length.
fn grow(catalog: &Catalog, number: u32, quota: Quota) -> Result<(), CatalogError> {
    if number.is_multiple_of(2) {
        let new = upload(number, None);
        if done(catalog.begin_resumable(&new, quota, 1000))? == Begun::Now {
            let growth = Growth {
                expires_at: later(),
                quota,
            };
            let at = Position {
                id: new.id,
                received: 0,
                epoch: 0,
            };
            done(catalog.append_tail(&at, &[7; 90], growth))?;
        }
        return Ok(());
    }
    let ids: Vec<_> = (0..number).map(id_of).collect();
    for mut image in done(catalog.find_many(&ids))?.into_iter().take(2) {
        let seen = image.updated_at;
        image.tags = vec!["t".repeat(40)];
        image.updated_at = seen.plus_millis(1);
        done(catalog.update(&image, seen, quota))?;
    }
    Ok(())
}

fn upload(number: u32, length: Option<u64>) -> Resumable {
    Resumable {
        id: format!("upload {number}"),
        owner: "alice".to_owned(),
        is_partial: false,
        image: id_of(number),
        begun_by: None,
        terms: "{}".to_owned(),
        received: 0,
        length,
        epoch: 0,
        created_at: now(),
        deadline: later(),
        expires_at: later(),
        completed_at: None,
    }
}

#[test]
fn a_ticket_admits_as_many_images_as_it_may() {
    let Some((database, catalog)) = leased() else {
        return;
    };
    let ticket = |id: &str, max_uploads| Ticket {
        id: id.to_owned(),
        owner: "alice".to_owned(),
        name: None,
        terms: "{}".to_owned(),
        max_uploads,
        uploads: 0,
        created_at: now(),
        expires_at: later(),
        revoked_at: None,
    };
    done(catalog.create_ticket(&ticket("three", 3), 9)).expect("creates");
    for (id, admitted) in [("three", 3), ("unrecorded", 1)] {
        let outcomes = together(&database, |thread, catalog| {
            let number = thread + admitted * 100;
            let mut new = image("alice", number, number);
            new.image.ticket = Some(id.to_owned());
            done(catalog.commit(&[new], Quota::default(), now()))
        });
        assert_eq!(
            successes(&outcomes),
            admitted as usize,
            "{id}: {outcomes:?}"
        );
        let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        for error in refused {
            assert_eq!(*error, CatalogError::TicketSpent);
        }
    }
    let created = together(&database, |thread, catalog| {
        done(catalog.create_ticket(&ticket(&format!("open {thread}"), 1), 5))
    });
    let created = created.into_iter().map(|created| created.expect("creates"));
    assert_eq!(created.filter(|created| *created).count(), 5);
    assert_counted(&catalog);
}

#[test]
fn a_key_has_one_holder_and_one_answer() {
    let Some((database, catalog)) = leased() else {
        return;
    };
    for round in 0..8 {
        let claim = |thread: u32| KeyClaim {
            scope: "scope".to_owned(),
            key: format!("key {round}"),
            id: format!("claim {thread}"),
        };
        let claimed = together(&database, |thread, catalog| {
            done(catalog.claim_key(&claim(thread), now(), later())).expect("claims")
        });
        let holders = (0..)
            .zip(&claimed)
            .filter(|(_, state)| **state == KeyOutcome::Claimed);
        let holders: Vec<u32> = holders.map(|(thread, _)| thread).collect();
        assert_eq!(holders.len(), 1, "{claimed:?}");
        // Whoever holds it commits, and the others pretend to; all of them several times.
        let committed = together(&database, |thread, catalog| {
            let number = round * 100 + thread;
            let mut new = image("alice", number, number);
            new.answer = Some(AnswerRecord {
                claim: claim(if thread < 8 { holders[0] } else { thread }),
                answer: KeyAnswer {
                    fingerprint: "f".to_owned(),
                    answer: format!("answer {thread}"),
                },
                expires_at: later(),
            });
            done(catalog.commit(&[new], Quota::default(), now()))
        });
        let lost = committed
            .iter()
            .filter_map(|outcome| outcome.as_ref().err());
        assert!(
            lost.into_iter()
                .all(|error| *error == CatalogError::ClaimLost)
        );
        assert_eq!(successes(&committed), 1, "{committed:?}");
    }
    assert_counted(&catalog);
}

#[test]
fn what_is_committed_under_a_lease_is_found_when_it_has_been_closed() {
    let Some((database, catalog)) = leased() else {
        return;
    };
    let catalogs: Vec<Catalog> = (0..THREADS)
        .map(|_| done(SqlCatalog::open(database.connect())).expect("opens"))
        .collect();
    let mut committed = 0;
    for round in 0..20 {
        let lease = lease(&format!("lease{round}"));
        done(catalog.lease(&lease)).expect("leases");
        let found = meet(&catalogs, |thread, catalog| {
            if thread == 0 {
                std::thread::yield_now();
                done(catalog.close_lease(&lease.id)).expect("closes");
                return done(catalog.recorded_blobs(&lease)).map(|found| (found, None));
            }
            let number = round * 100 + thread;
            let new = new_image(&format!("owner {thread}"), &lease, number, number, 1);
            let blob = new.image.blob.id.clone();
            let answer = done(catalog.commit(&[new], Quota::default(), now()));
            answer.map(|_| (vec![], Some(blob)))
        });
        let (sweep, commits) = found.split_first().expect("threads");
        let (recorded, _) = sweep.as_ref().expect("reads");
        for commit in commits {
            match commit {
                Ok((_, blob)) => {
                    committed += 1;
                    let blob = blob.as_ref().expect("a blob");
                    assert!(recorded.contains(blob), "the sweep would delete {blob}");
                }
                Err(error) => assert_eq!(*error, CatalogError::LeaseExpired),
            }
        }
    }
    assert!(committed > 0, "no commit came before the end of its lease");
    assert_counted(&catalog);
}

#[test]
fn equal_content_is_one_blob_while_it_comes_and_goes() {
    let Some((database, catalog)) = leased() else {
        return;
    };
    together(&database, |thread, catalog| {
        for round in 0..15 {
            let number = thread * 100 + round;
            let owner = ["alice", "bob"][(round % 2) as usize];
            let new = [image(owner, number, round % 3)];
            done(catalog.commit(&new, Quota::default(), now())).expect("commits");
            let ids = [new[0].image.id];
            let deleted = match round % 3 {
                0 => done(catalog.delete(ids[0], None, None)),
                1 => done(catalog.delete_many(&ids, Some(owner))).map(|deleted| deleted == ids),
                _ => done(catalog.delete_oldest(owner, 2)).map(|_| true),
            };
            deleted.expect("deletes");
        }
    });
    let contradicted = database.run(
        "SELECT count(*) FROM blobs WHERE refs <>
            (SELECT count(*) FROM blob_uses WHERE blob_uses.blob_id = blobs.id)",
        vec![],
    );
    assert_eq!(contradicted, Ok(vec![Row(vec![0.into()])]));
    let revived = "SELECT count(*) FROM blobs WHERE (refs = 0) = (died_at IS NULL)";
    assert_eq!(database.run(revived, vec![]), Ok(vec![Row(vec![0.into()])]));
    assert_counted(&catalog);
}

#[test]
fn an_image_has_only_so_many_links_and_an_owner_only_so_many_uploads() {
    let Some((database, catalog)) = leased() else {
        return;
    };
    let new = [image("alice", 1, 1)];
    done(catalog.commit(&new, Quota::default(), now())).expect("commits");
    let of = new[0].image.id;
    let made = together(&database, |thread, catalog| {
        let link = |number| NewLink {
            link: NamedLink {
                id: id_of(thread * 10 + number),
                image: of,
                name: "name".to_owned(),
                terms: "{}".to_owned(),
                created_at: now(),
                expires_at: later(),
            },
            epoch: 0,
        };
        let links = [link(100), link(101)];
        let made = done(catalog.create_links(&links, 7, now())).expect("makes");
        let begun = done(catalog.begin_resumable(&upload(thread, Some(1)), Quota::default(), 5));
        (made.len(), begun.expect("begins") == Begun::Now)
    });
    assert_eq!(made.iter().map(|(links, _)| links).sum::<usize>(), 7);
    assert_eq!(made.iter().filter(|(_, begun)| *begun).count(), 5);
    // Two requests that continue an upload from the same point: one of them has an effect.
    let id = done(catalog.open_resumables("alice", now(), 1)).expect("reads");
    let at = Position {
        id: id[0].id.clone(),
        received: 0,
        epoch: 0,
    };
    let growth = Growth {
        expires_at: later(),
        quota: Quota::default(),
    };
    let added = together(&database, |_, catalog| {
        done(catalog.append_tail(&at, &[1], growth)).expect("adds")
    });
    assert_eq!(added.into_iter().filter(|added| *added).count(), 1);
    let ended = together(&database, |_, catalog| {
        done(catalog.end_resumable(&at.id, Ending::Wanted)).expect("ends")
    });
    assert_eq!(ended.into_iter().filter(|ended| *ended).count(), 1);
    assert_counted(&catalog);
}

#[test]
fn variants_are_made_once_and_stay_within_their_budget() {
    let Some((database, catalog)) = leased() else {
        return;
    };
    for number in 0..THREADS {
        let new = [image(&format!("owner {number}"), number, number)];
        done(catalog.commit(&new, Quota::default(), now())).expect("commits");
    }
    let claim = |image: u32, thread: u32| VariantClaim {
        image: id_of(image),
        transform: "w=1".to_owned(),
        id: format!("claim {thread}"),
    };
    let claimed = together(&database, |thread, catalog| {
        done(catalog.claim_variant(&claim(0, thread), now(), later())).expect("claims")
    });
    assert_eq!(claimed.into_iter().filter(|claimed| *claimed).count(), 1);
    together(&database, |thread, catalog| {
        for round in 0..8 {
            let number = 1000 + thread * 100 + round;
            let claim = VariantClaim {
                transform: format!("w={round}"),
                ..claim(thread, thread)
            };
            if !done(catalog.claim_variant(&claim, now(), later())).expect("claims") {
                continue;
            }
            let new = NewVariant {
                lease: "lease".to_owned(),
                variant: Variant {
                    transform: claim.transform.clone(),
                    blob: blob_of(&lease("lease"), number, 10),
                    sha256: Sha256::from([u8::try_from(round).expect("is small"); 32]),
                    kind: Kind::Png,
                    width: 1,
                    height: 1,
                    frames: 1,
                    created_at: now(),
                    used_at: now(),
                },
                claim,
            };
            let outcome = done(catalog.commit_variant(&new, 200, now())).expect("commits");
            if outcome == VariantCommit::OverBudget {
                done(catalog.evict_variants(150, 64)).expect("evicts");
            }
            let kept = done(catalog.statistics(0)).expect("reads").variants;
            assert!(kept.bytes <= 200, "{kept:?}");
        }
    });
    assert_counted(&catalog);
}

/// Everything at once, in the orders in which deadlocks would arise: none reaches a caller.
#[test]
fn work_on_many_owners_at_once_neither_fails_nor_miscounts() {
    let Some((database, catalog)) = leased() else {
        return;
    };
    together(&database, |thread, catalog| {
        for round in 0..10 {
            let first = (thread * 100 + round) * 3;
            let owners = ["alice", "bob", "carol"];
            for (number, owner) in (first..).zip(owners) {
                let new = [image(owner, number, number % 7)];
                done(catalog.commit(&new, Quota::default(), now())).expect("commits");
            }
            match thread % 4 {
                0 => {
                    // In an order of its own.
                    let mut ids = vec![id_of(first + 2), id_of(first)];
                    ids.rotate_left((round % 2) as usize);
                    done(catalog.delete_many(&ids, None)).expect("deletes");
                }
                1 => done(catalog.recount_usage()).expect("recounts"),
                2 => {
                    let blobs = done(catalog.blobs_after("", 5)).expect("reads");
                    for blob in blobs {
                        done(catalog.recount_blob(&blob.id)).expect("recounts");
                    }
                }
                _ => {
                    done(catalog.forget_keys(later())).expect("forgets");
                    done(catalog.forget_links(later())).expect("forgets");
                    let dead = done(catalog.dead_blobs(later(), 100)).expect("reads");
                    for blob in dead {
                        done(catalog.forget_blob(&blob.id)).expect("forgets");
                    }
                }
            }
        }
    });
    assert_counted(&catalog);
    let usage: Usage = done(catalog.usage("alice")).expect("reads");
    assert!(usage.images > 0);
}

#[test]
fn the_catalog_conforms_behind_pgbouncer_which_shares_connections_by_transaction() {
    let Some(database) = Postgres::new() else {
        return;
    };
    let cluster = Postgres::cluster().expect("is installed");
    let Some(bouncer) = darkroom_postgres::Bouncer::start(cluster, POOL) else {
        return;
    };
    let catalogs: Vec<Catalog> = (0..THREADS)
        .map(|_| {
            let connection = database.connect_through(bouncer.port());
            done(SqlCatalog::open(connection)).expect("opens")
        })
        .collect();
    done(conformance::run(&catalogs[0], "pooled")).expect("conforms");
    done(catalogs[0].lease(&lease("lease"))).expect("leases");
    let quota = Quota {
        images: Some(10),
        bytes: None,
    };
    let outcomes = meet(&catalogs, |thread, catalog| {
        let new = [image("alice", thread, thread)];
        done(catalog.commit(&new, quota, now()))
    });
    assert_eq!(successes(&outcomes), 10, "{outcomes:?}");
    assert_counted(&catalogs[0]);
}

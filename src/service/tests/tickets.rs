//! Upload tickets: each allows as many uploads as it was created for.

use super::*;

#[tokio::test]
async fn only_one_of_many_uploads_with_one_ticket_succeeds_and_the_others_leave_nothing() {
    let bench = Bench::new();
    let ticket = UploadTerms {
        ticket: Some(UploadTicket {
            id: "t1".to_owned(),
            ..UploadTicket::default()
        }),
        ..of("alice")
    };
    let mut uploads = Vec::new();
    for size in 100..108 {
        let file = testing::png_of_size(size);
        let upload = bench.receive(ticket.clone(), &file).await;
        uploads.push(upload.expect("is accepted"));
    }
    let commits = uploads
        .into_iter()
        .map(|upload| upload.commit(Attributes::default()));
    let answers = futures_util::future::join_all(commits).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let spent = Err(UploadError::Service(ServiceError::TicketSpent));
    assert_eq!(answers.iter().filter(|answer| **answer == spent).count(), 7);
    bench.do_spawned().await;
    assert_eq!(
        (bench.images().await.len(), bench.values.keys().len()),
        (1, 2)
    );
    let begun = bench.service.begin_upload(ticket.clone(), None).await;
    assert_eq!(begun.err(), Some(ServiceError::TicketSpent));
    bench.advance(TICKET_RECORD_SECONDS + 60);
    bench.sweep_all().await;
    bench.begin(ticket).await.abort().await;
}

/// A recorded ticket that expires after this many seconds.
async fn recorded(bench: &Bench, max_uploads: u32, seconds: i64) -> UploadTerms {
    let now = bench.service.now();
    let ticket = crate::model::Ticket {
        id: bench.service.new_id(),
        owner: "alice".to_owned(),
        name: None,
        terms: String::new(),
        max_uploads,
        uploads: 0,
        created_at: now,
        expires_at: now.plus_seconds(seconds),
        revoked_at: None,
    };
    assert_eq!(bench.service.create_ticket(&ticket).await, Ok(()));
    UploadTerms {
        ticket: Some(UploadTicket {
            id: ticket.id,
            max_uploads: Some(max_uploads),
            ..UploadTicket::default()
        }),
        ..of("alice")
    }
}

#[tokio::test]
async fn a_ticket_admits_exactly_as_many_of_many_uploads_as_it_allows() {
    let bench = Bench::new();
    let terms = recorded(&bench, 5, 60).await;
    let mut uploads = Vec::new();
    for size in 100..108 {
        let upload = bench
            .receive(terms.clone(), &testing::png_of_size(size))
            .await;
        uploads.push(upload.expect("is accepted"));
    }
    let commits = uploads
        .into_iter()
        .map(|upload| upload.commit(Attributes::default()));
    let answers = futures_util::future::join_all(commits).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
    let spent = Err(UploadError::Service(ServiceError::TicketSpent));
    assert_eq!(answers.iter().filter(|answer| **answer == spent).count(), 3);
    bench.do_spawned().await;
    assert_eq!(bench.images().await.len(), 5);
    let begun = bench.service.begin_upload(terms, None).await;
    assert_eq!(begun.err(), Some(ServiceError::TicketSpent));
}

#[tokio::test]
async fn an_upload_that_is_under_way_fails_when_its_ticket_is_revoked() {
    let bench = Bench::new();
    let terms = recorded(&bench, 5, 60).await;
    let id = terms.ticket.clone().expect("a ticket").id;
    let upload = bench.receive(terms.clone(), &testing::png(1, 1)).await;
    let upload = upload.expect("is accepted");
    let strangers = bench.service.revoke_ticket(&grant("bob"), &id).await;
    assert_eq!(strangers, Err(ServiceError::NoSuchTicket));
    let revoked = bench.service.revoke_ticket(&grant("alice"), &id).await;
    assert_eq!(revoked, Ok(()));
    let late = upload.commit(Attributes::default()).await;
    let refused = UploadError::Service(ServiceError::TicketRevoked);
    assert_eq!(late, Err(refused));
    let begun = bench.service.begin_upload(terms, None).await;
    assert_eq!(begun.err(), Some(ServiceError::TicketRevoked));
    bench.do_spawned().await;
    assert_eq!(
        (bench.images().await.len(), bench.values.keys().len()),
        (0, 0)
    );
}

#[tokio::test]
async fn a_record_is_kept_for_a_while_after_its_ticket_has_expired() {
    let bench = Bench::new();
    let terms = recorded(&bench, 5, 60).await;
    let id = terms.ticket.clone().expect("a ticket").id;
    let alice = grant("alice");
    bench.advance(60 + TICKET_RECORD_SECONDS);
    bench.sweep_all().await;
    assert!(bench.service.find_ticket(&alice, &id).await.is_ok());
    bench.advance(1);
    bench.sweep_all().await;
    let found = bench.service.find_ticket(&alice, &id).await;
    assert_eq!(found.err(), Some(ServiceError::NoSuchTicket));
    // Nobody can use it then.
    let begun = bench.service.begin_upload(terms, None).await;
    assert_eq!(begun.err(), Some(ServiceError::TicketRevoked));
}

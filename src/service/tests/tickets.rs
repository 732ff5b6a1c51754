//! Upload tickets: each allows one upload.

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

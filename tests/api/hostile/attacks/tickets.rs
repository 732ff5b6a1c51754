//! Upload tickets that are used again, changed, or used for something else.

use darkroom::auth::ticket::Ticket;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Cases, mutations};
use crate::support::{Darkroom, Png, fixture, now, path, send, signed_ticket, ticket, unique};

#[tokio::test]
async fn one_of_many_concurrent_uploads_with_one_ticket_succeeds() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let same = Png::of_size(100_000).bytes();
    for (round, size) in [(1, None), (2, Some(300)), (3, Some(900_000))] {
        let url = alice.ticket(&json!({"expires_in": 60})).await;
        let bodies = (0..16).map(|_| size.map_or(same.clone(), |size| Png::of_size(size).bytes()));
        let anonymous = darkroom.anonymous();
        let answers = join_all(bodies.map(|body| anonymous.send_to(&url, body))).await;
        let mut statuses = vec![];
        for answer in answers {
            let answer = Answer::read(answer).await;
            if answer.status != 201 {
                assert_eq!(answer.slug(), "ticket-spent", "{answer:?}");
            }
            statuses.push(answer.status);
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![201], vec![409; 15]].concat());
        assert_eq!(alice.list().await.len(), round);
    }
    // Nothing is left of the bytes that the others had sent.
    darkroom.holds_only(3, 1 + 1 + 3).await;
}

#[tokio::test]
async fn a_used_ticket_stays_used() {
    let darkroom = Darkroom::shared();
    let (alice, anonymous) = (darkroom.client(&unique("alice")), darkroom.anonymous());
    let url = alice.ticket(&json!({"expires_in": 60})).await;
    let file = fixture("still.gif").bytes;
    let answer = Answer::read(anonymous.send_to(&url, file).await).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let image: Value = serde_json::from_str(&answer.text).expect("JSON");
    let mut cases = Cases::default();
    for (case, body) in [
        ("the same file", file),
        ("another file", fixture("grey.jpg").bytes),
        ("nothing", b"".as_slice()),
    ] {
        let answer = Answer::read(anonymous.send_to(&url, body).await).await;
        cases.refused(case, &answer, 409, "ticket-spent");
    }
    let form = reqwest::multipart::Form::new();
    let form = form.part("file", reqwest::multipart::Part::bytes(file));
    let answer = send(anonymous.request(Method::POST, &url).multipart(form)).await;
    cases.refused("a form", &Answer::read(answer).await, 409, "ticket-spent");
    let keyed = anonymous
        .request(Method::POST, &url)
        .header("idempotency-key", "a");
    let answer = Answer::read(send(keyed.body(file)).await).await;
    cases.refused("an idempotency key", &answer, 409, "ticket-spent");
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
    let answer = Answer::read(anonymous.send_to(&url, file).await).await;
    cases.refused("after its image is gone", &answer, 409, "ticket-spent");
    cases.end();
    assert!(alice.list().await.is_empty());
}

type Change = fn(&mut Ticket);

#[tokio::test]
async fn the_content_of_a_ticket_cannot_be_changed() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let alice = darkroom.client(&owner);
    let valid = ticket(&owner);
    let url = signed_ticket(&valid);
    let signature = url.rsplit_once('.').expect("parts").1;
    let mut cases = Cases::default();
    let changes: [(&str, Change); 7] = [
        ("owner", |ticket| ticket.sub = "bob".into()),
        ("id", |ticket| ticket.id = "another".into()),
        ("expiry", |ticket| ticket.exp += 1),
        ("limit", |ticket| ticket.max_bytes = Some(1 << 30)),
        ("types", |ticket| {
            ticket.content_types = vec!["image/jpeg".into()]
        }),
        ("tags", |ticket| ticket.tags = vec!["x".into()]),
        ("visibility", |ticket| {
            ticket.visibility = Some("public".into())
        }),
    ];
    for (case, change) in changes {
        let mut changed = valid.clone();
        change(&mut changed);
        let other = signed_ticket(&changed);
        let message = other.rsplit_once('.').expect("parts").0;
        let url = format!("{message}.{signature}");
        let answer = darkroom.anonymous().send_to(&url, b"x".as_slice()).await;
        cases.refused(case, &Answer::read(answer).await, 403, "ticket-invalid");
    }
    let (path, text) = url.split_once('=').expect("a ticket");
    let mut attempts = vec![
        (
            "a signature cut off".to_owned(),
            url[..url.len() - 1].to_owned(),
        ),
        (
            "a signature stripped".to_owned(),
            url[..url.len() - signature.len()].to_owned(),
        ),
        ("a signature padded".to_owned(), format!("{url}=")),
        ("a signature lengthened".to_owned(), format!("{url}A")),
        ("twice".to_owned(), format!("{url}&ticket={text}")),
        (
            "an invalid one first".to_owned(),
            format!("{path}=x&ticket={text}"),
        ),
        ("an invalid one last".to_owned(), format!("{url}&ticket=x")),
        ("an encoded dot".to_owned(), url.replace('.', "%2E")),
        ("too long".to_owned(), format!("{url}{}", "A".repeat(8192))),
    ];
    let bytes = mutations(text).map(|(at, text)| (format!("byte {at}"), format!("{path}={text}")));
    attempts.extend(bytes);
    for batch in attempts.chunks(64) {
        let anonymous = darkroom.anonymous();
        let answers = batch
            .iter()
            .map(|(_, url)| anonymous.send_to(url, b"x".as_slice()));
        for ((case, _), answer) in batch.iter().zip(join_all(answers).await) {
            cases.refused(case, &Answer::read(answer).await, 403, "ticket-invalid");
        }
    }
    cases.end();
    let answer = darkroom
        .anonymous()
        .send_to(&url, fixture("still.gif").bytes)
        .await;
    assert_eq!(answer.status(), 201);
    assert_eq!(alice.list().await.len(), 1);
}

#[tokio::test]
async fn a_ticket_ends_at_the_second_that_it_names() {
    let darkroom = Darkroom::shared();
    let anonymous = darkroom.anonymous();
    for (case, exp) in [
        ("now", now()),
        ("a minute ago", now() - 60),
        ("long ago", 0),
    ] {
        let mut ticket = ticket(&unique("alice"));
        ticket.exp = exp;
        let answer = Answer::read(
            anonymous
                .send_to(&signed_ticket(&ticket), fixture("still.gif").bytes)
                .await,
        )
        .await;
        assert_eq!(
            (answer.status, answer.slug().as_str()),
            (410, "ticket-expired"),
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_ticket_is_valid_for_one_upload_and_nothing_else() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let alice = darkroom.client(&owner);
    let image = alice.upload(fixture("still.gif").bytes).await;
    let url = alice.ticket(&json!({"expires_in": 60})).await;
    let query = url.split_once('?').expect("a query").1;
    let links = format!("{}/links", path(&image));
    let content = format!("{}/content", path(&image));
    let mut cases = Cases::default();
    for (method, path) in [
        (Method::GET, "/v1/images"),
        (Method::GET, path(&image)),
        (Method::PATCH, path(&image)),
        (Method::DELETE, path(&image)),
        (Method::GET, &content),
        (Method::HEAD, &content),
        (Method::POST, &links),
        (Method::DELETE, &links),
        (Method::POST, "/v1/upload-tickets"),
        (Method::GET, "/v1/upload-tickets"),
    ] {
        let request = darkroom
            .anonymous()
            .request(method.clone(), &format!("{path}?{query}"));
        let answer = Answer::read(send(request.json(&json!({"expires_in": 60}))).await).await;
        cases.status(format!("{method} {path}"), &answer, &[401]);
    }
    for name in ["Ticket", "TICKET", "ticket[]", "%74icket", "upload_ticket"] {
        let target = url.replace("?ticket", &format!("?{name}"));
        let answer =
            Answer::read(darkroom.anonymous().send_to(&target, b"x".as_slice()).await).await;
        cases.refused(name, &answer, 401, "unauthorized");
    }
    for header in ["X-Ticket", "Ticket", "X-Upload-Ticket"] {
        let request = darkroom.anonymous().post().header(header, query);
        let answer = Answer::read(send(request.body("x")).await).await;
        cases.refused(header, &answer, 401, "unauthorized");
    }
    cases.end();
    assert_eq!(alice.list().await, [image]);
}

#[tokio::test]
async fn the_owner_is_that_of_the_ticket_whoever_sends_it() {
    let darkroom = Darkroom::shared();
    let (name, other) = (unique("alice"), unique("bob"));
    let (alice, bob) = (darkroom.client(&name), darkroom.client(&other));
    for (client, more) in [
        (darkroom.anonymous(), format!("&owner={other}")),
        (darkroom.anonymous(), format!("&sub={other}")),
        (bob.clone(), String::new()),
        (darkroom.anonymous().with_token("x"), String::new()),
    ] {
        let url = alice.ticket(&json!({"expires_in": 60})).await;
        let answer = Answer::read(
            client
                .send_to(&format!("{url}{more}"), fixture("still.gif").bytes)
                .await,
        )
        .await;
        let image: Value = serde_json::from_str(&answer.text).expect("JSON");
        let kept = answer.status != 201 || image["owner"] == name.as_str();
        assert!(kept && answer.status < 500, "{more}: {answer:?}");
    }
    assert!(bob.list().await.is_empty());
}

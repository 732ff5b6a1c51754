//! docs/images.md.

use super::super::forms::post;
use super::*;
use crate::http::headers::digest;
use crate::model::Sha256;

const PAGE: &str = include_str!("../../../../docs/images.md");

#[tokio::test]
async fn the_parts_of_a_form_are_those_of_the_table() {
    let client = Client::with(&[("strict_forms", "on")]);
    let file = testing::png(1, 1);
    let names = rows(PAGE, "| part of a form | meaning |");
    let names: Vec<&str> = names.iter().flat_map(|row| code(row[0])).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    for name in names {
        let part = format!("name=\"{name}\"");
        let (parts, is_list) = match name {
            "tags" => (vec![("name=\"file\"", &file[..]), (&part, b"a")], true),
            "metadata" => (vec![("name=\"file\"", &file[..]), (&part, b"{}")], false),
            "visibility" => (
                vec![("name=\"file\"", &file[..]), (&part, b"public")],
                false,
            ),
            _ => (vec![(&part[..], &file[..])], true),
        };
        let created = post(&client, &parts).await;
        assert_eq!(created.status, StatusCode::CREATED, "{name}");
        // As the elements of lists.
        for suffix in ["[]", "[0]"] {
            let element = format!("name=\"{name}{suffix}\"");
            let parts: Vec<(&str, &[u8])> = parts
                .iter()
                .map(|(head, bytes)| match *head == part {
                    true => (&element[..], *bytes),
                    false => (*head, *bytes),
                })
                .collect();
            let status = post(&client, &parts).await.status.as_u16();
            assert_eq!(status, if is_list { 201 } else { 400 }, "{element}");
        }
    }
}

#[tokio::test]
async fn a_digest_is_checked_on_what_was_sent_and_reported_of_what_is_stored() {
    let client = Client::new();
    let sent = include_bytes!("../../../../tests/fixtures/private.jpg");
    let sha256 = |bytes: &[u8]| {
        use sha2::Digest as _;
        let digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
        Sha256::from(digest)
    };
    let mut upload = request(Method::POST, "/v1/images", Body::from(&sent[..]));
    let digest = digest::print(&sha256(sent)).parse().expect("a header");
    upload.headers_mut().insert("repr-digest", digest);
    let created = client.send(upload).await;
    assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
    let image = created.json();
    let content = image["links"]["content"].as_str().expect("a path");
    let stored = client.get(content).await;
    assert_ne!(&stored.body[..], &sent[..]);
    assert_eq!(image["sha256"], sha256(&stored.body).to_string());
    assert_eq!(image["size"], stored.body.len());
}

//! Signatures of tokens that were cut, extended, encoded differently or copied from another token.

use futures_util::future::join_all;
use serde_json::json;

use super::forgery::{OTHER, admin, all_refused, shown};
use super::{Cases, mutations};
use crate::support::{SECRET, now, signed};

/// A valid token whose signature has a character that only base64url has.
fn valid() -> (String, String) {
    let tokens = (0..).map(|number| {
        let claims = json!({
            "sub": format!("root-{number}"), "exp": now() + 300, "scope": "admin",
        });
        signed(&json!({"alg": "HS256", "kid": "test"}), &claims, SECRET)
    });
    let parts = tokens.map(|token| {
        let (message, signature) = token.rsplit_once('.').expect("three parts");
        (message.to_owned(), signature.to_owned())
    });
    let mut fitting = parts.filter(|(_, signature)| signature.contains(['-', '_']));
    fitting.next().expect("one of them")
}

#[tokio::test]
async fn a_signature_is_accepted_only_whole_and_in_one_form() {
    let (message, signature) = valid();
    let (header, payload) = message.split_once('.').expect("two parts");
    let with = |signature: &str| format!("{message}.{signature}");
    let standard = signature.replace('-', "+").replace('_', "/");
    let other = signed(&json!({"alg": "HS256"}), &admin(), SECRET);
    let other: Vec<&str> = other.split('.').collect();
    assert_eq!(shown(with(&signature)).await.status, 200);
    all_refused([
        ("stripped", with("")),
        ("stripped with its dot", message.clone()),
        ("one character short", with(&signature[..42])),
        ("one byte short", with(&signature[..40])),
        ("half of it", with(&signature[..22])),
        ("one character more", with(&format!("{signature}A"))),
        ("one byte more", with(&format!("{signature}AA"))),
        ("twice", with(&format!("{signature}{signature}"))),
        (
            "twice, with a dot",
            with(&format!("{signature}.{signature}")),
        ),
        ("padded", with(&format!("{signature}="))),
        ("padded and escaped", with(&format!("{signature}%3D"))),
        ("in the other alphabet", with(&standard)),
        (
            "upside down",
            with(&signature.chars().rev().collect::<String>()),
        ),
        ("in upper case", with(&signature.to_ascii_uppercase())),
        (
            "a padded header",
            format!("{header}=.{payload}.{signature}"),
        ),
        (
            "a padded payload",
            format!("{header}.{payload}=.{signature}"),
        ),
        (
            "the payload of another",
            format!("{header}.{}.{signature}", other[1]),
        ),
        (
            "the header of another",
            format!("{}.{payload}.{signature}", other[0]),
        ),
        ("the signature of another", with(other[2])),
        ("no payload", format!("{header}..{signature}")),
        ("no header", format!(".{payload}.{signature}")),
        (
            "parts in reverse order",
            format!("{payload}.{header}.{signature}"),
        ),
        (
            "five parts, as if encrypted",
            format!("{header}..{payload}.{signature}.AA"),
        ),
        ("dots alone", "..".to_owned()),
        ("one dot", ".".to_owned()),
    ])
    .await;
}

#[tokio::test]
async fn the_wrong_part_of_a_signature_is_not_revealed() {
    let (message, signature) = valid();
    let claims = admin();
    let by =
        |kid: &str, secret: &[u8]| signed(&json!({"alg": "HS256", "kid": kid}), &claims, secret);
    let mut answers = vec![];
    for token in [
        by("test", OTHER),
        by("other", SECRET),
        by("other", OTHER),
        format!("{message}."),
        format!("{message}.{}", &signature[..40]),
        format!("{message}.{}", &valid().1.replace(['-', '_'], "a")[..40]),
    ] {
        answers.push(shown(token).await);
    }
    for answer in &answers {
        assert_eq!(answer.comparable(), answers[0].comparable());
    }
}

#[tokio::test]
async fn no_byte_of_a_token_can_be_changed() {
    let (message, signature) = valid();
    let token = format!("{message}.{signature}");
    let mut cases = Cases::default();
    let changed: Vec<_> = mutations(&token).collect();
    for batch in changed.chunks(64) {
        let answers = batch.iter().map(|(_, token)| shown(token.clone()));
        for ((at, _), answer) in batch.iter().zip(join_all(answers).await) {
            cases.status(format!("byte {at}"), &answer, &[401]);
        }
    }
    cases.end();
}

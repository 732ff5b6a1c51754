//! Forged tokens: the algorithm, the key and the signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha512;

use super::{Cases, Told, mutations};
use crate::support::{Darkroom, SECRET, header, now, signed, signed_text};

const OTHER: &[u8] = b"what an attacker has chosen it to be";

fn admin() -> Value {
    json!({"sub": "root", "exp": now() + 300, "scope": "admin"})
}

/// The answer to a token; a challenge goes with every refusal.
async fn shown(token: String) -> Told {
    let client = Darkroom::shared().anybody().with_token(token);
    let response = client.get("/v1/images").await;
    if response.status() == 401 {
        let challenge = header(&response, "www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    Told::by(response).await
}

async fn all_refused(tokens: impl IntoIterator<Item = (&'static str, String)>) {
    let mut cases = Cases::default();
    for (case, token) in tokens {
        cases.refused(case, &shown(token).await, 401, "unauthorized");
    }
    cases.end();
}

#[tokio::test]
async fn no_algorithm_but_hs256_is_believed() {
    let right = |header: &str| signed_text(header, admin().to_string().as_bytes(), SECRET);
    let unsigned = |header: &str| {
        let token = right(header);
        let (message, _) = token.rsplit_once('.').expect("three parts");
        format!("{message}.")
    };
    let sha512 = || {
        let token = right(r#"{"alg":"HS512","kid":"test"}"#);
        let (message, _) = token.rsplit_once('.').expect("three parts");
        let mut mac = Hmac::<Sha512>::new_from_slice(SECRET).expect("any length");
        mac.update(message.as_bytes());
        format!(
            "{message}.{}",
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        )
    };
    all_refused([
        ("none, unsigned", unsigned(r#"{"alg":"none"}"#)),
        (
            "none with a kid, unsigned",
            unsigned(r#"{"alg":"none","kid":"test"}"#),
        ),
        ("None, unsigned", unsigned(r#"{"alg":"None"}"#)),
        ("NONE, unsigned", unsigned(r#"{"alg":"NONE"}"#)),
        ("nOnE, unsigned", unsigned(r#"{"alg":"nOnE"}"#)),
        ("none, rightly signed", right(r#"{"alg":"none"}"#)),
        ("HS256, unsigned", unsigned(r#"{"alg":"HS256"}"#)),
        ("HS512 over the right secret", sha512()),
        ("HS384", right(r#"{"alg":"HS384","kid":"test"}"#)),
        ("RS256", right(r#"{"alg":"RS256","kid":"test"}"#)),
        ("ES256", right(r#"{"alg":"ES256","kid":"test"}"#)),
        ("hs256", right(r#"{"alg":"hs256","kid":"test"}"#)),
        ("HS256 with a space", right(r#"{"alg":"HS256 "}"#)),
        ("an empty algorithm", right(r#"{"alg":""}"#)),
        ("no algorithm", right(r#"{"kid":"test"}"#)),
        ("null", right(r#"{"alg":null}"#)),
        ("a list", right(r#"{"alg":["HS256"]}"#)),
        (
            "two, the good one last",
            right(r#"{"alg":"none","alg":"HS256"}"#),
        ),
        (
            "two, the good one first",
            right(r#"{"alg":"HS256","alg":"none"}"#),
        ),
        ("a header that is a list", right(r#"["HS256"]"#)),
        ("a header that is no JSON", right("HS256")),
        ("an empty header", right("")),
    ])
    .await;
}

#[tokio::test]
async fn the_token_does_not_choose_its_key() {
    let with = |header: Value, secret: &[u8]| signed(&header, &admin(), secret);
    let jwk = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(OTHER), "kid": "test"});
    let kid = |kid: Value| json!({"alg": "HS256", "kid": kid});
    let url = "https://attacker.example/keys.json";
    all_refused([
        ("unknown kid", with(kid(json!("other")), SECRET)),
        ("upper-case kid", with(kid(json!("TEST")), SECRET)),
        ("kid with a space", with(kid(json!("test ")), SECRET)),
        ("kid with a NUL", with(kid(json!("test\0")), SECRET)),
        ("empty kid", with(kid(json!("")), SECRET)),
        ("kid like a path", with(kid(json!("../../dev/null")), b"")),
        (
            "kid like SQL",
            with(kid(json!("x' UNION SELECT ''--")), b""),
        ),
        ("kid as a list", with(kid(json!(["test"])), SECRET)),
        ("kid as an object", with(kid(json!({"test": 1})), SECRET)),
        ("kid as a number", with(kid(json!(0)), SECRET)),
        ("right kid, other secret", with(kid(json!("test")), OTHER)),
        ("right kid, empty secret", with(kid(json!("test")), b"")),
        (
            "right kid, its name as secret",
            with(kid(json!("test")), b"test"),
        ),
        ("no kid, other secret", with(json!({"alg": "HS256"}), OTHER)),
        (
            "the secret as it stands in the setting",
            with(
                kid(json!("test")),
                b"ZGFya3Jvb20tZW5kLXRvLWVuZC10ZXN0LWtleS0wMDE",
            ),
        ),
        (
            "embedded jwk",
            with(json!({"alg": "HS256", "jwk": jwk}), OTHER),
        ),
        (
            "embedded jwk beside the right kid",
            with(json!({"alg": "HS256", "kid": "test", "jwk": jwk}), OTHER),
        ),
        ("jku", with(json!({"alg": "HS256", "jku": url}), OTHER)),
        ("x5u", with(json!({"alg": "HS256", "x5u": url}), OTHER)),
        ("x5c", with(json!({"alg": "HS256", "x5c": ["MIIB"]}), OTHER)),
        (
            "crit",
            with(json!({"alg": "HS256", "crit": ["exp"], "exp": 1}), SECRET),
        ),
        (
            "empty crit",
            with(json!({"alg": "HS256", "crit": []}), SECRET),
        ),
        (
            "unencoded payload",
            with(
                json!({"alg": "HS256", "crit": ["b64"], "b64": false}),
                SECRET,
            ),
        ),
    ])
    .await;
}

/// A good token whose signature has a character of base64url alone.
fn good() -> (String, String) {
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
async fn a_signature_is_taken_whole_and_in_one_form_only() {
    let (message, signature) = good();
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
            "parts turned round",
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
async fn which_part_of_a_signature_was_wrong_is_not_told() {
    let (message, signature) = good();
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
        format!("{message}.{}", &good().1.replace(['-', '_'], "a")[..40]),
    ] {
        answers.push(shown(token).await);
    }
    for answer in &answers {
        assert_eq!(answer.comparable(), answers[0].comparable());
    }
}

#[tokio::test]
async fn no_byte_of_a_token_can_be_changed() {
    let (message, signature) = good();
    let token = format!("{message}.{signature}");
    let mut cases = Cases::default();
    let changed: Vec<_> = mutations(&token).collect();
    for batch in changed.chunks(64) {
        let answers = batch.iter().map(|(_, token)| shown(token.clone()));
        for ((at, _), told) in batch.iter().zip(join_all(answers).await) {
            cases.status(format!("byte {at}"), &told, &[401]);
        }
    }
    cases.end();
}

//! Forged tokens: the algorithm and the key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha512;

use super::{Answer, Cases};
use crate::support::{Darkroom, SECRET, header, now, signed, signed_text};

pub(super) const OTHER: &[u8] = b"a secret that the attacker has chosen";

pub(super) fn admin() -> Value {
    json!({"sub": "root", "exp": now() + 300, "scope": "admin"})
}

/// The answer to a token. Every refusal must have a challenge.
pub(super) async fn shown(token: String) -> Answer {
    let client = Darkroom::shared().anonymous().with_token(token);
    let response = client.get("/v1/images").await;
    if response.status() == 401 {
        let challenge = header(&response, "www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    Answer::read(response).await
}

pub(super) async fn all_refused(tokens: impl IntoIterator<Item = (&'static str, String)>) {
    let mut cases = Cases::default();
    for (case, token) in tokens {
        cases.refused(case, &shown(token).await, 401, "unauthorized");
    }
    cases.end();
}

#[tokio::test]
async fn no_algorithm_but_hs256_is_accepted() {
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
        ("none, correctly signed", right(r#"{"alg":"none"}"#)),
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
            "two, the right one last",
            right(r#"{"alg":"none","alg":"HS256"}"#),
        ),
        (
            "two, the right one first",
            right(r#"{"alg":"HS256","alg":"none"}"#),
        ),
        ("a header that is a list", right(r#"["HS256"]"#)),
        ("a header that is not JSON", right("HS256")),
        ("an empty header", right("")),
    ])
    .await;
}

#[tokio::test]
async fn a_token_cannot_choose_its_key() {
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
            "the secret as written in the setting",
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
            "embedded jwk next to the right kid",
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

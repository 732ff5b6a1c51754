//! Claims of correctly signed tokens, from an issuer that is careless or was deceived.

use serde_json::json;

use super::{Answer, Cases};
use crate::support::{Darkroom, SECRET, now, signed, signed_text};

const HEADER: &str = r#"{"alg":"HS256","kid":"test"}"#;

pub(super) async fn shown(payload: impl AsRef<[u8]>) -> Answer {
    let token = signed_text(HEADER, payload.as_ref(), SECRET);
    let client = Darkroom::shared().anonymous().with_token(token);
    Answer::read(client.get("/v1/images?limit=1").await).await
}

/// Valid claims, with the value of one of them replaced.
pub(super) fn with(name: &str, value: &str) -> String {
    let exp = (now() + 300).to_string();
    let claims = [("sub", "\"root\""), ("exp", &exp), ("scope", "\"admin\"")];
    let kept = claims.iter().filter(|(known, _)| *known != name);
    let members: Vec<_> = kept
        .chain([&(name, value)])
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

#[tokio::test]
async fn a_token_is_valid_only_in_its_time() {
    let mut cases = Cases::default();
    let after = |seconds: u64| (now() + seconds).to_string();
    let before = |seconds: u64| (now() - seconds).to_string();
    for (case, claim, value, status) in [
        ("within the leeway after its end", "exp", before(30), 200),
        ("the leeway's last second over", "exp", before(60), 401),
        ("long past", "exp", before(100_000), 401),
        ("at the beginning of time", "exp", "0".into(), 401),
        ("with a fraction", "exp", after(300) + ".5", 200),
        ("text", "exp", format!("\"{}\"", after(300)), 401),
        ("negative", "exp", "-1".into(), 401),
        ("negative zero", "exp", "-0".into(), 401),
        ("negative and huge", "exp", "-1e300".into(), 401),
        (
            "more than 64 bits",
            "exp",
            "18446744073709551616".into(),
            401,
        ),
        ("more than a float", "exp", "1e400".into(), 401),
        ("a huge float", "exp", "1e300".into(), 401),
        ("null", "exp", "null".into(), 401),
        ("true", "exp", "true".into(), 401),
        ("a list", "exp", format!("[{}]", after(300)), 401),
        ("hexadecimal", "exp", "0xffffffff".into(), 401),
        ("NaN", "exp", "NaN".into(), 401),
        ("infinite", "exp", "Infinity".into(), 401),
        (
            "within the leeway before its beginning",
            "nbf",
            after(60),
            200,
        ),
        ("before its beginning", "nbf", after(90), 401),
        ("text", "nbf", "\"0\"".into(), 401),
        ("the last second of all", "nbf", u64::MAX.to_string(), 401),
        (
            "issued in the future, which is not checked",
            "iat",
            after(900),
            200,
        ),
        (
            "issued at a time that is not a time",
            "iat",
            "\"today\"".into(),
            401,
        ),
    ] {
        let answer = shown(with(claim, &value)).await;
        cases.status(format!("{claim} {case}"), &answer, &[status]);
    }
    let eternal = signed(
        &json!({"alg": "HS256"}),
        &json!({"sub": "root", "scope": "admin"}),
        SECRET,
    );
    let client = Darkroom::shared().anonymous().with_token(eternal);
    let answer = Answer::read(client.get("/v1/images").await).await;
    cases.refused("no exp", &answer, 401, "unauthorized");
    cases.end();
}

#[tokio::test]
async fn a_claim_must_not_be_repeated() {
    let mut cases = Cases::default();
    let exp = now() + 300;
    let valid = format!(r#""sub":"root","exp":{exp},"scope":"admin""#);
    assert_eq!(shown(format!("{{{valid}}}")).await.status, 200);
    for (case, more) in [
        ("sub", r#""sub":"alice""#.to_owned()),
        ("the same sub", r#""sub":"root""#.to_owned()),
        ("an escaped sub", r#""\u0073ub":"alice""#.to_owned()),
        ("exp", format!(r#""exp":{}"#, exp + 1)),
        ("scope", r#""scope":"images:read""#.to_owned()),
        ("nbf", r#""nbf":0,"nbf":1"#.to_owned()),
        ("aud", r#""aud":"a","aud":"b""#.to_owned()),
        ("an unknown one", r#""jti":"a","jti":"b""#.to_owned()),
    ] {
        for payload in [format!("{{{valid},{more}}}"), format!("{{{more},{valid}}}")] {
            let answer = shown(payload).await;
            cases.refused(case, &answer, 401, "unauthorized");
        }
    }
    cases.end();
}

#[tokio::test]
async fn an_owner_must_be_a_name() {
    let mut cases = Cases::default();
    let long = |count: usize| format!("\"{}\"", "a".repeat(count));
    for (case, sub, status) in [
        ("empty", "\"\"".to_owned(), 401),
        ("of the maximum length", long(128), 200),
        ("too long", long(129), 401),
        (
            "of the maximum length, in characters",
            format!("\"{}\"", "猫".repeat(128)),
            200,
        ),
        ("a NUL", r#""root\u0000""#.into(), 401),
        ("a line end", r#""root\nadmin""#.into(), 401),
        ("a delete character", r#""root\u007f""#.into(), 401),
        ("a C1 control character", r#""root\u0085""#.into(), 401),
        ("a number", "1".into(), 401),
        ("null", "null".into(), 401),
        ("a list", r#"["root"]"#.into(), 401),
        ("an object", r#"{"name":"root"}"#.into(), 401),
        ("half a surrogate pair", r#""\ud800""#.into(), 401),
    ] {
        cases.status(case, &shown(with("sub", &sub)).await, &[status]);
    }
    cases.end();
}

#[tokio::test]
async fn a_payload_must_be_one_json_object() {
    let mut cases = Cases::default();
    let valid = with("sub", "\"root\"");
    let inner = signed_text(HEADER, valid.as_bytes(), SECRET);
    for (case, payload) in [
        ("a token in the token", inner.clone().into_bytes()),
        (
            "a token in the token, as text",
            format!("\"{inner}\"").into(),
        ),
        ("a list", format!("[{valid}]").into()),
        ("nothing", vec![]),
        ("null", "null".into()),
        ("two objects", format!("{valid}{valid}").into()),
        ("text after it", format!("{valid}x").into()),
        ("a NUL after it", format!("{valid}\0").into()),
        ("a byte order mark", format!("\u{feff}{valid}").into()),
        ("not UTF-8", with("sub", "\"root").into_bytes()),
        ("cut off", valid.as_bytes()[..valid.len() - 1].to_vec()),
        ("a comment", format!("/**/{valid}").into()),
        ("depth", "[".repeat(2500).into()),
        (
            "bytes that are not text",
            [&b"{\"sub\":\"\xff\xfe\",\"scope\":\"admin\",\"exp\":9999999999}"[..]].concat(),
        ),
    ] {
        cases.refused(case, &shown(payload).await, 401, "unauthorized");
    }
    cases.end();
}

#[tokio::test]
async fn a_token_has_at_most_four_kilobytes() {
    let padded = |count: usize| {
        let payload = with("pad", &format!("\"{}\"", "p".repeat(count)));
        signed_text(HEADER, payload.as_bytes(), SECRET)
    };
    let most = (2500..3500).rfind(|count| padded(*count).len() <= 4096);
    let most = most.expect("a length that fits");
    for (count, status) in [(most, 200), (most + 1, 401), (5000, 401)] {
        let client = Darkroom::shared().anonymous().with_token(padded(count));
        let answer = client.get("/v1/images?limit=1").await.status();
        assert_eq!(answer, status, "{}", padded(count).len());
    }
}

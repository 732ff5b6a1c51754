//! Tokens that are accepted, and tokens that are refused.

use super::*;
use crate::model::{Limit, QuotaClaim};

const NOW: u64 = 1_800_000_000;
const A: &str = "a:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
const B: &str = "b:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA";

fn ring(text: &str) -> KeyRing {
    KeyRing::parse(text).expect("a ring")
}

fn claims() -> Claims {
    Claims {
        sub: "alice".into(),
        exp: NOW + 3600,
        scope: "images:read images:write".into(),
        ..Claims::default()
    }
}

const ANY: Requirements<'static> = Requirements {
    audience: None,
    max_seconds: 1_000_000,
};

fn check(claims: &Claims, audience: Option<&str>, expect: Result<(), TokenError>) {
    let token = mint(&ring(A), None, claims).expect("mints");
    let requirements = Requirements { audience, ..ANY };
    let answer = verify(&ring(A), requirements, NOW, &token).map(|_| ());
    assert_eq!(answer, expect, "{claims:?}");
}

/// A token with any header and payload, correctly signed by key `a`.
fn signed(header: &str, payload: &str) -> String {
    signed_bytes(header.as_bytes(), payload)
}

fn signed_bytes(header: &[u8], payload: &str) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = ring(A).signing().sign(Purpose::Token, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_minted_token_verifies_into_its_grant() {
    let token = mint(&ring(A), None, &claims()).expect("mints");
    let grant = verify(&ring(&format!("{B},{A}")), ANY, NOW, &token).expect("verifies");
    assert_eq!(grant.owner, "alice");
    assert_eq!(grant.scopes, Scopes::parse("images:read images:write"));
}

#[test]
fn the_vector_of_rfc_7515_a_1_verifies() {
    let key =
        "k:AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    assert!(verified_payload(&ring(key), token).is_ok());
    // It has no sub, so Darkroom does not accept it.
    assert_eq!(
        verify(&ring(key), ANY, 0, token),
        Err(TokenError::Missing(Claim::Subject))
    );
}

#[test]
fn only_hs256_is_accepted() {
    let payload = format!(r#"{{"sub":"alice","exp":{}}}"#, NOW + 10);
    for alg in ["none", "None", "HS512", "RS256", "hs256", "Hs256", ""] {
        let token = signed(&format!(r#"{{"alg":"{alg}"}}"#), &payload);
        assert_eq!(
            verify(&ring(A), ANY, NOW, &token),
            Err(TokenError::Algorithm),
            "{alg}"
        );
    }
    let critical = signed(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, &payload);
    assert_eq!(
        verify(&ring(A), ANY, NOW, &critical),
        Err(TokenError::Algorithm)
    );
    let null = signed(r#"{"alg":"HS256","crit":null}"#, &payload);
    assert_eq!(
        verify(&ring(A), ANY, NOW, &null),
        Err(TokenError::Algorithm)
    );
    let plain = signed(r#"{"alg":"HS256"}"#, &payload);
    assert!(
        verify(&ring(&format!("{B},{A}")), ANY, NOW, &plain).is_ok(),
        "every key is tried"
    );
}

#[test]
fn malformed_tokens_are_refused() {
    let long = format!("{}.a.a", "a".repeat(MAX_TOKEN_BYTES));
    let payload = format!(r#"{{"sub":"alice","exp":{}}}"#, NOW + 10);
    let array = signed(r#"["HS256"]"#, &payload);
    let two_algs = signed(r#"{"alg":"none","alg":"HS256"}"#, &payload);
    let kid = signed(r#"{"alg":"HS256","kid":1}"#, &payload);
    for token in ["", ".", "..", "a.b", "a.b.c.d", &array, &two_algs, &kid] {
        let answer = verify(&ring(A), ANY, NOW, token);
        assert_eq!(answer, Err(TokenError::Malformed), "{token}");
    }
    let answer = verify(&ring(A), ANY, NOW, &long);
    assert_eq!(answer, Err(TokenError::TooLong));
}

/// What is wrong with a payload that is correctly signed.
fn wrong(payload: &str) -> TokenError {
    let token = signed(r#"{"alg":"HS256"}"#, payload);
    verify(&ring(A), ANY, NOW, &token).expect_err(payload)
}

#[test]
fn a_payload_has_one_meaning() {
    let exp = NOW + 10;
    for payload in [
        format!(r#"{{"sub":"alice","sub":"bob","exp":{exp}}}"#),
        format!(r#"{{"sub":"alice","exp":{exp},"x":1,"x":2}}"#),
        format!(r#"{{"sub":"alice","exp":{exp}}}{{}}"#),
        format!(r#"[{{"sub":"alice","exp":{exp}}}]"#),
        String::new(),
    ] {
        assert_eq!(wrong(&payload), TokenError::Payload, "{payload}");
    }
}

#[test]
fn the_claim_that_is_wrong_is_named() {
    use Claim::*;
    let (exp, milliseconds) = (NOW + 10, (NOW + 10) * 1000);
    for (members, error) in [
        (r#""sub":"a""#.to_owned(), TokenError::Missing(Expiry)),
        (format!(r#""exp":{exp}"#), TokenError::Missing(Subject)),
        (format!(r#""sub":1,"exp":{exp}"#), TokenError::Type(Subject)),
        (
            format!(r#""sub":null,"exp":{exp}"#),
            TokenError::Type(Subject),
        ),
        (
            format!(r#""sub":"a","exp":"{exp}""#),
            TokenError::Type(Expiry),
        ),
        (r#""sub":"a","exp":-1"#.to_owned(), TokenError::Type(Expiry)),
        (
            r#""sub":"a","exp":null"#.to_owned(),
            TokenError::Type(Expiry),
        ),
        (
            format!(r#""sub":"a","exp":{milliseconds}"#),
            TokenError::Milliseconds(Expiry),
        ),
        (
            format!(r#""sub":"a","exp":{milliseconds}.5"#),
            TokenError::Milliseconds(Expiry),
        ),
        (
            format!(r#""sub":"a","exp":{exp},"nbf":{milliseconds}"#),
            TokenError::Milliseconds(NotBefore),
        ),
        (
            format!(r#""sub":"a","exp":{exp},"nbf":"now""#),
            TokenError::Type(NotBefore),
        ),
        (
            format!(r#""sub":"a","exp":{exp},"iat":"now""#),
            TokenError::Type(IssuedAt),
        ),
        (
            format!(r#""sub":"a","exp":{exp},"aud":1"#),
            TokenError::Type(Audience),
        ),
        (
            format!(r#""sub":"a","exp":{exp},"scope":["images:read"]"#),
            TokenError::Type(Scope),
        ),
    ] {
        assert_eq!(wrong(&format!("{{{members}}}")), error, "{members}");
        let named = error.claim().expect("a claim").as_str();
        assert!(error.to_string().contains(&format!(" {named} ")), "{error}");
    }
}

#[test]
fn before_the_signature_is_good_an_error_tells_nothing_else() {
    // Everything is wrong with these tokens, and all of them look the same.
    let text_as_secret = ring(&format!(
        "a:{}",
        URL_SAFE_NO_PAD.encode(A.replace("a:", ""))
    ));
    let claims = Claims {
        sub: String::new(),
        exp: 0,
        ..Claims::default()
    };
    for (ring_of_issuer, kid) in [(ring(B), "b"), (text_as_secret, "a")] {
        let token = mint(&ring_of_issuer, Some(kid), &claims).expect("mints");
        let answer = verify(&ring(A), ANY, NOW, &token).expect_err("refused");
        assert_eq!(answer, TokenError::Signature);
        assert_eq!(answer.claim(), None);
    }
}

#[test]
fn values_that_some_readers_reject_are_refused_in_unknown_members_too() {
    let payload = |value: &str| format!(r#"{{"sub":"alice","exp":{NOW},"x":{value}}}"#);
    let header = r#"{"alg":"HS256"}"#;
    let good = signed(header, &payload(r#"{"y":["\u00e9",-1.5e3,null]}"#));
    assert!(verify(&ring(A), ANY, NOW, &good).is_ok());
    let token = signed_bytes(b"{\"alg\":\"HS256\",\"x\":\"\xe9\"}", &payload("1"));
    let answer = verify(&ring(A), ANY, NOW, &token);
    assert_eq!(answer, Err(TokenError::Malformed));
    for value in [r#""\ud800""#, "1e999"] {
        assert_eq!(wrong(&payload(value)), TokenError::Payload, "{value}");
    }
}

#[test]
fn keys_outside_the_ring_are_refused() {
    let token = mint(&ring(B), None, &claims()).expect("mints");
    assert_eq!(
        verify(&ring(A), ANY, NOW, &token),
        Err(TokenError::Signature)
    );
    // The right name with the wrong secret.
    let imposter = ring(&B.replace("b:", "a:"));
    let token = mint(&imposter, None, &claims()).expect("mints");
    assert_eq!(
        verify(&ring(A), ANY, NOW, &token),
        Err(TokenError::Signature)
    );
    assert_eq!(
        mint(&ring(A), Some("b"), &claims()),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn times_are_checked_with_a_minute_of_leeway() {
    let at = |exp, nbf| Claims {
        exp,
        nbf,
        ..claims()
    };
    check(&at(NOW - 59, None), None, Ok(()));
    check(&at(NOW - 60, None), None, Err(TokenError::Expired));
    check(&at(NOW + 9, Some(NOW + 60)), None, Ok(()));
    check(
        &at(NOW + 9, Some(NOW + 61)),
        None,
        Err(TokenError::NotYetValid),
    );
    let (most, max_seconds) = (NOW + 1_000_060, ANY.max_seconds);
    check(&at(most, None), None, Ok(()));
    let too_far = Err(TokenError::TooFar { max_seconds });
    check(&at(most + 1, None), None, too_far);
    check(&at(u64::MAX, None), None, too_far);
    let fraction = signed(
        r#"{"alg":"HS256"}"#,
        &format!(r#"{{"sub":"a","exp":{NOW}.5}}"#),
    );
    assert!(verify(&ring(A), ANY, NOW, &fraction).is_ok());
}

#[test]
fn the_audience_must_be_included_if_one_is_set() {
    let aud = |aud| Claims { aud, ..claims() };
    let many = Audience::Many(vec!["other".into(), "darkroom".into()]);
    check(
        &aud(Some(Audience::One("darkroom".into()))),
        Some("darkroom"),
        Ok(()),
    );
    check(&aud(Some(many)), Some("darkroom"), Ok(()));
    check(
        &aud(Some(Audience::One("other".into()))),
        Some("darkroom"),
        Err(TokenError::Audience),
    );
    check(
        &aud(None),
        Some("darkroom"),
        Err(TokenError::Missing(Claim::Audience)),
    );
    check(&aud(Some(Audience::One("other".into()))), None, Ok(()));
}

#[test]
fn owners_have_1_to_128_printable_characters() {
    let sub = |sub: &str| Claims {
        sub: sub.into(),
        ..claims()
    };
    check(&sub(&"é".repeat(128)), None, Ok(()));
    check(&sub(""), None, Err(TokenError::Subject));
    check(&sub(&"a".repeat(129)), None, Err(TokenError::Subject));
    check(&sub("a\nb"), None, Err(TokenError::Subject));
}

#[test]
fn a_quota_is_carried_and_must_be_understood() {
    let verified = |quota: &str| {
        let claims = format!(r#"{{"sub":"a","exp":{},"quota":{quota}}}"#, NOW + 60);
        let token = signed(r#"{"alg":"HS256"}"#, &claims);
        verify(&ring(A), ANY, NOW, &token).map(|grant| grant.quota)
    };
    let limited = QuotaClaim {
        bytes: Limit::Chosen(Some(5)),
        images: Limit::Inherited,
    };
    assert_eq!(verified(r#"{"bytes":5}"#), Ok(limited));
    for none in ["{}", "null"] {
        assert_eq!(verified(none), Ok(QuotaClaim::default()), "{none}");
    }
    for wrong in ["5", r#"{"bytes":-1}"#, r#"{"byte":5}"#, r#"{"bytes":"5"}"#] {
        assert_eq!(
            verified(wrong),
            Err(TokenError::Type(Claim::Quota)),
            "{wrong}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_single_changed_character_is_refused(at in 0usize..1000, with in "[A-Za-z0-9_.=-]") {
        let token = mint(&ring(A), None, &claims()).expect("mints");
        let at = at % token.len();
        let mut changed = token.clone();
        changed.replace_range(at..=at, &with);
        if changed != token {
            proptest::prop_assert!(verify(&ring(A), ANY, NOW, &changed).is_err());
        }
    }

    #[test]
    fn no_input_panics(token in ".{0,200}") {
        let _ = verify(&ring(A), ANY, NOW, &token);
    }
}

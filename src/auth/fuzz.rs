//! Properties of every token, signed URL and upload ticket, valid or not. For fuzzers and
//! tests.
//!
//! No fuzzer guesses a MAC, so each check uses an input in two ways: as it arrives from a
//! stranger, where it must be refused; and as the content of something signed with the
//! right key, so that the code behind the signature check is reached.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use uuid::Uuid;

use super::link::{self, Link, LinkError, LinkMethod, VerifiedLink};
use super::ticket::{self, Ticket, TicketError};
use super::token::{self, DEFAULT_MAX_SECONDS, LEEWAY_SECONDS, MAX_TOKEN_BYTES};
use super::{Claims, Grant, KeyRing, MAX_OWNER_CHARS, Purpose, Requirements, Scope, TokenError};
use crate::testing::chance::Chance;

/// The keys that all checks use; the first signs.
pub const KEYS: &str = "test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY,\
                        old.1:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA";
/// Other keys with the same names.
const OTHER_KEYS: &str = "test:YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk,\
                          old.1:OTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTBmZWRjYmE";
/// The time of all checks, in seconds since the Unix epoch.
pub const NOW: u64 = 1_800_000_000;
/// How many changes to a valid string are tried.
const TAMPERED: usize = 4;

/// The ring of [`KEYS`].
pub fn ring() -> KeyRing {
    KeyRing::parse(KEYS).expect("a ring")
}

fn other_ring() -> KeyRing {
    KeyRing::parse(OTHER_KEYS).expect("a ring")
}

/// Returns the text before the first line end, and the text after it.
pub(crate) fn first_line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', input).unwrap_or(input.len());
    let (line, rest) = input.split_at(end);
    (line, rest.get(1..).unwrap_or_default())
}

/// Checks bearer tokens. The input is a token; or a header and a payload, each on a line,
/// which are then signed.
pub fn token(input: &[u8]) {
    let stranger = token::verify(
        &ring(),
        Requirements::default(),
        NOW,
        &String::from_utf8_lossy(input),
    );
    assert!(stranger.is_err(), "a stranger's token is accepted");
    let (header, payload) = first_line(input);
    let text = signed_token(&ring(), header, payload);
    if let Ok(grant) = token::verify(&ring(), Requirements::default(), NOW, &text) {
        assert!(text.len() <= MAX_TOKEN_BYTES);
        check_header(header);
        check_claims(payload, &text, &grant);
        check_minted(&grant);
        refuse_others(&text, &mut Chance::of(input));
        let theirs = signed_token(&other_ring(), header, payload);
        let answer = token::verify(&ring(), Requirements::default(), NOW, &theirs);
        assert_eq!(answer, Err(TokenError::Signature));
    }
}

pub(crate) fn signed_token(ring: &KeyRing, header: &[u8], payload: &[u8]) -> String {
    let (header, payload) = (
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload),
    );
    let message = format!("{header}.{payload}");
    let signature = ring.signing().sign(Purpose::Token, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// An accepted header names HS256 and no key other than the one that signed.
fn check_header(header: &[u8]) {
    let header: Value = serde_json::from_slice(header).expect("an accepted header is JSON");
    assert_eq!(header["alg"], "HS256");
    assert_eq!(header.get("crit"), None);
    let kid = header.get("kid").filter(|kid| !kid.is_null());
    assert!(kid.is_none_or(|kid| kid == "test"), "{kid:?}");
}

/// The grant matches the claims.
fn check_claims(payload: &[u8], text: &str, grant: &Grant) {
    let claims: Value = serde_json::from_slice(payload).expect("accepted claims are JSON");
    assert_eq!(claims["sub"], grant.owner.as_str());
    let length = grant.owner.chars().count();
    assert!((1..=MAX_OWNER_CHARS).contains(&length));
    assert!(!grant.owner.chars().any(char::is_control));
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
    let (now, leeway) = (NOW as f64, LEEWAY_SECONDS as f64);
    let expiry = seconds("exp").expect("an expiry");
    assert!(
        expiry > now - leeway - 1.0 && expiry < now + leeway + DEFAULT_MAX_SECONDS as f64 + 1.0
    );
    assert!((grant.expires as f64 - expiry).abs() <= 1.0);
    assert!(seconds("nbf").is_none_or(|nbf| nbf < now + leeway + 1.0));
    let words: Vec<&str> = claims["scope"]
        .as_str()
        .unwrap_or_default()
        .split(' ')
        .collect();
    for scope in Scope::ALL {
        assert_eq!(
            grant.scopes.contains(scope),
            words.contains(&scope.as_str())
        );
    }
    let ours = |value: &Value| value == "darkroom";
    let for_us = match &claims["aud"] {
        Value::Array(all) => all.iter().any(ours),
        one => ours(one),
    };
    let ours_only = Requirements {
        audience: Some("darkroom"),
        ..Requirements::default()
    };
    let answer = token::verify(&ring(), ours_only, NOW, text);
    assert_eq!(answer.is_ok(), for_us);
}

/// Minting is the inverse of verifying.
fn check_minted(grant: &Grant) {
    let scopes = Scope::ALL
        .into_iter()
        .filter(|scope| grant.scopes.contains(*scope));
    let scopes: Vec<&str> = scopes.map(Scope::as_str).collect();
    let expected = Grant {
        expires: NOW + 1,
        ..grant.clone()
    };
    let claims = Claims {
        sub: grant.owner.clone(),
        exp: expected.expires,
        scope: scopes.join(" "),
        quota: Some(grant.quota),
        ..Claims::default()
    };
    for kid in [None, Some("old.1")] {
        let text = token::mint(&ring(), kid, &claims).expect("mints");
        if text.len() <= MAX_TOKEN_BYTES {
            assert_eq!(
                token::verify(&ring(), Requirements::default(), NOW, &text).as_ref(),
                Ok(&expected)
            );
            let late = token::verify(
                &ring(),
                Requirements::default(),
                NOW + 1 + LEEWAY_SECONDS,
                &text,
            );
            assert_eq!(late, Err(TokenError::Expired));
        }
    }
}

/// A token is not valid as any other token, ticket or link.
fn refuse_others(text: &str, chance: &mut Chance) {
    for _ in 0..TAMPERED {
        let tampered = chance.tampered(text);
        let answer = token::verify(&ring(), Requirements::default(), NOW, &tampered);
        assert!(answer.is_err(), "{tampered} is accepted as {text}");
    }
    assert_eq!(ticket::verify(&ring(), NOW, text), Err(TicketError::Wrong));
}

/// Checks signed URLs and upload tickets. The input is a query or a ticket; or, if it has
/// several lines, the content to sign:
/// - `GET` or `HEAD`, the epoch, the expiry and the path, and on the second line the
///   parameters as `name=value`, separated by `&` and not encoded;
/// - `ticket`, followed by the ticket's JSON.
pub fn signed_url(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for method in ["GET", "HEAD", "POST"] {
        let answer = link::verify(&ring(), method, "/v1/images/1/content", &text, NOW);
        assert_eq!(
            answer,
            Err(LinkError::Wrong),
            "a stranger's link is accepted"
        );
    }
    assert_eq!(ticket::verify(&ring(), NOW, &text), Err(TicketError::Wrong));
    let mut chance = Chance::of(input);
    if let Some(payload) = input.strip_prefix(b"ticket\n") {
        signed_ticket(payload, &mut chance);
    } else {
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let pairs = rest.split('&').filter_map(|pair| pair.split_once('='));
        let parameters: Vec<(&str, &str)> = pairs.collect();
        if let Some(link) = read_link(first, &parameters) {
            signed_link(&link, &mut chance);
        }
    }
}

fn read_link<'a>(line: &'a str, parameters: &'a [(&'a str, &'a str)]) -> Option<Link<'a>> {
    let mut words = line.splitn(4, ' ');
    let method = LinkMethod::parse(words.next()?)?;
    let epoch: u64 = words.next()?.parse().ok()?;
    Some(Link {
        method,
        epoch,
        // Some are named links.
        id: (epoch % 2 == 1).then(|| Uuid::from_u128(epoch.into())),
        expires: words.next()?.parse().ok()?,
        // A path ends where a query begins.
        path: words.next()?.split('?').next()?,
        parameters,
    })
}

fn signed_link(link: &Link<'_>, chance: &mut Chance) {
    let url = link.sign(&ring(), None).expect("signs");
    let (path, query) = url.split_once('?').expect("a query");
    let verified = |ring: &KeyRing, method: &str, query: &str, now: u64| {
        link::verify(ring, method, path, query, now)
    };
    let is_known = |name: &str| link::OWN.contains(&name) || link::PARAMETERS.contains(&name);
    let unknown = link.parameters.iter().any(|(name, _)| !is_known(name));
    let (good, expired) = if unknown {
        let refused = Err(LinkError::UnknownParameter);
        (refused, refused)
    } else {
        let good = VerifiedLink {
            epoch: link.epoch,
            expires: link.expires,
            id: link.id,
        };
        (Ok(good), Err(LinkError::Expired))
    };
    let (live, method) = (link.expires.saturating_sub(1), link.method.as_str());
    if link.expires > 0 {
        assert_eq!(verified(&ring(), method, query, live), good);
        assert_eq!(verified(&ring(), "HEAD", query, live), good);
        let mut pairs: Vec<&str> = query.split('&').collect();
        let turn = chance.below(pairs.len());
        pairs.rotate_left(turn);
        assert_eq!(verified(&ring(), method, &pairs.join("&"), live), good);
    }
    let answer = verified(&ring(), method, query, link.expires);
    assert_eq!(answer, expired);
    let other = if link.method == LinkMethod::Get {
        "POST"
    } else {
        "GET"
    };
    assert_eq!(verified(&ring(), other, query, live), Err(LinkError::Wrong));
    assert_eq!(
        verified(&other_ring(), method, query, live),
        Err(LinkError::Wrong)
    );
    for name in query.split('&') {
        let twice = format!("{query}&{name}");
        assert_eq!(
            verified(&ring(), method, &twice, live),
            Err(LinkError::Wrong)
        );
    }
    if !url.is_ascii() {
        return;
    }
    for _ in 0..TAMPERED {
        let tampered = chance.tampered(&url);
        if let Some((path, query)) = tampered.split_once('?') {
            let answer = link::verify(&ring(), method, path, query, live);
            assert_eq!(
                answer,
                Err(LinkError::Wrong),
                "{tampered} is accepted as {url}"
            );
        }
    }
}

fn signed_ticket(payload: &[u8], chance: &mut Chance) {
    let key = ring();
    let message = format!("test.{}", URL_SAFE_NO_PAD.encode(payload));
    let signature = key.signing().sign(Purpose::Ticket, message.as_bytes());
    let text = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    let Ok(ticket) = ticket::verify(&ring(), 0, &text) else {
        return;
    };
    let json: Value = serde_json::from_slice(payload).expect("an accepted ticket is JSON");
    assert_eq!(
        (&json["sub"], &json["exp"]),
        (&ticket.sub.as_str().into(), &ticket.exp.into())
    );
    assert_eq!(
        ticket::verify(&ring(), ticket.exp, &text),
        Err(TicketError::Expired)
    );
    check_printed(&ticket);
    for _ in 0..TAMPERED {
        let tampered = chance.tampered(&text);
        let answer = ticket::verify(&ring(), 0, &tampered);
        assert_eq!(
            answer,
            Err(TicketError::Wrong),
            "{tampered} is accepted as {text}"
        );
    }
    assert_eq!(
        ticket::verify(&other_ring(), 0, &text),
        Err(TicketError::Wrong)
    );
    assert!(token::verify(&ring(), Requirements::default(), 0, &text).is_err());
}

/// Signing is the inverse of verifying.
fn check_printed(ticket: &Ticket) {
    let printed = ticket.sign(&ring()).expect("signs");
    if printed.len() <= ticket::MAX_TICKET_BYTES {
        let read = ticket::verify(&ring(), ticket.exp - 1, &printed);
        assert_eq!(read.as_ref(), Ok(ticket));
    }
}

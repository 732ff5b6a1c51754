//! Signed URLs that are accepted, and signed URLs that are refused.

use super::*;

const A: &str = "a:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
const B: &str = "b:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA";
const PATH: &str = "/v1/images/01a20bb0-2844-74b5-8560-f8154794d311/content";

fn ring(text: &str) -> KeyRing {
    KeyRing::parse(text).expect("a ring")
}

fn link<'a>(parameters: &'a [(&'a str, &'a str)]) -> Link<'a> {
    Link {
        method: LinkMethod::Get,
        path: PATH,
        parameters,
        epoch: 0,
        expires: 1000,
        id: None,
    }
}

fn check(method: &str, url: &str, now: u64) -> Result<VerifiedLink, LinkError> {
    let (path, query) = url.split_once('?').expect("a query");
    verify(&ring(A), method, path, query, now)
}

#[test]
fn a_link_is_as_documented() {
    // From the recipe: HMAC-SHA256 under HMAC-SHA256(secret, "darkroom link v1\x01").
    let url = link(&[("download", "1")])
        .sign(&ring(A), None)
        .expect("signs");
    let expected = format!("{PATH}?download=1&expires=1000&kid=a&signature=");
    assert!(url.starts_with(&expected), "{url}");
    assert_eq!(url.len(), expected.len() + 43);
}

#[test]
fn a_signed_link_verifies_until_it_expires() {
    let url = link(&[]).sign(&ring(A), None).expect("signs");
    let good = VerifiedLink {
        epoch: 0,
        expires: 1000,
        id: None,
    };
    assert_eq!(check("GET", &url, 999), Ok(good));
    assert_eq!(check("HEAD", &url, 999), Ok(good));
    assert_eq!(check("GET", &url, 1000), Err(LinkError::Expired));
    assert_eq!(check("POST", &url, 999), Err(LinkError::Wrong));
    let later = Link {
        epoch: 7,
        ..link(&[])
    }
    .sign(&ring(A), None)
    .expect("signs");
    assert_eq!(
        check("GET", &later, 0),
        Ok(VerifiedLink {
            epoch: 7,
            expires: 1000,
            id: None,
        })
    );
}

#[test]
fn a_link_for_head_is_not_one_for_get() {
    let link = Link {
        method: LinkMethod::Head,
        ..link(&[])
    };
    let url = link.sign(&ring(A), None).expect("signs");
    assert!(check("HEAD", &url, 0).is_ok());
    assert_eq!(check("GET", &url, 0), Err(LinkError::Wrong));
}

#[test]
fn only_the_keys_of_the_ring_verify() {
    let url = link(&[]).sign(&ring(A), None).expect("signs");
    let (path, query) = url.split_once('?').expect("a query");
    assert!(verify(&ring(&format!("{B},{A}")), "GET", path, query, 0).is_ok());
    assert_eq!(
        verify(&ring(B), "GET", path, query, 0),
        Err(LinkError::Wrong)
    );
    let imposter = ring(&B.replace("b:", "a:"));
    assert_eq!(
        verify(&imposter, "GET", path, query, 0),
        Err(LinkError::Wrong)
    );
    assert_eq!(
        link(&[]).sign(&ring(A), Some("b")),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn only_the_order_of_parameters_is_free() {
    let url = link(&[("download", "a b&c=ü")])
        .sign(&ring(A), None)
        .expect("signs");
    assert!(check("GET", &url, 0).is_ok());
    let (path, query) = url.split_once('?').expect("a query");
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.reverse();
    assert!(check("GET", &format!("{path}?{}", pairs.join("&")), 0).is_ok());
    for wrong in [
        format!("{url}&w=200"),
        format!("{url}&download=1"),
        format!("{url}&download=a%20b%26c%3D%C3%BC"),
        format!("{url}&"),
        format!("{url}&signature=x"),
        url.replace("download=a", "download=b"),
        url.replace("download=a%20b%26c%3D%C3%BC&", ""),
        url.replace("expires=1000", "expires=2000"),
        url.replace("expires=1000", "expires=01000"),
        url.replace("kid=a", "kid=b"),
        url.replace("%20", "+"),
        url.replace("%C3%BC", "%c3%bc"),
        url.replace("download", "downlo%61d"),
        url.replace("d311", "d312"),
        url.replace("/content", "/content/"),
        format!("{path}?signature="),
    ] {
        assert_eq!(check("GET", &wrong, 0), Err(LinkError::Wrong), "{wrong}");
    }
}

#[test]
fn callers_cannot_set_the_links_own_parameters() {
    let url = link(&[("epoch", "9"), ("expires", "9999")])
        .sign(&ring(A), None)
        .expect("signs");
    assert_eq!(
        check("GET", &url, 0),
        Ok(VerifiedLink {
            epoch: 0,
            expires: 1000,
            id: None,
        })
    );
}

#[test]
fn a_link_with_a_parameter_of_another_version_is_refused() {
    for name in ["width", "W", "page", "name", "Download", ""] {
        let parameters = [("download", "1"), (name, "1")];
        let link = link(&parameters);
        let url = link.sign(&ring(A), None).expect("signs");
        for method in ["GET", "HEAD"] {
            let answer = check(method, &url, 0);
            assert_eq!(answer, Err(LinkError::UnknownParameter), "{url}");
        }
        // A stranger learns nothing of which names are known.
        let forged = url.replace("kid=a", "kid=b");
        assert_eq!(check("GET", &forged, 0), Err(LinkError::Wrong));
        let changed = url.replace("expires=1000", "expires=2000");
        assert_eq!(check("GET", &changed, 0), Err(LinkError::Wrong));
    }
}

#[test]
fn a_link_may_have_every_parameter_of_derived_images() {
    let all: Vec<(&str, &str)> = TRANSFORM.iter().map(|name| (*name, "a,%")).collect();
    let url = link(&all).sign(&ring(A), None).expect("signs");
    assert!(check("GET", &url, 0).is_ok(), "{url}");
    for name in TRANSFORM {
        let other = url.replacen(&format!("{name}=a%2C"), &format!("{name}=b%2C"), 1);
        assert_ne!(other, url);
        assert_eq!(check("GET", &other, 0), Err(LinkError::Wrong), "{other}");
    }
}

proptest::proptest! {
    #[test]
    fn any_single_changed_byte_is_refused(at in 0usize..1000, with in "[ -~]") {
        let url = link(&[("download", "1")]).sign(&ring(A), None).expect("signs");
        let at = at % url.len();
        let mut changed = url.clone();
        changed.replace_range(at..=at, &with);
        if changed != url && changed.contains('?') {
            proptest::prop_assert_eq!(check("GET", &changed, 0), Err(LinkError::Wrong));
        }
    }

    #[test]
    fn parse_is_the_inverse_of_print(
        pairs in proptest::collection::btree_map("\\PC{1,8}", "\\PC{0,8}", 1..5)
    ) {
        let query = Query(pairs);
        proptest::prop_assert_eq!(Query::parse(&query.print()), Some(query));
    }

    #[test]
    fn no_query_panics(query in ".{0,80}") {
        let _ = verify(&ring(A), "GET", PATH, &query, 0);
    }
}

#[test]
fn parameters_in_a_path_are_verified_as_those_of_a_query() {
    let path = "/iiif/3/01a20bb0-2844-74b5-8560-f8154794d311";
    let signed = |parameters, epoch| {
        let link = Link {
            path,
            epoch,
            ..link(parameters)
        };
        in_path(&link.sign(&ring(A), None).expect("signs"))
    };
    let check = |url: &str, now| {
        let (path, parameters) = url.split_once(';').expect("parameters");
        verify_in_path(&ring(A), path, parameters, now)
    };
    let url = signed(&[], 3);
    assert!(!url.contains(['?', '&']), "{url}");
    let good = VerifiedLink {
        epoch: 3,
        expires: 1000,
        id: None,
    };
    assert_eq!(check(&url, 999), Ok(good));
    assert_eq!(check(&url, 1000), Err(LinkError::Expired));
    let unknown = Err(LinkError::UnknownParameter);
    assert_eq!(check(&signed(&[("download", "1")], 0), 999), unknown);
    for (from, to) in [
        ("epoch=3", "epoch=4"),
        ("311;", "312;"),
        ("expires=1000", "expires=2000"),
        ("kid=a", "kid=b"),
        ("signature=", "signature=A"),
    ] {
        let changed = url.replace(from, to);
        assert_ne!(changed, url);
        assert_eq!(check(&changed, 999), Err(LinkError::Wrong), "{changed}");
    }
    // A link to the content is none to this path.
    let other = in_path(&link(&[]).sign(&ring(A), None).expect("signs"));
    let (_, parameters) = other.split_once(';').expect("parameters");
    let verified = verify_in_path(&ring(A), path, parameters, 999);
    assert_eq!(verified, Err(LinkError::Wrong));
}

//! The target of a request: exactly one host, which the request may name in its target, in `Host`
//! or in both (RFC 9112 §3.2, RFC 9113 §8.3.1).

use crate::routes::Route;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};

/// Why a request has no valid target, as a sentence for the client.
type Fault = &'static str;

/// Completes the URI, and adds the headers that Spin adds. Headers of the same names that the
/// client has sent are kept, before the added ones.
pub fn prepare<B>(
    mut request: Request<B>,
    route: &Route,
    rest: HeaderValue,
    peer: HeaderValue,
) -> Result<Request<B>, Fault> {
    let authority = authority(&request)?;
    let mut uri = request.uri().clone().into_parts();
    let target = uri
        .path_and_query
        .as_ref()
        .map_or("/", |target| target.as_str());
    let invalid = |_| "the request's path is not valid";
    let full_url = HeaderValue::try_from(format!("http://{authority}{target}")).map_err(invalid)?;
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(authority);
    *request.uri_mut() = Uri::from_parts(uri).map_err(|_| "the request's target is not valid")?;
    let (raw, prefix) = (route.raw.clone(), route.prefix.clone());
    describe(request.headers_mut(), [rest, full_url, raw, prefix, peer]);
    Ok(request)
}

/// Does the same for a request of another component, which has an absolute URI. As on Spin, it
/// comes by the route `/...`, from no address, and names no host but in its URI.
pub fn prepare_chained<B>(mut request: Request<B>) -> Result<Request<B>, Fault> {
    let invalid = |_| "the request's path is not valid";
    let mut uri = request.uri().clone().into_parts();
    let target = uri
        .path_and_query
        .get_or_insert_with(|| PathAndQuery::from_static("/"));
    let rest = HeaderValue::try_from(target.path()).map_err(invalid)?;
    let full_url = HeaderValue::try_from(format!("http://localhost{target}")).map_err(invalid)?;
    uri.scheme = Some(Scheme::HTTP);
    *request.uri_mut() = Uri::from_parts(uri).map_err(|_| "the request's target is not valid")?;
    let headers = request.headers_mut();
    headers.remove(HOST);
    let [raw, prefix, peer] = ["/...", "", "0.0.0.0:0"].map(HeaderValue::from_static);
    describe(headers, [rest, full_url, raw, prefix, peer]);
    Ok(request)
}

/// Adds the headers that describe a request: by the rest of its path, its URL, its route as
/// written and without a wildcard, and the address of its client.
fn describe(headers: &mut HeaderMap, values: [HeaderValue; 5]) {
    const FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");
    const PATH_INFO: HeaderName = HeaderName::from_static("spin-path-info");
    const MATCHED_ROUTE: HeaderName = HeaderName::from_static("spin-matched-route");
    const COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-component-route");
    const RAW_COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-raw-component-route");
    const BASE_PATH: HeaderName = HeaderName::from_static("spin-base-path");
    const CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");

    headers.remove(CONNECTION);
    let [rest, full_url, raw, prefix, peer] = values;
    let described = [
        (PATH_INFO, rest),
        (FULL_URL, full_url),
        (MATCHED_ROUTE, raw.clone()),
        (BASE_PATH, HeaderValue::from_static("/")),
        (RAW_COMPONENT_ROUTE, raw),
        (COMPONENT_ROUTE, prefix),
        (CLIENT_ADDR, peer),
    ];
    headers.reserve(described.len());
    for (name, value) in described {
        headers.append(name, value);
    }
}

/// The only authority that the request names.
fn authority<B>(request: &Request<B>) -> Result<Authority, Fault> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next().map(|host| read(host.as_bytes())).transpose()?;
    if hosts.next().is_some() {
        return Err("the request has more than one Host header");
    }
    let uri = request.uri();
    if uri
        .scheme()
        .is_some_and(|scheme| *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS)
    {
        return Err("the scheme of the request's target must be http or https");
    }
    let named = uri.authority();
    let named = named
        .map(|named| read(named.as_str().as_bytes()))
        .transpose()?;
    match (host, named) {
        (Some(host), Some(named)) if !is_same(&host, &named) => {
            Err("the Host header and the request's target name different hosts")
        }
        (Some(authority), _) | (None, Some(authority)) => Ok(authority),
        (None, None) => Err("the request names no host"),
    }
}

/// Parses a host with an optional port, without user information (RFC 3986 §3.2.2 and §3.2.3).
fn read(text: &[u8]) -> Result<Authority, Fault> {
    const INVALID: Fault = "the host must be a name or an address, optionally with a port";
    let authority = Authority::try_from(text).map_err(|_| INVALID)?;
    let (host, rest) = match authority.as_str().strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']').ok_or(INVALID)?;
            address.parse::<std::net::Ipv6Addr>().map_err(|_| INVALID)?;
            (address, rest)
        }
        None => {
            let text = authority.as_str();
            text.split_at(text.find(':').unwrap_or(text.len()))
        }
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte);
    let port = match rest.strip_prefix(':') {
        Some("") | None => Some(0),
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse::<u16>().ok(),
        Some(_) => None,
    };
    let is_whole = rest.is_empty() || rest.starts_with(':');
    if host.is_empty() || !host.bytes().all(is_name) || port.is_none() || !is_whole {
        return Err(INVALID);
    }
    Ok(authority)
}

/// Whether two authorities are the same. Names are case-insensitive, and the default port is 80.
fn is_same(a: &Authority, b: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16().unwrap_or(80);
    a.host().eq_ignore_ascii_case(b.host()) && port(a) == port(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, hosts: &[&str]) -> Result<String, Fault> {
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        authority(&request.body(()).unwrap()).map(|authority| authority.to_string())
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_an_optional_port() {
        for valid in [
            "a",
            "A.example:1",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:65535",
            "a_b",
            "a:",
        ] {
            assert_eq!(check("/", &[valid]), Ok(valid.to_owned()));
        }
        for wrong in [
            "",
            ":80",
            "a@b",
            "user:pass@b:80",
            "a b",
            "a/b",
            "a?b",
            "a#b",
            "a:b",
            "a:65536",
            "a:-1",
            "a:1:2",
            "[::1",
            "::1",
            "[a]",
            "[::1]a",
            "[]",
            "a,b c",
            "http://a",
            "\"a\"",
            "a\\b",
        ] {
            assert!(check("/", &[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_request_of_a_component_is_described_as_on_spin() {
        let request = Request::get("https://derive.spin.internal?q")
            .header(HOST, "derive.spin.internal")
            .body(());
        let request = prepare_chained(request.unwrap()).unwrap();
        assert_eq!(request.uri(), "http://derive.spin.internal/?q");
        let mut headers: Vec<(&str, &str)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        headers.sort_unstable();
        assert_eq!(
            headers,
            [
                ("spin-base-path", "/"),
                ("spin-client-addr", "0.0.0.0:0"),
                ("spin-component-route", ""),
                ("spin-full-url", "http://localhost/?q"),
                ("spin-matched-route", "/..."),
                ("spin-path-info", "/"),
                ("spin-raw-component-route", "/..."),
            ]
        );
    }

    #[test]
    fn a_request_must_name_exactly_one_host() {
        assert!(check("/", &["a", "a"]).is_err());
        assert!(check("/", &["a", "b"]).is_err());
        assert!(check("http://a/", &["a", "a"]).is_err());
        assert!(check("/", &[]).is_err());
    }

    #[test]
    fn the_host_header_and_the_target_must_name_the_same_host() {
        for (target, host) in [
            ("http://a/x", "a"),
            ("http://A/", "a:80"),
            ("https://a:1/", "a:1"),
        ] {
            assert!(check(target, &[host]).is_ok(), "{target} {host}");
            assert!(check(target, &[]).is_ok(), "{target}");
        }
        for (target, host) in [
            ("http://a/", "b"),
            ("http://a:1/", "a"),
            ("http://a@a/", "a"),
            ("http://a@b/", "b"),
            ("ftp://a/", "a"),
            ("http://a/", ""),
        ] {
            assert!(check(target, &[host]).is_err(), "{target} {host}");
        }
    }
}

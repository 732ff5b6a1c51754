//! Requests to other servers: to those that the manifest allows, by Spin's rules.
//!
//! TLS trusts the roots that Mozilla trusts, and none that the machine knows
//! besides.

use crate::{log, stats};
use anyhow::{Context, Result, bail, ensure};
use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use std::sync::Arc;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

/// `allowed_outbound_hosts`.
#[derive(Debug, Default, PartialEq)]
pub struct AllowedHosts(Vec<Pattern>);

/// One entry: `scheme://host[:port]`.
#[derive(Debug, PartialEq)]
struct Pattern {
    /// `None` for any.
    scheme: Option<String>,
    host: Host,
    /// The first and the last that are allowed.
    ports: (u16, u16),
}

#[derive(Debug, PartialEq)]
enum Host {
    Any,
    /// What names end in, from a dot on.
    Below(String),
    Exactly(String),
}

impl AllowedHosts {
    /// Reads the entries, whose templates have been expanded. Those that are empty
    /// then allow nothing.
    pub fn parse(entries: &[String]) -> Result<Self> {
        let entries = entries.iter().map(|entry| entry.trim());
        let patterns = entries.filter(|entry| !entry.is_empty()).map(|entry| {
            Pattern::parse(entry).with_context(|| format!("{entry:?} is not understood"))
        });
        patterns.collect::<Result<_>>().map(Self)
    }

    /// Whether a request to `uri` is allowed.
    pub fn allow(&self, uri: &Uri) -> bool {
        self.0.iter().any(|pattern| pattern.allows(uri))
    }
}

impl Pattern {
    fn parse(entry: &str) -> Result<Self> {
        let (scheme, rest) = entry
            .split_once("://")
            .context("it must be like https://host:port")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        ensure!(!rest.contains('/'), "it has a path or a network range");
        // The colons of an IPv6 address are inside brackets.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let scheme = (scheme != "*").then(|| scheme.to_owned());
        let ports = match (port, scheme.as_deref()) {
            (Some("*"), _) => (0, u16::MAX),
            (Some(port), _) => ports(port)?,
            (None, Some("http")) => (80, 80),
            (None, Some("https")) => (443, 443),
            (None, _) => bail!("it needs a port"),
        };
        ensure!(host != "self", "service chaining is not supported");
        let host = match (host, host.strip_prefix('*')) {
            ("*", _) => Host::Any,
            (_, Some(below)) if below.starts_with('.') && !below.contains('*') => {
                Host::Below(below.to_owned())
            }
            (host, None) if !host.is_empty() && !host.contains('*') => {
                Host::Exactly(host.to_owned())
            }
            _ => bail!("its host is neither a name, nor *, nor *. before a name"),
        };
        Ok(Self {
            scheme,
            host,
            ports,
        })
    }

    fn allows(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme(), uri.host()) else {
            return false;
        };
        let by_scheme = if *scheme == Scheme::HTTPS { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(by_scheme);
        let host = host.to_ascii_lowercase();
        self.scheme
            .as_deref()
            .is_none_or(|allowed| allowed == scheme.as_str())
            && (self.ports.0..=self.ports.1).contains(&port)
            && match &self.host {
                Host::Any => true,
                Host::Below(below) => host.ends_with(below),
                Host::Exactly(allowed) => *allowed == host,
            }
    }
}

/// A port, or `first..end`, of which the end is not included.
fn ports(text: &str) -> Result<(u16, u16)> {
    let number = |text: &str| {
        let port = text.parse::<u16>();
        port.with_context(|| format!("{text:?} is no port"))
    };
    match text.split_once("..") {
        None => number(text).map(|port| (port, port)),
        Some((first, end)) => {
            let last = number(end)?.checked_sub(1);
            Ok((number(first)?, last.context("the range has no port")?))
        }
    }
}

/// Sends a component's requests to the servers that it may reach.
pub struct Outbound(pub Arc<AllowedHosts>);

type HttpResult<T> = Result<T, Error>;
type Transfer = Box<dyn Future<Output = HttpResult<()>> + Send>;
type Answer = Box<dyn Future<Output = HttpResult<(Response<WasiBody>, Transfer)>> + Send>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Transfer,
    ) -> Answer {
        if !self.0.allow(request.uri()) {
            let to = request.uri().authority().map_or("", |to| to.as_str());
            log::warn(format_args!(
                "a request to {to} was refused: allowed_outbound_hosts does not name it"
            ));
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        stats::outbound();
        Box::new(async move {
            let (response, transfer) = default_send_request(request, options).await?;
            let transfer: Transfer = Box::new(transfer);
            Ok((response.map(BodyExt::boxed_unsync), transfer))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(entries: &[&str]) -> Result<AllowedHosts> {
        let entries: Vec<String> = entries.iter().map(|entry| entry.to_string()).collect();
        AllowedHosts::parse(&entries)
    }

    fn check(entry: &str, uri: &str, expect: bool) {
        let allowed = parse(&[entry]).unwrap().allow(&uri.parse().unwrap());
        assert_eq!(allowed, expect, "{entry} {uri}");
    }

    #[test]
    fn scheme_host_and_port_must_all_be_allowed() {
        check("https://a.example", "https://a.example/x?y", true);
        check("https://a.example/", "https://A.example:443/", true);
        check("https://a.example", "http://a.example/", false);
        check("https://a.example", "https://a.example:444/", false);
        check("https://a.example", "https://b.example/", false);
        check("https://a.example", "https://b.a.example/", false);
        check("http://127.0.0.1:9000", "http://127.0.0.1:9000/", true);
        check("http://127.0.0.1:9000", "http://127.0.0.1/", false);
        check("http://[::1]:9000", "http://[::1]:9000/", true);
        check("http://[::1]", "http://[::1]/", true);
    }

    #[test]
    fn wildcards_and_ranges_are_those_of_spin() {
        check("*://*:*", "http://anything:1/", true);
        check("https://*.example", "https://b.a.example/", true);
        check("https://*.example", "https://example/", false);
        check("https://*.example", "https://badexample/", false);
        check("http://a:8000..8010", "http://a:8009/", true);
        check("http://a:8000..8010", "http://a:8010/", false);
        check("*://a:80", "http://a/", true);
    }

    #[test]
    fn empty_entries_allow_nothing() {
        for entries in [&[][..], &[""], &[" "]] {
            let allowed = parse(entries).unwrap();
            assert!(!allowed.allow(&"https://a.example/".parse().unwrap()));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for entry in [
            "a.example",
            "*",
            "https://",
            "https://a/b",
            "https://10.0.0.0/8",
            "https://a:b",
            "https://a:8..0",
            "https://a.*",
            "https://*a",
            "*://a",
            "http://self",
        ] {
            assert!(parse(&[entry]).is_err(), "{entry}");
        }
    }
}

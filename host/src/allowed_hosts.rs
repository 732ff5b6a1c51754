//! The servers and components that a component may send requests to, by Spin's rules.

use crate::chain;
use anyhow::{Context, Result, bail, ensure};
use http::Uri;
use http::uri::Scheme;

/// The allowed servers, from `allowed_outbound_hosts`.
#[derive(Debug, Default, PartialEq)]
pub struct AllowedHosts(Vec<Pattern>);

/// One entry: `scheme://host[:port]`.
#[derive(Debug, PartialEq)]
struct Pattern {
    /// `None` allows any scheme.
    scheme: Option<String>,
    host: Host,
    /// The first and the last allowed port.
    ports: (u16, u16),
}

#[derive(Debug, PartialEq)]
enum Host {
    Any,
    /// Any host whose name ends in this suffix, which starts with a dot.
    Below(String),
    Exactly(String),
}

impl AllowedHosts {
    /// Parses the entries, whose templates have been expanded. An entry that is empty allows
    /// nothing.
    pub fn parse(entries: &[String]) -> Result<Self> {
        let entries = entries.iter().map(|entry| entry.trim());
        let patterns = entries.filter(|entry| !entry.is_empty()).map(|entry| {
            Pattern::parse(entry).with_context(|| format!("the entry {entry:?} is not valid"))
        });
        patterns.collect::<Result<_>>().map(Self)
    }

    /// Makes entries that allow all components allow these ones, as on Spin.
    #[must_use]
    pub fn with_components<'a>(self, components: impl Iterator<Item = &'a str> + Clone) -> Self {
        let patterns = self.0.into_iter().flat_map(|pattern| {
            let is_wildcard = matches!(&pattern.host, Host::Below(below) if below == chain::DOMAIN);
            let expanded = components.clone().filter(move |_| is_wildcard);
            let named: Vec<Pattern> = expanded.map(|name| pattern.of_component(name)).collect();
            named.into_iter().chain((!is_wildcard).then_some(pattern))
        });
        Self(patterns.collect())
    }

    /// The names of the components that the entries allow one by one.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|pattern| match &pattern.host {
            Host::Exactly(host) => chain::name(host),
            Host::Any | Host::Below(_) => None,
        })
    }

    /// Whether a request to `uri` is allowed.
    pub fn allow(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme(), uri.host()) else {
            return false;
        };
        let by_scheme = if *scheme == Scheme::HTTPS { 443 } else { 80 };
        self.allow_server(scheme.as_str(), host, uri.port_u16().unwrap_or(by_scheme))
    }

    /// Whether this server may be connected to by the protocol `scheme`.
    pub fn allow_server(&self, scheme: &str, host: &str, port: u16) -> bool {
        let host = host.to_ascii_lowercase();
        let mut patterns = self.0.iter();
        patterns.any(|pattern| pattern.allows(scheme, &host, port))
    }
}

impl Pattern {
    fn parse(entry: &str) -> Result<Self> {
        let (scheme, rest) = entry
            .split_once("://")
            .context("it must have a form like https://host:port")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        ensure!(
            !rest.contains('/'),
            "it must have neither a path nor a network range"
        );
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
            (None, Some("postgres")) => (5432, 5432),
            (None, _) => bail!("it must have a port, since its scheme implies none"),
        };
        ensure!(
            !matches!(host, "self" | "self.alt"),
            "requests to the application's own address are not supported; to call another \
             component, allow http://<component>.spin.internal"
        );
        let host = match (host, host.strip_prefix('*')) {
            ("*", _) => Host::Any,
            (_, Some(below)) if below.starts_with('.') && !below.contains('*') => {
                Host::Below(below.to_ascii_lowercase())
            }
            (host, None) if !host.is_empty() && !host.contains('*') => {
                Host::Exactly(host.to_ascii_lowercase())
            }
            _ => bail!("its host must be a name, an address, *, or *. before a name"),
        };
        Ok(Self {
            scheme,
            host,
            ports,
        })
    }

    /// The same entry for a component alone.
    fn of_component(&self, name: &str) -> Self {
        let host = format!("{}{}", name.to_ascii_lowercase(), chain::DOMAIN);
        Self {
            scheme: self.scheme.clone(),
            host: Host::Exactly(host),
            ports: self.ports,
        }
    }

    fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        self.scheme
            .as_deref()
            .is_none_or(|allowed| allowed == scheme)
            && (self.ports.0..=self.ports.1).contains(&port)
            && match &self.host {
                Host::Any => true,
                Host::Below(below) => host.ends_with(below),
                Host::Exactly(allowed) => allowed == host,
            }
    }
}

/// Parses a port, or a range `first..end` that excludes `end`.
fn ports(text: &str) -> Result<(u16, u16)> {
    let number = |text: &str| {
        let port = text.parse::<u16>();
        port.with_context(|| format!("{text:?} is not a port"))
    };
    match text.split_once("..") {
        None => number(text).map(|port| (port, port)),
        Some((first, end)) => {
            let last = number(end)?.checked_sub(1);
            Ok((number(first)?, last.context("the range of ports is empty")?))
        }
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
    fn wildcards_and_ranges_match_as_in_spin() {
        check("*://*:*", "http://anything:1/", true);
        check("https://*.example", "https://b.a.example/", true);
        check("https://*.example", "https://example/", false);
        check("https://*.example", "https://badexample/", false);
        check("http://a:8000..8010", "http://a:8009/", true);
        check("http://a:8000..8010", "http://a:8010/", false);
        check("*://a:80", "http://a/", true);
    }

    #[test]
    fn components_are_allowed_like_servers() {
        check("http://a.spin.internal", "http://a.spin.internal/x", true);
        check("http://A.spin.internal", "http://a.Spin.internal/x", true);
        check("http://a.spin.internal", "http://b.spin.internal/", false);
        check("http://*.spin.internal", "http://b.spin.internal/", true);
        check("http://a", "http://a.spin.internal/", false);
        check("http://b.example", "http://b.spin.internal/", false);
        let entries = [
            "http://a.spin.internal",
            "http://*.spin.internal",
            "http://b",
        ];
        let allowed = parse(&entries).unwrap();
        assert_eq!(allowed.components().collect::<Vec<_>>(), ["a"]);
        let allowed = allowed.with_components(["b", "c"].into_iter());
        assert_eq!(allowed.components().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(allowed.allow(&"http://c.spin.internal/".parse().unwrap()));
        assert!(!allowed.allow(&"http://d.spin.internal/".parse().unwrap()));
    }

    #[test]
    fn other_protocols_are_allowed_by_their_schemes() {
        let allowed = parse(&["postgres://a.example", "postgres://*.b.example:6432"]).unwrap();
        assert!(allowed.allow_server("postgres", "A.example", 5432));
        assert!(allowed.allow_server("postgres", "x.b.example", 6432));
        assert!(!allowed.allow_server("postgres", "a.example", 6432));
        assert!(!allowed.allow_server("postgres", "b.example", 6432));
        assert!(!allowed.allow_server("https", "a.example", 5432));
        assert!(!allowed.allow(&"https://a.example:5432/".parse().unwrap()));
        let any = parse(&["*://*:*"]).unwrap();
        assert!(any.allow_server("postgres", "::1", 5432));
    }

    #[test]
    fn empty_entries_allow_nothing() {
        for entries in [&[][..], &[""], &[" "]] {
            let allowed = parse(entries).unwrap();
            assert!(!allowed.allow(&"https://a.example/".parse().unwrap()));
        }
    }

    #[test]
    fn invalid_entries_are_refused() {
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
            "redis://a",
            "http://self",
            "http://self.alt",
        ] {
            assert!(parse(&[entry]).is_err(), "{entry}");
        }
    }
}

//! The variables of the catalog: which database has it, and whether it accepts changes.

use std::collections::BTreeMap;

use super::values::{Values, refuse};
use super::{SettingsError, Variable};
use crate::blobs::s3::Secret;

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "catalog",
        "sqlite",
        "postgres",
        "Database of the catalog: `sqlite` or `postgres`",
    ),
    Variable::new(
        "postgres_url",
        "",
        "postgres://darkroom:EXAMPLE@db.example.com:5432/darkroom",
        "URL of the PostgreSQL database ([docs/stores.md](docs/stores.md))",
    )
    .secret(),
    Variable::new(
        "postgres_endpoint",
        "",
        "postgres://db.example.com:5432",
        "Server in `postgres_url`, without anything secret: the only one that may be connected to",
    ),
    Variable::new(
        "postgres_ca",
        "",
        "-----BEGIN CERTIFICATE-----…",
        "Certificate (PEM) of the authority that has signed the server's, if it is a private one",
    ),
    Variable::new(
        "read_only",
        "off",
        "on",
        "`on` refuses every change with 503 and `Retry-After`, while the catalog is moved",
    ),
];

/// Which database has the catalog, and whether it accepts changes.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// The database.
    pub database: DatabaseSetting,
    /// Whether every change is refused.
    pub read_only: bool,
}

/// A kind of database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseSetting {
    /// Spin's SQLite database `default`.
    Sqlite,
    /// A database of a PostgreSQL server.
    Postgres(PostgresConfig),
}

/// How a PostgreSQL server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresConfig {
    /// The URL, which says whether TLS is used.
    pub url: Secret,
    /// The certificates of additional authorities (PEM).
    pub authorities: Option<String>,
}

impl Catalog {
    pub(super) fn read(values: &Values) -> Result<Self, SettingsError> {
        let is_postgres = values.word("catalog", &[("sqlite", false), ("postgres", true)])?;
        Ok(Self {
            database: match is_postgres {
                false => DatabaseSetting::Sqlite,
                true => DatabaseSetting::Postgres(values.postgres()?),
            },
            read_only: values.word("read_only", &[("off", false), ("on", true)])?,
        })
    }
}

impl PostgresConfig {
    /// Reads the variables of PostgreSQL, whichever database has the catalog.
    pub fn read(set: &BTreeMap<&str, String>) -> Result<Self, SettingsError> {
        Values(set).postgres()
    }
}

const URL: &str = "postgres_url";
const ENDPOINT: &str = "postgres_endpoint";
const AUTHORITIES: &str = "postgres_ca";
/// The port of a server whose port is not given.
const PORT: u16 = 5432;

impl Values<'_> {
    fn postgres(&self) -> Result<PostgresConfig, SettingsError> {
        let needed = |variable| {
            let missing = || refuse(variable, "must be set when the catalog is in PostgreSQL");
            self.get(variable).ok_or_else(missing)
        };
        let url = needed(URL)?;
        // The value is a secret, so no message repeats any of it.
        let url = PostgresUrl::parse(url).map_err(|must| refuse(URL, must))?;
        let endpoint = needed(ENDPOINT)?;
        let allowed = Allowed::parse(endpoint).ok_or_else(|| {
            let must = "must have the form postgres://host:port, with no user, path or query";
            refuse(ENDPOINT, must)
        })?;
        if !url.servers.iter().all(|server| allowed.includes(server)) {
            let must = "must name the host and the port of postgres_url";
            return Err(refuse(ENDPOINT, must));
        }
        let authorities = self.get(AUTHORITIES).map(|pem| {
            // Environment files have no line breaks in values.
            let pem = pem.replace("\\n", "\n");
            let is_pem = pem.starts_with("-----BEGIN CERTIFICATE-----");
            let must = "must be a certificate in PEM: -----BEGIN CERTIFICATE-----, and so on";
            is_pem
                .then_some(pem)
                .ok_or_else(|| refuse(AUTHORITIES, must))
        });
        Ok(PostgresConfig {
            url: Secret::new(url.text),
            authorities: authorities.transpose()?,
        })
    }
}

/// A host, in lower case, and a port.
type Server = (String, u16);

/// A URL of a database, as far as it matters here.
struct PostgresUrl {
    /// The URL, in which it is decided whether TLS is used.
    text: String,
    /// More than one, if any of them may be the primary.
    servers: Vec<Server>,
}

impl PostgresUrl {
    /// Parses `postgres://user:password@host:port/database?key=value`. The error is what it must
    /// be.
    fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must have the form postgres://user:password@host:port/database";
        let (_, rest) = text
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "postgres" | "postgresql"))
            .ok_or(FORM)?;
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = address.split_once('/').ok_or(FORM)?;
        let (user, servers) = authority.rsplit_once('@').ok_or(FORM)?;
        let has_all = !user.is_empty() && !user.starts_with(':') && !database.is_empty();
        if !has_all || !is_plain(rest) || database.contains('/') {
            return Err(FORM);
        }
        let servers = servers.split(',').map(server);
        let servers = servers.collect::<Option<_>>().ok_or(FORM)?;
        let mut text = text.to_owned();
        match query
            .split('&')
            .find_map(|pair| pair.strip_prefix("sslmode="))
        {
            Some("disable" | "prefer" | "require") => {}
            Some(_) => {
                return Err(
                    "must have sslmode=require, which verifies the server's certificate \
                            and name, or sslmode=disable or sslmode=prefer",
                );
            }
            None => {
                text.push(if query.is_empty() { '?' } else { '&' });
                text.push_str("sslmode=require");
            }
        }
        Ok(Self { text, servers })
    }
}

/// Parses `host` or `host:port`.
fn server(text: &str) -> Option<Server> {
    // The colons of an IPv6 address are inside brackets.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (text, PORT),
    };
    let in_brackets = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let named = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_host = match in_brackets {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(named),
    };
    (is_host && port > 0).then(|| (host.to_ascii_lowercase(), port))
}

/// The servers that may be connected to: one, or all below a domain (`*.example.com`).
struct Allowed {
    is_domain: bool,
    server: Server,
}

impl Allowed {
    fn parse(endpoint: &str) -> Option<Self> {
        let text = endpoint.strip_prefix("postgres://")?;
        let domain = text.strip_prefix("*.");
        Some(Self {
            is_domain: domain.is_some(),
            server: server(domain.unwrap_or(text))?,
        })
    }

    fn includes(&self, (host, port): &Server) -> bool {
        let (allowed, allowed_port) = &self.server;
        let is_allowed = match host.strip_suffix(allowed.as_str()) {
            Some("") => !self.is_domain,
            Some(below) => self.is_domain && below.ends_with('.'),
            None => false,
        };
        is_allowed && port == allowed_port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "hunter2";

    fn parse(changes: &[(&'static str, &str)]) -> Result<DatabaseSetting, SettingsError> {
        let mut variables = BTreeMap::from([
            ("catalog", "postgres"),
            (URL, "postgres://u:hunter2@db.example.com/darkroom"),
            (ENDPOINT, "postgres://db.example.com:5432"),
        ]);
        variables.extend(changes.iter().copied());
        let variables = variables.into_iter().map(|(n, v)| (n, v.to_owned()));
        let variables = variables.collect();
        Catalog::read(&Values(&variables)).map(|catalog| catalog.database)
    }

    fn postgres(changes: &[(&'static str, &str)]) -> PostgresConfig {
        match parse(changes).expect("valid") {
            DatabaseSetting::Postgres(config) => config,
            DatabaseSetting::Sqlite => panic!("not PostgreSQL"),
        }
    }

    #[test]
    fn without_postgres_its_variables_are_not_checked() {
        let changes = [("catalog", ""), (URL, "nonsense"), (ENDPOINT, "")];
        assert_eq!(parse(&changes), Ok(DatabaseSetting::Sqlite));
    }

    #[test]
    fn connections_are_encrypted_unless_the_url_says_otherwise() {
        for (query, expected) in [
            ("", "?sslmode=require"),
            ("?connect_timeout=3", "?connect_timeout=3&sslmode=require"),
            ("?sslmode=require", "?sslmode=require"),
            ("?a=b&sslmode=disable", "?a=b&sslmode=disable"),
        ] {
            let address = "postgres://u:hunter2@db.example.com/darkroom";
            let config = postgres(&[(URL, &format!("{address}{query}"))]);
            assert_eq!(config.url.reveal(), format!("{address}{expected}"));
        }
    }

    #[test]
    fn the_endpoint_includes_every_server_of_the_url() {
        for (servers, endpoint) in [
            ("db.example.com:5432", "db.example.com"),
            ("DB.example.com", "db.example.com:5432"),
            ("127.0.0.1:6432", "127.0.0.1:6432"),
            ("[::1]:6432", "[::1]:6432"),
            ("a.db.example.com,b.db.example.com", "*.db.example.com"),
        ] {
            let url = format!("postgresql://u@{servers}/darkroom");
            let endpoint = format!("postgres://{endpoint}");
            postgres(&[(URL, &url), (ENDPOINT, &endpoint)]);
        }
    }

    #[test]
    fn a_certificate_may_be_on_one_line() {
        let pem = "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----";
        let config = postgres(&[(AUTHORITIES, pem)]);
        let pem = config.authorities.expect("a certificate");
        assert_eq!(pem.lines().count(), 3);
    }

    #[test]
    fn a_wrong_variable_is_named_and_the_secret_is_never_shown() {
        for (variable, value) in [
            ("catalog", "mysql"),
            ("read_only", "yes"),
            (URL, ""),
            (URL, "host=db.example.com password=hunter2"),
            (URL, "mysql://u:hunter2@db.example.com/darkroom"),
            (URL, "postgres://db.example.com/darkroom"),
            (URL, "postgres://:hunter2@db.example.com/darkroom"),
            (URL, "postgres://u:hunter2@db.example.com"),
            (URL, "postgres://u:hunter2@db.example.com/"),
            (URL, "postgres://u:hunter2@/darkroom"),
            (URL, "postgres://u:hunter2@%2Frun%2Fpostgresql/darkroom"),
            (URL, "postgres://u:hunter2@db.example.com:0/darkroom"),
            (URL, "postgres://u:hunter2@db.example.com:65536/darkroom"),
            (URL, "postgres://u:hunter2@db.example.com/dark room"),
            (
                URL,
                "postgres://u:hunter2@db.example.com/d?sslmode=verify-full",
            ),
            (ENDPOINT, ""),
            (ENDPOINT, "db.example.com:5432"),
            (ENDPOINT, "postgres://db.example.com:6432"),
            (ENDPOINT, "postgres://example.com:5432"),
            (ENDPOINT, "postgres://*.db.example.com:5432"),
            (ENDPOINT, "postgres://*.ample.com:5432"),
            (ENDPOINT, "postgres://db.example.com:5432/darkroom"),
            (ENDPOINT, "postgres://u@db.example.com:5432"),
            (AUTHORITIES, "/etc/ssl/ca.pem"),
        ] {
            let error = parse(&[(variable, value)]).expect_err(value);
            assert_eq!(error.variable, variable, "{value:?}");
            assert!(!error.to_string().contains(PASSWORD));
        }
        assert!(!format!("{:?}", postgres(&[])).contains(PASSWORD));
    }
}

//! The variables of the contract with clients: URLs, origins, forms, logging and metrics.

use super::values::{Values, refuse};
use super::{SettingsError, Variable};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "public_base_url",
        "",
        "https://images.example.com",
        "Prefix for the paths in links",
    ),
    Variable::new(
        "cors_origins",
        "",
        "https://app.example.com,http://localhost:5173",
        "Comma-separated origins whose pages may call from a browser, or `*`",
    ),
    Variable::new(
        "strict_forms",
        "off",
        "on",
        "`on` refuses a form with text in parts that Darkroom does not know; `off` ignores them",
    ),
    Variable::new(
        "request_log",
        "on",
        "errors",
        "Requests to log: `on` (all), `errors` (server errors only) or `off`",
    ),
    Variable::new(
        "server_timing",
        "off",
        "on",
        "`on` reports in `Server-Timing` how long the parts of a request took",
    ),
    Variable::new(
        "page",
        "on",
        "off",
        "`on` serves a page at `/` and `/drop` to upload, look at and share images; `off` does not",
    ),
    Variable::new(
        "metrics",
        "admin",
        "public",
        "Who may read `/metrics`: `admin` (tokens with the scope `metrics` or `admin`) or `public` (anybody)",
    ),
];

/// How the deployment communicates with clients.
#[derive(Clone, Debug)]
pub struct Http {
    /// Scheme, authority and path before `/v1`, without a trailing slash; `None`: links are
    /// relative.
    pub public_base_url: Option<String>,
    /// The origins whose pages may call from a browser.
    pub cors_origins: Origins,
    /// Whether a form with unknown text is refused.
    pub strict_forms: bool,
    /// Which requests are logged.
    pub request_log: RequestLog,
    /// Whether responses report how long their parts took.
    pub server_timing: bool,
    /// Whether there is a page for people.
    pub page: bool,
    /// Who may read metrics.
    pub metrics: MetricsAccess,
}

/// Which requests are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestLog {
    /// All requests.
    All,
    /// Requests that failed with a server error.
    Errors,
    /// No requests.
    Off,
}

/// Who may read metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Tokens with the scope `metrics` or `admin`.
    Admin,
    /// Anybody; only admins see the owners' names.
    Public,
}

/// The origins (RFC 6454 §7) that are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Any origin: `*`.
    Any,
    /// These origins.
    Listed(Vec<String>),
}

impl Origins {
    /// Whether `origin` is allowed.
    pub fn allow(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(origins) => origins.iter().any(|listed| listed == origin),
        }
    }
}

impl Http {
    pub(super) fn read(values: &Values) -> Result<Self, SettingsError> {
        Ok(Self {
            public_base_url: base_url(values, "public_base_url")?,
            cors_origins: origins(values, "cors_origins")?,
            strict_forms: values.word("strict_forms", &[("off", false), ("on", true)])?,
            request_log: values.word(
                "request_log",
                &[
                    ("on", RequestLog::All),
                    ("errors", RequestLog::Errors),
                    ("off", RequestLog::Off),
                ],
            )?,
            server_timing: values.word("server_timing", &[("off", false), ("on", true)])?,
            page: values.word("page", &[("on", true), ("off", false)])?,
            metrics: values.word(
                "metrics",
                &[
                    ("admin", MetricsAccess::Admin),
                    ("public", MetricsAccess::Public),
                ],
            )?,
        })
    }
}

fn origins(values: &Values, variable: &'static str) -> Result<Origins, SettingsError> {
    let words: Vec<String> = values.list(variable).map(str::to_owned).collect();
    if words == ["*"] {
        return Ok(Origins::Any);
    }
    match words.iter().find(|word| !is_origin(word)) {
        None => Ok(Origins::Listed(words)),
        Some(word) => {
            let must = "must be origins like https://app.example.com, or only *";
            Err(refuse(variable, format!("{must}, not {word:?}")))
        }
    }
}

/// Whether a text is a scheme and an authority, and nothing else, as a browser writes it.
fn is_origin(text: &str) -> bool {
    let web = ["http://", "https://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
    web.is_some_and(|authority| !authority.is_empty() && authority.chars().all(named))
}

fn base_url(values: &Values, variable: &'static str) -> Result<Option<String>, SettingsError> {
    let Some(value) = values.get(variable) else {
        return Ok(None);
    };
    let must = "must be a URL like https://images.example.com, with no query or fragment";
    let uri: http::Uri = value.parse().map_err(|_| refuse(variable, must))?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    if !is_web || uri.authority().is_none() || uri.query().is_some() || value.contains('#') {
        return Err(refuse(variable, must));
    }
    Ok(Some(value.trim_end_matches('/').to_owned()))
}

//! Settings: every variable, parsed, checked and defaulted in this one place.
//!
//! They come as strings from whatever provider the host has; [`Settings::parse`]
//! either understands all of them or names the one that is wrong. Numbers are
//! decimal, lists separated by commas, an empty string is as good as unset.

mod stores;

use std::collections::BTreeMap;

use crate::auth::KeyRing;
use crate::media::{Strip, Trailing};
use crate::model::{Kind, Quota};

pub use stores::BlobStoreSetting;

/// The names of all variables, as declared in `spin.toml`.
pub const NAMES: &[&str] = &[
    "signing_keys",
    "max_upload_bytes",
    "max_upload_seconds",
    "late_write_seconds",
    "max_pixels",
    "max_width",
    "max_height",
    "max_frames",
    "max_metadata_bytes",
    "accepted_types",
    "strip_metadata",
    "trailing_data",
    "delete_grace_seconds",
    "verify_downloads",
    "token_audience",
    "chunk_bytes",
    "public_base_url",
    "max_link_seconds",
    "link_bucket_seconds",
    "cors_origins",
    "quota_images",
    "quota_bytes",
    "request_log",
    "server_timing",
    "metrics",
    "blob_store",
    "blob_store_previous",
    "s3_endpoint",
    "s3_bucket",
    "s3_region",
    "s3_access_key_id",
    "s3_secret_access_key",
    "s3_prefix",
    "s3_path_style",
];

const MIB: u64 = 1 << 20;

/// What a deployment was configured to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The keys of tokens (`signing_keys`; required).
    pub signing_keys: KeyRing,
    /// The largest file in bytes (`max_upload_bytes`; 25 MiB).
    pub max_upload_bytes: u64,
    /// The longest that an upload may take, in seconds (`max_upload_seconds`; 6 hours).
    pub max_upload_seconds: u64,
    /// How long a store may take over a write that was given up, in seconds
    /// (`late_write_seconds`; a quarter of an hour).
    pub late_write_seconds: u64,
    /// The largest image in pixels, width times height (`max_pixels`; 50 million).
    pub max_pixels: u64,
    /// The widest image in pixels, before orientation (`max_width`; 65535).
    pub max_width: u32,
    /// The highest image in pixels, before orientation (`max_height`; 65535).
    pub max_height: u32,
    /// The most frames of an animation (`max_frames`; 1000).
    pub max_frames: u32,
    /// The largest piece of metadata in bytes (`max_metadata_bytes`; 1 MiB).
    pub max_metadata_bytes: u64,
    /// The kinds that are taken (`accepted_types`; all).
    pub accepted_types: Vec<Kind>,
    /// What metadata is removed (`strip_metadata`; `gps`); `None` for `none`.
    pub strip_metadata: Option<Strip>,
    /// What becomes of bytes after an image's end (`trailing_data`; `strip`).
    pub trailing_data: Trailing,
    /// How long the bytes of a deleted image stay for those who are reading them, in
    /// seconds (`delete_grace_seconds`; 15 minutes).
    pub delete_grace_seconds: u64,
    /// What whole files are held against when they are read, besides the seals of their
    /// chunks: nothing, or their SHA-256 (`verify_downloads`; `seal`).
    pub verify_downloads: bool,
    /// What a token's `aud` must include (`token_audience`; unset: not judged).
    pub token_audience: Option<String>,
    /// The length in bytes of the chunks that new blobs are cut into
    /// (`chunk_bytes`; 384 KiB).
    pub chunk_bytes: u32,
    /// Scheme, authority and path before `/v1`, without a slash at the end
    /// (`public_base_url`; unset: links are relative).
    pub public_base_url: Option<String>,
    /// The longest life of a signed URL in seconds (`max_link_seconds`; a week).
    pub max_link_seconds: u64,
    /// What the expiry of signed URLs is rounded up to, in seconds, so that those
    /// made within it are the same (`link_bucket_seconds`; 60).
    pub link_bucket_seconds: u64,
    /// Whose pages may call from a browser (`cors_origins`; nobody's).
    pub cors_origins: Origins,
    /// The most that an owner may keep, where the token says nothing of it
    /// (`quota_images`, `quota_bytes`; 0: no limit).
    pub quota: Quota,
    /// Which requests have a line in the log (`request_log`; all).
    pub request_log: RequestLog,
    /// Whether responses tell how long their parts took (`server_timing`; no).
    pub server_timing: bool,
    /// Who may read metrics (`metrics`; admins).
    pub metrics: MetricsAccess,
    /// Where blobs are written (`blob_store` and `s3_…`; the key-value store).
    pub blob_store: BlobStoreSetting,
    /// Where blobs are that were not moved yet (`blob_store_previous`; nowhere).
    pub previous_blob_store: Option<BlobStoreSetting>,
}

/// Which requests have a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestLog {
    /// All.
    All,
    /// Those that failed on our side.
    Errors,
    /// None.
    Off,
}

/// Who may read metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Tokens with the scope `admin`.
    Admin,
    /// Anybody; only admins see owners by name.
    Public,
}

/// Origins (RFC 6454 §7) that are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// `*`.
    Any,
    /// These.
    Listed(Vec<String>),
}

impl Origins {
    /// Whether `origin` is one of them.
    pub fn allow(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(origins) => origins.iter().any(|listed| listed == origin),
        }
    }
}

/// A variable that cannot be used. The message holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the variable {variable} {reason}")]
pub struct SettingsError {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong with it, to be read after its name.
    pub reason: String,
}

impl Settings {
    /// Reads all variables from a map of names to values.
    pub fn parse(variables: &BTreeMap<&str, String>) -> Result<Self, SettingsError> {
        let values = Values(variables);
        Ok(Self {
            signing_keys: values.signing_keys("signing_keys")?,
            max_upload_bytes: values.number("max_upload_bytes", 25 * MIB, 1..=1 << 40)?,
            max_upload_seconds: values.number("max_upload_seconds", 21_600, 1..=604_800)?,
            late_write_seconds: values.number("late_write_seconds", 900, 1..=86_400)?,
            max_pixels: values.number("max_pixels", 50_000_000, 1..=1 << 40)?,
            max_width: values.pixels("max_width")?,
            max_height: values.pixels("max_height")?,
            max_frames: values.small_number("max_frames", 1000, 1..=10_000)?,
            max_metadata_bytes: values.number("max_metadata_bytes", MIB, 65_536..=16 * MIB)?,
            accepted_types: values.kinds("accepted_types")?,
            strip_metadata: values.word("strip_metadata", &STRIP_METADATA)?,
            trailing_data: values.word("trailing_data", &TRAILING_DATA)?,
            delete_grace_seconds: values.number("delete_grace_seconds", 900, 1..=604_800)?,
            verify_downloads: values.word("verify_downloads", &VERIFY_DOWNLOADS)?,
            token_audience: values.get("token_audience").map(str::to_owned),
            chunk_bytes: values.small_number("chunk_bytes", 384 << 10, 1024..=16 * MIB)?,
            public_base_url: values.base_url("public_base_url")?,
            max_link_seconds: values.number("max_link_seconds", 604_800, 1..=31_536_000)?,
            link_bucket_seconds: values.number("link_bucket_seconds", 60, 1..=86_400)?,
            cors_origins: values.origins("cors_origins")?,
            quota: Quota {
                images: values.quota("quota_images")?,
                bytes: values.quota("quota_bytes")?,
            },
            request_log: values.word(
                "request_log",
                &[
                    ("on", RequestLog::All),
                    ("errors", RequestLog::Errors),
                    ("off", RequestLog::Off),
                ],
            )?,
            server_timing: values.word("server_timing", &[("off", false), ("on", true)])?,
            metrics: values.word(
                "metrics",
                &[
                    ("admin", MetricsAccess::Admin),
                    ("public", MetricsAccess::Public),
                ],
            )?,
            blob_store: values.blob_store()?,
            previous_blob_store: values.previous_blob_store()?,
        })
    }
}

/// The words of `strip_metadata`, the default first.
const STRIP_METADATA: [(&str, Option<Strip>); 3] = [
    ("gps", Some(Strip::Location)),
    ("all", Some(Strip::All)),
    ("none", None),
];

/// The words of `trailing_data`, the default first.
const TRAILING_DATA: [(&str, Trailing); 2] =
    [("strip", Trailing::Cut), ("reject", Trailing::Reject)];

/// The words of `verify_downloads`, the default first.
const VERIFY_DOWNLOADS: [(&str, bool); 2] = [("seal", false), ("sha256", true)];

struct Values<'a>(&'a BTreeMap<&'a str, String>);

impl Values<'_> {
    fn get(&self, variable: &str) -> Option<&str> {
        self.0
            .get(variable)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    fn signing_keys(&self, variable: &'static str) -> Result<KeyRing, SettingsError> {
        KeyRing::parse(self.get(variable).unwrap_or_default())
            .map_err(|error| refuse(variable, error))
    }

    fn number(
        &self,
        variable: &'static str,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<u64, SettingsError> {
        let Some(value) = self.get(variable) else {
            return Ok(default);
        };
        let number = value.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (least, most) = range.into_inner();
            refuse(
                variable,
                format!("must be a whole number from {least} to {most}, not {value:?}"),
            )
        })
    }

    /// A number that fits into 32 bits, because its range does.
    fn small_number(
        &self,
        variable: &'static str,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<u32, SettingsError> {
        let number = self.number(variable, default, range)?;
        Ok(number.try_into().unwrap_or(u32::MAX))
    }

    /// The longest side of an image. The default is the longest of a JPEG.
    fn pixels(&self, variable: &'static str) -> Result<u32, SettingsError> {
        self.small_number(variable, 65_535, 1..=0x7FFF_FFFF)
    }

    /// A number of which 0 means that there is no limit.
    fn quota(&self, variable: &'static str) -> Result<Option<u64>, SettingsError> {
        let limit = self.number(variable, 0, 0..=1 << 60)?;
        Ok(Some(limit).filter(|limit| *limit > 0))
    }

    /// One of these words; the first is the default.
    fn word<T: Copy>(
        &self,
        variable: &'static str,
        words: &[(&str, T)],
    ) -> Result<T, SettingsError> {
        let value = self.get(variable);
        let is_meant = |word: &str| value.is_none_or(|value| value == word);
        let found = words.iter().find(|(word, _)| is_meant(word));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let (known, value) = (known.join(", "), value.unwrap_or_default());
            refuse(variable, format!("must be one of {known}, not {value:?}"))
        })
    }

    fn kinds(&self, variable: &'static str) -> Result<Vec<Kind>, SettingsError> {
        let Some(value) = self.get(variable) else {
            return Ok(Kind::ALL.to_vec());
        };
        let mut kinds = Vec::new();
        for word in value
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            let kind = Kind::from_name(word).ok_or_else(|| {
                let known = Kind::ALL.map(Kind::name).join(", ");
                refuse(
                    variable,
                    format!("names the unknown type {word:?}; known are {known}"),
                )
            })?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if kinds.is_empty() {
            return Err(refuse(variable, "names no type"));
        }
        Ok(kinds)
    }

    fn origins(&self, variable: &'static str) -> Result<Origins, SettingsError> {
        let words = self
            .get(variable)
            .unwrap_or_default()
            .split(',')
            .map(str::trim);
        let words: Vec<String> = words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        if words == ["*"] {
            return Ok(Origins::Any);
        }
        match words.iter().find(|word| !is_origin(word)) {
            None => Ok(Origins::Listed(words)),
            Some(word) => {
                let must = "must be origins like https://app.example.com, or * alone";
                Err(refuse(variable, format!("{must}, not {word:?}")))
            }
        }
    }

    fn base_url(&self, variable: &'static str) -> Result<Option<String>, SettingsError> {
        let Some(value) = self.get(variable) else {
            return Ok(None);
        };
        let must = "must be like https://images.example.com, with no query or fragment";
        let uri: http::Uri = value.parse().map_err(|_| refuse(variable, must))?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        if !is_web || uri.authority().is_none() || uri.query().is_some() || value.contains('#') {
            return Err(refuse(variable, must));
        }
        Ok(Some(value.trim_end_matches('/').to_owned()))
    }
}

/// Scheme and authority, nothing else, as a browser writes it.
fn is_origin(text: &str) -> bool {
    let web = ["http://", "https://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
    web.is_some_and(|authority| !authority.is_empty() && authority.chars().all(named))
}

fn refuse(variable: &'static str, reason: impl ToString) -> SettingsError {
    SettingsError {
        variable,
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "dev:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

    fn parse(variable: &'static str, value: &str) -> Result<Settings, SettingsError> {
        let mut variables = BTreeMap::from([("signing_keys", KEYS.to_owned())]);
        variables.insert(variable, value.to_owned());
        Settings::parse(&variables)
    }

    #[test]
    fn unset_variables_have_the_documented_defaults() {
        let settings = parse("max_pixels", " ").expect("parses");
        assert_eq!(settings.max_upload_bytes, 26_214_400);
        assert_eq!(settings.max_pixels, 50_000_000);
        assert_eq!((settings.max_width, settings.max_height), (65_535, 65_535));
        assert_eq!(settings.max_frames, 1000);
        assert_eq!(settings.max_metadata_bytes, 1_048_576);
        assert_eq!(settings.accepted_types, Kind::ALL);
        assert_eq!(settings.strip_metadata, Some(Strip::Location));
        assert_eq!(settings.trailing_data, Trailing::Cut);
        assert_eq!(settings.chunk_bytes, 393_216);
        assert!(settings.quota.is_unlimited());
        assert_eq!(settings.request_log, RequestLog::All);
        assert_eq!(settings.metrics, MetricsAccess::Admin);
        assert!(!settings.server_timing && !settings.verify_downloads);
        assert_eq!(settings.max_upload_seconds, 21_600);
        assert_eq!(settings.late_write_seconds, 900);
        assert_eq!(settings.delete_grace_seconds, 900);
        assert_eq!(
            (settings.token_audience, settings.public_base_url),
            (None, None)
        );
    }

    #[test]
    fn good_values_are_taken() {
        let types = parse("accepted_types", "png, jpeg,png")
            .expect("parses")
            .accepted_types;
        assert_eq!(types, [Kind::Png, Kind::Jpeg]);
        let strip = |word| parse("strip_metadata", word).map(|settings| settings.strip_metadata);
        assert_eq!(strip("all"), Ok(Some(Strip::All)));
        assert_eq!(strip("none"), Ok(None));
        let settings = parse("trailing_data", "reject").expect("parses");
        assert_eq!(settings.trailing_data, Trailing::Reject);
        let base = parse("public_base_url", "https://a.example/images/").expect("parses");
        assert_eq!(
            base.public_base_url.as_deref(),
            Some("https://a.example/images")
        );
        let quota = parse("quota_bytes", "5").expect("parses").quota;
        assert_eq!((quota.images, quota.bytes), (None, Some(5)));
        let unset = parse("quota_images", "0").expect("parses").quota;
        assert!(unset.is_unlimited());
        let log = parse("request_log", "errors").expect("parses").request_log;
        assert_eq!(log, RequestLog::Errors);
        let settings = parse("verify_downloads", "sha256").expect("parses");
        assert!(settings.verify_downloads);
        assert!(parse("server_timing", "on").expect("parses").server_timing);
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        for (variable, value) in [
            ("signing_keys", ""),
            ("signing_keys", "dev:short"),
            ("max_upload_bytes", "25 MiB"),
            ("max_upload_bytes", "0"),
            ("max_upload_seconds", "6h"),
            ("max_pixels", "-1"),
            ("max_width", "0"),
            ("max_height", "2147483648"),
            ("max_frames", "10001"),
            ("max_metadata_bytes", "1000"),
            ("strip_metadata", "exif"),
            ("trailing_data", "keep"),
            ("delete_grace_seconds", "0"),
            ("accepted_types", "jpeg,svg"),
            ("accepted_types", ","),
            ("chunk_bytes", "1000"),
            ("chunk_bytes", "99999999999"),
            ("max_link_seconds", "0"),
            ("link_bucket_seconds", "1.5"),
            ("quota_images", "many"),
            ("quota_bytes", "-1"),
            ("request_log", "yes"),
            ("verify_downloads", "on"),
            ("server_timing", "true"),
            ("metrics", "off"),
            ("cors_origins", "app.example.com"),
            ("cors_origins", "https://app.example.com/"),
            ("cors_origins", "https://a.example,*"),
            ("public_base_url", "images.example.com"),
            ("public_base_url", "ftp://images.example.com"),
            ("public_base_url", "https://a.example/?q"),
        ] {
            let error = parse(variable, value).expect_err("must be refused");
            assert_eq!(error.variable, variable, "{value:?}");
            assert!(error.to_string().contains(variable));
        }
    }

    #[test]
    fn every_variable_is_declared_in_the_manifest() {
        let manifest = include_str!("../spin.toml");
        for name in NAMES {
            let reference = format!("{name} = \"{{{{ {name} }}}}\"");
            assert!(manifest.contains(&reference), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_variable_is_understood_or_named(
            at in 0..NAMES.len(),
            value in "[0-9]{1,20}|[a-z-]{0,9}|https?://[a-zA-Z0-9.:/@?#,-]{0,20}|.{0,20}",
        ) {
            match parse(NAMES[at], &value) {
                Ok(settings) => if let Some(base) = settings.public_base_url {
                    proptest::prop_assert!(base.starts_with("http") && !base.ends_with('/'));
                },
                Err(error) => proptest::prop_assert_eq!(error.variable, NAMES[at]),
            }
        }

        #[test]
        fn numbers_are_taken_as_they_are(number in 1u64..=1 << 40) {
            let settings = parse("max_upload_bytes", &number.to_string()).expect("within bounds");
            proptest::prop_assert_eq!(settings.max_upload_bytes, number);
        }

        #[test]
        fn only_listed_origins_are_allowed(
            listed in proptest::collection::vec("https?://[a-z0-9.-]{1,9}(:[0-9]{1,4})?", 1..4),
            other in "https?://[a-z0-9.-]{1,9}",
        ) {
            let origins = parse("cors_origins", &listed.join(" , ")).expect("origins").cors_origins;
            proptest::prop_assert!(listed.iter().all(|origin| origins.allow(origin)));
            proptest::prop_assert_eq!(origins.allow(&other), listed.contains(&other));
        }
    }
}

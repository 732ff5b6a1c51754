//! The variables of stores: where bytes are kept, how they are cut and checked, and when
//! they are deleted.

use super::values::{Values, refuse};
use super::{SettingsError, Variable};
use crate::blobs::s3::{Endpoint, S3Config, Secret};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "blob_store",
        "key-value",
        "s3",
        "Store to which blobs are written: `key-value` or `s3`",
    ),
    Variable::new(
        "blob_store_previous",
        "",
        "key-value",
        "Store that holds the blobs still to be moved ([docs/stores.md](docs/stores.md))",
    ),
    Variable::new(
        "chunk_bytes",
        "393216",
        "110000",
        "Length of stored chunks (1024 to 16777216). Existing images keep the length they were \
         stored with",
    ),
    Variable::new(
        "verify_downloads",
        "seal",
        "sha256",
        "`seal` checks the seal of each chunk. `sha256` also checks whole files against their \
         SHA-256 when they are read: it detects forgery in the store, and is slower",
    ),
    Variable::new(
        "late_write_seconds",
        "900",
        "3600",
        "Maximum time a store may take to complete a write that Darkroom has given up on. What \
         the write leaves is deleted after that",
    ),
    Variable::new(
        "delete_grace_seconds",
        "900",
        "3600",
        "How long the bytes of a deleted image remain for downloads that have begun",
    ),
    Variable::new(
        "s3_endpoint",
        "",
        "https://s3.eu-central-1.amazonaws.com",
        "URL of the S3 server, with no path ([docs/stores.md](docs/stores.md))",
    ),
    Variable::new("s3_bucket", "", "photos", "Name of the S3 bucket"),
    Variable::new(
        "s3_region",
        "us-east-1",
        "eu-central-1",
        "Region of the S3 bucket",
    ),
    Variable::new(
        "s3_access_key_id",
        "",
        "AKIAIOSFODNN7EXAMPLE",
        "Id of the key for the S3 bucket",
    ),
    Variable::new(
        "s3_secret_access_key",
        "",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "Secret of that key",
    )
    .secret(),
    Variable::new(
        "s3_prefix",
        "darkroom/",
        "images/",
        "Beginning of the names of all objects in the S3 bucket",
    ),
    Variable::new(
        "s3_path_style",
        "true",
        "false",
        "`true` puts the S3 bucket's name into the path of URLs; `false` expects it in the host \
         of `s3_endpoint`",
    ),
];

/// Where bytes are kept, and how long.
#[derive(Clone, Debug)]
pub struct Stores {
    /// Where blobs are written.
    pub blobs: BlobStoreSetting,
    /// Where the blobs that have not been moved yet are; `None`: there are none.
    pub previous_blobs: Option<BlobStoreSetting>,
    /// The length in bytes of the chunks that new blobs are cut into.
    pub chunk_bytes: u32,
    /// Whether whole files are compared with their SHA-256 when they are read, in addition
    /// to the seals of their chunks.
    pub verify_downloads: bool,
    /// How long a store may take to complete an abandoned write, in seconds.
    pub late_write_seconds: u64,
    /// How long the bytes of a deleted image remain for requests that are reading them, in
    /// seconds.
    pub delete_grace_seconds: u64,
}

/// A kind of store for blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobStoreSetting {
    /// Spin's key-value store `default`, whatever backend the runtime configuration gives
    /// it.
    KeyValue,
    /// A bucket in S3.
    S3(S3Config),
}

const KEY_VALUE: &str = "key-value";
const S3: &str = "s3";

impl Stores {
    pub(super) fn read(values: &Values) -> Result<Self, SettingsError> {
        Ok(Self {
            blobs: values.store("blob_store", values.text("blob_store"))?,
            previous_blobs: values.previous_store("blob_store_previous")?,
            chunk_bytes: values.small_number("chunk_bytes", 1024..=16 << 20)?,
            verify_downloads: values
                .word("verify_downloads", &[("seal", false), ("sha256", true)])?,
            late_write_seconds: values.number("late_write_seconds", 1..=86_400)?,
            delete_grace_seconds: values.number("delete_grace_seconds", 1..=604_800)?,
        })
    }
}

impl Values<'_> {
    /// The store that blobs are moved from, if any.
    fn previous_store(
        &self,
        variable: &'static str,
    ) -> Result<Option<BlobStoreSetting>, SettingsError> {
        let Some(previous) = self.get(variable) else {
            return Ok(None);
        };
        if previous == self.text("blob_store") {
            let must = "must be a different store from blob_store, or unset";
            return Err(refuse(variable, must));
        }
        self.store(variable, previous).map(Some)
    }

    fn store(&self, variable: &'static str, name: &str) -> Result<BlobStoreSetting, SettingsError> {
        match name {
            KEY_VALUE => Ok(BlobStoreSetting::KeyValue),
            S3 => Ok(BlobStoreSetting::S3(self.s3()?)),
            _ => {
                let must = format!("must be {KEY_VALUE} or {S3}, not {name:?}");
                Err(refuse(variable, must))
            }
        }
    }

    fn s3(&self) -> Result<S3Config, SettingsError> {
        let endpoint = self.endpoint("s3_endpoint")?;
        let bucket = self.bucket("s3_bucket")?;
        let path_style = self.word("s3_path_style", &[("true", true), ("false", false)])?;
        if !path_style && !endpoint.host().starts_with(&format!("{bucket}.")) {
            let must = "must begin with the bucket's name, as in \
                        https://bucket.s3.eu-central-1.amazonaws.com, when s3_path_style is false";
            return Err(refuse("s3_endpoint", must));
        }
        Ok(S3Config {
            endpoint,
            bucket,
            region: self.plain("s3_region")?,
            access_key_id: self.plain("s3_access_key_id")?,
            secret_access_key: Secret::new(self.required("s3_secret_access_key")?),
            prefix: self.prefix("s3_prefix")?,
            path_style,
        })
    }

    fn required(&self, variable: &'static str) -> Result<&str, SettingsError> {
        let missing = || refuse(variable, "must be set when blobs are stored in S3");
        self.get(variable).ok_or_else(missing)
    }

    fn endpoint(&self, variable: &'static str) -> Result<Endpoint, SettingsError> {
        let must =
            "must be a URL like https://s3.eu-central-1.amazonaws.com, with no path or query";
        Endpoint::parse(self.required(variable)?).ok_or_else(|| refuse(variable, must))
    }

    fn bucket(&self, variable: &'static str) -> Result<String, SettingsError> {
        let bucket = self.required(variable)?;
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        let is_valid = (3..=63).contains(&bucket.len()) && bucket.chars().all(named);
        let must = "must be a bucket name: 3 to 63 lowercase letters, digits, dots, hyphens and underscores";
        is_valid
            .then(|| bucket.to_owned())
            .ok_or_else(|| refuse(variable, must))
    }

    /// A word that is sent in a header.
    fn plain(&self, variable: &'static str) -> Result<String, SettingsError> {
        let word = self.required(variable)?;
        let named = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let must = "must have only letters, digits, dots, hyphens and underscores";
        let is_valid = word.chars().all(named);
        is_valid
            .then(|| word.to_owned())
            .ok_or_else(|| refuse(variable, must))
    }

    fn prefix(&self, variable: &'static str) -> Result<String, SettingsError> {
        let prefix = self.text(variable);
        let named = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        let hidden = prefix.split('/').any(|part| matches!(part, "." | ".."));
        let empty = prefix.starts_with('/') || prefix.contains("//");
        if prefix.len() <= 200 && prefix.chars().all(named) && !hidden && !empty {
            return Ok(prefix.to_owned());
        }
        let must = "must be a prefix like images/ or a/b-: at most 200 letters, digits and -_./, \
                    with no empty, . or .. between slashes";
        Err(refuse(variable, must))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG";

    fn parse(changes: &[(&'static str, &str)]) -> Result<BlobStoreSetting, SettingsError> {
        let mut variables = BTreeMap::from([
            ("blob_store", "s3"),
            ("s3_endpoint", "https://s3.example.com"),
            ("s3_bucket", "photos"),
            ("s3_access_key_id", "AKIA1"),
            ("s3_secret_access_key", SECRET),
        ]);
        variables.extend(changes.iter().copied());
        let variables = variables
            .into_iter()
            .map(|(n, v)| (n, v.to_owned()))
            .collect();
        Stores::read(&Values(&variables)).map(|stores| stores.blobs)
    }

    fn s3(changes: &[(&'static str, &str)]) -> S3Config {
        match parse(changes).expect("valid") {
            BlobStoreSetting::S3(config) => config,
            BlobStoreSetting::KeyValue => panic!("not S3"),
        }
    }

    #[test]
    fn the_variables_of_a_store_that_is_not_chosen_are_not_checked() {
        let changes = [("blob_store", ""), ("s3_endpoint", "nonsense")];
        assert_eq!(parse(&changes), Ok(BlobStoreSetting::KeyValue));
    }

    #[test]
    fn s3_variables_have_defaults_where_possible() {
        let config = s3(&[]);
        assert_eq!(
            (config.region.as_str(), config.prefix.as_str()),
            ("us-east-1", "darkroom/")
        );
        assert!(config.path_style);
        let host = ("s3_endpoint", "https://photos.s3.example.com");
        assert!(!s3(&[host, ("s3_path_style", "false")]).path_style);
        assert_eq!(s3(&[("s3_prefix", "a/b-")]).prefix, "a/b-");
        assert_eq!(s3(&[("blob_store_previous", "key-value")]), config);
    }

    #[test]
    fn a_wrong_variable_is_named_and_the_secret_is_never_shown() {
        for (variable, value) in [
            ("blob_store", "redis"),
            ("blob_store_previous", "s3"),
            ("blob_store_previous", "disk"),
            ("s3_endpoint", ""),
            ("s3_endpoint", "s3.example.com"),
            ("s3_endpoint", "https://s3.example.com/photos"),
            ("s3_bucket", ""),
            ("s3_bucket", "My Photos"),
            ("s3_region", "eu central"),
            ("s3_access_key_id", ""),
            ("s3_access_key_id", "AKIA/1"),
            ("s3_secret_access_key", ""),
            ("s3_prefix", "/a"),
            ("s3_prefix", "a//b"),
            ("s3_prefix", "a/../b"),
            ("s3_prefix", ".."),
            ("s3_prefix", "a b"),
            ("s3_path_style", "yes"),
        ] {
            let error = parse(&[(variable, value)]).expect_err(value);
            assert_eq!(error.variable, variable, "{value:?}");
            assert!(!error.to_string().contains(SECRET));
        }
        let error =
            parse(&[("s3_path_style", "false")]).expect_err("the host does not contain the bucket");
        assert_eq!(error.variable, "s3_endpoint");
        assert!(!format!("{:?}", s3(&[])).contains(SECRET));
    }
}

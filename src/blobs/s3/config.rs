//! The settings of a bucket: its address, and the credentials.

use std::fmt;

use http::Uri;
use http::uri::{Authority, Scheme};

/// A secret that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `secret`.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Returns the secret itself, to sign or to connect with.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A server, such as `https://s3.eu-central-1.amazonaws.com` or `http://127.0.0.1:9000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    authority: Authority,
}

impl Endpoint {
    /// Parses a URL that consists of scheme, host and port only.
    pub fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let parts = uri.into_parts();
        let (scheme, authority) = (parts.scheme?, parts.authority?);
        let is_web = scheme == Scheme::HTTP || scheme == Scheme::HTTPS;
        let bare = parts.path_and_query.is_none_or(|path| path == "/");
        let anonymous = !authority.as_str().contains('@');
        (is_web && bare && anonymous && !url.contains('#')).then_some(Self { scheme, authority })
    }

    /// Whether requests are protected from changes in transit.
    pub(super) fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The host, without the port.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    pub(super) fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }
}

/// A bucket, and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Config {
    /// The server. In virtual-host style, its name begins with the bucket's name.
    pub endpoint: Endpoint,
    /// The bucket. It must exist.
    pub bucket: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Identifies the secret access key.
    pub access_key_id: String,
    /// The key that signs requests.
    pub secret_access_key: Secret,
    /// The prefix of every object's key.
    pub prefix: String,
    /// Whether the bucket is named in the path instead of in the host name.
    pub path_style: bool,
}

impl S3Config {
    /// Returns the path of an object, or of the bucket itself.
    pub(super) fn path(&self, key: Option<&str>) -> String {
        let key = key.unwrap_or_default();
        if self.path_style {
            let bucket = &self.bucket;
            match key {
                "" => format!("/{bucket}"),
                key => format!("/{bucket}/{key}"),
            }
        } else {
            format!("/{key}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_have_a_scheme_and_a_host_and_nothing_else() {
        for good in [
            "https://s3.eu-central-1.amazonaws.com",
            "http://127.0.0.1:9000",
            "http://[::1]:9000/",
        ] {
            assert!(Endpoint::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "s3.amazonaws.com",
            "ftp://s3.amazonaws.com",
            "https://s3.amazonaws.com/bucket",
            "https://s3.amazonaws.com/?a",
            "https://user:pass@s3.amazonaws.com",
            "https://s3.amazonaws.com/#a",
        ] {
            assert!(Endpoint::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_bucket_is_in_the_path_or_in_the_host() {
        let mut config = S3Config {
            endpoint: Endpoint::parse("https://b.example.com").expect("good"),
            bucket: "b".to_owned(),
            region: "r".to_owned(),
            access_key_id: "id".to_owned(),
            secret_access_key: Secret::new("secret"),
            prefix: String::new(),
            path_style: true,
        };
        assert_eq!(config.path(Some("k/1")), "/b/k/1");
        assert_eq!(config.path(None), "/b");
        config.path_style = false;
        assert_eq!(config.path(Some("k/1")), "/k/1");
        assert_eq!(config.path(None), "/");
        assert!(!format!("{config:?}").contains("secret\""));
    }

    proptest::proptest! {
        #[test]
        fn an_endpoint_is_its_scheme_and_authority(
            url in "https?://[a-z0-9.]{1,9}(:[0-9]{1,4})?/?|[a-z]{0,5}:?/{0,2}[a-z0-9.:@/?#-]{0,20}|.{0,20}",
        ) {
            if let Some(endpoint) = Endpoint::parse(&url) {
                let printed = format!("{}://{}", endpoint.scheme(), endpoint.authority());
                proptest::prop_assert_eq!(url.trim_end_matches('/'), &printed);
                proptest::prop_assert_eq!(Endpoint::parse(&printed), Some(endpoint));
            }
        }
    }
}

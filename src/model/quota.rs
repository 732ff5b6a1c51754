//! Quotas: how much an owner may keep. Pure.
//!
//! Every image counts in full, even if another image has the same content, which is then
//! stored only once. Tags and metadata count too, and so do the records of an owner's
//! requests, which outlive their images.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How much an owner keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The number of images.
    pub images: u64,
    /// The sum of the images' sizes, and of everything else that counts.
    pub bytes: u64,
}

/// The most that an owner may keep; `None` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// The number of images.
    pub images: Option<u64>,
    /// The sum of their sizes.
    pub bytes: Option<u64>,
}

/// A resource that a quota limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The number of images.
    Images,
    /// The sum of their sizes.
    Bytes,
}

impl Resource {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Bytes => "bytes",
        }
    }
}

/// The owner would keep more than the quota allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the owner may keep {limit} {}; this would make it {actual}", .resource.as_str())]
pub struct QuotaExceeded {
    /// The resource of which there would be too much.
    pub resource: Resource,
    /// The limit.
    pub limit: u64,
    /// What the owner would keep.
    pub actual: u64,
}

impl Quota {
    /// Whether nothing is limited.
    pub fn is_unlimited(self) -> bool {
        self == Self::default()
    }

    /// Whether `added` fits in addition to what is `kept`.
    pub fn admit(self, kept: Usage, added: Usage) -> Result<(), QuotaExceeded> {
        let within = |resource, limit: Option<u64>, kept: u64, added: u64| {
            let actual = kept.saturating_add(added);
            match limit {
                Some(limit) if actual > limit => Err(QuotaExceeded {
                    resource,
                    limit,
                    actual,
                }),
                _ => Ok(()),
            }
        };
        within(Resource::Images, self.images, kept.images, added.images)?;
        within(Resource::Bytes, self.bytes, kept.bytes, added.bytes)
    }

    /// Whether something may grow from `before` to `after` bytes, where `before` is part of
    /// the `kept` bytes. Anything that does not grow is always allowed.
    pub fn admit_growth(self, kept: u64, before: u64, after: u64) -> Result<(), QuotaExceeded> {
        if after <= before {
            return Ok(());
        }
        let usage = |bytes| Usage { images: 0, bytes };
        let bytes = Self {
            images: None,
            ..self
        };
        bytes.admit(usage(kept), usage(after - before))
    }
}

/// The `quota` claim of a token: a JSON object with the members `images` and `bytes`. If a
/// member is absent, the deployment's limit applies; `null` means no limit, and 0 allows
/// nothing. An unknown member is an error, because a limit that is not understood must not
/// be ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuotaClaim {
    /// The number of images.
    #[serde(skip_serializing_if = "Limit::is_inherited")]
    pub images: Limit,
    /// The sum of their sizes.
    #[serde(skip_serializing_if = "Limit::is_inherited")]
    pub bytes: Limit,
}

impl QuotaClaim {
    /// The owner's quota, given the deployment's.
    pub fn over(self, deployment: Quota) -> Quota {
        Quota {
            images: self.images.over(deployment.images),
            bytes: self.bytes.over(deployment.bytes),
        }
    }

    /// Whether the claim has no member.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A member of a [`QuotaClaim`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    /// The member is absent.
    #[default]
    Inherited,
    /// The member is a number, or `null`.
    Chosen(Option<u64>),
}

impl Limit {
    fn over(self, deployment: Option<u64>) -> Option<u64> {
        match self {
            Self::Inherited => deployment,
            Self::Chosen(limit) => limit,
        }
    }

    fn is_inherited(&self) -> bool {
        *self == Self::Inherited
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.over(None).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn usage(images: u64, bytes: u64) -> Usage {
        Usage { images, bytes }
    }

    #[test]
    fn usage_up_to_the_limit_is_admitted() {
        let quota = Quota {
            images: Some(3),
            bytes: Some(100),
        };
        let check = |kept, added, expect: Result<(), (Resource, u64)>| {
            let admitted = quota.admit(kept, added);
            let admitted = admitted.map_err(|refused| (refused.resource, refused.actual));
            assert_eq!(admitted, expect, "{kept:?} and {added:?}");
        };
        check(usage(2, 60), usage(1, 40), Ok(()));
        check(usage(2, 60), usage(1, 41), Err((Resource::Bytes, 101)));
        check(usage(2, 60), usage(2, 41), Err((Resource::Images, 4)));
        check(usage(9, 999), usage(1, 1), Err((Resource::Images, 10)));
        check(
            usage(0, u64::MAX),
            usage(1, u64::MAX),
            Err((Resource::Bytes, u64::MAX)),
        );
        let unlimited = Quota::default().admit(usage(u64::MAX, u64::MAX), usage(1, 1));
        assert_eq!(unlimited, Ok(()));
    }

    #[test]
    fn shrinking_is_admitted_over_quota() {
        let quota = Quota {
            images: Some(0),
            bytes: Some(100),
        };
        assert_eq!(quota.admit_growth(90, 5, 15), Ok(()));
        let refused = quota.admit_growth(90, 5, 16).expect_err("a byte too many");
        assert_eq!((refused.resource, refused.actual), (Resource::Bytes, 101));
        assert_eq!(quota.admit_growth(500, 16, 16), Ok(()));
        assert_eq!(quota.admit_growth(500, 16, 0), Ok(()));
        assert_eq!(Quota::default().admit_growth(u64::MAX, 0, 9), Ok(()));
    }

    #[test]
    fn a_claim_overrides_the_deployment_member_by_member() {
        let deployment = Quota {
            images: Some(10),
            bytes: None,
        };
        let check = |json: &str, images, bytes| {
            let claim: QuotaClaim = serde_json::from_str(json).expect(json);
            assert_eq!(claim.over(deployment), Quota { images, bytes }, "{json}");
            let printed = serde_json::to_string(&claim).expect("prints");
            let again: QuotaClaim = serde_json::from_str(&printed).expect("parses");
            assert_eq!(again, claim, "{printed}");
        };
        check("{}", Some(10), None);
        check(r#"{"images":null}"#, None, None);
        check(r#"{"images":0,"bytes":5}"#, Some(0), Some(5));
        check(
            r#"{"bytes":18446744073709551615}"#,
            Some(10),
            Some(u64::MAX),
        );
    }

    #[test]
    fn a_claim_that_is_not_understood_is_refused() {
        for json in [
            r#"{"byte":1}"#,
            r#"{"bytes":-1}"#,
            r#"{"bytes":1.5}"#,
            r#"{"bytes":"1"}"#,
            r#"{"bytes":1,"bytes":2}"#,
            "5",
        ] {
            assert!(serde_json::from_str::<QuotaClaim>(json).is_err(), "{json}");
        }
    }

    fn limit() -> impl proptest::strategy::Strategy<Value = Limit> {
        use proptest::prelude::*;
        prop_oneof![
            Just(Limit::Inherited),
            any::<Option<u64>>().prop_map(Limit::Chosen)
        ]
    }

    proptest::proptest! {
        #[test]
        fn reading_a_claim_is_the_inverse_of_printing(images in limit(), bytes in limit()) {
            let claim = QuotaClaim { images, bytes };
            let printed = serde_json::to_string(&claim).expect("prints");
            let read: QuotaClaim = serde_json::from_str(&printed).expect("reads");
            proptest::prop_assert_eq!(read, claim);
        }

        #[test]
        fn no_claim_panics(text in r#"\{?("(images|bytes)":[0-9a-z.-]{0,22},?){0,3}\}?"#) {
            let _ = serde_json::from_str::<QuotaClaim>(&text);
        }
    }
}

//! Quotas: how much an owner may keep. Pure.
//!
//! Bytes are counted by image: each counts in full, also where its content is that
//! of another and stored once. Tags and metadata count with it, and so does what is kept of
//! an owner's requests after their images are gone.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many images.
    pub images: u64,
    /// The sum of their sizes, and what is kept besides.
    pub bytes: u64,
}

/// The most that an owner may keep; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// How many images.
    pub images: Option<u64>,
    /// The sum of their sizes.
    pub bytes: Option<u64>,
}

/// What of an owner's is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// How many images.
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

/// More would be kept than the quota allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the owner may keep {limit} {}; this would make it {actual}", .resource.as_str())]
pub struct QuotaExceeded {
    /// What there would be too much of.
    pub resource: Resource,
    /// The most that is allowed.
    pub limit: u64,
    /// What there would be.
    pub actual: u64,
}

impl Quota {
    /// Whether nothing is limited.
    pub fn is_unlimited(self) -> bool {
        self == Self::default()
    }

    /// Whether `added` may come to what is `kept`.
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

    /// Whether something may grow that has `before` of the `kept` bytes, to `after`. What
    /// does not grow always may.
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

/// What a token says of its owner's quota: a JSON object with the members `images`
/// and `bytes`. One that is not there is as the deployment has it, `null` is no
/// limit, and 0 allows nothing. An unknown member is an error: a limit that is not
/// understood must not be passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuotaClaim {
    /// How many images.
    #[serde(skip_serializing_if = "Limit::is_inherited")]
    pub images: Limit,
    /// The sum of their sizes.
    #[serde(skip_serializing_if = "Limit::is_inherited")]
    pub bytes: Limit,
}

impl QuotaClaim {
    /// The quota, where the deployment's is this.
    pub fn over(self, deployment: Quota) -> Quota {
        Quota {
            images: self.images.over(deployment.images),
            bytes: self.bytes.over(deployment.bytes),
        }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A member of a [`QuotaClaim`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    /// Not there.
    #[default]
    Inherited,
    /// A number, or `null`.
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
    fn what_fits_exactly_is_admitted_and_no_byte_more() {
        let quota = Quota {
            images: Some(3),
            bytes: Some(100),
        };
        let check = |kept, added, expect: Result<(), (Resource, u64)>| {
            let told = quota.admit(kept, added);
            let told = told.map_err(|refused| (refused.resource, refused.actual));
            assert_eq!(told, expect, "{kept:?} and {added:?}");
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
    fn what_does_not_grow_is_not_held_to_a_quota() {
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
    fn a_claim_goes_before_the_deployment_member_by_member() {
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

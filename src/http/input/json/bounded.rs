//! Lists and objects with a maximum number of members. Deserializing stops at the first member
//! that exceeds it, so that members are counted before they are stored, compared or inspected.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Expected, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A list of at most `MOST` elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T, const MOST: usize>(pub(crate) Vec<T>);

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T, const MOST: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Elements<T, MOST> {
            type Value = List<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MOST} elements")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
                let mut elements = Vec::new();
                while elements.len() < MOST {
                    match list.next_element()? {
                        Some(element) => elements.push(element),
                        None => return Ok(List(elements)),
                    }
                }
                match list.next_element::<IgnoredAny>()? {
                    None => Ok(List(elements)),
                    Some(_) => Err(too_many(&self)),
                }
            }
        }
        deserializer.deserialize_seq(Elements(PhantomData))
    }
}

/// An object with arbitrary names: at most `MOST` members, without duplicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Members<T, const MOST: usize>(pub(crate) BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Members<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once<T, const MOST: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Once<T, MOST> {
            type Value = Members<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object of at most {MOST} members")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if members.len() == MOST {
                        return Err(too_many(&self));
                    }
                    let value = map.next_value()?;
                    if members.contains_key(&name) {
                        let duplicate = format!("duplicate name {name:?}");
                        return Err(Error::custom(duplicate));
                    }
                    members.insert(name, value);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Once(PhantomData))
    }
}

fn too_many<E: Error>(expected: &dyn Expected) -> E {
    E::custom(format_args!("expected {expected}"))
}

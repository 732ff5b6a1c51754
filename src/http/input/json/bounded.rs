//! Lists and objects with a maximum number of members. Deserializing stops at the first member
//! that exceeds it, so that members are counted before they are stored, compared or inspected.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Expected, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A list of at most `MAX` elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T, const MAX: usize>(pub(crate) Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Elements<T, MAX> {
            type Value = List<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MAX} elements")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
                let mut elements = Vec::new();
                while elements.len() < MAX {
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

/// An object with arbitrary names: at most `MAX` members, without duplicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Members<T, const MAX: usize>(pub(crate) BTreeMap<String, T>);

impl<T, const MAX: usize> Default for Members<T, MAX> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Members<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Once<T, MAX> {
            type Value = Members<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object of at most {MAX} members")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if members.len() == MAX {
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

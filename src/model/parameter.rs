//! The value of a parameter that is given in JSON.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// The value of a parameter of a transform as JSON has it: a string, or a number, which stands
/// for its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterValue(pub String);

impl<'de> Deserialize<'de> for ParameterValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = ParameterValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a number")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ParameterValue, E> {
                Ok(ParameterValue(text.to_owned()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<ParameterValue, E> {
                Ok(ParameterValue(number.to_string()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<ParameterValue, E> {
                Ok(ParameterValue(number.to_string()))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<ParameterValue, E> {
                Ok(ParameterValue(number.to_string()))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_numbers_are_values() {
        for (json, text) in [
            ("\"cover\"", Some("cover")),
            ("300", Some("300")),
            ("1.5", Some("1.5")),
            ("2.0", Some("2")),
            ("-1", Some("-1")),
            ("true", None),
            ("null", None),
            ("[1]", None),
        ] {
            let value = serde_json::from_str::<ParameterValue>(json).ok();
            assert_eq!(value.map(|value| value.0).as_deref(), text, "{json}");
        }
    }
}

//! Transforms that a deployment gives names to.

use std::collections::BTreeMap;

use crate::error::ParseError;
use crate::parameters::{self, NAMES};
use crate::transform::Transform;

/// The presets of a deployment: names, and the parameters that each stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presets(BTreeMap<String, Preset>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Preset {
    parameters: Vec<(String, String)>,
    transform: Transform,
}

impl Presets {
    /// Adds a preset, in place of one of the same name.
    ///
    /// # Errors
    /// [`ParseError::PresetName`] for its name, and [`ParseError::Preset`] if its parameters are
    /// not a transform. Here unknown names are refused, and so is `preset`.
    pub fn insert<'a>(
        &mut self,
        name: &str,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), ParseError> {
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=64).contains(&name.len()) || !name.bytes().all(valid) {
            return Err(ParseError::PresetName);
        }
        let pairs: Vec<_> = pairs.into_iter().collect();
        let preset = check(&pairs).map_err(|reason| ParseError::Preset {
            name: name.to_owned(),
            reason: Box::new(reason),
        })?;
        self.0.insert(name.to_owned(), preset);
        Ok(())
    }

    /// The names, sorted, and what each stands for.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Transform)> {
        let presets = self.0.iter();
        presets.map(|(name, preset)| (name.as_str(), preset.transform))
    }

    /// The transform of this name.
    pub fn get(&self, name: &str) -> Option<Transform> {
        self.0.get(name).map(|preset| preset.transform)
    }

    /// The parameters of a preset, as they are configured.
    pub(crate) fn parameters(&self, name: &str) -> Option<impl Iterator<Item = (&str, &str)>> {
        let parameters = self.0.get(name)?.parameters.iter();
        Some(parameters.map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

fn check(pairs: &[(&str, &str)]) -> Result<Preset, ParseError> {
    let unknown = |name: &str| name == "preset" || !NAMES.contains(&name);
    if let Some((name, _)) = pairs.iter().find(|(name, _)| unknown(name)) {
        let parameter = (*name).to_owned();
        return Err(ParseError::UnknownInPreset { parameter });
    }
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Ok(Preset {
        parameters: pairs.iter().map(owned).collect(),
        transform: parameters::transform(pairs.iter().copied())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;

    fn presets() -> Presets {
        let mut presets = Presets::default();
        let avatar = [("w", "96"), ("h", "96"), ("fit", "cover"), ("q", "70")];
        presets.insert("avatar", avatar).expect("a preset");
        presets
            .insert("big", [("w", "800"), ("dpr", "2")])
            .expect("a preset");
        presets
    }

    #[test]
    fn a_preset_stands_for_its_parameters() {
        for (query, canonical) in [
            (&[("preset", "avatar")][..], "w=96&h=96&fit=cover&q=70"),
            (&[("preset", "big")], "w=1600"),
            (&[("preset", "big"), ("dpr", "1")], "w=800"),
            (
                &[
                    ("format", "webp"),
                    ("dpr", "2"),
                    ("preset", "avatar"),
                    ("q", "50"),
                ],
                "w=192&h=192&fit=cover&format=webp&q=50",
            ),
        ] {
            let request = Request::parse(query.iter().copied(), &presets()).expect("a request");
            assert_eq!(request.transform.to_string(), canonical);
            assert!(request.preset.is_some());
        }
    }

    #[test]
    fn what_stands_beside_a_preset_may_be_rounded_up() {
        for (beside, canonical) in [
            (&[][..], "w=96&h=96&fit=cover&q=70"),
            (&[("dpr", "1.01")], "w=144&h=144&fit=cover&q=70"),
            (&[("dpr", "1.5")], "w=144&h=144&fit=cover&q=70"),
            (&[("dpr", "3.000001")], "w=384&h=384&fit=cover&q=70"),
            (&[("q", "1")], "w=96&h=96&fit=cover&q=10"),
            (&[("q", "60")], "w=96&h=96&fit=cover&q=60"),
            (&[("q", "91"), ("dpr", "4")], "w=384&h=384&fit=cover&q=100"),
        ] {
            let pairs = beside.iter().copied().chain([("preset", "avatar")]);
            let request = Request::parse_rounded(pairs, &presets()).expect("a request");
            assert_eq!(request.transform.to_string(), canonical, "{beside:?}");
        }
        for wrong in [
            ("dpr", "0.9"),
            ("dpr", "5"),
            ("q", "0"),
            ("q", "101"),
            ("w", "5"),
        ] {
            let pairs = [("preset", "avatar"), wrong];
            let exact = Request::parse(pairs, &presets());
            assert!(exact.is_err() && Request::parse_rounded(pairs, &presets()) == exact);
        }
        // Nothing else is, and neither is what a preset says.
        let pairs = [("w", "33"), ("dpr", "1.01"), ("q", "91")];
        let exact = Request::parse(pairs, &presets());
        assert_eq!(Request::parse_rounded(pairs, &presets()), exact);
        let ratios: Vec<_> = crate::RATIOS
            .into_iter()
            .map(crate::Decimal::parse)
            .collect();
        assert!(ratios.is_sorted() && ratios.iter().all(Option::is_some));
    }

    #[test]
    fn only_ratio_format_and_quality_stand_beside_a_preset() {
        for parameter in NAMES {
            let query = [("preset", "avatar"), (parameter, "1")];
            let error = Request::parse(query, &presets()).err();
            match parameter {
                "dpr" | "q" => assert_eq!(error, None),
                "format" => assert!(matches!(error, Some(ParseError::Value { .. }))),
                "preset" => assert_eq!(error, Some(ParseError::Repeated { parameter })),
                _ => assert_eq!(error, Some(ParseError::BesidePreset { parameter })),
            }
        }
        let unknown = Request::parse([("preset", "Avatar")], &presets());
        assert_eq!(unknown, Err(ParseError::UnknownPreset));
    }

    #[test]
    fn a_wrong_preset_is_refused_when_it_is_configured() {
        let insert = |name: &str, pair| {
            let error = Presets::default().insert(name, [pair]).expect_err("wrong");
            error.to_string()
        };
        assert!(insert("a", ("width", "5")).contains("`width` does not exist"));
        assert!(insert("a", ("preset", "b")).contains("`preset`"));
        assert!(insert("thumb", ("w", "0")).starts_with("the preset `thumb` is not valid: "));
        for name in ["", "a b", "ä", "a/b", &"a".repeat(65)] {
            assert!(insert(name, ("w", "5")).starts_with("the name of a preset"));
        }
    }
}

//! The variables of derived images: what may be requested, and what it may cost.

use std::fmt;

use darkroom_transform::{Ladder, Presets};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::values::{Values, refuse};
use super::{SettingsError, Variable};
use crate::model::parameter_text;

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "derive",
        "on",
        "off",
        "`off` serves originals only: a request for a derived image is answered with 501, as it is \
         where the component that derives is missing",
    ),
    Variable::new(
        "presets",
        "",
        r#"{"thumb":{"w":96,"h":96,"fit":"cover"}}"#,
        "Transforms with names, as JSON: an object of names, and for each an object of parameters",
    ),
    Variable::new(
        "transform_policy",
        "signed",
        "presets",
        "Who may request which transforms: `signed` (any with a token or in a signed URL; only \
         presets without), `presets` (only presets) or `any`",
    ),
    Variable::new(
        "width_ladder",
        "16,32,48,64,96,128,256,384,640,750,828,1080,1200,1920,2048,3840",
        "320,640,1280,2560",
        "Comma-separated widths in pixels for the `srcset` of pages, which `GET /v1/limits` shows \
         (up to 64). The default has those of Next.js",
    ),
    Variable::new(
        "snap_widths",
        "off",
        "on",
        "`on` raises the width of a requested image to the next one of `width_ladder`, so that \
         few derived images are made and stored, whatever clients ask for",
    ),
    Variable::new(
        "max_derived_side",
        "8192",
        "4096",
        "Maximum width and height of derived images (up to 16384)",
    ),
    Variable::new(
        "max_derive_pixels",
        "100000000",
        "50000000",
        "Maximum number of pixels that an image may be derived from: width times height times \
         frames",
    ),
    Variable::new(
        "max_derivations",
        "4",
        "2",
        "Maximum number of images that an instance derives at the same time (up to 64). Others \
         wait in turn, and are answered with 503 where too many wait",
    ),
    Variable::new(
        "derived_bytes",
        "1073741824",
        "10737418240",
        "Maximum total size of derived images that are stored. The least recently used make room \
         for others; 0 means no limit",
    ),
    Variable::new(
        "placeholders",
        "derived",
        "upload",
        "When the `placeholder` of an image is made: `derived` (when an image is first derived from \
         it, at almost no cost), `upload` (right after its upload, by another component) or `off`",
    ),
    Variable::new(
        "eager_presets",
        "",
        "thumb",
        "Comma-separated presets that are derived right after each upload",
    ),
];

/// Derived images.
#[derive(Clone, Debug)]
pub struct Derived {
    /// Whether images are derived at all.
    pub is_on: bool,
    /// The transforms that have names.
    pub presets: Presets,
    /// Who may request which transforms.
    pub policy: TransformPolicy,
    /// The widths for pages, of those that `max_side` allows.
    pub ladder: Ladder,
    /// Whether requested widths are raised to the next one of the ladder.
    pub snaps: bool,
    /// The longest side of a derived image, in pixels.
    pub max_side: u32,
    /// The most pixels that an image may be derived from: width times height times frames.
    pub max_pixels: u64,
    /// The most derivations of an instance at a time.
    pub max_derivations: usize,
    /// The most bytes of all stored variants; `None` without a limit.
    pub max_bytes: Option<u64>,
    /// The presets that are derived after each upload.
    pub eager: Vec<String>,
    /// When placeholders are made.
    pub placeholders: Placeholders,
}

/// When placeholders are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholders {
    /// Never.
    Off,
    /// With the first derivation from an image, which decodes it anyway: uploads cost nothing.
    Derived,
    /// Right after each upload, too.
    Upload,
}

impl Placeholders {
    const WORDS: [(&'static str, Self); 3] = [
        ("off", Self::Off),
        ("derived", Self::Derived),
        ("upload", Self::Upload),
    ];
}

/// Who may request which transforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransformPolicy {
    /// Callers with a token or a signed URL any, others presets.
    Signed,
    /// Everybody presets only.
    Presets,
    /// Everybody any.
    Any,
}

impl TransformPolicy {
    const WORDS: [(&'static str, Self); 3] = [
        ("signed", Self::Signed),
        ("presets", Self::Presets),
        ("any", Self::Any),
    ];

    /// The word in the variable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Presets => "presets",
            Self::Any => "any",
        }
    }
}

impl Derived {
    pub(super) fn read(values: &Values) -> Result<Self, SettingsError> {
        let presets = presets(values, "presets")?;
        let bytes = values.number("derived_bytes", 0..=1 << 60)?;
        let max_side = values.small_number("max_derived_side", 1..=16_384)?;
        Ok(Self {
            is_on: values.word("derive", &[("on", true), ("off", false)])?,
            eager: eager(values, "eager_presets", &presets)?,
            presets,
            placeholders: values.word("placeholders", &Placeholders::WORDS)?,
            policy: values.word("transform_policy", &TransformPolicy::WORDS)?,
            ladder: ladder(values, "width_ladder")?.within(max_side),
            snaps: values.word("snap_widths", &[("off", false), ("on", true)])?,
            max_side,
            max_pixels: values.number("max_derive_pixels", 1..=1 << 40)?,
            max_derivations: usize::try_from(values.small_number("max_derivations", 1..=64)?)
                .unwrap_or(1),
            max_bytes: Some(bytes).filter(|bytes| *bytes > 0),
        })
    }
}

/// The members of a JSON object in their order. A name that occurs twice is there twice.
struct Pairs<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self(Vec::new()))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
    type Value = Self;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Self, A::Error> {
        while let Some(member) = members.next_entry()? {
            self.0.push(member);
        }
        Ok(self)
    }
}

fn presets(values: &Values, variable: &'static str) -> Result<Presets, SettingsError> {
    let mut presets = Presets::default();
    let Some(json) = values.get(variable) else {
        return Ok(presets);
    };
    let must = "must be a JSON object of names, and for each an object of parameters, which are \
                strings or numbers";
    let parsed: Pairs<Pairs<Value>> =
        serde_json::from_str(json).map_err(|error| refuse(variable, format!("{must}: {error}")))?;
    for (name, parameters) in &parsed.0 {
        if presets.get(name).is_some() {
            let reason = format!("must have each name once, but has {name:?} twice");
            return Err(refuse(variable, reason));
        }
        let parameters = parameters.0.iter();
        let texts = parameters.map(|(name, value)| Some((name.as_str(), parameter_text(value)?)));
        let texts: Option<Vec<(&str, String)>> = texts.collect();
        let texts = texts.ok_or_else(|| refuse(variable, must))?;
        let pairs = texts.iter().map(|(name, value)| (*name, value.as_str()));
        presets
            .insert(name, pairs)
            .map_err(|error| refuse(variable, format!("cannot be used: {error}")))?;
    }
    Ok(presets)
}

/// The longest ladder. Each step may become a variant of every image.
const MAX_STEPS: usize = 64;

fn ladder(values: &Values, variable: &'static str) -> Result<Ladder, SettingsError> {
    let list = values.list(variable).take(MAX_STEPS + 1);
    let widths = list.map(|width| width.parse::<u32>().ok());
    let widths: Option<Vec<u32>> = widths.collect();
    let widths = widths.filter(|widths| widths.len() <= MAX_STEPS);
    widths.and_then(Ladder::new).ok_or_else(|| {
        let must = format!("must be a list of 1 to {MAX_STEPS} widths from 1 pixel");
        refuse(variable, format!("{must}, not {:?}", values.text(variable)))
    })
}

fn eager(
    values: &Values,
    variable: &'static str,
    presets: &Presets,
) -> Result<Vec<String>, SettingsError> {
    let mut names: Vec<String> = Vec::new();
    for name in values.list(variable) {
        if presets.get(name).is_none() {
            let must = "must be a list of names in the variable presets";
            return Err(refuse(variable, format!("{must}, but contains {name:?}")));
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

//! What can be wrong with a transform.

/// Why parameters are not a transform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A value is not one of those that its parameter has.
    #[error("the parameter `{parameter}` must be {expected}")]
    Value {
        /// The parameter.
        parameter: &'static str,
        /// What was expected, as the end of a sentence.
        expected: &'static str,
    },
    /// A parameter is there twice.
    #[error("the parameter `{parameter}` is given more than once")]
    Repeated {
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter does not go with `preset`.
    #[error(
        "the parameter `{parameter}` cannot be combined with `preset`; only `dpr`, `format` and \
         `q` can"
    )]
    BesidePreset {
        /// The parameter.
        parameter: &'static str,
    },
    /// `fit` without a box.
    #[error("the parameter `fit` needs `w`, `h` or both")]
    FitWithoutBox,
    /// There is no preset of this name.
    #[error("the parameter `preset` must be the name of a preset of this deployment")]
    UnknownPreset,
    /// A preset, as it is configured, has a name that is not one.
    #[error(
        "the name of a preset must have 1 to 64 characters, of ASCII letters, digits, `-` and `_`"
    )]
    PresetName,
    /// A preset, as it is configured, has a parameter that does not exist.
    #[error("the parameter `{parameter}` does not exist, or not in a preset")]
    UnknownInPreset {
        /// The parameter, as it is configured.
        parameter: String,
    },
    /// A preset, as it is configured, is not a transform.
    #[error("the preset `{name}` is not valid: {reason}")]
    Preset {
        /// The preset.
        name: String,
        /// What is wrong with it.
        reason: Box<ParseError>,
    },
    /// A canonical text is not one.
    #[error("a transform must consist of known parameters as `name=value`, separated by `&`")]
    Text,
}

impl ParseError {
    /// The parameter that is wrong.
    pub fn parameter(&self) -> Option<&str> {
        match self {
            ParseError::Value { parameter, .. }
            | ParseError::Repeated { parameter }
            | ParseError::BesidePreset { parameter } => Some(parameter),
            ParseError::FitWithoutBox => Some("fit"),
            ParseError::UnknownPreset => Some("preset"),
            ParseError::UnknownInPreset { parameter } => Some(parameter),
            ParseError::Preset { reason, .. } => reason.parameter(),
            ParseError::PresetName | ParseError::Text => None,
        }
    }
}

/// Why a transform cannot be applied to a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// `crop` has nothing in common with the picture.
    #[error("the parameter `crop` must overlap the image, which has {width}×{height} pixels")]
    CropOutside {
        /// The width of the upright picture.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// The result would be too large.
    #[error("the result must have sides of at most {limit} pixels, not {actual}")]
    TooLarge {
        /// The longest side that is allowed.
        limit: u32,
        /// The longer side of the result.
        actual: u64,
    },
}

//! The variables that decide which images are accepted, and what is stored of them.

use super::values::{Values, refuse};
use super::{SettingsError, Variable};
use crate::media::{Policy, Strip, Trailing};
use crate::model::Kind;

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "accepted_types",
        "jpeg,png,gif,webp,avif",
        "jpeg,png",
        "Comma-separated image types that are accepted",
    ),
    Variable::new(
        "max_pixels",
        "50000000",
        "24000000",
        "Maximum image area: width times height",
    ),
    Variable::new(
        "max_width",
        "65535",
        "10000",
        "Maximum width in pixels, before orientation",
    ),
    Variable::new(
        "max_height",
        "65535",
        "10000",
        "Maximum height in pixels, before orientation",
    ),
    Variable::new(
        "max_frames",
        "1000",
        "100",
        "Maximum number of frames in an animation (up to 10000)",
    ),
    Variable::new(
        "max_metadata_bytes",
        "1048576",
        "262144",
        "Maximum size of one piece of metadata (65536 to 16777216)",
    ),
    Variable::new(
        "strip_metadata",
        "gps",
        "all",
        "Metadata to remove: `gps` (places, makers' notes, thumbnails), `all` (all but \
         orientation and colours) or `none`",
    ),
    Variable::new(
        "trailing_data",
        "strip",
        "reject",
        "What to do with bytes after an image's end: `strip` (cut them off) or `reject`",
    ),
];

const MAX_SIDE: u64 = 0x7FFF_FFFF;

pub(super) fn read(values: &Values) -> Result<Policy, SettingsError> {
    Ok(Policy {
        accepted: kinds(values, "accepted_types")?,
        max_pixels: values.number("max_pixels", 1..=1 << 40)?,
        max_width: values.small_number("max_width", 1..=MAX_SIDE)?,
        max_height: values.small_number("max_height", 1..=MAX_SIDE)?,
        max_frames: values.small_number("max_frames", 1..=10_000)?,
        max_metadata_bytes: values.number("max_metadata_bytes", 65_536..=16 << 20)?,
        strip: values.word(
            "strip_metadata",
            &[
                ("gps", Some(Strip::Location)),
                ("all", Some(Strip::All)),
                ("none", None),
            ],
        )?,
        trailing: values.word(
            "trailing_data",
            &[("strip", Trailing::Cut), ("reject", Trailing::Reject)],
        )?,
    })
}

fn kinds(values: &Values, variable: &'static str) -> Result<Vec<Kind>, SettingsError> {
    let mut kinds = Vec::new();
    for word in values.list(variable) {
        let kind = Kind::from_name(word).ok_or_else(|| {
            let known = Kind::ALL.map(Kind::name).join(", ");
            let reason = format!("must be a list of image types ({known}), but contains {word:?}");
            refuse(variable, reason)
        })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() {
        return Err(refuse(variable, "must contain at least one type"));
    }
    Ok(kinds)
}

/// The policy when no variable is set.
#[cfg(any(test, feature = "fuzzing"))]
impl Default for Policy {
    fn default() -> Self {
        read(&Values(&std::collections::BTreeMap::new())).expect("the defaults are valid")
    }
}

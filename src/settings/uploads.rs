//! The variables that limit uploads, whatever their content.

use super::values::Values;
use super::{SettingsError, Variable};
use crate::model::Quota;

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "max_upload_bytes",
        "26214400",
        "10485760",
        "Maximum file size in bytes",
    ),
    Variable::new(
        "max_upload_seconds",
        "21600",
        "3600",
        "Maximum duration of an upload. Remains of an upload that crashed are cleaned up after \
         that",
    ),
    Variable::new(
        "max_upload_idle_seconds",
        "21600",
        "3600",
        "How long a resumable upload may receive nothing before it expires. It expires after \
         `max_upload_seconds` in any case",
    ),
    Variable::new(
        "quota_images",
        "0",
        "1000",
        "Maximum number of images that an owner may keep, unless the token says otherwise; 0 \
         means no limit",
    ),
    Variable::new(
        "quota_bytes",
        "0",
        "5000000000",
        "Maximum number of bytes that an owner may keep, unless the token says otherwise; 0 \
         means no limit",
    ),
];

/// The limits of uploads.
#[derive(Clone, Debug)]
pub struct Uploads {
    /// The largest file in bytes.
    pub max_bytes: u64,
    /// The longest duration of an upload in seconds.
    pub max_seconds: u64,
    /// How long a resumable upload may receive nothing, in seconds.
    pub max_idle_seconds: u64,
    /// The most that an owner may keep, unless the token sets another limit.
    pub quota: Quota,
}

impl Uploads {
    pub(super) fn read(values: &Values) -> Result<Self, SettingsError> {
        Ok(Self {
            max_bytes: values.number("max_upload_bytes", 1..=1 << 40)?,
            max_seconds: values.number("max_upload_seconds", 1..=604_800)?,
            max_idle_seconds: values.number("max_upload_idle_seconds", 1..=604_800)?,
            quota: Quota {
                images: quota(values, "quota_images")?,
                bytes: quota(values, "quota_bytes")?,
            },
        })
    }
}

/// Reads a limit, of which 0 means that there is none.
fn quota(values: &Values, variable: &'static str) -> Result<Option<u64>, SettingsError> {
    let limit = values.number(variable, 0..=1 << 60)?;
    Ok(Some(limit).filter(|limit| *limit > 0))
}

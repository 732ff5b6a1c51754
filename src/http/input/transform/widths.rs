//! One transform in several widths, for a `srcset`.

use darkroom_transform::PlanError;
use serde::Deserialize;

use super::{Described, Parameters, checked, given};
use crate::http::app::App;
use crate::http::input::json::{self, List};
use crate::http::reply::problem::Problem;

/// The maximum number of widths of a link.
pub(crate) const MAX_WIDTHS: usize = 32;
/// No image has a side that is longer.
const MAX_WIDTH: u64 = 1_000_000_000;

/// Widths in JSON.
pub(crate) type Widths = List<Width, MAX_WIDTHS>;

/// A width in pixels.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Width(#[serde(deserialize_with = "json::whole")] u64);

/// Checks the member `widths` of a request beside `transform` and `preset`, and returns for each
/// width what [`super::of_json`] returns. `w` and `h` of the transform give the ratio of the box.
pub(crate) fn of_json(
    app: &App,
    transform: Option<&Parameters>,
    preset: Option<&str>,
    List(widths): &Widths,
) -> Result<Vec<Described>, Problem> {
    let refuse = |detail: &str| Problem::bad_request(detail).with("field", "widths");
    if widths.is_empty() {
        return Err(refuse("widths must have at least one width"));
    }
    if preset.is_some() {
        return Err(refuse("widths cannot be combined with preset"));
    }
    let pairs = given(transform, None)?;
    let side = |name: &str| {
        let pair = pairs.iter().find(|(other, _)| *other == name);
        pair.and_then(|(_, value)| value.parse::<u64>().ok())
    };
    let has = |name: &str| pairs.iter().any(|(other, _)| *other == name);
    if has("dpr") {
        return Err(refuse("widths cannot be combined with dpr in transform"));
    }
    if has("h") && !has("w") {
        return Err(refuse("widths need w beside h in transform"));
    }
    let ratio = side("w").zip(side("h"));
    let mut all = Vec::new();
    for &Width(width) in widths {
        if !(1..=MAX_WIDTH).contains(&width) {
            return Err(refuse("widths must be a list of widths from 1 pixel"));
        }
        let derived = &app.settings.derived;
        if width > derived.max_side.into() && !derived.snaps {
            let (limit, actual) = (derived.max_side, width);
            return Err(PlanError::TooLarge { limit, actual }.into());
        }
        let height = ratio.map(|(w, h)| scaled(h, width, w));
        let others = pairs.iter().filter(|(name, _)| !["w", "h"].contains(name));
        let mut pairs = others.cloned().collect::<Vec<_>>();
        pairs.push(("w", width.to_string()));
        pairs.extend(height.map(|height| ("h", height.to_string())));
        all.push(checked(app, &pairs)?);
    }
    Ok(all)
}

/// `height × width / of`, rounded, at least 1 and at most [`MAX_WIDTH`].
fn scaled(height: u64, width: u64, of: u64) -> u64 {
    let (height, of) = (height.min(MAX_WIDTH), of.max(1));
    let doubled = u128::from(height) * u128::from(width) * 2 + u128::from(of);
    let rounded = doubled / (u128::from(of) * 2);
    u64::try_from(rounded).map_or(MAX_WIDTH, |height| height.clamp(1, MAX_WIDTH))
}

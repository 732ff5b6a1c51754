//! The one text of a transform.

use std::fmt;
use std::str::FromStr;

use crate::error::ParseError;
use crate::format::FormatChoice;
use crate::gravity::Gravity;
use crate::parameters::{self, NAMES};
use crate::transform::{Fit, Size, Tone, Transform};

/// The canonical form: a query with the parameters in one order, without defaults. Empty for a
/// transform that does nothing.
impl fmt::Display for Transform {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut query = Query { out, empty: true };
        let (width, height) = self.size.map_or((None, None), Size::sides);
        let (flip, rotate) = self.turn.parameters();
        query.pair("w", width)?;
        query.pair("h", height)?;
        query.pair("fit", other(self.fit, Fit::default()).map(Fit::name))?;
        query.pair("gravity", other(self.gravity, Gravity::default()))?;
        query.pair("crop", self.crop)?;
        query.pair("rotate", rotate)?;
        query.pair("flip", flip)?;
        query.pair("blur", self.blur)?;
        query.pair("sharpen", self.sharpen)?;
        query.pair("background", self.background)?;
        query.pair(
            Tone::NAME,
            other(self.tone, Tone::default()).map(Tone::name),
        )?;
        query.pair("format", other(self.format, FormatChoice::default()))?;
        query.pair("q", self.quality)?;
        query.pair("anim", self.still.then_some(0))
    }
}

fn other<T: PartialEq>(value: T, default: T) -> Option<T> {
    (value != default).then_some(value)
}

struct Query<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
    empty: bool,
}

impl Query<'_, '_> {
    fn pair(&mut self, name: &str, value: Option<impl fmt::Display>) -> fmt::Result {
        let Some(value) = value else {
            return Ok(());
        };
        let separator = if self.empty { "" } else { "&" };
        self.empty = false;
        write!(self.out, "{separator}{name}={value}")
    }
}

/// Reads what [`Display`](fmt::Display) writes, and any other spelling without `preset`. Unlike
/// in requests, `tone` may stand here.
impl FromStr for Transform {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (mut pairs, mut tone) = (Vec::new(), None);
        for pair in text.split('&').filter(|_| !text.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(ParseError::Text)?;
            if name == Tone::NAME && tone.is_none() {
                tone = Some(Tone::parse(value).ok_or(ParseError::Text)?);
                continue;
            }
            if name == "preset" || !NAMES.contains(&name) {
                return Err(ParseError::Text);
            }
            pairs.push((name, value.replace("%25", "%").replace("%2C", ",")));
        }
        let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
        Ok(Transform {
            tone: tone.unwrap_or_default(),
            ..parameters::transform(pairs)?
        })
    }
}

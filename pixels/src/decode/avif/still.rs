//! A still: the primary item.

use super::Display;
use super::boxes::malformed;
use super::compose::{Parts, compose};
use super::layer::{Layer, Tiling};
use super::meta::Meta;
use super::property::{Colours, Property};
use crate::decode::{Decoder, Info, Wanted, budget, shrink};
use crate::{Error, Frame, Limits, Pause};

pub(super) struct Still<'a> {
    meta: Meta<'a>,
    info: Info,
    limits: Limits,
    colour: Tiling,
    alpha: Option<(Tiling, bool)>,
    colours: Colours,
    premultiplied: bool,
    part: [u32; 4],
    given: bool,
}

pub(super) fn open<'a>(
    content: &'a [u8],
    source: &'a [u8],
    limits: &Limits,
) -> Result<Still<'a>, Error> {
    let meta = Meta::read(content, source)?;
    let mut item = meta.primary;
    // A tone-mapped picture is shown as the picture that it is derived from first.
    if &meta.kind(item) == b"tmap" {
        item = *meta
            .referred(b"dimg", item)
            .first()
            .ok_or(malformed("a derived picture has no parts"))?;
    }
    let colour = Tiling::of(&meta, item)?;
    budget::check(colour.size.0, colour.size.1, 1, limits)?;
    let display = Display::new(meta.properties(item));
    let alpha = match alpha(&meta, item) {
        Some(item) => Some(Tiling::of(&meta, item)?),
        None => colour.alpha(&meta, alpha)?,
    };
    let alpha = alpha.map(|tiling| {
        budget::check(tiling.size.0, tiling.size.1, 1, limits)?;
        let range = Display::new(meta.properties(tiling.first()))
            .colours(&meta.bytes(tiling.first())?)
            .full_range;
        Ok::<_, Error>((tiling, range))
    });
    let alpha = alpha.transpose()?;
    let memory = alpha.as_ref().map_or(0, |(tiling, _)| tiling.memory());
    budget::check_memory(memory.saturating_add(colour.memory()), limits)?;
    let colours = display.colours(&meta.bytes(colour.first())?);
    let part = display.part(colour.size);
    let info = Info {
        has_alpha: alpha.is_some(),
        ..display.info(part, &colours)
    };
    // The picture says so, or each of its tiles.
    let premultiplied = [item, colour.first()]
        .iter()
        .any(|item| !meta.referred(b"prem", *item).is_empty());
    Ok(Still {
        meta,
        info,
        limits: *limits,
        colour,
        alpha,
        colours,
        premultiplied,
        part,
        given: false,
    })
}

/// The item that is the alpha of an item.
fn alpha(meta: &Meta<'_>, item: u32) -> Option<u32> {
    const ALPHA: [&[u8]; 2] = [
        b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
        b"urn:mpeg:hevc:2015:auxid:1",
    ];
    let is_alpha = |property: &Property<'_>| matches!(property, Property::Auxiliary(name) if ALPHA.contains(name));
    meta.referring(b"auxl", item)
        .find(|item| meta.properties(*item).any(is_alpha))
}

impl Decoder for Still<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn next_frame(&mut self, wanted: &Wanted, pause: &dyn Pause) -> Result<Option<Frame>, Error> {
        if std::mem::replace(&mut self.given, true) {
            return Ok(None);
        }
        let alpha = self.alpha.as_ref();
        let parts = Parts {
            colour: Layer::of_items(&self.meta, &self.colour, &self.limits),
            alpha: alpha.map(|(tiling, _)| Layer::of_items(&self.meta, tiling, &self.limits)),
            colours: self.colours,
            full_alpha: alpha.is_none_or(|(_, full_range)| *full_range),
            premultiplied: self.premultiplied,
            part: self.part,
        };
        let shrink = shrink::factor((self.info.width, self.info.height), wanted.at_least);
        let image = compose(parts, shrink, &self.limits, pause)?;
        Ok(Some(Frame {
            image,
            shrink: shrink.into(),
            delay: 0,
        }))
    }
}

//! The rows of a picture that is coded whole or in tiles, of its colours or of its alpha.

use super::av1::{Av1, Planes, Scratch};
use super::boxes::{MISSING, SHORT, malformed};
use super::meta::Meta;
use super::property::{Configuration, Property};
use crate::decode::reader::Reader;
use crate::{Error, Limits, Pause};

/// How a picture is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tiling {
    pub(super) size: (u32, u32),
    tile: (u32, u32),
    /// The items of its tiles, row by row, and how many are in a row.
    items: Vec<u32>,
    columns: u32,
    /// How the samples of the first tile are coded.
    pub(super) configuration: Configuration,
}

impl Tiling {
    /// How an item is coded (ISO/IEC 23008-12 §6.6.2.3).
    pub(super) fn of(meta: &Meta<'_>, item: u32) -> Result<Self, Error> {
        let size = size(meta, item)?;
        match &meta.kind(item) {
            b"av01" => Ok(Self {
                size,
                tile: size,
                items: vec![item],
                columns: 1,
                configuration: configuration(meta, item)?,
            }),
            b"grid" => Self::of_grid(meta, item, size),
            _ => Err(Error::Unsupported {
                feature: "an AVIF whose picture is derived from others",
            }),
        }
    }

    fn of_grid(meta: &Meta<'_>, item: u32, size: (u32, u32)) -> Result<Self, Error> {
        let bytes = meta.bytes(item)?;
        let mut reader = Reader::new(&bytes);
        let [_, flags, rows, columns] = reader.array().ok_or(SHORT)?;
        let mut side = || {
            if flags & 1 == 1 {
                reader.u32_be()
            } else {
                reader.u16_be().map(u32::from)
            }
        };
        let stated = side().zip(side()).ok_or(SHORT)?;
        let (rows, columns) = (u32::from(rows) + 1, u32::from(columns) + 1);
        let items = meta.referred(b"dimg", item).to_vec();
        let first = *items.first().ok_or(MISSING)?;
        let tile = self::size(meta, first)?;
        // Each tile shows something of the picture, so there is no more to decode than that.
        let covers = |side: u32, tile: u32, count: u32| {
            let before = u64::from(tile) * u64::from(count - 1);
            before < u64::from(side) && before + u64::from(tile) >= u64::from(side)
        };
        let whole = covers(size.0, tile.0, columns) && covers(size.1, tile.1, rows);
        if stated != size || !whole || items.len() as u64 != u64::from(rows) * u64::from(columns) {
            return Err(malformed("the tiles of the picture do not cover it"));
        }
        if items.iter().any(|item| &meta.kind(*item) != b"av01") {
            return Err(malformed("a tile is not an AV1 picture"));
        }
        let configuration = configuration(meta, first)?;
        Ok(Self {
            size,
            tile,
            items,
            columns,
            configuration,
        })
    }

    /// The alpha of its tiles, if each has one, as `alpha_of` finds it.
    pub(super) fn alpha(
        &self,
        meta: &Meta<'_>,
        alpha_of: impl Fn(&Meta<'_>, u32) -> Option<u32>,
    ) -> Result<Option<Self>, Error> {
        let items = self.items.iter().map(|item| alpha_of(meta, *item));
        let Some(items) = items.collect::<Option<Vec<u32>>>() else {
            return Ok(None);
        };
        let first = *items.first().ok_or(MISSING)?;
        if items.iter().any(|item| &meta.kind(*item) != b"av01") {
            return Err(malformed("the alpha of a tile is not an AV1 picture"));
        }
        if self::size(meta, first)? != self.tile {
            return Err(malformed("a tile and its alpha have different sizes"));
        }
        Ok(Some(Self {
            items,
            configuration: configuration(meta, first)?,
            ..self.clone()
        }))
    }

    /// The first of its tiles.
    pub(super) fn first(&self) -> u32 {
        self.items.first().copied().unwrap_or_default()
    }

    /// The memory that its samples take while they are decoded.
    pub(super) fn memory(&self) -> u64 {
        let row = u64::from(self.tile.0) * u64::from(self.columns);
        // Decoders align rows, and have tables for each block.
        let pixels = row.next_multiple_of(128) * u64::from(self.tile.1).next_multiple_of(128);
        self.configuration.bytes(pixels)
    }
}

impl Configuration {
    /// The memory that so many pixels take.
    pub(super) fn bytes(&self, pixels: u64) -> u64 {
        let halves = match (self.monochrome, self.halved) {
            (true, _) => 2,
            (_, (true, true)) => 3,
            (_, (true, false)) => 4,
            _ => 6,
        };
        let samples = pixels.saturating_mul(halves) / 2;
        samples * if self.deep { 2 } else { 1 } + pixels / 2
    }
}

/// The size that an item states.
fn size(meta: &Meta<'_>, item: u32) -> Result<(u32, u32), Error> {
    meta.properties(item)
        .find_map(|property| match property {
            Property::Size(width, height) => Some((*width, *height)),
            _ => None,
        })
        .filter(|(width, height)| *width > 0 && *height > 0)
        .ok_or(malformed("a picture has no size"))
}

fn configuration(meta: &Meta<'_>, item: u32) -> Result<Configuration, Error> {
    meta.properties(item)
        .find_map(|property| match property {
            Property::Configuration(configuration) => Some(*configuration),
            _ => None,
        })
        .ok_or(malformed("a picture has no configuration"))
}

/// A picture whose rows are read from the top.
pub(super) struct Layer<'a> {
    pub(super) size: (u32, u32),
    /// The height of a row of tiles.
    height: u32,
    /// The tiles that were decoded, and the number of their row.
    decoded: Vec<Planes>,
    number: Option<u32>,
    tiles: Option<(&'a Meta<'a>, &'a Tiling, Limits)>,
    scratch: Scratch,
}

/// The samples of a row.
#[derive(Default)]
pub(super) struct Row {
    pub(super) luma: Vec<u16>,
    /// As many of both chroma planes; none if there is no chroma.
    pub(super) chroma: [Vec<u16>; 2],
    pub(super) depth: u32,
}

impl<'a> Layer<'a> {
    /// A picture of items.
    pub(super) fn of_items(meta: &'a Meta<'a>, tiling: &'a Tiling, limits: &Limits) -> Self {
        Self {
            size: tiling.size,
            height: tiling.tile.1,
            decoded: Vec::new(),
            number: None,
            tiles: Some((meta, tiling, *limits)),
            scratch: Scratch::default(),
        }
    }

    /// A picture that is decoded already.
    pub(super) fn of_planes(planes: Planes, size: (u32, u32)) -> Self {
        Self {
            size,
            height: size.1,
            decoded: vec![planes],
            number: Some(0),
            tiles: None,
            scratch: Scratch::default(),
        }
    }

    /// Reads row `y`.
    pub(super) fn read(&mut self, y: u32, row: &mut Row, pause: &dyn Pause) -> Result<(), Error> {
        let number = y / self.height;
        if self.number != Some(number) {
            self.decode(number, pause)?;
        }
        let first = self.decoded.first().ok_or(malformed("a tile is missing"))?;
        row.depth = first.depth;
        let monochrome = first.monochrome;
        row.luma.clear();
        row.chroma.iter_mut().for_each(Vec::clear);
        for tile in &self.decoded {
            if (tile.depth, tile.monochrome) != (row.depth, monochrome) {
                return Err(malformed("tiles of a picture are coded in different ways"));
            }
            tile.luma(y % self.height, &mut row.luma);
            if !monochrome {
                tile.chroma(y % self.height, &mut row.chroma, &mut self.scratch);
            }
        }
        Ok(())
    }

    fn decode(&mut self, number: u32, pause: &dyn Pause) -> Result<(), Error> {
        self.decoded.clear();
        let (meta, tiling, limits) = self.tiles.as_ref().ok_or(malformed("a tile is missing"))?;
        let tiles = tiling
            .items
            .chunks(tiling.columns as usize)
            .nth(number as usize);
        for item in tiles.unwrap_or_default() {
            let point = meta.properties(*item).find_map(|property| match property {
                Property::OperatingPoint(point) => Some(*point),
                _ => None,
            });
            let mut decoder = Av1::new(limits, point.unwrap_or(0))?;
            self.decoded
                .push(decoder.decode(meta.bytes(*item)?, tiling.tile)?);
            pause.pause();
        }
        self.number = Some(number);
        Ok(())
    }
}

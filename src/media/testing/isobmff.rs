//! Makes boxes, and AVIFs of them that are as small as the rules allow.

/// A box.
pub(crate) fn bx(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).expect("small");
    [&size.to_be_bytes(), &name[..], content].concat()
}

/// A full box of version 0 without flags.
pub(crate) fn full(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    versioned(name, 0, content)
}

/// A full box of this version without flags.
pub(crate) fn versioned(name: &[u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    bx(name, &[&[version, 0, 0, 0], content].concat())
}

/// Numbers of 32 bits, in big-endian order.
pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The `ftyp` box: the major brand, and the compatible brands.
pub(crate) fn ftyp(brands: &[&[u8; 4]]) -> Vec<u8> {
    let others = brands
        .iter()
        .skip(1)
        .flat_map(|brand| brand.iter())
        .copied();
    let others: Vec<u8> = others.collect();
    bx(
        b"ftyp",
        &[&brands[0][..], &[0; 4], brands[0], &others].concat(),
    )
}

/// Boxes with this `name`, one inside the other, `depth` of them.
pub(crate) fn nested(name: &[u8; 4], head: &[u8], depth: usize) -> Vec<u8> {
    let each = head.len() + 8;
    let boxes = (1..=depth).rev().map(|left| {
        let size = u32::try_from(left * each).expect("small");
        [&size.to_be_bytes()[..], name, head].concat()
    });
    boxes.collect::<Vec<_>>().concat()
}

/// An item of a `meta` box.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) kind: [u8; 4],
    /// The item's name, and the details of its type, each followed by a zero.
    pub(crate) texts: Vec<u8>,
    /// The construction method of its data: 0 in the file, 1 in `idat`, 2 in other items.
    pub(crate) method: u8,
    /// The data reference index.
    pub(crate) source: u16,
    /// Offsets and lengths.
    pub(crate) extents: Vec<(u32, u32)>,
    /// The items that it is derived from.
    pub(crate) parts: Vec<u16>,
}

impl Item {
    /// An item with these extents in the file.
    pub(crate) fn new(kind: &[u8; 4], extents: &[(u32, u32)]) -> Self {
        Self {
            kind: *kind,
            texts: vec![0],
            method: 0,
            source: 0,
            extents: extents.to_vec(),
            parts: Vec::new(),
        }
    }

    /// An XMP packet.
    pub(crate) fn xmp(extents: &[(u32, u32)]) -> Self {
        let texts = b"\0application/rdf+xml\0".to_vec();
        Self {
            texts,
            ..Self::new(b"mime", extents)
        }
    }

    /// The same item with its data in `idat`.
    pub(crate) fn in_idat(self) -> Self {
        Self { method: 1, ..self }
    }

    /// The same item, derived from these.
    pub(crate) fn of(self, parts: &[u16]) -> Self {
        let parts = parts.to_vec();
        Self { parts, ..self }
    }

    fn entry(&self, number: u16) -> Vec<u8> {
        let head = [&number.to_be_bytes()[..], &[0, 0], &self.kind].concat();
        versioned(b"infe", 2, &[&head[..], &self.texts].concat())
    }

    fn location(&self, number: u16) -> Vec<u8> {
        let count = u16::try_from(self.extents.len()).expect("few");
        let extents = self
            .extents
            .iter()
            .flat_map(|(at, size)| words(&[*at, *size]));
        let head = [number, u16::from(self.method), self.source, count];
        let head = head.into_iter().flat_map(u16::to_be_bytes);
        head.chain(extents).collect()
    }

    fn reference(&self, number: u16) -> Vec<u8> {
        let count = u16::try_from(self.parts.len()).expect("few");
        let numbers = [number, count]
            .into_iter()
            .chain(self.parts.iter().copied());
        let numbers = numbers.flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        bx(b"dimg", &numbers)
    }
}

/// The parts of a `meta` box, each of which can be replaced.
#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub(crate) pitm: Vec<u8>,
    pub(crate) iinf: Vec<u8>,
    pub(crate) iloc: Vec<u8>,
    pub(crate) iref: Vec<u8>,
    /// The content of `ipco`.
    pub(crate) properties: Vec<u8>,
    pub(crate) ipma: Vec<u8>,
    /// The content of `idat`; if empty, there is no such box.
    pub(crate) idat: Vec<u8>,
    /// Further boxes at the end.
    pub(crate) more: Vec<u8>,
}

impl Meta {
    /// A box with these items, numbered from 1. The first is displayed, 6 by 4.
    pub(crate) fn new(items: &[Item]) -> Self {
        let numbered = || (1u16..).zip(items);
        let count = u16::try_from(items.len()).expect("few").to_be_bytes();
        let all = |make: &dyn Fn(u16, &Item) -> Vec<u8>| {
            numbered()
                .flat_map(|(number, item)| make(number, item))
                .collect::<Vec<u8>>()
        };
        let entries = all(&|number, item| item.entry(number));
        let locations = all(&|number, item| item.location(number));
        let references = all(&|number, item| match item.parts.is_empty() {
            true => Vec::new(),
            false => item.reference(number),
        });
        Self {
            pitm: full(b"pitm", &[0, 1]),
            iinf: full(b"iinf", &[&count[..], &entries].concat()),
            iloc: versioned(b"iloc", 1, &[&[0x44, 0], &count[..], &locations].concat()),
            iref: match references.is_empty() {
                true => Vec::new(),
                false => full(b"iref", &references),
            },
            properties: [full(b"ispe", &words(&[6, 4])), bx(b"irot", &[0])].concat(),
            ipma: full(b"ipma", &[0, 0, 0, 1, 0, 1, 2, 1, 0x82]),
            idat: Vec::new(),
            more: Vec::new(),
        }
    }

    /// The content, after version and flags.
    pub(crate) fn inner(&self) -> Vec<u8> {
        let iprp = [bx(b"ipco", &self.properties), self.ipma.clone()].concat();
        let idat = match self.idat.is_empty() {
            true => Vec::new(),
            false => bx(b"idat", &self.idat),
        };
        [
            &full(b"hdlr", b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            &self.pitm,
            &self.iinf,
            &self.iloc,
            &self.iref,
            &bx(b"iprp", &iprp),
            &idat,
            &self.more,
        ]
        .map(|part| &part[..])
        .concat()
    }

    /// The box.
    pub(crate) fn build(&self) -> Vec<u8> {
        full(b"meta", &self.inner())
    }
}

/// The parts of a `moov` box with one track.
#[derive(Clone, Debug)]
pub(crate) struct Movie {
    pub(crate) stsz: Vec<u8>,
    pub(crate) stsc: Vec<u8>,
    pub(crate) stco: Vec<u8>,
    /// Further boxes in `stbl`; `track` and `more` are further boxes in `trak` and `moov`.
    pub(crate) tables: Vec<u8>,
    pub(crate) track: Vec<u8>,
    pub(crate) more: Vec<u8>,
}

impl Movie {
    /// Three frames of 6 by 4, with 10 bytes each: one at the first offset, two at the
    /// second.
    pub(crate) fn new(offsets: [u32; 2]) -> Self {
        Self {
            stsz: full(b"stsz", &words(&[0, 3, 10, 10, 10])),
            stsc: full(b"stsc", &words(&[2, 1, 1, 1, 2, 2, 1])),
            stco: full(b"stco", &words(&[2, offsets[0], offsets[1]])),
            tables: Vec::new(),
            track: Vec::new(),
            more: Vec::new(),
        }
    }

    /// The box.
    pub(crate) fn build(&self) -> Vec<u8> {
        let stbl = [&self.stsz, &self.stsc, &self.stco, &self.tables];
        let stbl = bx(b"stbl", &stbl.map(|part| &part[..]).concat());
        let hdlr = full(b"hdlr", b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
        let mdia = bx(b"mdia", &[hdlr, bx(b"minf", &stbl)].concat());
        let size = words(&[6 << 16, 4 << 16]);
        let tkhd = full(b"tkhd", &[&[0; 72], &size[..]].concat());
        let trak = [&tkhd, &mdia, &self.track].map(|part| &part[..]).concat();
        bx(b"moov", &[&bx(b"trak", &trak), &self.more[..]].concat())
    }
}

/// The `stsd` box of a track whose samples have one description, with these properties.
pub(crate) fn description(codec: &[u8; 4], properties: &[u8]) -> Vec<u8> {
    let entry = bx(codec, &[&[0; 78], properties].concat());
    full(b"stsd", &[&[0, 0, 0, 1], &entry[..]].concat())
}

/// A file of these boxes, and of an `mdat` filled with sevens up to `total` bytes.
pub(crate) fn file(boxes: &[Vec<u8>], total: usize) -> Vec<u8> {
    let start = boxes.concat();
    let data = bx(b"mdat", &vec![7; total - start.len() - 8]);
    [start, data].concat()
}

//! Stills and sequences from other encoders.

use ravif::{AlphaColorMode, BitDepth, ColorModel, Encoder, Img, RGBA8};

use super::boxes::{boxes, find};
use super::meta::Meta;
use crate::decode::{self, Coding, Format, Wanted};
use crate::testing::{FULL, picture, psnr, read};
use crate::{Cost, Error, Frame, Image, Layout, Limits, NoPause};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/", $name, ".avif"))
    };
}

/// The pixels in the middle of the quarters of a picture.
fn middles(image: &Image) -> [&[u8]; 4] {
    let channels = image.layout().channels();
    let (width, height) = (image.width() as usize, image.height() as usize);
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(across, down)| {
        let start = (height * down / 4 * width + width * across / 4) * channels;
        &image.pixels()[start..start + channels]
    })
}

fn assert_near(image: &Image, expect: [&[u8]; 4], label: &str) {
    for (pixel, expect) in middles(image).into_iter().zip(expect) {
        let distance = pixel
            .iter()
            .zip(expect)
            .map(|(one, other)| one.abs_diff(*other))
            .max();
        assert!(distance <= Some(4), "{label}: {pixel:?}, not {expect:?}");
    }
}

const QUARTERS: [&[u8]; 4] = [&[255, 0, 0], &[0, 255, 0], &[0, 0, 255], &[255, 255, 255]];

#[test]
fn colours_come_out_whatever_chroma_and_range_are() {
    let files: [(&str, &[u8]); 3] = [
        ("4:4:4", fixture!("444")),
        ("4:2:2, limited", fixture!("422-limited")),
        ("4:2:0, limited", fixture!("420-limited")),
    ];
    for (label, file) in files {
        let (info, frames) = read(file, &FULL);
        assert_eq!(
            (info.format, info.width, info.height),
            (Format::Avif, 48, 32)
        );
        assert_eq!(
            (info.orientation, info.frames, info.has_alpha),
            (1, 1, false)
        );
        assert_eq!(
            (frames[0].image.layout(), frames[0].delay),
            (Layout::Rgb, 0)
        );
        assert_near(&frames[0].image, QUARTERS, label);
    }
    let (_, frames) = read(fixture!("400"), &FULL);
    assert_eq!(frames[0].image.layout(), Layout::Grey);
    assert_near(&frames[0].image, [&[76], &[150], &[29], &[255]], "4:0:0");
}

#[test]
fn alpha_is_straight() {
    let expect: [&[u8]; 4] = [
        &[255, 0, 0, 255],
        &[0, 255, 0, 255],
        &[0, 0, 255, 128],
        &[255, 255, 255, 128],
    ];
    let files: [&[u8]; 2] = [fixture!("420-alpha"), fixture!("420-premultiplied")];
    for file in files {
        let (info, frames) = read(file, &FULL);
        assert!(info.has_alpha);
        assert_near(&frames[0].image, expect, "alpha");
    }
}

/// Encodes a picture with alpha.
fn encode(image: &Image, set: impl FnOnce(Encoder<'static>) -> Encoder<'static>) -> Vec<u8> {
    let pixels: Vec<RGBA8> = image
        .pixels()
        .as_chunks::<4>()
        .0
        .iter()
        .map(|[red, green, blue, alpha]| RGBA8::new(*red, *green, *blue, *alpha))
        .collect();
    let image = Img::new(&pixels[..], image.width() as usize, image.height() as usize);
    let encoder = Encoder::new()
        .with_quality(95.0)
        .with_alpha_quality(95.0)
        .with_speed(10)
        .with_num_threads(Some(1));
    set(encoder).encode_rgba(image).unwrap().avif_file
}

/// Colours and alpha, as they are seen over black.
fn over_black(image: &Image) -> Image {
    let pixels = image
        .pixels()
        .as_chunks::<4>()
        .0
        .iter()
        .flat_map(|[red, green, blue, alpha]| {
            let seen = |colour: u8| ((u32::from(colour) * u32::from(*alpha) + 127) / 255) as u8;
            [seen(*red), seen(*green), seen(*blue), *alpha]
        });
    Image::new(
        image.width(),
        image.height(),
        Layout::Rgba,
        pixels.collect(),
    )
    .unwrap()
}

#[test]
fn depths_and_matrices_come_out_as_they_went_in() {
    let image = picture(67, 45, Layout::Rgba);
    for depth in [BitDepth::Eight, BitDepth::Ten] {
        for model in [ColorModel::YCbCr, ColorModel::RGB] {
            let file = encode(&image, |encoder| {
                let encoder = encoder
                    .with_bit_depth(depth)
                    .with_internal_color_model(model);
                encoder.with_alpha_color_mode(AlphaColorMode::UnassociatedDirty)
            });
            let (info, frames) = read(&file, &FULL);
            assert_eq!((info.width, info.height, info.coding), (67, 45, None));
            let like = psnr(&over_black(&frames[0].image), &over_black(&image));
            assert!(like > 36.0, "{depth:?}, {model:?}: {like:.1} dB");
        }
    }
}

#[test]
fn pictures_are_reduced() {
    let image = picture(64, 48, Layout::Rgba);
    let file = encode(&image, |encoder| {
        encoder.with_alpha_color_mode(AlphaColorMode::UnassociatedDirty)
    });
    let (_, frames) = read(
        &file,
        &Wanted {
            at_least: (16, 10),
            ..FULL
        },
    );
    assert_eq!(
        (
            frames[0].shrink,
            frames[0].image.width(),
            frames[0].image.height()
        ),
        (4.into(), 16, 12)
    );
    let expect = decode::shrink::shrink(image, 4, &Limits::default(), &NoPause).unwrap();
    let like = psnr(&over_black(&frames[0].image), &over_black(&expect));
    assert!(like > 36.0, "{like:.1} dB");
}

#[test]
fn rotation_and_mirror_are_an_orientation() {
    let (info, frames) = read(
        include_bytes!("../../../../tests/fixtures/rotated.avif"),
        &FULL,
    );
    assert_ne!(info.orientation, 1);
    assert_eq!(
        (info.width, info.height),
        (frames[0].image.width(), frames[0].image.height())
    );
    // As Pillow tells it of the pictures `rotNmirM` of libavif.
    let display = |rotation: u8, mirror: Option<u8>| super::Display {
        rotation,
        mirror,
        ..Default::default()
    };
    let orientations = [None, Some(0), Some(1)]
        .map(|mirror| [0, 1, 2, 3].map(|rotation| display(rotation, mirror).orientation()));
    assert_eq!(orientations, [[1, 8, 3, 6], [4, 5, 2, 7], [2, 7, 4, 5]]);
}

#[test]
fn sequences_have_all_frames() {
    let animated = include_bytes!("../../../../tests/fixtures/animated.avif");
    let (info, frames) = read(animated, &FULL);
    assert_eq!(
        (info.width, info.height, info.frames, info.loop_count),
        (64, 48, 3, 0)
    );
    assert!(frames.iter().all(|frame| frame.delay == 80));
    assert_ne!(frames[0].image, frames[2].image);
    let (_, first) = read(
        animated,
        &Wanted {
            first_frame_only: true,
            ..FULL
        },
    );
    assert_eq!(first[..], frames[..1]);
    let (info, frames) = read(
        include_bytes!("../../../../tests/fixtures/rotated-animated.avif"),
        &FULL,
    );
    assert_eq!(
        (info.width, info.height, info.frames, frames.len()),
        (64, 40, 3, 3)
    );
    assert_ne!(info.orientation, 1);
}

fn iso(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat()
}

fn full(name: &[u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    iso(name, &[&[version, 0, 0, 0], content].concat())
}

/// The bytes of the picture of a file, and its property of this kind.
fn item(file: &[u8], kind: &[u8; 4]) -> (Vec<u8>, Vec<u8>) {
    let meta = find(file, b"meta").unwrap().unwrap();
    let data = Meta::read(meta, file)
        .map(|meta| meta.bytes(meta.primary).unwrap())
        .unwrap();
    let container = find(find(&meta[4..], b"iprp").unwrap().unwrap(), b"ipco");
    let (name, content) = boxes(container.unwrap().unwrap())
        .map(Result::unwrap)
        .find(|(name, _)| name == kind)
        .unwrap();
    (data, iso(&name, content))
}

fn ispe(width: u32, height: u32) -> Vec<u8> {
    let sides = [width.to_be_bytes(), height.to_be_bytes()];
    full(b"ispe", 0, sides.as_flattened())
}

/// A picture of four tiles, each of which is that of the fixture `444`, of which this size is shown.
/// The first `alphas` of them have the fixture `400` as their alpha.
fn grid(size: (u16, u16), properties: &[&[u8]], alphas: u8) -> Vec<u8> {
    let ((tile, av1c), (alpha, alpha_av1c)) = (
        item(fixture!("444"), b"av1C"),
        item(fixture!("400"), b"av1C"),
    );
    let [width, height] = [size.0, size.1].map(u16::to_be_bytes);
    let layout = [&[0, 0, 1, 1][..], &width, &height].concat();
    let entry =
        |id: u8, kind: &[u8; 4]| full(b"infe", 2, &[&[0, id, 0, 0][..], kind, &[0]].concat());
    let entries = (2..6 + alphas).flat_map(|id| entry(id, b"av01"));
    let entries = [entry(1, b"grid"), entries.collect()].concat();
    let references = (0..alphas).flat_map(|at| iso(b"auxl", &[0, 6 + at, 0, 1, 0, 2 + at]));
    let references: Vec<u8> = references
        .chain(iso(b"dimg", &[0, 1, 0, 4, 0, 2, 0, 3, 0, 4, 0, 5]))
        .collect();
    let others = [
        full(b"pitm", 0, &[0, 1]),
        full(b"iinf", 0, &[&[0, 5 + alphas][..], &entries].concat()),
        full(b"iref", 0, &references),
        iso(b"idat", &[&layout[..], &tile, &alpha].concat()),
    ];
    // The items lie in `idat`: the layout of the grid, the tile, and its alpha.
    let place = |id: u8, start: usize, length: usize| {
        let [start, length] = [start as u32, length as u32].map(u32::to_be_bytes);
        [&[0, id, 0, 1, 0, 0, 0, 1][..], &start, &length].concat()
    };
    let tiles = (2..6).map(|id| place(id, layout.len(), tile.len()));
    let alphas = 6..6 + alphas;
    let planes = alphas
        .clone()
        .map(|id| place(id, layout.len() + tile.len(), alpha.len()));
    let places = [place(1, 0, layout.len())].into_iter();
    let places: Vec<u8> = places.chain(tiles).chain(planes).flatten().collect();
    let count = 5 + alphas.len() as u8;
    let iloc = full(b"iloc", 1, &[&[0x44, 0, 0, count][..], &places].concat());
    let ipco = [
        ispe(size.0.into(), size.1.into()),
        ispe(48, 32),
        av1c,
        item(fixture!("444"), b"colr").1,
        alpha_av1c,
        full(b"auxC", 0, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"),
        properties.concat(),
    ];
    let own = properties.len() as u8;
    let of_grid = [
        &[0, 1, 2 + own, 1, 4][..],
        &(7..7 + own).collect::<Vec<_>>(),
    ]
    .concat();
    let of_tiles = (2..6).flat_map(|id| [0, id, 3, 2, 3, 4]);
    let of_planes = alphas.flat_map(|id| [0, id, 3, 2, 5, 6]);
    let of_all: Vec<u8> = of_grid
        .into_iter()
        .chain(of_tiles)
        .chain(of_planes)
        .collect();
    let ipma = full(b"ipma", 0, &[&[0, 0, 0, count][..], &of_all].concat());
    let iprp = iso(b"iprp", &[iso(b"ipco", &ipco.concat()), ipma].concat());
    let meta = full(b"meta", 0, &[others.concat(), iloc, iprp].concat());
    [iso(b"ftyp", b"avif\0\0\0\0mif1"), meta].concat()
}

#[test]
fn tiles_may_have_alpha_of_their_own() {
    let size = (90, 50);
    let (_, opaque) = read(&grid(size, &[], 0), &FULL);
    let (_, plane) = read(fixture!("400"), &FULL);
    let (info, frames) = read(&grid(size, &[], 4), &FULL);
    assert!(info.has_alpha);
    let image = &frames[0].image;
    for (y, (row, colours)) in image.rows().zip(opaque[0].image.rows()).enumerate() {
        let alpha = &plane[0].image.pixels()[y % 32 * 48..][..48];
        let pixels = row
            .as_chunks::<4>()
            .0
            .iter()
            .zip(colours.as_chunks::<3>().0);
        for ((pixel, colours), alpha) in pixels.zip(alpha.iter().cycle()) {
            assert_eq!(pixel[..3], *colours);
            // The fixture has the full range, and an alpha without a range has it too.
            assert_eq!(pixel[3], *alpha, "row {y}");
        }
    }
    // A tile without alpha: as libavif, nothing is transparent.
    let (info, frames) = read(&grid(size, &[], 3), &FULL);
    assert!(!info.has_alpha);
    assert_eq!(frames, opaque);
}

#[test]
fn tiles_are_put_together() {
    let (_, tile) = read(fixture!("444"), &FULL);
    let tile = &tile[0].image;
    let (info, frames) = read(&grid((90, 50), &[], 0), &FULL);
    assert_eq!((info.width, info.height, info.orientation), (90, 50, 1));
    let image = &frames[0].image;
    for (y, row) in image.rows().enumerate() {
        let own = &tile.pixels()[y % 32 * 144..][..144];
        assert_eq!(row[..144], *own, "row {y}");
        assert_eq!(row[144..], own[..126], "row {y}");
    }
    let (_, smaller) = read(
        &grid((90, 50), &[], 0),
        &Wanted {
            at_least: (30, 10),
            ..FULL
        },
    );
    let expect = decode::shrink::shrink(image.clone(), 3, &Limits::default(), &NoPause).unwrap();
    assert_eq!(
        smaller[0],
        Frame {
            image: expect,
            shrink: 3.into(),
            delay: 0
        }
    );
}

#[test]
fn a_clean_aperture_is_what_is_shown() {
    let fraction = |numerator: i32| [numerator.to_be_bytes(), 1_i32.to_be_bytes()].concat();
    let clap = iso(
        b"clap",
        &[fraction(40), fraction(20), fraction(-5), fraction(5)].concat(),
    );
    let rotated = iso(b"irot", &[1]);
    let (info, frames) = read(&grid((90, 50), &[&clap, &rotated], 0), &FULL);
    assert_eq!((info.width, info.height, info.orientation), (40, 20, 8));
    let (_, whole) = read(&grid((90, 50), &[], 0), &FULL);
    for (y, row) in frames[0].image.rows().enumerate() {
        // 90 - 40 and 50 - 20, halved, and moved by 5.
        let start = ((y + 20) * 90 + 20) * 3;
        assert_eq!(row, &whole[0].image.pixels()[start..start + 120], "row {y}");
    }
}

#[test]
fn profiles_and_code_points_are_told() {
    let icc = iso(b"colr", &[&b"prof"[..], &[9; 40]].concat());
    let (info, _) = read(&grid((90, 50), &[&icc], 0), &FULL);
    assert_eq!((info.icc, info.coding), (Some(vec![9; 40]), None));
    // Display P3 with the curve of sRGB.
    let nclx = iso(b"colr", b"nclx\0\x0c\0\x0d\0\x06\x80");
    let (info, _) = read(&grid((90, 50), &[&nclx], 0), &FULL);
    assert_eq!(
        (info.icc, info.coding),
        (
            None,
            Some(Coding::Points {
                primaries: 12,
                transfer: 13
            })
        )
    );
}

#[test]
fn what_costs_too_much_or_is_unknown_has_an_error() {
    let open = |file: &[u8], limits: Limits| decode::open(file, &limits).map(|_| ());
    let limits = Limits {
        max_pixels: 90 * 50 - 1,
        ..Limits::default()
    };
    let expect = Error::TooCostly {
        cost: Cost::Pixels,
        needed: 4_500,
        limit: 4_499,
    };
    assert_eq!(open(&grid((90, 50), &[], 0), limits), Err(expect));
    let limits = Limits {
        max_memory: 1_000,
        ..Limits::default()
    };
    assert!(matches!(
        open(fixture!("444"), limits),
        Err(Error::TooCostly {
            cost: Cost::Memory,
            ..
        })
    ));
    // Four tiles do not cover 97 columns.
    assert!(matches!(
        open(&grid((97, 50), &[], 0), Limits::default()),
        Err(Error::Undecodable { .. })
    ));
    assert!(matches!(
        open(&grid((48, 50), &[], 0), Limits::default()),
        Err(Error::Undecodable { .. })
    ));
    let mut overlay = grid((90, 50), &[], 0);
    let kind = overlay.windows(4).position(|name| name == b"grid").unwrap();
    overlay[kind..kind + 4].copy_from_slice(b"iovl");
    assert!(matches!(
        open(&overlay, Limits::default()),
        Err(Error::Unsupported { .. })
    ));
}

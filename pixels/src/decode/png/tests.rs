//! PNG against what was encoded.

use png::{BitDepth, BlendOp, ColorType, DisposeOp, Encoder};

use crate::decode::{self, Coding, Format, Wanted};
use crate::testing::{FULL, picture, psnr, read};
use crate::{Error, Frame, Image, Layout, Limits};

/// Encodes samples as they are. `set` may add what comes before them.
fn encode(
    size: (u32, u32),
    colours: ColorType,
    depth: BitDepth,
    samples: &[u8],
    set: impl FnOnce(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, size.0, size.1);
    encoder.set_color(colours);
    encoder.set_depth(depth);
    set(&mut encoder);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(samples)
        .unwrap();
    file
}

fn color(layout: Layout) -> ColorType {
    match layout {
        Layout::Grey => ColorType::Grayscale,
        Layout::GreyAlpha => ColorType::GrayscaleAlpha,
        Layout::Rgb => ColorType::Rgb,
        Layout::Rgba | Layout::Cmyk => ColorType::Rgba,
    }
}

const LAYOUTS: [Layout; 4] = [Layout::Grey, Layout::GreyAlpha, Layout::Rgb, Layout::Rgba];

#[test]
fn every_layout_comes_out_as_it_went_in() {
    for layout in LAYOUTS {
        let image = picture(37, 29, layout);
        let file = encode(
            (37, 29),
            color(layout),
            BitDepth::Eight,
            image.pixels(),
            |_| {},
        );
        let (info, frames) = read(&file, &FULL);
        assert_eq!(
            (info.format, info.width, info.height),
            (Format::Png, 37, 29)
        );
        assert_eq!((info.has_alpha, info.frames), (layout.has_alpha(), 1));
        assert_eq!(
            frames,
            [Frame {
                image,
                shrink: 1.into(),
                delay: 0
            }]
        );
    }
}

#[test]
fn sixteen_bits_are_rounded() {
    let samples: Vec<u8> = [0_u16, 128, 129, 0x7FFF, 0xFEFF, 0xFFFF]
        .iter()
        .flat_map(|sample| sample.to_be_bytes())
        .collect();
    let file = encode(
        (6, 1),
        ColorType::Grayscale,
        BitDepth::Sixteen,
        &samples,
        |_| {},
    );
    let (_, frames) = read(&file, &FULL);
    assert_eq!(frames[0].image.pixels(), [0, 0, 1, 127, 254, 255]);
}

#[test]
fn few_bits_palettes_and_transparent_colours_are_expanded() {
    let bits = encode(
        (8, 1),
        ColorType::Grayscale,
        BitDepth::One,
        &[0b1010_0110],
        |_| {},
    );
    let (_, frames) = read(&bits, &FULL);
    assert_eq!(frames[0].image.pixels(), [255, 0, 255, 0, 0, 255, 255, 0]);
    let palette = |file: &mut Encoder<&mut Vec<u8>>| {
        file.set_palette(vec![1, 2, 3, 40, 50, 60, 7, 8, 9, 255, 254, 253]);
        file.set_trns(vec![255, 128, 0]);
    };
    let file = encode(
        (4, 1),
        ColorType::Indexed,
        BitDepth::Two,
        &[0b0001_1011],
        palette,
    );
    let (info, frames) = read(&file, &FULL);
    assert!(info.has_alpha);
    let expect = [
        1, 2, 3, 255, 40, 50, 60, 128, 7, 8, 9, 0, 255, 254, 253, 255,
    ];
    assert_eq!(frames[0].image.pixels(), expect);
    let key = |file: &mut Encoder<&mut Vec<u8>>| file.set_trns(vec![0, 10, 0, 20, 0, 30]);
    let file = encode(
        (2, 1),
        ColorType::Rgb,
        BitDepth::Eight,
        &[10, 20, 30, 10, 20, 31],
        key,
    );
    let (_, frames) = read(&file, &FULL);
    assert_eq!(frames[0].image.pixels(), [10, 20, 30, 0, 10, 20, 31, 255]);
}

/// An interlaced file: `png` writes none, so the passes are made here, without compression.
fn interlace(image: &Image) -> Vec<u8> {
    let (width, height, channels) = (image.width(), image.height(), image.layout().channels());
    let mut data = Vec::new();
    for ((left, top), (across, down)) in super::rows::PASSES {
        for y in (top..height)
            .step_by(down as usize)
            .filter(|_| left < width)
        {
            data.push(0);
            for x in (left..width).step_by(across as usize) {
                let start = (y * width + x) as usize * channels;
                data.extend_from_slice(&image.pixels()[start..start + channels]);
            }
        }
    }
    let file = encode(
        (width, height),
        color(image.layout()),
        BitDepth::Eight,
        image.pixels(),
        |_| {},
    );
    let kind = file[25];
    let header = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[8, kind, 0, 0, 1],
    ]
    .concat();
    let chunks = [
        chunk(b"IHDR", &header),
        chunk(b"IDAT", &stored(&data)),
        chunk(b"IEND", &[]),
    ];
    [super::SIGNATURE, &chunks.concat()].concat()
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [&name[..], content].concat();
    let length = (content.len() as u32).to_be_bytes();
    [&length[..], &named, &crc(&named).to_be_bytes()].concat()
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 }
        })
    })
}

/// A zlib stream without compression (RFC 1950, RFC 1951 §3.2.4).
fn stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 1];
    let mut blocks = data.chunks(0xFFFF).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let (low, high) = data.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}

#[test]
fn interlaced_pictures_are_like_others_at_every_size() {
    for layout in LAYOUTS {
        for (width, height) in [(1, 1), (3, 5), (4, 4), (5, 1), (1, 9), (40, 27), (64, 48)] {
            let image = picture(width, height, layout);
            let plain = encode(
                (width, height),
                color(layout),
                BitDepth::Eight,
                image.pixels(),
                |_| {},
            );
            let interlaced = interlace(&image);
            for factor in [1, 2, 3, 7] {
                let wanted = Wanted {
                    at_least: (width / factor, height / factor),
                    ..FULL
                };
                assert_eq!(
                    read(&interlaced, &wanted),
                    read(&plain, &wanted),
                    "{width} x {height} / {factor}"
                );
            }
        }
    }
}

#[test]
fn rows_become_means_of_squares() {
    let image = picture(50, 31, Layout::Rgb);
    let file = encode(
        (50, 31),
        ColorType::Rgb,
        BitDepth::Eight,
        image.pixels(),
        |_| {},
    );
    let (_, frames) = read(
        &file,
        &Wanted {
            at_least: (12, 6),
            ..FULL
        },
    );
    assert_eq!(frames[0].shrink, 4.into());
    let smaller = &frames[0].image;
    assert_eq!((smaller.width(), smaller.height()), (13, 8));
    // The last column has two pixels of the source, and the last row three.
    let mean = |columns: std::ops::Range<usize>, rows: std::ops::Range<usize>, channel: usize| {
        let count = columns.len() * rows.len();
        let samples = rows.flat_map(|y| columns.clone().map(move |x| (y * 50 + x) * 3 + channel));
        let sum: usize = samples.map(|at| usize::from(image.pixels()[at])).sum();
        ((sum + count / 2) / count) as u8
    };
    for channel in 0..3 {
        assert_eq!(smaller.pixels()[channel], mean(0..4, 0..4, channel));
        assert_eq!(
            smaller.pixels()[(8 * 13 - 1) * 3 + channel],
            mean(48..50, 28..31, channel)
        );
    }
}

#[test]
fn transparent_colours_do_not_bleed() {
    // Red beside transparent green.
    let pixels = [255, 0, 0, 255, 0, 255, 0, 0].repeat(8);
    let file = encode((4, 4), ColorType::Rgba, BitDepth::Eight, &pixels, |_| {});
    let (_, frames) = read(
        &file,
        &Wanted {
            at_least: (2, 2),
            ..FULL
        },
    );
    assert_eq!(frames[0].image.pixels(), [255, 0, 0, 128].repeat(4));
}

#[test]
fn the_header_says_orientation_and_colours() {
    let profile = vec![7; 3_000];
    let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
    let mut info = png::Info::with_size(2, 2);
    info.color_type = ColorType::Rgb;
    info.bit_depth = BitDepth::Eight;
    info.icc_profile = Some(profile.clone().into());
    info.exif_metadata = Some(tiff.to_vec().into());
    let mut file = Vec::new();
    let encoder = Encoder::with_info(&mut file, info).unwrap();
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&[0; 12])
        .unwrap();
    let (info, _) = read(&file, &FULL);
    assert_eq!(
        (info.orientation, info.icc, info.coding),
        (6, Some(profile), None)
    );
    // cICP precedes the profile.
    file.splice(33..33, chunk(b"cICP", &[12, 13, 0, 1]));
    let (info, _) = read(&file, &FULL);
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
fn numbers_describe_colours_where_nothing_else_does() {
    let gamma = chunk(b"gAMA", &45_455_u32.to_be_bytes());
    let points = [
        31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000_u32,
    ];
    let points = chunk(b"cHRM", points.map(u32::to_be_bytes).as_flattened());
    let plain = encode((2, 2), ColorType::Rgb, BitDepth::Eight, &[0; 12], |_| {});
    let coding = |chunks: &[&[u8]]| {
        let mut file = plain.clone();
        file.splice(33..33, chunks.concat());
        read(&file, &FULL).0.coding
    };
    let chromaticities = Some([
        (31_270, 32_900),
        (68_000, 32_000),
        (26_500, 69_000),
        (15_000, 6_000),
    ]);
    let measured = |gamma, chromaticities| {
        Some(Coding::Measured {
            gamma,
            chromaticities,
        })
    };
    assert_eq!(coding(&[]), None);
    assert_eq!(coding(&[&gamma]), measured(Some(45_455), None));
    assert_eq!(coding(&[&points]), measured(None, chromaticities));
    assert_eq!(
        coding(&[&gamma, &points]),
        measured(Some(45_455), chromaticities)
    );
    let srgb = chunk(b"sRGB", &[0]);
    assert_eq!(coding(&[&gamma, &points, &srgb]), None);
    let coded = chunk(b"cICP", &[12, 13, 0, 1]);
    let coded = coding(&[&coded, &gamma]);
    assert!(matches!(coded, Some(Coding::Points { .. })), "{coded:?}");
}

/// An animation of 4 × 2 pixels: red; blue in the right half, disposed of as `dispose` says; and
/// half transparent white in the left column. Each frame is its fcTL and its data.
fn animation(dispose: DisposeOp, default_image: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 4, 2);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_animated(3, 5).unwrap();
    encoder.set_sep_def_img(default_image).unwrap();
    let mut writer = encoder.write_header().unwrap();
    if default_image {
        writer
            .write_image_data(&[0, 255, 0, 255].repeat(8))
            .unwrap();
    }
    writer.set_frame_delay(1, 8).unwrap();
    writer
        .write_image_data(&[255, 0, 0, 255].repeat(8))
        .unwrap();
    writer.set_frame_delay(3, 0).unwrap();
    writer.set_dispose_op(dispose).unwrap();
    writer.set_frame_dimension(2, 2).unwrap();
    writer.set_frame_position(2, 0).unwrap();
    writer
        .write_image_data(&[0, 0, 255, 255].repeat(4))
        .unwrap();
    writer.set_dispose_op(DisposeOp::None).unwrap();
    writer.set_blend_op(BlendOp::Over).unwrap();
    writer.reset_frame_position().unwrap();
    writer.set_frame_dimension(1, 2).unwrap();
    writer
        .write_image_data(&[255, 255, 255, 128].repeat(2))
        .unwrap();
    writer.finish().unwrap();
    file
}

#[test]
fn frames_are_composed_on_the_canvas() {
    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];
    const MIXED: [u8; 4] = [255, 128, 128, 255];
    for (dispose, right) in [
        (DisposeOp::None, BLUE),
        (DisposeOp::Background, [0; 4]),
        (DisposeOp::Previous, RED),
    ] {
        for default_image in [false, true] {
            let (info, frames) = read(&animation(dispose, default_image), &FULL);
            assert_eq!((info.frames, info.loop_count, info.has_alpha), (3, 5, true));
            let delays: Vec<u32> = frames.iter().map(|frame| frame.delay).collect();
            assert_eq!(delays, [125, 30, 30]);
            let expect = [[RED; 4], [RED, RED, BLUE, BLUE], [MIXED, RED, right, right]];
            for (frame, row) in frames.iter().zip(expect) {
                assert_eq!(
                    frame.image.pixels(),
                    [row, row].concat().concat(),
                    "{dispose:?}"
                );
            }
        }
    }
}

#[test]
fn the_first_frame_may_be_enough() {
    let wanted = Wanted {
        first_frame_only: true,
        ..FULL
    };
    let (_, frames) = read(&animation(DisposeOp::None, true), &wanted);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].image.pixels(), [255, 0, 0, 255].repeat(8));
}

#[test]
fn an_animation_ends_where_it_is_unsound() {
    let file = animation(DisposeOp::None, true);
    let heads: Vec<usize> = (0..file.len() - 4)
        .filter(|at| &file[*at..at + 4] == b"fcTL")
        .collect();
    // The sequence number of a frame is wrong.
    for (index, count) in [(2, 2), (1, 1)] {
        let mut unsound = file.clone();
        unsound[heads[index] + 7] = 9;
        let (info, frames) = read(&unsound, &FULL);
        assert_eq!((info.frames as usize, frames.len()), (count, count));
    }
    let mut unsound = file;
    unsound[heads[0] + 7] = 9;
    let (info, frames) = read(&unsound, &FULL);
    // The picture for those who show no animations.
    assert_eq!((info.frames, info.loop_count), (1, 1));
    assert_eq!(frames[0].image.pixels(), [0, 255, 0, 255].repeat(8));
}

#[test]
fn a_file_cut_off_shows_what_there_is() {
    let image = picture(60, 60, Layout::Rgb);
    let file = encode(
        (60, 60),
        ColorType::Rgb,
        BitDepth::Eight,
        image.pixels(),
        |_| {},
    );
    for at_least in [(60, 60), (20, 20)] {
        let (_, frames) = read(&file[..file.len() * 2 / 3], &Wanted { at_least, ..FULL });
        let (_, whole) = read(&file, &Wanted { at_least, ..FULL });
        let (cut, whole) = (&frames[0].image, &whole[0].image);
        let third = whole.pixels().len() / 3;
        assert_eq!(cut.pixels()[..third], whole.pixels()[..third]);
        assert!(psnr(cut, whole) < 40.0);
    }
    assert!(matches!(
        decode::open(&file[..40], &Limits::default()).map(|_| ()),
        Err(Error::Undecodable { .. })
    ));
}

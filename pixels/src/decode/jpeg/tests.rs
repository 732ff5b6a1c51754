//! The decoders of JPEG against each other.

use darkroom_transform::Rect;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::header::{self, Colours};
use super::reduced::{self, Area, Scale};
use crate::decode::{self, Format, Wanted};
use crate::testing::{picture, psnr, psnr_of};
use crate::{Error, Image, Layout, Limits, NoPause, Shrink};

/// Written by libjpeg, with successive approximation.
const PROGRESSIVE: &[u8] = include_bytes!("../../../../tests/fixtures/progressive.jpg");
const BASELINE: &[u8] = include_bytes!("../../../../tests/fixtures/baseline-rotated.jpg");

const SAMPLINGS: [SamplingFactor; 8] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_1_2,
    SamplingFactor::F_2_2,
    SamplingFactor::F_4_1,
    SamplingFactor::F_4_2,
    SamplingFactor::F_1_4,
    SamplingFactor::F_2_4,
];

fn encode(image: &Image, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    set(&mut encoder);
    let colours = match image.layout() {
        Layout::Grey => ColorType::Luma,
        Layout::Cmyk => ColorType::Cmyk,
        _ => ColorType::Rgb,
    };
    let (width, height) = (image.width() as u16, image.height() as u16);
    encoder
        .encode(image.pixels(), width, height, colours)
        .unwrap();
    file
}

/// What `jpeg-decoder` gives at so many eighths of the size.
fn oracle(file: &[u8], scale: Scale) -> Vec<u8> {
    let mut decoder = jpeg_decoder::Decoder::new(file);
    decoder.read_info().unwrap();
    let info = decoder.info().unwrap();
    let factor = factor(scale) as u16;
    decoder
        .scale(info.width.div_ceil(factor), info.height.div_ceil(factor))
        .unwrap();
    decoder.decode().unwrap()
}

/// The whole factor of a scale.
fn factor(scale: Scale) -> u32 {
    8 / scale.samples() as u32
}

fn reduce(file: &[u8], scale: Scale) -> Image {
    let header = header::read(file).unwrap();
    let area = Area::whole(&header);
    reduced::decode(file, &header, (scale, &area), &Limits::default(), &NoPause).unwrap()
}

fn whole(file: &[u8]) -> Image {
    let mut decoder = decode::open(file, &Limits::default()).unwrap();
    let info = decoder.info();
    let wanted = Wanted {
        at_least: (info.width, info.height),
        first_frame_only: true,
    };
    decoder
        .next_frame(&wanted, &NoPause)
        .unwrap()
        .unwrap()
        .image
}

fn check(file: &[u8], least: f64, label: &str) {
    for scale in [Scale::Eighth, Scale::Quarter, Scale::Half] {
        let own = reduce(file, scale);
        let like = psnr_of(own.pixels(), &oracle(file, scale));
        assert!(like > least, "{label}, {scale:?}: {like:.1} dB");
    }
}

/// Compares both with the source: the oracle repeats samples where four pixels share one, and
/// they are interpolated here.
fn check_nearer(file: &[u8], image: &Image, label: &str) {
    for scale in [Scale::Eighth, Scale::Quarter, Scale::Half] {
        let expect = boxes(image, factor(scale));
        let own = psnr(&reduce(file, scale), &expect);
        let other = psnr_of(&oracle(file, scale), expect.pixels());
        assert!(
            own > other,
            "{label}, {scale:?}: {own:.1} dB, not {other:.1} dB"
        );
    }
}

#[test]
fn every_sampling_and_process_looks_as_jpeg_decoder_shows_it() {
    // Sides that end within blocks and within units, and some that do not.
    for (width, height) in [(200, 136), (123, 77), (65, 129), (256, 128)] {
        let image = picture(width, height, Layout::Rgb);
        for sampling in SAMPLINGS {
            for progressive in [false, true] {
                for interval in [0, 1, 7] {
                    let file = encode(&image, |encoder| {
                        encoder.set_sampling_factor(sampling);
                        encoder.set_progressive(progressive);
                        // The encoder's own tables lack symbols if there are intervals.
                        encoder.set_optimized_huffman_tables(interval == 0);
                        encoder.set_restart_interval(interval);
                    });
                    let label = format!(
                        "{width} x {height}, {sampling:?}, progressive {progressive}, interval {interval}"
                    );
                    let (h, v) = (sampling as usize >> 4 & 7, sampling as usize & 7);
                    if h <= 2 && v <= 2 {
                        check(&file, 38.0, &label);
                    } else {
                        check_nearer(&file, &image, &label);
                    }
                }
            }
        }
    }
}

#[test]
fn grey_looks_as_jpeg_decoder_shows_it() {
    let image = picture(131, 70, Layout::Grey);
    for progressive in [false, true] {
        let file = encode(&image, |encoder| encoder.set_progressive(progressive));
        check(&file, 40.0, &format!("progressive {progressive}"));
    }
}

#[test]
fn successive_approximation_looks_as_jpeg_decoder_shows_it() {
    check(PROGRESSIVE, 40.0, "progressive.jpg");
    check(BASELINE, 40.0, "baseline-rotated.jpg");
}

#[test]
fn tiny_pictures_are_decoded() {
    for width in 1..18 {
        for height in [1, 2, 7, 8, 9, 16, 17] {
            let image = picture(width, height, Layout::Rgb);
            let file = encode(&image, |encoder| {
                encoder.set_sampling_factor(SamplingFactor::F_2_2)
            });
            for scale in [Scale::Eighth, Scale::Quarter, Scale::Half] {
                let own = reduce(&file, scale);
                let factor = factor(scale);
                assert_eq!(
                    (own.width(), own.height()),
                    (width.div_ceil(factor), height.div_ceil(factor))
                );
            }
        }
    }
}

/// The means of squares of the whole picture.
fn boxes(image: &Image, factor: u32) -> Image {
    decode::shrink::shrink(image.clone(), factor, &Limits::default(), &NoPause).unwrap()
}

#[test]
fn reduced_pictures_are_means_of_the_whole_one() {
    let file = encode(&picture(256, 192, Layout::Rgb), |encoder| {
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
    });
    let whole = whole(&file);
    let eighth = psnr(&reduce(&file, Scale::Eighth), &boxes(&whole, 8));
    assert!(eighth > 46.0, "{eighth:.1} dB");
    let quarter = psnr(&reduce(&file, Scale::Quarter), &boxes(&whole, 4));
    assert!(quarter > 38.0, "{quarter:.1} dB");
    let half = psnr(&reduce(&file, Scale::Half), &boxes(&whole, 2));
    assert!(half > 40.0, "{half:.1} dB");
    let three = psnr(
        &reduce(&file, Scale::ThreeEighths),
        &boxes(&tripled(&whole), 8),
    );
    assert!(three > 38.0, "{three:.1} dB");
}

/// Each pixel as three by three.
fn tripled(image: &Image) -> Image {
    let wide = image.rows().map(|row| {
        let pixels = row.chunks_exact(image.layout().channels());
        pixels
            .flat_map(|pixel| pixel.repeat(3))
            .collect::<Vec<u8>>()
    });
    let pixels = wide.flat_map(|row| row.repeat(3)).collect();
    Image::new(
        image.width() * 3,
        image.height() * 3,
        image.layout(),
        pixels,
    )
    .unwrap()
}

#[test]
fn three_eighths_are_means_of_every_kind_of_picture() {
    for (width, height) in [(1, 1), (9, 16), (123, 77), (200, 136)] {
        for layout in [Layout::Grey, Layout::Rgb, Layout::Cmyk] {
            for progressive in [false, true] {
                let file = encode(&picture(width, height, layout), |encoder| {
                    encoder.set_sampling_factor(SamplingFactor::F_1_1);
                    encoder.set_progressive(progressive);
                });
                let whole = whole(&file);
                let reduced = reduce(&file, Scale::ThreeEighths);
                let like = psnr(&reduced, &boxes(&tripled(&whole), 8));
                assert!(
                    like > 36.0,
                    "{width} x {height}, {layout:?}, progressive {progressive}: {like:.1} dB"
                );
            }
        }
    }
}

#[test]
fn inks_are_0_for_none_at_every_scale() {
    let image = picture(160, 96, Layout::Cmyk);
    // The encoder inverts inks as Adobe's software does.
    for colours in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        for progressive in [false, true] {
            let mut file = Vec::new();
            let mut encoder = Encoder::new(&mut file, 95);
            encoder.set_progressive(progressive);
            encoder.encode(image.pixels(), 160, 96, colours).unwrap();
            let header = header::read(&file).unwrap();
            let expect = if colours == ColorType::Cmyk {
                Colours::Cmyk
            } else {
                Colours::Ycck
            };
            assert_eq!(header.colours, expect);
            let whole = whole(&file);
            assert!(
                psnr(&whole, &image) > 30.0,
                "{colours:?}: {}",
                psnr(&whole, &image)
            );
            for scale in [Scale::Eighth, Scale::Quarter, Scale::Half] {
                let like = psnr(&reduce(&file, scale), &boxes(&image, factor(scale)));
                assert!(like > 33.0, "{colours:?}, {scale:?}: {like:.1} dB");
            }
        }
    }
}

#[test]
fn a_wanted_size_is_reached_at_the_smallest_scale() {
    let file = encode(&picture(203, 149, Layout::Rgb), |_| {});
    let check = |at_least: (u32, u32), expect: (u32, u32), shrink: Shrink| {
        let mut decoder = decode::open(&file, &Limits::default()).unwrap();
        let wanted = Wanted {
            at_least,
            first_frame_only: true,
        };
        let frame = decoder.next_frame(&wanted, &NoPause).unwrap().unwrap();
        assert_eq!(
            (frame.image.width(), frame.image.height()),
            expect,
            "{at_least:?}"
        );
        assert_eq!(frame.shrink, shrink);
        assert_eq!(decoder.next_frame(&wanted, &NoPause), Ok(None));
    };
    check((1, 1), (26, 19), 8.into());
    check((26, 19), (26, 19), 8.into());
    check((27, 19), (51, 38), 4.into());
    check((26, 20), (51, 38), 4.into());
    check((51, 39), (77, 56), Shrink::new(8, 3));
    check((78, 1), (102, 75), 2.into());
    check((1, 57), (102, 75), 2.into());
    check((103, 1), (203, 149), 1.into());
    check((1, 76), (203, 149), 1.into());
    check((203, 149), (203, 149), 1.into());
}

#[test]
fn a_file_cut_off_shows_what_there_is() {
    let image = picture(320, 240, Layout::Rgb);
    for progressive in [false, true] {
        let file = encode(&image, |encoder| encoder.set_progressive(progressive));
        let cut = &file[..file.len() * 3 / 4];
        for at_least in [(10, 10), (80, 60), (160, 120), (320, 240)] {
            let mut decoder = decode::open(cut, &Limits::default()).unwrap();
            let wanted = Wanted {
                at_least,
                first_frame_only: true,
            };
            let frame = decoder.next_frame(&wanted, &NoPause).unwrap().unwrap();
            let shrunk = boxes(&image, frame.shrink.ratio() as u32);
            // The upper half is there.
            let half = shrunk.pixels().len() / 2;
            let like = psnr_of(&frame.image.pixels()[..half], &shrunk.pixels()[..half]);
            assert!(
                like > 24.0,
                "{at_least:?}, progressive {progressive}: {like:.1} dB"
            );
        }
    }
}

#[test]
fn damage_between_restart_markers_stays_there() {
    let image = picture(320, 240, Layout::Rgb);
    let file = encode(&image, |encoder| {
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
        encoder.set_restart_interval(40);
    });
    let markers: Vec<usize> = (0..file.len() - 1)
        .filter(|at| file[*at] == 0xFF && (0xD0..=0xD7).contains(&file[at + 1]))
        .collect();
    assert_eq!(markers.len(), 29);
    // A reserved marker in the data, and a whole interval with its marker cut out.
    let mut reserved = file.clone();
    reserved[markers[9] + 20] = 0xFF;
    reserved[markers[9] + 21] = 0x9F;
    let mut lost = file.clone();
    lost.drain(markers[9]..markers[10]);
    let expect = reduce(&file, Scale::Eighth);
    for damaged in [reserved, lost] {
        let shown = reduce(&damaged, Scale::Eighth);
        for (y, (row, expect)) in shown.rows().zip(expect.rows()).enumerate() {
            assert_eq!(row == expect, y != 10, "row {y}");
        }
    }
}

#[test]
fn colours_are_told_as_libjpeg_tells_them() {
    let image = picture(32, 32, Layout::Rgb);
    let mut file = Vec::new();
    let encoder = Encoder::new(&mut file, 90);
    encoder
        .encode(image.pixels(), 32, 32, ColorType::Rgb)
        .unwrap();
    let jfif = |file: &[u8]| header::read(file).unwrap().colours;
    assert_eq!(jfif(&file), Colours::YCbCr);
    // Without JFIF's segment, Adobe's counts.
    let start = 4 + usize::from(u16::from_be_bytes([file[4], file[5]]));
    let bare = [&[0xFF, 0xD8], &file[start..]].concat();
    assert_eq!(jfif(&bare), Colours::YCbCr);
    let adobe = |transform: u8| {
        let segment = [
            &[0xFF, 0xEE, 0, 14],
            &b"Adobe\0\x64\0\0\0\0"[..],
            &[transform],
        ]
        .concat();
        [&[0xFF, 0xD8], &segment[..], &file[start..]].concat()
    };
    assert_eq!(jfif(&adobe(0)), Colours::Rgb);
    assert_eq!(jfif(&adobe(1)), Colours::YCbCr);
    // The scales agree about it.
    let file = adobe(0);
    let like = psnr(&reduce(&file, Scale::Eighth), &boxes(&whole(&file), 8));
    assert!(like > 34.0, "{like:.1} dB");
}

#[test]
fn the_header_says_orientation_and_profile() {
    let profile: Vec<u8> = (0..150_000_u32).map(|number| (number * 7) as u8).collect();
    let file = encode(&picture(40, 30, Layout::Rgb), |encoder| {
        encoder.add_icc_profile(&profile).unwrap()
    });
    let decoder = decode::open(&file, &Limits::default()).unwrap();
    let info = decoder.info();
    assert_eq!(
        (info.format, info.width, info.height),
        (Format::Jpeg, 40, 30)
    );
    assert_eq!(
        (info.orientation, info.frames, info.has_alpha),
        (1, 1, false)
    );
    assert_eq!(info.icc.as_deref(), Some(&profile[..]));
    let rotated = decode::open(BASELINE, &Limits::default()).unwrap();
    assert_ne!(rotated.info().orientation, 1);
    assert_eq!(rotated.info().icc, None);
}

#[test]
fn what_is_missing_or_unknown_has_an_error() {
    let file = encode(&picture(64, 64, Layout::Rgb), |_| {});
    let at = |marker: u8| {
        file.windows(2)
            .position(|pair| pair == [0xFF, marker])
            .unwrap()
    };
    let decode = |file: &[u8]| {
        let mut decoder = decode::open(file, &Limits::default())?;
        decoder.next_frame(
            &Wanted {
                at_least: (8, 8),
                first_frame_only: true,
            },
            &NoPause,
        )
    };
    // A scan without its tables.
    let (tables, scan) = (at(0xC4), at(0xDA));
    let without = [&file[..tables], &file[scan..]].concat();
    assert!(matches!(decode(&without), Err(Error::Undecodable { .. })));
    // No scan at all.
    assert!(matches!(
        decode(&file[..scan]),
        Err(Error::Undecodable { .. })
    ));
    // A scan without data.
    assert!(matches!(
        decode(&file[..scan + 14]),
        Err(Error::Undecodable { .. })
    ));
    // Arithmetic coding, and 12 bits a sample.
    for (offset, value) in [(1, 0xC9), (4, 12)] {
        let mut other = file.clone();
        other[at(0xC0) + offset] = value;
        assert!(matches!(decode(&other), Err(Error::Unsupported { .. })));
    }
}

#[test]
fn many_scans_are_refused() {
    let file = encode(&picture(64, 64, Layout::Grey), |encoder| {
        encoder.set_progressive(true)
    });
    let scan = file
        .windows(2)
        .position(|pair| pair == [0xFF, 0xDA])
        .unwrap();
    let end = scan
        + 2
        + file[scan + 2..]
            .windows(2)
            .position(|pair| pair == [0xFF, 0xDA])
            .unwrap();
    let many = [&file[..end], &file[scan..end].repeat(120), &file[end..]].concat();
    let header = header::read(&many).unwrap();
    let area = Area::whole(&header);
    for scale in [Scale::Eighth, Scale::Quarter, Scale::Half] {
        let many = reduced::decode(&many, &header, (scale, &area), &Limits::default(), &NoPause);
        assert!(many.is_err());
    }
}

#[test]
fn a_part_is_what_the_whole_picture_has_there() {
    let image = picture(333, 250, Layout::Rgb);
    for sampling in [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_2,
        SamplingFactor::F_2_1,
    ] {
        for (progressive, interval) in [(false, 0), (true, 0), (false, 5), (true, 3)] {
            let file = encode(&image, |encoder| {
                encoder.set_sampling_factor(sampling);
                encoder.set_progressive(progressive);
                encoder.set_optimized_huffman_tables(interval == 0);
                encoder.set_restart_interval(interval);
            });
            for (part, at_least) in [
                ((0, 0, 40, 30), (333, 250)),
                ((100, 90, 60, 50), (333, 250)),
                ((300, 200, 33, 50), (333, 250)),
                ((120, 64, 100, 100), (160, 120)),
                ((48, 130, 1, 1), (80, 60)),
                ((200, 10, 100, 30), (40, 30)),
            ] {
                let label = format!("{sampling:?}, progressive {progressive}, {part:?}");
                check_part(&file, part, at_least, &label);
            }
        }
    }
}

/// Compares a part with the same part of the whole picture.
fn check_part(file: &[u8], part: (u32, u32, u32, u32), at_least: (u32, u32), label: &str) {
    let (x, y, width, height) = part;
    let wanted = Wanted {
        at_least,
        first_frame_only: true,
    };
    let mut decoder = decode::open(file, &Limits::default()).unwrap();
    let all = decoder.next_frame(&wanted, &NoPause).unwrap().unwrap();
    let mut decoder = decode::open(file, &Limits::default()).unwrap();
    let part = Rect {
        x,
        y,
        width,
        height,
    };
    decoder.confine(part);
    let some = decoder.next_frame(&wanted, &NoPause).unwrap().unwrap();
    let (left, top) = decoder.origin();
    assert_eq!(some.shrink, all.shrink, "{label}");
    let shrink = some.shrink.ratio() as u32;
    assert!(left <= x && top <= y, "{label}");
    assert_eq!((left % shrink, top % shrink), (0, 0), "{label}");
    assert!(
        left + some.image.width() * shrink >= (x + width).min(333),
        "{label}"
    );
    assert!(
        top + some.image.height() * shrink >= (y + height).min(250),
        "{label}"
    );
    assert!(
        some.image.width() < all.image.width() || some.image.height() < all.image.height(),
        "{label}: all of it was decoded"
    );
    // Pixels of the part, without those around it.
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for row in y / shrink..=(y + height - 1) / shrink {
        for column in x / shrink..=(x + width - 1) / shrink {
            let pixel = |image: &Image, x: u32, y: u32| {
                let at = y as usize * image.stride() + x as usize * 3;
                image.pixels()[at..at + 3].to_vec()
            };
            ours.extend(pixel(
                &some.image,
                column - left / shrink,
                row - top / shrink,
            ));
            theirs.extend(pixel(&all.image, column, row));
        }
    }
    if shrink > 1 {
        assert_eq!(ours, theirs, "{label}");
    } else {
        // Whole sequential pictures have another decoder, which repeats the samples of colours.
        let like = psnr_of(&ours, &theirs);
        assert!(like > 36.0, "{label}: {like:.1} dB");
    }
}

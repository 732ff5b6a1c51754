//! Orientation, mirroring and rotation.

use darkroom_transform::Turn;

use crate::{Image, Pause};

/// Turns a picture.
pub fn turn(image: Image, turn: Turn, pause: &dyn Pause) -> Image {
    if turn == Turn::NONE {
        return image;
    }
    match image.layout().channels() {
        1 => turned::<1>(&image, turn, pause),
        2 => turned::<2>(&image, turn, pause),
        3 => turned::<3>(&image, turn, pause),
        _ => turned::<4>(&image, turn, pause),
    }
}

fn turned<const N: usize>(image: &Image, turn: Turn, pause: &dyn Pause) -> Image {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (out_width, out_height) = turn.size((width, height));
    let source = image.pixels();
    let mut pixels = vec![0; source.len()];
    // The source of the result's first pixel, and the steps along its rows and columns.
    let last_column = (width - 1) as isize;
    let below = width as isize;
    let last_row = (height - 1) as isize * below;
    let (start, right, down) = match turn.quarters() {
        0 => (0, 1, below),
        1 => (last_row, -below, 1),
        2 => (last_row + last_column, -1, -below),
        _ => (last_column, below, -1),
    };
    let (start, right, down) = if turn.mirrored() {
        let mirror = |step: isize| if step.unsigned_abs() == 1 { -step } else { step };
        let row = start - start.rem_euclid(below);
        let column = last_column - start.rem_euclid(below);
        match width {
            // A column has no left and right: its only steps are those between rows.
            1 => (start, right, down),
            _ => (row + column, mirror(right), mirror(down)),
        }
    } else {
        (start, right, down)
    };
    for (y, row) in pixels.chunks_exact_mut(out_width * N).enumerate() {
        pause.pause();
        let mut at = start + down * y as isize;
        for pixel in row.chunks_exact_mut(N) {
            let from = at as usize * N;
            pixel.copy_from_slice(&source[from..from + N]);
            at += right;
        }
    }
    Image::of(out_width as u32, out_height as u32, image.layout(), pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Layout, NoPause};

    #[test]
    fn every_turn_of_every_shape_moves_each_pixel_to_its_place() {
        let layouts = [Layout::Grey, Layout::GreyAlpha, Layout::Rgb, Layout::Rgba];
        for (width, height) in [(1, 1), (3, 1), (1, 3), (4, 3), (5, 5)] {
            for (layout, number) in layouts.into_iter().flat_map(|l| (0..8).map(move |n| (l, n))) {
                let requested = Turn::new(number >= 4, number % 4);
                let size = (width * height) as usize * layout.channels();
                let pixels: Vec<u8> = (0..size as u8).collect();
                let image = Image::of(width, height, layout, pixels);
                let result = turn(image.clone(), requested, &NoPause);
                let at = |image: &Image, x: u32, y: u32| {
                    let from = (y * image.width() + x) as usize * layout.channels();
                    image.pixels()[from..from + layout.channels()].to_vec()
                };
                for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
                    let (mut to_x, mut to_y) = (x, y);
                    let (mut columns, mut rows) = (width, height);
                    if requested.mirrored() {
                        to_x = columns - 1 - to_x;
                    }
                    for _ in 0..requested.quarters() {
                        (to_x, to_y) = (rows - 1 - to_y, to_x);
                        (columns, rows) = (rows, columns);
                    }
                    assert_eq!((result.width(), result.height()), (columns, rows));
                    assert_eq!(at(&result, to_x, to_y), at(&image, x, y), "{requested}");
                }
            }
        }
    }
}

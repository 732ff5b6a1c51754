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
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    // Where the first pixel of the result comes from, and the steps along its rows and columns.
    let (x, y) = match turn.quarters() {
        0 => ([0, 1, 0], [0, 0, 1]),
        1 => ([0, 0, 1], [height - 1, -1, 0]),
        2 => ([width - 1, -1, 0], [height - 1, 0, -1]),
        _ => ([width - 1, 0, -1], [0, 1, 0]),
    };
    let x = match x {
        [start, right, down] if turn.mirrored() => [width - 1 - start, -right, -down],
        other => other,
    };
    let index = |part: usize| y[part] * width + x[part];
    let (start, right, down) = (index(0), index(1), index(2));

    let (columns, rows) = turn.size((image.width(), image.height()));
    let source = image.pixels();
    let mut pixels = vec![0; source.len()];
    let stride = columns as usize * N;
    for (row, out) in (0..i64::from(rows)).zip(pixels.chunks_exact_mut(stride)) {
        pause.pause();
        let mut at = start + down * row;
        for pixel in out.chunks_exact_mut(N) {
            let from = at as usize * N;
            pixel.copy_from_slice(&source[from..from + N]);
            at += right;
        }
    }
    Image::of(columns, rows, image.layout(), pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Layout, NoPause};

    #[test]
    fn every_turn_of_every_shape_moves_each_pixel_to_its_place() {
        let layouts = [Layout::Grey, Layout::GreyAlpha, Layout::Rgb, Layout::Rgba];
        for (width, height) in [(1, 1), (3, 1), (1, 3), (4, 3), (5, 5)] {
            for (layout, number) in layouts
                .into_iter()
                .flat_map(|l| (0..8).map(move |n| (l, n)))
            {
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

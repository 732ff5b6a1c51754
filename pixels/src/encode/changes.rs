//! What changed from one frame to the next.

/// A part of a canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Columns left of it.
    pub x: u32,
    /// Rows above it.
    pub y: u32,
    /// Its columns, at least 1.
    pub width: u32,
    /// Its rows, at least 1.
    pub height: u32,
}

impl Area {
    /// The smallest area of a canvas of this width with all pixels for which `contains` holds;
    /// none if there is none. Pixels are counted row by row.
    pub fn of(width: u32, height: u32, contains: impl Fn(usize) -> bool) -> Option<Area> {
        let (mut left, mut right) = (u32::MAX, 0);
        let (mut top, mut bottom) = (u32::MAX, 0);
        for y in 0..height {
            let start = y as usize * width as usize;
            let inside = |x: &u32| contains(start + *x as usize);
            let Some(first) = (0..width).find(inside) else {
                continue;
            };
            let last = (first..width).rev().find(inside).unwrap_or(first);
            left = left.min(first);
            right = right.max(last);
            top = top.min(y);
            bottom = y;
        }
        (top != u32::MAX).then(|| Area {
            x: left,
            y: top,
            width: right - left + 1,
            height: bottom - top + 1,
        })
    }

    /// The first pixel alone: what stands for a frame in which nothing changed.
    pub const CORNER: Area = Area {
        x: 0,
        y: 0,
        width: 1,
        height: 1,
    };

    /// The smallest area that contains both.
    #[must_use]
    pub fn union(self, other: Area) -> Area {
        let right = (self.x + self.width).max(other.x + other.width);
        let bottom = (self.y + self.height).max(other.y + other.height);
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        Area {
            x,
            y,
            width: right - x,
            height: bottom - y,
        }
    }

    /// The same with even distances, as WebP wants them.
    #[must_use]
    pub fn even(self) -> Area {
        let (left, top) = (self.x % 2, self.y % 2);
        Area {
            x: self.x - left,
            y: self.y - top,
            width: self.width + left,
            height: self.height + top,
        }
    }

    /// The numbers of its pixels in a canvas of this width.
    pub fn pixels(self, width: u32) -> impl Iterator<Item = usize> {
        let width = width as usize;
        let columns = self.x as usize..(self.x + self.width) as usize;
        let rows = self.y as usize..(self.y + self.height) as usize;
        rows.flat_map(move |y| columns.clone().map(move |x| y * width + x))
    }

    /// Its pixels, of `channels` bytes, of a canvas of this width.
    pub fn cut(self, pixels: &[u8], width: u32, channels: usize) -> Vec<u8> {
        let (width, x) = (width as usize, self.x as usize);
        let rows = self.y as usize..(self.y + self.height) as usize;
        rows.flat_map(|y| {
            let start = (y * width + x) * channels;
            &pixels[start..start + self.width as usize * channels]
        })
        .copied()
        .collect()
    }
}

/// The area in which two frames of four bytes a pixel differ to the eye.
pub fn changed(before: &[u8], after: &[u8], width: u32, height: u32) -> Option<Area> {
    Area::of(width, height, |index| {
        let pixel = index * 4..index * 4 + 4;
        let (before, after) = (&before[pixel.clone()], &after[pixel]);
        before != after && (before[3] > 0 || after[3] > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_holds_every_change() {
        let mut before = vec![0; 5 * 4 * 4];
        let mut after = before.clone();
        assert_eq!(changed(&before, &after, 5, 4), None);
        after[(2 * 5 + 3) * 4 + 3] = 1;
        before[(5 + 1) * 4 + 3] = 9;
        let area = changed(&before, &after, 5, 4).expect("a change");
        assert_eq!((area.x, area.y, area.width, area.height), (1, 1, 3, 2));
        let even = area.even();
        assert_eq!((even.x, even.y, even.width, even.height), (0, 0, 4, 3));
        assert_eq!(area.pixels(5).collect::<Vec<_>>(), [6, 7, 8, 11, 12, 13]);
        assert_eq!(area.union(Area::CORNER).width, 4);
        let numbers: Vec<u8> = (0..20).collect();
        assert_eq!(area.cut(&numbers, 5, 1), [6, 7, 8, 11, 12, 13]);
        // Hidden colours are no change.
        before.fill(0);
        after.fill(0);
        after[1] = 7;
        assert_eq!(changed(&before, &after, 5, 4), None);
    }
}

//! What the image information says of sizes and tiles (§5.3, §5.4).

use super::Limits;

/// The longer side of a tile in pixels.
const TILE: u32 = 512;

/// The sizes at which the parts of an image are offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pyramid {
    /// The width and height of a tile, in pixels of the result.
    pub tile: u32,
    /// By how much the image is reduced: powers of two, up to the one with which it fits into a
    /// tile.
    pub scale_factors: Vec<u32>,
    /// The sizes of the whole image at these factors that are within the limits, smallest first.
    pub sizes: Vec<(u32, u32)>,
}

impl Pyramid {
    /// The pyramid of an image of this size.
    pub fn new((width, height): (u32, u32), limits: &Limits) -> Pyramid {
        let tile = TILE.min(limits.max_side).max(1);
        let fits = |factor: u32| width.max(height).div_ceil(factor) <= tile;
        let factors = (0..u32::BITS).map(|power| 1 << power);
        let smallest = factors.clone().position(fits).unwrap_or(0);
        let scale_factors: Vec<u32> = factors.take(smallest + 1).collect();
        let sizes = scale_factors.iter().rev();
        let sizes = sizes.map(|factor| (width.div_ceil(*factor), height.div_ceil(*factor)));
        Pyramid {
            tile,
            sizes: sizes.filter(|size| limits.check(*size).is_ok()).collect(),
            scale_factors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        max_side: 8192,
        max_area: 25_000_000,
    };

    #[test]
    fn the_smallest_size_fits_into_a_tile_and_the_largest_into_the_limits() {
        for (image, factors, sizes) in [
            ((1, 1), &[1][..], &[(1, 1)][..]),
            ((512, 300), &[1], &[(512, 300)]),
            ((513, 300), &[1, 2], &[(257, 150), (513, 300)]),
            (
                (8000, 6000),
                &[1, 2, 4, 8, 16],
                &[(500, 375), (1000, 750), (2000, 1500), (4000, 3000)],
            ),
        ] {
            let pyramid = Pyramid::new(image, &LIMITS);
            assert_eq!(
                (&pyramid.scale_factors[..], &pyramid.sizes[..]),
                (factors, sizes)
            );
            assert_eq!(pyramid.tile, 512);
        }
        let widest = Pyramid::new((u32::MAX, 1), &LIMITS);
        assert_eq!(widest.scale_factors.last(), Some(&(1 << 23)));
        let small = Limits {
            max_side: 100,
            ..LIMITS
        };
        let pyramid = Pyramid::new((300, 20), &small);
        assert_eq!((pyramid.tile, pyramid.scale_factors), (100, vec![1, 2, 4]));
        assert_eq!(pyramid.sizes, [(75, 5)]);
    }
}

//! The widths that pages ask for.

use crate::number::{LARGEST_SIDE, round_div};
use crate::transform::{Size, Transform};

/// The widths that a deployment offers in a `srcset`: ascending, without repetitions, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder(Vec<u32>);

/// Those of Next.js, of versions that begin at 16 and of those that begin at 32.
const USUAL: [u32; 16] = [
    16, 32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840,
];

impl Default for Ladder {
    fn default() -> Self {
        Self(USUAL.to_vec())
    }
}

impl Ladder {
    /// The ladder of these widths, in pixels; `None` if there are none, or one is 0.
    pub fn new(widths: impl IntoIterator<Item = u32>) -> Option<Self> {
        let mut widths: Vec<u32> = widths.into_iter().collect();
        widths.sort_unstable();
        widths.dedup();
        let is_valid = widths.first().is_some_and(|width| *width > 0);
        is_valid.then_some(Self(widths))
    }

    /// Without the widths that are over `most`; only `most` if all are.
    #[must_use]
    pub fn within(mut self, most: u32) -> Self {
        self.0.retain(|width| *width <= most);
        if self.0.is_empty() {
            self.0.push(most);
        }
        self
    }

    /// The widths in pixels, ascending.
    pub fn widths(&self) -> &[u32] {
        &self.0
    }

    /// The least of the widths that is not below `side`, or the largest of all.
    fn step(&self, side: u32) -> u32 {
        let at = self.0.partition_point(|width| *width < side);
        let step = self.0.get(at).or(self.0.last());
        step.copied().unwrap_or(side)
    }
}

impl Transform {
    /// The same with the width of its box on the ladder, so that all widths between two steps are
    /// one transform. A height beside the width keeps the ratio of the box; one without a width is
    /// brought to the ladder itself.
    #[must_use]
    pub fn snapped(mut self, ladder: &Ladder) -> Transform {
        self.size = self.size.map(|size| match size {
            Size::Width(width) => Size::Width(ladder.step(width)),
            Size::Height(height) => Size::Height(ladder.step(height)),
            Size::Box(width, height) => {
                let step = ladder.step(width);
                Size::Box(step, in_proportion(height, step, width))
            }
        });
        self
    }
}

/// The height of a box whose width changes from `old` to `new`, which are not 0.
fn in_proportion(height: u32, new: u32, old: u32) -> u32 {
    let product = u128::from(height) * u128::from(new);
    let height = round_div(product, u128::from(old.max(1)));
    u32::try_from(height).map_or(LARGEST_SIDE, |height| height.clamp(1, LARGEST_SIDE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn snapped(text: &str) -> String {
        let transform: Transform = text.parse().expect("a transform");
        transform.snapped(&Ladder::default()).to_string()
    }

    #[test]
    fn widths_are_brought_up_to_the_ladder_and_heights_follow() {
        for (given, expected) in [
            ("w=640", "w=640"),
            ("w=641", "w=750"),
            ("w=1", "w=16"),
            ("w=400&dpr=1.5", "w=640"),
            ("w=320&dpr=2", "w=640"),
            // No image is larger than the ladder.
            ("w=3841", "w=3840"),
            ("w=4000&h=1000&fit=cover", "w=3840&h=960&fit=cover"),
            // The ratio of the box stays.
            ("w=300&h=200&fit=cover", "w=384&h=256&fit=cover"),
            ("w=300&h=200&dpr=2", "w=640&h=427"),
            ("w=2048&h=1", "w=2048&h=1"),
            ("w=3999&h=1", "w=3840&h=1"),
            ("h=100", "h=128"),
            ("rotate=90", "rotate=90"),
            ("", ""),
        ] {
            assert_eq!(snapped(given), expected, "{given}");
        }
    }

    #[test]
    fn a_ladder_is_sorted_and_never_empty() {
        let ladder = Ladder::new([640, 320, 640]).expect("a ladder");
        assert_eq!(ladder.widths(), [320, 640]);
        assert_eq!(ladder.clone().within(500).widths(), [320]);
        assert_eq!(ladder.within(200).widths(), [200]);
        assert_eq!(Ladder::new([]), None);
        assert_eq!(Ladder::new([0, 5]), None);
    }

    proptest! {
        #[test]
        fn what_is_on_the_ladder_stays_and_few_widths_are_left(
            width in 1..100_000_u32,
            height in prop::option::of(1..100_000_u32),
        ) {
            let mut text = format!("w={width}");
            text.extend(height.map(|height| format!("&h={height}")));
            let once = snapped(&text);
            prop_assert_eq!(snapped(&once), once.clone());
            let once: Transform = once.parse().expect("a transform");
            let (snapped, _) = once.size().expect("a box").sides();
            prop_assert!(snapped.is_some_and(|width| USUAL.contains(&width)));
        }
    }
}

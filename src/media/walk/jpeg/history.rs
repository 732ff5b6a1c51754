//! Which coefficients of a component are known not to be zero. Scans that refine coefficients
//! have a bit for each of them, so that they cannot be followed without this.

/// The number of blocks in a page.
const PAGE: usize = 64;

/// The maximum number of pages that a picture uses, of 512 bytes each.
pub(super) const MAX_PAGES: usize = 2048;

/// For each block, a bit for each coefficient. Pages of blocks without any are missing.
#[derive(Debug, Default)]
pub(super) struct History {
    pages: Vec<Option<Box<[u64; PAGE]>>>,
}

impl History {
    /// The coefficients of a block.
    pub(super) fn get(&self, block: usize) -> u64 {
        let page = self.pages.get(page_of(block)).and_then(Option::as_ref);
        let bits = page.and_then(|page| page.get(place_of(block)));
        bits.copied().unwrap_or(0)
    }

    /// Adds coefficients to a block. `None` if that takes one more page than are `left`.
    pub(super) fn add(&mut self, block: usize, bits: u64, left: &mut usize) -> Option<()> {
        if bits == 0 {
            return Some(());
        }
        let index = page_of(block);
        if self.pages.len() <= index {
            self.pages.resize_with(index.checked_add(1)?, || None);
        }
        let page = self.pages.get_mut(index)?;
        if page.is_none() {
            *left = left.checked_sub(1)?;
        }
        let page = page.get_or_insert_with(|| Box::new([0; PAGE]));
        *page.get_mut(place_of(block))? |= bits;
        Some(())
    }

    /// The number of coefficients among `band` in `count` blocks from `start` on, and the
    /// number of blocks looked at.
    pub(super) fn count(&self, start: usize, count: usize, band: u64) -> (u64, u64) {
        let (mut coefficients, mut looks) = (0_u64, 0_u64);
        if count == 0 {
            return (coefficients, looks);
        }
        let end = start.saturating_add(count);
        let pages = self.pages.get(page_of(start)..).unwrap_or_default();
        let mut from = place_of(start);
        let mut at = start.saturating_sub(from);
        for page in pages {
            if at >= end {
                break;
            }
            looks = looks.saturating_add(1);
            let to = end.saturating_sub(at).min(PAGE);
            let blocks = page.as_ref().and_then(|page| page.get(from..to));
            (from, at) = (0, at.saturating_add(PAGE));
            for bits in blocks.unwrap_or_default() {
                looks = looks.saturating_add(1);
                let among = u64::from((bits & band).count_ones());
                coefficients = coefficients.saturating_add(among);
            }
        }
        (coefficients, looks)
    }
}

fn page_of(block: usize) -> usize {
    block.wrapping_div(PAGE)
}

fn place_of(block: usize) -> usize {
    block.wrapping_rem(PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_are_counted_in_any_range_of_blocks() {
        let mut history = History::default();
        let mut left = 3;
        for block in [3, 5, 63, 64, 700] {
            history.add(block, 0b110, &mut left).expect("three pages");
            history.add(block, 0b1000, &mut left).expect("three pages");
        }
        assert_eq!((history.get(63), history.get(62)), (0b1110, 0));
        assert_eq!(left, 0);
        assert_eq!(history.add(1, 1, &mut left), Some(()));
        assert_eq!(history.add(200, 1, &mut left), None);
        assert_eq!(history.add(200, 0, &mut left), Some(()));
        for (start, count, expect) in [
            (0, 1000, 15),
            (4, 60, 6),
            (5, 1, 3),
            (64, 636, 3),
            (9, 0, 0),
        ] {
            let (counted, looks) = history.count(start, count, 0b1110);
            assert_eq!(counted, expect, "{start} {count}");
            assert!(looks <= 3 * 65 + 13, "{looks}");
        }
    }
}

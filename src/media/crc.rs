//! CRC-32 as PNG has it (third edition, annex D), without tables: in WebAssembly, which has no
//! instruction for it, this takes a third of the time that tables take.
//!
//! The CRC is a remainder of division by a polynomial P, so any multiple of P can be added to the
//! bytes without changing it. x³⁰⁰ + x¹⁵⁵ + x¹¹⁷ + x⁸⁹ + 1 is such a multiple, and has only five
//! terms: each word is cleared by adding it to four places behind it, until only the last words are
//! left (S. Russell: "Chorba", arXiv:2412.16398).

use crc32fast::Hasher;

/// The number of bytes behind a block that clearing it changes.
const CARRIED: usize = 40;

/// Returns the CRC-32 of bytes that end with `bytes`, and the rest of which has the CRC-32 `before`
/// (0 if there is none).
pub(super) fn crc32(before: u32, bytes: &[u8]) -> u32 {
    let mut left = bytes;
    let mut carried = [u64::from(!before), 0, 0, 0, 0];
    while let Some((block, behind)) = left.split_first_chunk()
        && behind.len() >= CARRIED
    {
        carried = clear(block, carried);
        left = behind;
    }
    let Some((changed, rest)) = left.split_first_chunk::<CARRIED>() else {
        return update(before, left);
    };
    let (words, _) = changed.as_chunks();
    let words = words.iter().zip(carried);
    let words =
        words.flat_map(|(word, carried)| (u64::from_le_bytes(*word) ^ carried).to_le_bytes());
    let mut changed = [0; CARRIED];
    changed
        .iter_mut()
        .zip(words)
        .for_each(|(to, byte)| *to = byte);
    // The complement of the sum that remains to be added.
    update(update(u32::MAX, &changed), rest)
}

/// Clears the words of a block. Returns what is added to the words behind it.
fn clear(block: &[u8; 32], carried: [u64; 5]) -> [u64; 5] {
    let (words, _) = block.as_chunks::<8>();
    let [p, q, r, s, t] = carried;
    let [a, b, c, d] =
        std::array::from_fn(|at| words.get(at).map_or(0, |w| u64::from_le_bytes(*w)));
    let a = spread(a ^ p);
    let b = spread(b ^ q);
    let c = spread(c ^ r ^ a[0]);
    let d = spread(d ^ s ^ a[1] ^ b[0]);
    [
        t ^ a[2] ^ b[1] ^ c[0],
        a[3] ^ b[2] ^ c[1] ^ d[0],
        b[3] ^ c[2] ^ d[1],
        c[3] ^ d[2],
        d[3],
    ]
}

/// What a word is replaced by in the second to fifth word behind it: itself, 145, 183, 211 and 300
/// bits further on.
fn spread(word: u64) -> [u64; 4] {
    [
        (word << 17) ^ (word << 55),
        (word >> 47) ^ (word >> 9) ^ (word << 19),
        (word >> 45) ^ (word << 44),
        word >> 20,
    ]
}

fn update(before: u32, bytes: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(before);
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn it_is_the_crc_of_any_bytes_in_any_parts(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..1_000),
            cut: proptest::sample::Index,
        ) {
            let (first, rest) = bytes.split_at(cut.index(bytes.len() + 1));
            let crc = crc32(crc32(0, first), rest);
            proptest::prop_assert_eq!(crc, crc32fast::hash(&bytes));
        }
    }

    #[test]
    fn the_check_value_of_the_algorithm() {
        assert_eq!(crc32(0, b"123456789"), 0xCBF4_3926);
        let long = b"123456789".repeat(100_000);
        assert_eq!(crc32(0, &long), crc32fast::hash(&long));
    }
}

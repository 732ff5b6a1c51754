//! Ways to damage an input.

use proptest::prelude::*;
use proptest::sample::Index;

/// One way to damage an input.
#[derive(Clone, Debug)]
pub(super) enum Damage {
    Set(Index, u8),
    Flip(Index, u8),
    Number(Index, u32),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    Repeat(Index, usize),
    /// Replaces a part with an equally long part of another input.
    Splice(Index, Index, Index, usize),
    Truncate(Index),
}

pub(super) fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    let edges = prop::sample::select(vec![0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, u32::MAX]);
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (place(), b' '..=b'~').prop_map(|(at, byte)| Damage::Set(at, byte)),
        (place(), 0..8u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (place(), edges).prop_map(|(at, number)| Damage::Number(at, number)),
        (place(), 1..40usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        (place(), prop::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (place(), "[0-9a-z ,;:=&%\"{}\\[\\]-]{1,8}")
            .prop_map(|(at, text)| Damage::Insert(at, text.into_bytes())),
        (place(), 1..400usize).prop_map(|(at, count)| Damage::Repeat(at, count)),
        (place(), place(), place(), 1..200usize)
            .prop_map(|(at, other, from, count)| Damage::Splice(at, other, from, count)),
        place().prop_map(Damage::Truncate),
    ]
}

/// Damages an input; `others` are the inputs that parts are taken from.
pub(super) fn apply(bytes: &mut Vec<u8>, damage: &Damage, others: &[Vec<u8>]) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    let span = |at: &Index, count: &usize| {
        let at = at.index(length);
        at..(at + count).min(length)
    };
    match damage {
        Damage::Set(at, byte) => bytes[at.index(length)] = *byte,
        Damage::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
        Damage::Number(at, number) => {
            let span = span(at, &4);
            let digits = &number.to_be_bytes()[4 - span.len()..];
            bytes[span].copy_from_slice(digits);
        }
        Damage::Remove(at, count) => {
            bytes.drain(span(at, count));
        }
        Damage::Insert(at, more) => {
            let at = at.index(length);
            bytes.splice(at..at, more.iter().copied());
        }
        Damage::Repeat(at, count) => {
            let span = span(at, count);
            let part = bytes[span.clone()].to_vec();
            bytes.splice(span.start..span.start, part);
        }
        Damage::Splice(at, other, from, count) => {
            let other = other.get(others);
            let from = from.index(other.len() + 1);
            let part = &other[from..(from + count).min(other.len())];
            bytes.splice(span(at, &part.len()), part.iter().copied());
        }
        Damage::Truncate(at) => bytes.truncate(at.index(length)),
    }
}

//! Reading ahead, for readers that take what they are given: a reader that stops is held
//! one chunk, and the end of the one before.

use std::collections::VecDeque;
use std::iter::Fuse;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::{MaybeDone, maybe_done};

/// The end of a chunk, while which is sent the next is read. It is as long as that takes on
/// a store that is near, and short beside a chunk.
const TAIL: usize = 64 << 10;

/// The parts of chunks that are read one after the other. The read of the next begins when
/// the last part of the one before is given out. From a long part the tail is cut off for
/// that, and copied, so that the chunk's memory is free by then.
///
/// Dropping it drops what is under way and begins no more.
pub(super) struct ReadAhead<I: Iterator>
where
    I::Item: Future,
{
    reads: Fuse<I>,
    next: Option<MaybeDone<I::Item>>,
    parts: VecDeque<Bytes>,
}

impl<I: Iterator> ReadAhead<I>
where
    I::Item: Future,
{
    /// The parts that these reads give. None begins before it is asked for.
    pub(super) fn new(reads: I) -> Self {
        let mut reads = reads.fuse();
        Self {
            next: reads.next().map(maybe_done),
            reads,
            parts: VecDeque::new(),
        }
    }

    fn cut_tail(&mut self) {
        if let Some(last) = self.parts.back_mut()
            && last.len() > 2 * TAIL
        {
            let at = last.len() - TAIL;
            let tail = Bytes::copy_from_slice(&last[at..]);
            last.truncate(at);
            self.parts.push_back(tail);
        }
    }
}

impl<I, E> Stream for ReadAhead<I>
where
    I: Iterator + Unpin,
    I::Item: Future<Output = Result<Vec<Bytes>, E>> + Unpin,
{
    type Item = Result<Bytes, E>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.parts.is_empty() {
            let Some(next) = &mut this.next else {
                return Poll::Ready(None);
            };
            ready!(Pin::new(&mut *next).poll(context));
            let parts = Pin::new(next).take_output();
            this.next = this.reads.next().map(maybe_done);
            match parts {
                Some(Ok(parts)) => this.parts.extend(parts),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {}
            }
            if this.next.is_some() {
                this.cut_tail();
            }
        }
        let part = this.parts.pop_front();
        if this.parts.is_empty()
            && let Some(next) = &mut this.next
        {
            let _ = Pin::new(next).poll(context);
        }
        Poll::Ready(part.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use futures_util::future::{BoxFuture, pending, ready};
    use futures_util::{FutureExt as _, StreamExt as _};

    use super::*;

    type Read = Result<Vec<Bytes>, Infallible>;

    /// Reads the parts of these lengths, and tells how many reads have begun after each.
    fn begun(chunks: &[&[usize]]) -> Vec<(usize, usize)> {
        let begun = Cell::new(0);
        let reads = chunks.iter().map(|lengths| {
            Box::pin({
                let begun = &begun;
                async move {
                    begun.set(begun.get() + 1);
                    let part = |length: &usize| Bytes::from(vec![7; *length]);
                    Read::Ok(lengths.iter().map(part).collect())
                }
            })
        });
        let mut parts = ReadAhead::new(reads);
        assert_eq!(begun.get(), 0, "nothing begins before it is asked for");
        let mut given = Vec::new();
        while let Some(part) = parts.next().now_or_never().expect("all is there") {
            given.push((part.expect("no errors").len(), begun.get()));
        }
        given
    }

    #[test]
    fn the_next_read_begins_with_the_last_part_of_the_one_before() {
        assert_eq!(begun(&[&[1], &[2], &[3]]), [(1, 2), (2, 3), (3, 3)]);
        assert_eq!(begun(&[&[1, 1], &[2, 2]]), [(1, 1), (1, 2), (2, 2), (2, 2)]);
        assert_eq!(begun(&[]), []);
    }

    #[test]
    fn a_reader_that_stops_in_a_long_chunk_is_held_that_one_only() {
        const CHUNK: usize = 384 << 10;
        let given = begun(&[&[CHUNK], &[CHUNK], &[CHUNK]]);
        let head = CHUNK - TAIL;
        assert_eq!(
            given,
            [(head, 1), (TAIL, 2), (head, 2), (TAIL, 3), (CHUNK, 3)]
        );
    }

    #[test]
    fn a_tail_keeps_nothing_of_its_chunk() {
        let chunk = Bytes::from(vec![7; 3 * TAIL]);
        let reads = [chunk.clone(), chunk].map(|chunk| ready(Read::Ok(vec![chunk])));
        let mut parts = ReadAhead::new(reads.into_iter());
        let head = parts
            .next()
            .now_or_never()
            .flatten()
            .expect("a part")
            .expect("is read");
        assert_eq!(parts.parts[0], head[..TAIL]);
        assert!(!head.as_ptr_range().contains(&parts.parts[0].as_ptr()));
    }

    #[test]
    fn a_slow_read_is_waited_for_and_an_error_told() {
        let reads: Vec<BoxFuture<'_, Result<Vec<Bytes>, u8>>> = vec![
            ready(Ok(vec!["a".into()])).boxed(),
            ready(Err(5)).boxed(),
            pending().boxed(),
        ];
        let mut parts = ReadAhead::new(reads.into_iter());
        assert_eq!(parts.next().now_or_never(), Some(Some(Ok("a".into()))));
        assert_eq!(parts.next().now_or_never(), Some(Some(Err(5))));
        assert_eq!(parts.next().now_or_never(), None);
    }
}

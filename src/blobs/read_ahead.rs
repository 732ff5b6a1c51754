//! Reading ahead: while one result is being used, the next are on their way.

use std::collections::VecDeque;
use std::iter::Fuse;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::future::{MaybeDone, maybe_done};

/// The results of futures in their order. Whenever one is given out, the `ahead`
/// after it have been started, so that they go on while nobody asks for them.
/// Dropping it drops those under way and starts no more.
///
/// `StreamExt::buffered` starts futures only when it is asked for the next result,
/// and not all of them if one is there already.
pub(super) struct ReadAhead<I: Iterator>
where
    I::Item: Future,
{
    futures: Fuse<I>,
    under_way: VecDeque<MaybeDone<I::Item>>,
    ahead: usize,
}

impl<I: Iterator> ReadAhead<I>
where
    I::Item: Future + Unpin,
{
    /// At least one is always under way.
    pub(super) fn new(futures: I, ahead: usize) -> Self {
        Self {
            futures: futures.fuse(),
            under_way: VecDeque::new(),
            ahead: ahead.max(1),
        }
    }

    /// Starts as many as may be under way, and lets all go on.
    fn proceed(&mut self, context: &mut Context<'_>) {
        let room = self.ahead.saturating_sub(self.under_way.len());
        let started = self.futures.by_ref().take(room).map(maybe_done);
        self.under_way.extend(started);
        for future in &mut self.under_way {
            let _ = Pin::new(future).poll(context);
        }
    }
}

impl<I: Iterator + Unpin> Stream for ReadAhead<I>
where
    I::Item: Future + Unpin,
{
    type Item = <I::Item as Future>::Output;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.proceed(context);
        let Some(first) = self.under_way.front_mut() else {
            return Poll::Ready(None);
        };
        let Some(output) = Pin::new(first).take_output() else {
            return Poll::Pending;
        };
        self.under_way.pop_front();
        self.proceed(context);
        Poll::Ready(Some(output))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::ready;

    use futures_util::future::{BoxFuture, pending};
    use futures_util::{FutureExt as _, StreamExt as _};

    use super::*;

    #[test]
    fn results_come_in_order_and_the_next_are_started() {
        let started = Cell::new(0);
        let futures = (0..5).map(|number| {
            Box::pin({
                let started = &started;
                async move {
                    started.set(started.get() + 1);
                    number
                }
            })
        });
        let mut results = ReadAhead::new(futures, 2);
        assert_eq!(
            started.get(),
            0,
            "nothing is started before it is asked for"
        );
        for (number, expect) in [(0, 3), (1, 4), (2, 5), (3, 5), (4, 5)] {
            assert_eq!(results.next().now_or_never(), Some(Some(number)));
            assert_eq!(started.get(), expect);
        }
        assert_eq!(results.next().now_or_never(), Some(None));
        assert_eq!(results.next().now_or_never(), Some(None));
    }

    #[test]
    fn a_slow_one_holds_up_those_after_it_but_not_their_start() {
        let futures: Vec<BoxFuture<'_, u8>> =
            vec![ready(0).boxed(), pending().boxed(), ready(2).boxed()];
        let mut results = ReadAhead::new(futures.into_iter(), 2);
        assert_eq!(results.next().now_or_never(), Some(Some(0)));
        assert_eq!(results.next().now_or_never(), None);
        assert!(matches!(results.under_way[1], MaybeDone::Done(2)));
    }
}

use super::*;
use http_body_util::StreamBody;
use std::collections::VecDeque;
use std::convert::Infallible;

/// A body of these pieces, which are all available. Its length may be known or not.
struct Pieces {
    pieces: VecDeque<Frame<Bytes>>,
    is_known: bool,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.pieces.pop_front().map(Ok))
    }

    fn size_hint(&self) -> SizeHint {
        let lengths = self.pieces.iter().filter_map(|frame| frame.data_ref());
        let length = lengths.map(|data| data.len() as u64).sum();
        match self.is_known {
            true => SizeHint::with_exact(length),
            false => SizeHint::default(),
        }
    }
}

fn body(lengths: &[usize], is_known: bool) -> UnsyncBoxBody<Bytes, Error> {
    let piece = |(index, length): (usize, &usize)| {
        Frame::data(Bytes::from(vec![
            u8::try_from(index % 251).unwrap();
            *length
        ]))
    };
    let pieces = lengths.iter().enumerate().map(piece).collect();
    gathered(Pieces { pieces, is_known }.map_err(|never| -> Error { match never {} }))
}

/// Gathers pieces of these lengths; returns the lengths of the gathered pieces. Their bytes must
/// be the same as before.
async fn gather(lengths: &[usize], is_known: bool) -> Vec<usize> {
    let expected: Vec<u8> = lengths
        .iter()
        .enumerate()
        .flat_map(|(index, length)| vec![u8::try_from(index % 251).unwrap(); *length])
        .collect();
    let mut body = body(lengths, is_known);
    let mut left = expected.len() as u64;
    let (mut bytes, mut gathered) = (Vec::new(), Vec::new());
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        gathered.push(data.len());
        bytes.extend_from_slice(&data);
        left -= data.len() as u64;
        if is_known {
            assert_eq!(body.size_hint().exact(), Some(left));
        }
    }
    assert!(bytes == expected, "{lengths:?}");
    gathered
}

#[tokio::test]
async fn small_available_pieces_are_combined_and_large_ones_are_unchanged() {
    for is_known in [true, false] {
        assert_eq!(gather(&[1; 1000], is_known).await, [1000]);
        assert_eq!(gather(&[], is_known).await, [0; 0]);
        assert_eq!(
            gather(&[100_000, 1, 1, 5000], is_known).await,
            [100_000, 2, 5000]
        );
        assert_eq!(gather(&[1, LARGE, 1], is_known).await, [1, LARGE, 1]);
        assert_eq!(gather(&[3000; 10], is_known).await, [15_000, 15_000]);
    }
}

#[tokio::test]
async fn pieces_that_have_arrived_do_not_wait_for_others() {
    for is_known in [true, false] {
        let (sender, receiver) = mpsc::unbounded_channel::<Result<Frame<Bytes>, Error>>();
        let stream = futures_util::stream::unfold(receiver, |mut receiver| async {
            Some((receiver.recv().await?, receiver))
        });
        let body = StreamBody::new(Box::pin(stream));
        let mut body = match is_known {
            true => Queued { body, next: None }.boxed_unsync(),
            false => gathered(body),
        };
        for byte in [b"a", b"b"] {
            sender
                .send(Ok(Frame::data(Bytes::from_static(byte))))
                .unwrap();
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), &byte[..]);
        }
        let _ = sender.send(Ok(Frame::data(Bytes::from_static(b"c"))));
        let _ = sender.send(Err(Error::ConnectionTerminated));
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "c");
        assert!(body.frame().await.unwrap().is_err());
    }
}

#[tokio::test]
async fn nothing_is_read_before_the_first_poll_or_after_the_body_is_dropped() {
    let (sender, receiver) = mpsc::channel::<Result<Frame<Bytes>, Error>>(1);
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async {
        Some((receiver.recv().await?, receiver))
    });
    let mut body = gathered(StreamBody::new(Box::pin(stream)));
    sender
        .send(Ok(Frame::data(Bytes::from_static(b"a"))))
        .await
        .unwrap();
    tokio::task::yield_now().await;
    assert_eq!(
        sender.capacity(),
        0,
        "the body was read before it was polled"
    );
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    sender.closed().await;
}

//! A test suite for every [`BlobStore`]. Public, so that stores in other crates can run it
//! too.

use bytes::Bytes;
use futures_util::TryStreamExt as _;

use super::{BlobError, BlobStore};
use crate::conformance::{Failure, ensure, ensure_eq, run_cases};
use crate::model::{BlobId, BlobRef};

/// Runs the suite and returns the names of its cases. `prefix` keeps the blob
/// ids of one run apart from those of other runs in the same store.
pub async fn run(store: &dyn BlobStore, prefix: &str) -> Result<Vec<&'static str>, Failure> {
    let suite = Suite { store, prefix };
    Ok(run_cases!(
        suite,
        [
            the_store_answers,
            blobs_of_every_length_come_back,
            any_split_of_the_bytes_gives_the_same_blob,
            ranges_are_exact,
            several_ranges_keep_their_order,
            ranges_outside_the_blob_are_refused,
            absent_blobs_are_missing,
            deletion_is_complete_and_repeatable,
            aborted_and_abandoned_writers_leave_nothing,
            blobs_do_not_touch_each_other,
            many_blobs_are_written_and_read_at_once,
        ]
    ))
}

/// Pseudo-random bytes, so that no two chunks are alike.
fn bytes(length: usize, seed: u8) -> Bytes {
    let mut state = u32::from(seed) + 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    (0..length).map(next).collect()
}

struct Suite<'a> {
    store: &'a dyn BlobStore,
    prefix: &'a str,
}

impl Suite<'_> {
    fn id(&self, name: &str) -> Result<BlobId, Failure> {
        BlobId::new(format!("{}.{name}", self.prefix))
            .ok_or_else(|| Failure::new("blob ids", "the prefix must have only letters and digits"))
    }

    async fn write(&self, name: &str, content: &Bytes) -> Result<BlobRef, Failure> {
        self.write_in_steps(name, content, content.len().max(1))
            .await
    }

    async fn write_in_steps(
        &self,
        name: &str,
        content: &Bytes,
        step: usize,
    ) -> Result<BlobRef, Failure> {
        let hint = step.is_multiple_of(2).then_some(content.len() as u64);
        let mut writer = self.store.create(self.id(name)?, hint);
        for start in (0..content.len()).step_by(step) {
            let end = (start + step).min(content.len());
            let written = writer.write(content.slice(start..end)).await;
            written.map_err(|error| Failure::new(name, error))?;
        }
        writer
            .finish()
            .await
            .map_err(|error| Failure::new(name, error))
    }

    async fn read(&self, blob: &BlobRef, range: std::ops::Range<u64>) -> Result<Bytes, BlobError> {
        let pieces: Vec<Bytes> = self.store.read(blob, range).await?.try_collect().await?;
        Ok(pieces.concat().into())
    }

    async fn the_store_answers(&self) -> Result<(), Failure> {
        let answer = self.store.check().await;
        answer.map_err(|error| Failure::new("the store answers", error))
    }

    async fn chunk_size(&self) -> Result<usize, Failure> {
        let blob = self.write("probe", &bytes(1, 0)).await?;
        self.delete(&blob).await?;
        Ok(blob.chunk_size as usize)
    }

    async fn delete(&self, blob: &BlobRef) -> Result<(), Failure> {
        let deleted = self.store.delete(blob).await;
        deleted.map_err(|error| Failure::new("delete", error))
    }

    async fn blobs_of_every_length_come_back(&self) -> Result<(), Failure> {
        let chunk = self.chunk_size().await?;
        for length in [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 5 * chunk + 7] {
            let content = bytes(length, 1);
            let blob = self.write("length", &content).await?;
            ensure_eq("a blob's recorded size", blob.size, length as u64)?;
            let back = self.read(&blob, 0..blob.size).await;
            ensure(&format!("{length} bytes come back"), back == Ok(content))?;
            self.delete(&blob).await?;
        }
        Ok(())
    }

    async fn any_split_of_the_bytes_gives_the_same_blob(&self) -> Result<(), Failure> {
        let chunk = self.chunk_size().await?;
        let content = bytes(2 * chunk + 3, 2);
        for step in [1 + chunk / 7, chunk - 1, chunk, chunk + 1, 2 * chunk] {
            let blob = self.write_in_steps("split", &content, step).await?;
            let back = self.read(&blob, 0..blob.size).await;
            ensure(
                &format!("steps of {step} bytes"),
                back.as_ref() == Ok(&content),
            )?;
            self.delete(&blob).await?;
        }
        Ok(())
    }

    async fn ranges_are_exact(&self) -> Result<(), Failure> {
        let chunk = self.chunk_size().await?;
        let content = bytes(3 * chunk + 5, 3);
        let blob = self.write("ranges", &content).await?;
        let size = content.len();
        let borders = [
            0,
            1,
            chunk - 1,
            chunk,
            chunk + 1,
            2 * chunk,
            3 * chunk,
            size - 1,
            size,
        ];
        for start in borders {
            for end in borders.into_iter().filter(|end| *end >= start) {
                let back = self.read(&blob, start as u64..end as u64).await;
                let expected = content.slice(start..end);
                ensure(&format!("bytes {start}..{end}"), back == Ok(expected))?;
            }
        }
        self.delete(&blob).await
    }

    async fn several_ranges_keep_their_order(&self) -> Result<(), Failure> {
        let chunk = self.chunk_size().await?;
        let content = bytes(4 * chunk, 8);
        let blob = self.write("several", &content).await?;
        let all = [
            0..1,
            chunk - 1..chunk,
            chunk..chunk,
            chunk - 1..3 * chunk + 1,
            1..2,
            0..4 * chunk,
        ];
        for count in 0..=all.len() {
            let wanted = all.get(..count).unwrap_or_default();
            let ranges: Vec<_> = wanted
                .iter()
                .map(|range| range.start as u64..range.end as u64)
                .collect();
            let mut read = self.several(&blob, &ranges).await?.into_iter();
            for range in wanted.iter().filter(|range| !range.is_empty()) {
                let mut part = Vec::new();
                while part.len() < range.len() {
                    let piece = read.next().unwrap_or_default();
                    ensure("no piece is empty", !piece.is_empty())?;
                    part.extend_from_slice(&piece);
                }
                let expected = content.slice(range.clone());
                ensure(&format!("{range:?} among others"), part == expected)?;
            }
            ensure_eq("nothing follows", read.next(), None)?;
        }
        let one_outside = [0..1, 0..blob.size + 1];
        let answer = self.store.read_ranges(&blob, &one_outside).await;
        let refused = matches!(answer, Err(BlobError::OutOfRange { .. }));
        ensure("one range outside refuses all", refused)?;
        self.delete(&blob).await
    }

    async fn several(
        &self,
        blob: &BlobRef,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<Bytes>, Failure> {
        let failed = |error| Failure::new("several ranges", error);
        let pieces = self.store.read_ranges(blob, ranges).await;
        pieces.map_err(failed)?.try_collect().await.map_err(failed)
    }

    async fn ranges_outside_the_blob_are_refused(&self) -> Result<(), Failure> {
        let blob = self.write("outside", &bytes(10, 4)).await?;
        for (start, end) in [(0, 11), (11, 11), (u64::MAX, u64::MAX), (5, 4)] {
            let answer = self.read(&blob, start..end).await;
            let refused = matches!(answer, Err(BlobError::OutOfRange { .. }));
            ensure(&format!("bytes {start}..{end} of 10 are refused"), refused)?;
        }
        self.delete(&blob).await
    }

    async fn absent_blobs_are_missing(&self) -> Result<(), Failure> {
        let blob = BlobRef {
            id: self.id("absent")?,
            size: 10,
            chunk_size: 4,
        };
        // The error is returned at once, not inside the stream.
        let answer = self.store.read(&blob, 0..10).await.err();
        let expected = BlobError::Missing {
            id: blob.id.clone(),
            index: 0,
        };
        ensure_eq("reading an absent blob", answer, Some(expected))
    }

    async fn deletion_is_complete_and_repeatable(&self) -> Result<(), Failure> {
        let chunk = self.chunk_size().await?;
        let blob = self.write("deleted", &bytes(30 * chunk + 1, 5)).await?;
        for _ in 0..2 {
            self.delete(&blob).await?;
            self.ensure_gone(&blob).await?;
        }
        Ok(())
    }

    async fn ensure_gone(&self, blob: &BlobRef) -> Result<(), Failure> {
        let mut start = 0;
        while start < blob.size {
            let end = (start + u64::from(blob.chunk_size)).min(blob.size);
            let gone = matches!(
                self.read(blob, start..end).await,
                Err(BlobError::Missing { .. })
            );
            ensure(
                &format!("bytes {start}..{end} of {} are gone", blob.id),
                gone,
            )?;
            start = end;
        }
        Ok(())
    }

    async fn aborted_and_abandoned_writers_leave_nothing(&self) -> Result<(), Failure> {
        let chunk = self.chunk_size().await?;
        for (name, length) in [("none", 0), ("some", chunk / 2), ("many", 7 * chunk + 1)] {
            for abandon in [false, true] {
                let id = self.id(name)?;
                let mut writer = self.store.create(id.clone(), None);
                let written = writer.write(bytes(length, 6)).await;
                written.map_err(|error| Failure::new(name, error))?;
                let cleaned = if abandon {
                    let finished = writer.finish().await;
                    finished.map_err(|error| Failure::new(name, error))?;
                    self.store.delete_remains(&id).await.map(|()| None)
                } else {
                    writer.abort().await
                };
                let left = cleaned.map_err(|error| Failure::new(name, error))?;
                ensure_eq("a writer without failures leaves nothing", left, None)?;
                let chunk_size = u32::try_from(chunk).unwrap_or(u32::MAX);
                self.ensure_gone(&BlobRef {
                    id,
                    size: length as u64,
                    chunk_size,
                })
                .await?;
            }
        }
        Ok(())
    }

    async fn blobs_do_not_touch_each_other(&self) -> Result<(), Failure> {
        // Two ids, one of which begins with the other, and equal content.
        let content = bytes(100, 7);
        let short = self.write("1", &content).await?;
        let long = self.write("11", &content).await?;
        self.delete(&short).await?;
        let back = self.read(&long, 0..100).await;
        ensure(
            "deleting a neighbour leaves a blob whole",
            back == Ok(content),
        )?;
        self.delete(&long).await
    }

    async fn many_blobs_are_written_and_read_at_once(&self) -> Result<(), Failure> {
        let chunk = self.chunk_size().await?;
        let one = |seed: u8| async move {
            let content = bytes(chunk + usize::from(seed), seed);
            let name = format!("many{seed}");
            let blob = self.write_in_steps(&name, &content, 1 + chunk / 3).await?;
            let back = self.read(&blob, 0..blob.size).await;
            ensure(
                &format!("blob {name} comes back among others"),
                back == Ok(content),
            )?;
            self.delete(&blob).await
        };
        let all = futures_util::future::join_all((0..16).map(one)).await;
        all.into_iter().collect()
    }
}

//! Commits: they are all or nothing, and equal content is stored once.

use super::{NOW, Suite};
use crate::conformance::{Failure, ensure, ensure_eq};
use crate::model::{Quota, Timestamp};

impl Suite<'_> {
    pub(super) async fn a_commit_is_all_or_nothing(&self) -> Result<(), Failure> {
        let first = self.image("all", 1, "a")?;
        let second = self.image("all", 2, "b")?;
        self.commit(std::slice::from_ref(&second)).await?;
        let now = Timestamp::from_millis(NOW);
        let refused = self
            .catalog
            .commit(&[first.clone(), second.clone()], Quota::default(), now)
            .await;
        ensure("an id that is in use is refused", refused.is_err())?;
        let found = self.catalog.find(first.image.id).await;
        ensure_eq("no other image of the commit is committed", found, Ok(None))?;
        self.delete(&second).await?;
        ensure_eq(
            "no blob of the commit is recorded",
            self.dead().await?,
            vec![second.image.blob.id.clone()],
        )?;
        self.forget_dead().await
    }

    pub(super) async fn equal_content_of_one_owner_is_one_blob(&self) -> Result<(), Failure> {
        let first = self.image("equal", 1, "a")?;
        let mut same = self.image("equal", 2, "a")?;
        same.image.blob = first.image.blob.clone();
        let later = self.image("equal", 3, "a")?;
        let blob = first.image.blob.clone();
        let together = self.commit(&[first.clone(), same.clone()]).await?;
        ensure_eq(
            "two equal files in one commit",
            together,
            vec![blob.clone(), blob.clone()],
        )?;
        let known = self.commit(std::slice::from_ref(&later)).await?;
        ensure_eq("content that exists already", known, vec![blob.clone()])?;
        let found = self.step("a find", self.catalog.find(later.image.id).await)?;
        ensure_eq(
            "its image refers to it",
            found.map(|image| image.blob),
            Some(blob.clone()),
        )?;
        for (image, expected) in [(first, vec![]), (later, vec![]), (same, vec![blob.id])] {
            self.delete(&image).await?;
            ensure_eq(
                "a blob lives as long as an image",
                self.dead().await?,
                expected,
            )?;
        }
        self.forget_dead().await
    }

    pub(super) async fn owners_share_nothing(&self) -> Result<(), Failure> {
        let (mine, theirs) = (self.image("mine", 1, "a")?, self.image("theirs", 2, "a")?);
        self.commit(std::slice::from_ref(&mine)).await?;
        let blobs = self.commit(std::slice::from_ref(&theirs)).await?;
        ensure_eq(
            "equal content of another owner",
            blobs,
            vec![theirs.image.blob.clone()],
        )?;
        let foreign = self
            .catalog
            .delete(mine.image.id, Some(&theirs.image.owner), None)
            .await;
        ensure_eq("another owner's image is kept", foreign, Ok(false))?;
        self.delete(&mine).await?;
        self.delete(&theirs).await?;
        self.forget_dead().await
    }
}

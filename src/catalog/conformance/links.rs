//! Named links: they go with their image, with all links of it, or one by one.

use uuid::Uuid;

use super::{NOW, Suite};
use crate::catalog::{NewImage, NewLink};
use crate::conformance::{Failure, ensure_eq};
use crate::model::{NamedLink, Timestamp};

/// A number of milliseconds after the suite's present.
fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW + millis)
}

/// A link that is created this many milliseconds after the suite's present.
fn link(image: &NewImage, number: u128, created: i64) -> NewLink {
    let image = image.image.id;
    let link = NamedLink {
        id: Uuid::from_u128(image.as_u128() ^ (number << 8)),
        image,
        name: format!("link {number}"),
        terms: "terms".to_owned(),
        created_at: at(created),
        expires_at: at(500),
    };
    NewLink { link, epoch: 0 }
}

impl Suite<'_> {
    async fn create(&self, new: &[NewLink], most: u32, now: i64) -> Result<Vec<Uuid>, Failure> {
        let created = self.catalog.create_links(new, most, at(now)).await;
        let mut created = self.step("links are created", created)?;
        created.sort_unstable();
        Ok(created)
    }

    async fn check_links(&self, image: &NewImage, expected: &[&NewLink]) -> Result<(), Failure> {
        let found = self.catalog.links_of(image.image.id, at(499)).await;
        let expected = expected.iter().map(|new| new.link.clone());
        ensure_eq("links are listed", found, Ok(expected.collect()))?;
        let found = self.catalog.links_of(image.image.id, at(500)).await;
        ensure_eq("expired links are not", found, Ok(vec![]))
    }

    /// Whether the image is found by the link, and has it.
    async fn is_linked(&self, image: &NewImage, link: &NewLink) -> Result<Option<bool>, Failure> {
        let (image, link) = (image.image.id, link.link.id);
        let found = self.catalog.find_linked(image, link, &[]).await;
        let found = self.step("an image is looked up", found)?;
        let Some((found, _, is_listed)) = found else {
            return Ok(None);
        };
        ensure_eq("the image is found", found.id, image)?;
        Ok(Some(is_listed))
    }

    pub(super) async fn named_links_are_revoked_one_by_one(&self) -> Result<(), Failure> {
        let [first, second] =
            [1, 2].map(|number| self.image("links", number, &format!("links {number}")));
        let (first, second) = (first?, second?);
        self.commit(&[first.clone(), second.clone()]).await?;
        let (a, b, c) = (link(&first, 1, 0), link(&first, 2, 0), link(&second, 3, 0));
        let all = [a.clone(), b.clone(), c.clone()];
        let mut ids = all.clone().map(|new| new.link.id);
        ids.sort_unstable();
        ensure_eq(
            "all are created",
            self.create(&all, 9, 0).await?,
            ids.to_vec(),
        )?;
        let mut ordered = [&a, &b];
        ordered.sort_by_key(|new| std::cmp::Reverse(new.link.id));
        self.check_links(&first, &ordered).await?;
        for (image, link, expected) in [
            (&first, &a, true),
            (&second, &c, true),
            (&second, &a, false),
        ] {
            let found = self.is_linked(image, link).await?;
            ensure_eq("a link is of one image", found, Some(expected))?;
        }
        let other = format!("{}other", self.prefix);
        for (image, owner, expected) in [
            (&second, None, false),
            (&first, Some(&*other), false),
            (&first, Some(&*first.image.owner), true),
            (&first, None, false),
        ] {
            let revoked = self.catalog.revoke_link(image.image.id, a.link.id, owner);
            ensure_eq("a link is revoked", revoked.await, Ok(expected))?;
        }
        ensure_eq("it is gone", self.is_linked(&first, &a).await?, Some(false))?;
        ensure_eq("others stay", self.is_linked(&first, &b).await?, Some(true))?;
        self.check_links(&first, &[&b]).await?;
        self.step("links", self.catalog.forget_links(at(499)).await)?;
        self.check_links(&first, &[&b]).await?;
        self.step("links", self.catalog.forget_links(at(500)).await)?;
        ensure_eq("it is gone", self.is_linked(&first, &b).await?, Some(false))?;
        self.delete(&first).await?;
        self.delete(&second).await?;
        self.forget_dead().await
    }

    pub(super) async fn named_links_go_with_their_image_and_with_all_links(
        &self,
    ) -> Result<(), Failure> {
        let image = self.image("links", 1, "links")?;
        self.commit(std::slice::from_ref(&image)).await?;
        let new = link(&image, 1, 0);
        let created = self.create(std::slice::from_ref(&new), 9, 0).await?;
        ensure_eq("one is created", created, vec![new.link.id])?;
        let revoked = self.catalog.revoke_links(image.image.id, None).await;
        ensure_eq("all links are revoked", revoked, Ok(true))?;
        self.check_links(&image, &[]).await?;
        let late = self.create(std::slice::from_ref(&new), 9, 0).await?;
        ensure_eq("a link of before is not recorded", late, vec![])?;
        let new = NewLink { epoch: 1, ..new };
        let created = self.create(std::slice::from_ref(&new), 9, 0).await?;
        ensure_eq("one of today is", created, vec![new.link.id])?;
        self.delete(&image).await?;
        ensure_eq(
            "the image is gone",
            self.is_linked(&image, &new).await?,
            None,
        )?;
        self.check_links(&image, &[]).await?;
        let late = self.create(&[new], 9, 0).await?;
        ensure_eq("a deleted image gets no links", late, vec![])?;
        self.forget_dead().await
    }

    pub(super) async fn an_image_has_only_so_many_named_links(&self) -> Result<(), Failure> {
        let image = self.image("links", 1, "links")?;
        self.commit(std::slice::from_ref(&image)).await?;
        let links: Vec<NewLink> = (1..4).map(|number| link(&image, number, 0)).collect();
        let created = self.create(&links, 2, 0).await?;
        ensure_eq("two of three", created.len(), 2)?;
        let again: Vec<NewLink> = (4..5).map(|number| link(&image, number, 500)).collect();
        ensure_eq("no more", self.create(&again, 2, 1).await?, vec![])?;
        let created = self.create(&again, 2, 500).await?;
        ensure_eq("the others have expired", created.len(), 1)?;
        self.delete(&image).await?;
        self.forget_dead().await
    }
}

//! Named links in SQL. Triggers of `migrations/0016_links.sql` delete them with their image, and
//! when all links of the image are revoked.

use std::sync::LazyLock;

use async_trait::async_trait;
use serde::Serialize;
use uuid::Uuid;

use super::images::{IMAGE_COLUMNS, read_image};
use super::variants::{OF_IMAGE, variants};
use super::{Columns, Database, SqlCatalog, json};
use crate::catalog::{CatalogError, Links, NewLink};
use crate::model::{Image, NamedLink, Timestamp, Variant};

/// The statement of [`Links::create_links`]. The links of one call to one image are numbered, and
/// count too.
pub(super) const CREATE: &str = "
    INSERT INTO links (id, image_id, name, terms, created_at, expires_at)
    SELECT new.id, images.id, new.name, new.terms, ?2, new.expires_at
    FROM (
        SELECT value ->> 'id' AS id, value ->> 'image' AS image, value ->> 'epoch' AS epoch,
            value ->> 'name' AS name, value ->> 'terms' AS terms,
            value ->> 'expires_at' AS expires_at,
            row_number() OVER (PARTITION BY value ->> 'image' ORDER BY key) AS number
        FROM json_each(?1)) AS new
    JOIN images ON images.id = new.image AND images.link_epoch = new.epoch
    WHERE new.number + (
        SELECT count(*) FROM links WHERE image_id = images.id AND expires_at > ?2) <= ?3
    RETURNING id";

/// The statement of [`Links::links_of`].
pub(super) const OF: &str = "
    SELECT id, image_id, name, terms, created_at, expires_at FROM links
    WHERE image_id = ?1 AND expires_at > ?2 ORDER BY created_at DESC, id DESC";

/// A link in the form that [`CREATE`] reads.
#[derive(Serialize)]
struct NewRow<'a> {
    id: Uuid,
    image: Uuid,
    epoch: u64,
    name: &'a str,
    terms: &'a str,
    expires_at: i64,
}

impl<'a> From<&'a NewLink> for NewRow<'a> {
    fn from(new: &'a NewLink) -> Self {
        Self {
            id: new.link.id,
            image: new.link.image,
            epoch: new.epoch,
            name: &new.link.name,
            terms: &new.link.terms,
            expires_at: new.link.expires_at.millis(),
        }
    }
}

/// The statement of [`Links::find_linked`].
pub(super) static FIND: LazyLock<String> = LazyLock::new(|| {
    let variants = &*OF_IMAGE;
    format!(
        "SELECT {IMAGE_COLUMNS}, {variants},
            EXISTS (SELECT 1 FROM links WHERE links.id = ?3 AND links.image_id = images.id)
        FROM images WHERE id = ?1"
    )
});

#[async_trait]
impl<D: Database> Links for SqlCatalog<D> {
    async fn create_links(
        &self,
        new: &[NewLink],
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<Uuid>, CatalogError> {
        let rows: Vec<NewRow<'_>> = new.iter().map(NewRow::from).collect();
        let parameters = vec![json(&rows)?, now.into(), i64::from(most).into()];
        let postgres = "SELECT * FROM darkroom_create_links_v1($1, $2, $3)";
        let sql = self.dialect.pick(CREATE, postgres);
        let created = self.query(sql, parameters).await?;
        Columns::read_all("links", created, Columns::uuid)
    }

    async fn links_of(&self, image: Uuid, now: Timestamp) -> Result<Vec<NamedLink>, CatalogError> {
        let parameters = vec![image.to_string().into(), now.into()];
        let rows = self.query(OF, parameters).await?;
        Columns::read_all("links", rows, |row| {
            Ok(NamedLink {
                id: row.uuid()?,
                image: row.uuid()?,
                name: row.text()?,
                terms: row.text()?,
                created_at: row.time()?,
                expires_at: row.time()?,
            })
        })
    }

    async fn find_linked(
        &self,
        id: Uuid,
        link: Uuid,
        transforms: &[String],
    ) -> Result<Option<(Image, Vec<Variant>, bool)>, CatalogError> {
        let link = link.to_string();
        let parameters = vec![id.to_string().into(), json(&transforms)?, link.into()];
        let rows = self.query(&FIND, parameters).await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let mut row = Columns::new("images", row);
        let (image, variants) = (read_image(&mut row)?, variants(&mut row)?);
        Ok(Some((image, variants, row.number::<u8>()? != 0)))
    }

    async fn revoke_link(
        &self,
        image: Uuid,
        link: Uuid,
        owner: Option<&str>,
    ) -> Result<bool, CatalogError> {
        let sql = "DELETE FROM links WHERE id = ?1 AND image_id = (
                SELECT id FROM images WHERE id = ?2 AND (CAST(?3 AS text) IS NULL OR owner = ?3))
            RETURNING id";
        let (link, image) = (link.to_string(), image.to_string());
        self.exists(sql, vec![link.into(), image.into(), owner.into()])
            .await
    }

    async fn forget_links(&self, at: Timestamp) -> Result<(), CatalogError> {
        self.forget_before("links", "expires_at", at.plus_millis(1))
            .await
    }
}

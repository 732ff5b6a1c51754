//! Lists of images, by the definition of a page.

use async_trait::async_trait;

use super::MemoryCatalog;
use crate::catalog::{CatalogError, Listings};
use crate::model::{ListQuery, Page};

#[async_trait]
impl Listings for MemoryCatalog {
    async fn list(&self, query: &ListQuery) -> Result<Page, CatalogError> {
        self.read(|state| {
            let mut page = query.page_of(state.images.values());
            for image in &mut page.images {
                *image = state.seen(image);
            }
            page
        })
        .await
    }
}

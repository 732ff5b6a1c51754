//! Lists of images, page by page.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::{ListQuery, Page};

/// Lists of images, page by page.
#[async_trait]
pub trait Listings: Send + Sync {
    /// A page of images. Walking from page to page meets every image once that is
    /// there, matches and stays where it is in the order all the while.
    async fn list(&self, query: &ListQuery) -> Result<Page, CatalogError>;
}

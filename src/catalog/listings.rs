//! Lists of images, page by page.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::{ListQuery, Page};

/// Lists of images, page by page.
#[async_trait]
pub trait Listings: Send + Sync {
    /// Returns a page of images. Walking from page to page visits every image exactly once
    /// that exists, matches and keeps its place in the order all the while.
    async fn list(&self, query: &ListQuery) -> Result<Page, CatalogError>;
}

//! What every handler can reach.

use std::sync::Arc;

use crate::service::{Migration, Service};
use crate::settings::Settings;

/// What every handler can reach.
pub struct App {
    /// What the product does.
    pub service: Service,
    /// Moves blobs between stores, where that is configured.
    pub migration: Option<Migration>,
    /// How it is configured.
    pub settings: Arc<Settings>,
}

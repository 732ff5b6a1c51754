//! The state that all handlers share.

use std::sync::Arc;

use crate::service::{Migration, Service};
use crate::settings::Settings;

/// The state that all handlers share.
pub struct App {
    /// The operations of the application.
    pub service: Service,
    /// Moves blobs between stores, if that is configured.
    pub migration: Option<Migration>,
    /// The settings of the deployment.
    pub settings: Arc<Settings>,
}

//! What every handler can reach.

use crate::service::Service;
use crate::settings::Settings;

/// What every handler can reach.
pub struct App {
    /// What the product does.
    pub service: Service,
    /// How it is configured.
    pub settings: Settings,
}

//! The edge: where Spin's interfaces are adapted to the traits of the layers above, and
//! where a request arrives.
//!
//! An instance serves many requests, several at a time: the first of them builds the
//! application, which lives as long as the instance.

mod body;
#[cfg(feature = "conformance")]
pub mod conformance;
mod database;
mod http;
mod key_value;
mod message;
#[cfg(feature = "conformance")]
mod misbehaviour;
mod platform;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use spin_sdk::variables;
use spin_sdk::wasip3::exports::http::handler::Guest;
use spin_sdk::wasip3::http::types;

use crate::app::Stores;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::{Api, App};
use crate::platform::{ChainedDeriver, Platform as _};
use crate::settings::{self, Settings, SettingsError};

use database::SpinDatabase;
use key_value::SpinKeyValue;
use platform::Spin;

/// The component, as the host calls it.
struct Component;

spin_sdk::wasip3::http::service::export!(Component);

impl Guest for Component {
    async fn handle(request: types::Request) -> Result<types::Response, types::ErrorCode> {
        let request = message::request(request)?;
        #[cfg(feature = "conformance")]
        let response = conformance::handle(request).await;
        #[cfg(not(feature = "conformance"))]
        let response = handle(request).await;
        message::response(response)
    }
}

static API: OnceLock<Api> = OnceLock::new();

/// Handles one request.
pub async fn handle(request: Request) -> Response {
    // Two first requests may both build it; one of the results is kept. A lock held across
    // the building would need wake-ups between tasks, which are not available.
    let api = match API.get() {
        Some(api) => api.clone(),
        None => match build().await {
            Ok(api) => API.get_or_init(|| api).clone(),
            Err(problem) => Api::broken(problem, Arc::new(Spin)),
        },
    };
    let response = api.respond(request).await;
    body::as_asked(response)
}

/// Builds the application. If a setting is wrong, the result is an application that says so to
/// every request of the instance, which logs it once. The stores may recover, so their failure is
/// an error, and the next request tries again.
async fn build() -> Result<Api, Problem> {
    let spin = Arc::new(Spin);
    let settings = match read_settings().await {
        Ok(settings) => settings,
        Err(error) => {
            spin.log(&error.to_string());
            return Ok(Api::broken(error.into(), spin));
        }
    };
    let stores = Stores::open(&settings, &spin).await;
    let stores = stores.map_err(|error| {
        spin.log(&format!("the stores cannot be opened: {error}"));
        Problem::new(ProblemKind::Unavailable, "the stores cannot be opened")
            .with_header(RETRY_AFTER, "5")
    })?;
    let deriver = ChainedDeriver::new(Arc::clone(&spin) as _);
    let app = App::assemble(stores, settings, spin, Some(Arc::new(deriver)));
    Ok(Api::new(Arc::new(app)))
}

async fn read_settings() -> Result<Settings, SettingsError> {
    let mut values = BTreeMap::new();
    for settings::Variable { name, .. } in settings::variables() {
        match variables::get(name).await {
            Ok(value) => {
                values.insert(*name, value);
            }
            Err(variables::Error::Undefined(_)) => {}
            Err(error) => {
                let reason = format!("cannot be read: {error}");
                return Err(SettingsError {
                    variable: name,
                    reason,
                });
            }
        }
    }
    Settings::parse(&values)
}

//! `/health/live` and `/health/ready`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use crate::http::App;
use crate::http::problem::Problem;
use crate::http::view;

pub(in crate::http) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
}

/// The process answers.
async fn live() -> Response {
    view::json(&json!({"status": "ok"}))
}

/// Both stores answer.
async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    app.service.check().await?;
    Ok(view::json(&json!({"status": "ok"})))
}

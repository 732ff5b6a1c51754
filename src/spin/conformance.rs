//! Responds to requests by running the conformance suites against the stores of the host
//! that runs the component: 200 with the promises that were kept, or 500 with the one that
//! was broken.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use uuid::Uuid;

use super::platform::Spin;
use super::{misbehaviour, read_settings};
use crate::app::{open_blobs, open_catalog};
use crate::blobs;
use crate::catalog;
use crate::conformance::Failure;

/// Small enough that the suite's blobs have many chunks, large enough to be realistic.
const CHUNK_BYTES: u32 = 10_000;

/// Runs both suites, or misbehaves as the path demands.
pub async fn handle(request: Request) -> Response {
    if let Some(answer) = misbehaviour::handle(&request).await {
        return answer;
    }
    // The host asks every application at its start whether it is ready. The suites must not run
    // twice at the same time.
    if request.uri().path() != "/" {
        return StatusCode::NOT_FOUND.into_response();
    }
    match run().await {
        Ok(promises) => promises.join("\n").into_response(),
        Err(failure) => (StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()).into_response(),
    }
}

async fn run() -> Result<Vec<&'static str>, Failure> {
    let opened = |error: &dyn std::fmt::Display| Failure::new("the stores open", error);
    let spin = Arc::new(Spin);
    let prefix = Uuid::now_v7().simple().to_string();
    let settings = read_settings().await.map_err(|error| opened(&error))?;
    let blobs = open_blobs(&settings.stores.blobs, CHUNK_BYTES, &spin)
        .await
        .map_err(|error| opened(&error))?;
    let mut promises = blobs::conformance::run(&*blobs, &prefix).await?;
    let catalog = open_catalog(&settings.catalog, &spin)
        .await
        .map_err(|error| opened(&error))?;
    promises.extend(catalog::conformance::run(&catalog, &prefix).await?);
    Ok(promises)
}

//! Resources that are open to everybody, and have no query parameters.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use crate::http::input::query::{self, NoParameters};
use crate::http::reply::problem::Problem;

/// The middleware that refuses every parameter.
pub(crate) async fn refuse(request: Request, next: Next) -> Result<Response, Problem> {
    let NoParameters = query::parse(request.uri())?;
    Ok(next.run(request).await)
}

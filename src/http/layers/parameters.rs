//! Query parameters of resources that are open to everyone and have none.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use crate::http::input::query::{self, NoParameters};
use crate::http::reply::problem::Problem;

/// The middleware that refuses all query parameters.
pub(crate) async fn refuse(request: Request, next: Next) -> Result<Response, Problem> {
    let NoParameters = query::parse(request.uri())?;
    Ok(next.run(request).await)
}

//! Query parameters of resources that are open to everyone and have none.

use axum::extract::Request;
use axum::http::Method;

use super::route::Route;
use crate::http::input::query::{self, NoParameters};
use crate::http::reply::problem::Problem;

/// Refuses all query parameters of a read, if the route is open.
pub(crate) fn refuse(route: Option<Route>, request: &Request) -> Result<(), Problem> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_read && route.is_some_and(|route| route.is_open) {
        let NoParameters = query::parse(request.uri())?;
    }
    Ok(())
}

//! The middleware that every request and every response passes through.

pub(crate) mod cors;
pub(crate) mod drain;
pub(crate) mod finish;
pub(crate) mod observe;
pub(crate) mod parameters;
pub(crate) mod problem_pages;
pub(crate) mod rate_limit;
pub(crate) mod request_id;
pub(crate) mod route;
pub(crate) mod security;
pub(crate) mod validate;

//! Responses: JSON, problems, pages and embedded files.

pub(crate) mod asset;
pub(crate) mod cached;
pub(crate) mod exposition;
pub(crate) mod image;
pub(crate) mod json;
pub(crate) mod markup;
pub(crate) mod page;
pub mod problem;
mod redirect;
pub(crate) mod urls;

pub(crate) use json::{created, ok};
pub(crate) use redirect::see_other;

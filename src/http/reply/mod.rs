//! What is sent: JSON, problems, pages and files that the component carries.

pub(crate) mod asset;
pub(crate) mod cached;
pub(crate) mod exposition;
pub(crate) mod image;
pub(crate) mod json;
pub(crate) mod markup;
pub(crate) mod page;
pub mod problem;
pub(crate) mod urls;

pub(crate) use json::{created, ok};

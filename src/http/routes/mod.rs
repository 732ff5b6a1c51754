//! One file per resource of the contract, each with its router, its request types
//! and its handlers, in that order.

pub(super) mod content;
pub(super) mod health;
pub(super) mod images;
mod upload;

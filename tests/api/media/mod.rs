//! Files: what is accepted, and what is left of them.

mod avif;
mod carriers;
mod privacy;
mod types;

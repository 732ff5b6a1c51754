//! Files: which are accepted, and how they are stored.

mod avif;
mod carriers;
mod privacy;
mod types;

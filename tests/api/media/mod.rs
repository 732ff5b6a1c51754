//! Files: which are accepted, and how they are stored.

mod avif;
mod carriers;
mod derived;
mod golden;
mod privacy;
mod types;

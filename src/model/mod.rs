//! The nouns of the product: what an image, a blob, a list and a quota are. No I/O, and
//! nothing of HTTP, SQL or Spin; everything else may name them.

mod blob;
mod digest;
mod image;
mod kind;
mod listing;
mod quota;
mod time;

pub use blob::{BlobId, BlobRef};
pub use digest::Sha256;
pub use image::{Image, Visibility};
pub use kind::Kind;
pub use listing::{Filters, ListQuery, Page, Position, Sort, SortBy, SortKey, Span, Stretch};
pub use quota::{Limit, Quota, QuotaClaim, QuotaExceeded, Resource, Usage};
pub use time::Timestamp;

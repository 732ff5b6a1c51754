//! The nouns of the product: images, variants, blobs, lists, links, tickets, quotas and rate limits. No I/O, and nothing of
//! HTTP, SQL or Spin; every other module may use them.

mod blob;
mod digest;
mod id;
mod image;
mod kind;
mod link;
mod listing;
mod parameter;
mod quota;
mod rate;
mod ticket;
mod time;
mod traits;
mod variant;

pub use blob::{BlobId, BlobRef};
pub use digest::Sha256;
pub use id::canonical;
pub use image::{Image, Visibility};
pub use kind::Kind;
pub use link::NamedLink;
pub use listing::{Filters, ListQuery, Page, Position, Sort, SortBy, SortKey, Span, Stretch};
pub use parameter::parameter_text;
pub use quota::{Limit, Quota, QuotaClaim, QuotaExceeded, Resource, Usage};
pub use rate::{
    Allowance, LONGEST_DEBT_MICROS, RateLimit, RateLimits, RateStanding, RateUse, WINDOW_MICROS,
};
pub use ticket::{Ticket, TicketQuery, TicketStatus};
pub use time::Timestamp;
pub use traits::Traits;
pub use variant::Variant;

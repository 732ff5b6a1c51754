//! What a derived image is: the grammar, the canonical form and the geometry of transforms.
//! Pure, without any codec.
//!
//! ```text
//! name/value pairs ──Request::parse──▶ Request ──▶ Transform ──to_string──▶ canonical text
//!                                                    │   ▲──────parse──────────┘
//!                                   Source, Limits ──┤
//!                                                    ├──▶ resolved: the format is decided
//!                                                    ├──▶ is_identity: the original will do
//!                                                    └──▶ Plan: which pixels go where
//! ```
//!
//! - [`Request`]: the parameters of a request, [`Presets`] included.
//! - [`Transform`]: what to do, free of spelling. Its [`Display`](std::fmt::Display) form is
//!   canonical: two spellings of one transform have one text, which is itself a query. It
//!   contains nothing that a URL, an entity tag or a key of a database would have to escape.
//! - [`iiif`]: the same transforms as the paths of the IIIF Image API ask for them.
//! - [`Plan`]: the geometry for one [`Source`], computed with whole numbers.
//! - [`Placeholder`]: what is shown while an image loads.
//! - [`exchange`]: how the component that serves images asks the other for a derived one.
//!
//! # Which parameters go together
//! - Beside `preset` only `dpr`, `format` and `q` may stand. They replace those of the preset.
//! - `dpr` multiplies `w` and `h`. Without either, it has no effect and is dropped: a `srcset`
//!   may carry it everywhere.
//! - `fit` needs `w` or `h`. With only one of them the other side follows the ratio of the
//!   picture, so that nothing is cut off or distorted: `cover` and `squeeze` are `contain`
//!   then, and `crop` is `scale-down`. `pad` may still add a border, because it never enlarges.
//! - `gravity` has an effect only where `fit` cuts off or pads (`cover`, `crop` and `pad`, with
//!   both sides given), and is dropped elsewhere. `auto` is `center` where nothing is cut off.
//! - `flip` and `rotate` together are one of eight orientations, each with one spelling.
//! - A `background` that is fully transparent, or that is what the format has anyway, `anim=0`
//!   for a format without animation, `q` with the default of its format, and a `crop` of
//!   everything are dropped.
//! - A parameter that is repeated is refused. Unknown names are ignored: other parts of a query
//!   have their own readers. In a preset, they are refused.

mod background;
mod canonical;
mod crop;
mod error;
pub mod exchange;
mod format;
mod geometry;
mod gravity;
pub mod iiif;
mod ladder;
mod number;
mod parameters;
mod placeholder;
mod preset;
mod resolve;
mod source;
mod transform;
mod turn;

pub use background::Background;
pub use crop::{Crop, Length};
pub use error::{ParseError, PlanError};
pub use format::{Format, FormatChoice};
pub use geometry::{Plan, Rect, Window};
pub use gravity::Gravity;
pub use ladder::Ladder;
pub use number::Decimal;
pub use parameters::{NAMES, QUALITY_STEP, RATIOS, Request};
pub use placeholder::Placeholder;
pub use preset::Presets;
pub use resolve::Client;
pub use source::{Limits, Source};
pub use transform::{Fit, Size, Tone, Transform};
pub use turn::Turn;

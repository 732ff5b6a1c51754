//! A query for a list of images: filters, an order, and a position to continue from.
//!
//! Pages are found by position, not by number: a page begins after the [`Position`] at
//! which the previous page ended. Images that are added or deleted in between shift
//! nothing, and every image that keeps its position is listed once.

use uuid::Uuid;

use super::{Image, Kind, Timestamp, Visibility};

/// The property that images are sorted by. Images with equal values are sorted by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    /// The time of upload.
    #[default]
    CreatedAt,
    /// The size in bytes.
    Size,
    /// The file name, by code points. Images without one precede all others.
    Filename,
}

impl SortBy {
    /// All sort properties.
    pub const ALL: [Self; 3] = [Self::CreatedAt, Self::Size, Self::Filename];

    /// The position of `image` in this order.
    pub fn position(self, image: &Image) -> Position {
        let key = match self {
            Self::CreatedAt => SortKey::CreatedAt(image.created_at),
            Self::Size => SortKey::Size(image.blob.size),
            Self::Filename => SortKey::Filename(image.filename.clone().unwrap_or_default()),
        };
        Position { key, id: image.id }
    }
}

/// An order of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The property to sort by.
    pub by: SortBy,
    /// Whether the largest is first.
    pub descending: bool,
}

/// Newest first.
impl Default for Sort {
    fn default() -> Self {
        Self {
            by: SortBy::CreatedAt,
            descending: true,
        }
    }
}

/// The value that an image is sorted by. Comparing keys of different kinds is
/// meaningless.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// The image's time of upload.
    CreatedAt(Timestamp),
    /// The image's size in bytes.
    Size(u64),
    /// The image's file name; empty if it has none.
    Filename(String),
}

impl SortKey {
    /// The property that this key is a value of.
    pub fn sort_by(&self) -> SortBy {
        match self {
            Self::CreatedAt(_) => SortBy::CreatedAt,
            Self::Size(_) => SortBy::Size,
            Self::Filename(_) => SortBy::Filename,
        }
    }
}

/// A position in an order: that of an image with this key and id, which may since have
/// been deleted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The value that the image is sorted by.
    pub key: SortKey,
    /// Distinguishes images with equal keys.
    pub id: Uuid,
}

impl Position {
    /// Before every image with this key.
    fn before_all(key: SortKey) -> Self {
        let id = Uuid::nil();
        Self { key, id }
    }

    /// After every image with this key.
    fn after_all(key: SortKey) -> Self {
        let id = Uuid::max();
        Self { key, id }
    }
}

/// A range of numbers that includes both ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The minimum, if there is one.
    pub min: Option<u64>,
    /// The maximum, if there is one.
    pub max: Option<u64>,
}

impl Span {
    fn holds(self, value: u64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

/// Which images to list: those that match every filter that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Tags, all of which the image must have.
    pub tags: Vec<String>,
    /// The image's format.
    pub kind: Option<Kind>,
    /// A part of the image's file name; the case of ASCII letters is ignored.
    pub filename: Option<String>,
    /// Only images created after this time, not at it.
    pub created_after: Option<Timestamp>,
    /// Only images created before this time, not at it.
    pub created_before: Option<Timestamp>,
    /// The image's width in pixels.
    pub width: Span,
    /// The image's height in pixels.
    pub height: Span,
    /// The image's size in bytes.
    pub size: Span,
    /// Who may read the image.
    pub visibility: Option<Visibility>,
    /// The upload ticket that the image was uploaded with. At most one image matches.
    pub ticket: Option<String>,
}

impl Filters {
    /// Whether `image` matches.
    pub fn match_image(&self, image: &Image) -> bool {
        let contains = |part: &String| {
            let name = image.filename.as_deref().unwrap_or_default();
            let name = name.to_ascii_lowercase();
            name.contains(&part.to_ascii_lowercase())
        };
        let (after, before) = (self.created_after, self.created_before);
        self.tags.iter().all(|tag| image.tags.contains(tag))
            && self.kind.is_none_or(|wanted| wanted == image.kind)
            && self.filename.as_ref().is_none_or(contains)
            && after.is_none_or(|after| image.created_at > after)
            && before.is_none_or(|before| image.created_at < before)
            && self.width.holds(image.width.into())
            && self.height.holds(image.height.into())
            && self.size.holds(image.blob.size)
            && self
                .visibility
                .is_none_or(|wanted| wanted == image.visibility)
            && (self.ticket.is_none() || self.ticket == image.ticket)
    }
}

/// A query for one page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// Only this owner's images; `None` for the images of every owner.
    pub owner: Option<String>,
    /// Only images that match these filters.
    pub filters: Filters,
    /// The order of the list.
    pub sort: Sort,
    /// Only images after this position. Its key must be one that the list is sorted by.
    pub after: Option<Position>,
    /// The maximum number of images on the page.
    pub limit: u32,
    /// The maximum number of images to examine, so that a page takes no longer when few
    /// images match.
    pub scan: u32,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The images, in order. There may be fewer than the limit, even none, if the query's
    /// `scan` ran out.
    pub images: Vec<Image>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<Position>,
}

/// The part of an order that lies between two positions, excluding both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// After this position, counted from the smallest.
    pub above: Option<Position>,
    /// Before this position.
    pub below: Option<Position>,
}

impl Stretch {
    fn holds(&self, position: &Position) -> bool {
        self.above.as_ref().is_none_or(|above| position > above)
            && self.below.as_ref().is_none_or(|below| position < below)
    }
}

impl ListQuery {
    /// The part of the order that can hold matching images: after the previous page, and
    /// within the filters on the property that the list is sorted by.
    pub fn stretch(&self) -> Stretch {
        let filters = &self.filters;
        let mut stretch = match self.sort.by {
            SortBy::CreatedAt => Stretch {
                above: filters
                    .created_after
                    .map(SortKey::CreatedAt)
                    .map(Position::after_all),
                below: filters
                    .created_before
                    .map(SortKey::CreatedAt)
                    .map(Position::before_all),
            },
            SortBy::Size => Stretch {
                above: filters
                    .size
                    .min
                    .and_then(|min| min.checked_sub(1))
                    .map(SortKey::Size)
                    .map(Position::after_all),
                below: filters
                    .size
                    .max
                    .and_then(|max| max.checked_add(1))
                    .map(SortKey::Size)
                    .map(Position::before_all),
            },
            SortBy::Filename => Stretch::default(),
        };
        if let Some(after) = &self.after {
            if self.sort.descending {
                let below = stretch.below.into_iter().chain([after.clone()]);
                stretch.below = below.min();
            } else {
                let above = stretch.above.into_iter().chain([after.clone()]);
                stretch.above = above.max();
            }
        }
        stretch
    }

    /// The filters that [`stretch`](Self::stretch) does not cover.
    pub fn remaining_filters(&self) -> Filters {
        let mut filters = self.filters.clone();
        match self.sort.by {
            SortBy::CreatedAt => (filters.created_after, filters.created_before) = (None, None),
            SortBy::Size => filters.size = Span::default(),
            SortBy::Filename => {}
        }
        filters
    }

    /// The page of a catalog that holds these images, found in the simplest way.
    pub fn page_of<'a>(&self, images: impl Iterator<Item = &'a Image>) -> Page {
        let stretch = self.stretch();
        let ours = images.filter(|image| {
            self.owner
                .as_ref()
                .is_none_or(|owner| *owner == image.owner)
        });
        let mut candidates: Vec<(Position, &Image)> = ours
            .map(|image| (self.sort.by.position(image), image))
            .filter(|(position, _)| stretch.holds(position))
            .collect();
        candidates.sort_by(|(a, _), (b, _)| a.cmp(b));
        if self.sort.descending {
            candidates.reverse();
        }
        let (limit, scan) = (index(self.limit), index(self.scan.max(1)));
        let (mut images, mut next) = (Vec::new(), None);
        for (seen, (position, image)) in candidates.into_iter().enumerate() {
            if seen == scan || images.len() == limit {
                return Page { images, next };
            }
            if self.filters.match_image(image) {
                images.push(image.clone());
            }
            next = Some(position);
        }
        Page { images, next: None }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

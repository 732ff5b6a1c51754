//! What a list is asked for: filters, an order, a place to go on from.
//!
//! Lists are walked by place, not by number: a page begins after the [`Position`]
//! that the page before ended at. So what is added or deleted meanwhile moves
//! nothing, and every image that stays where it is in the order is met once.

use uuid::Uuid;

use super::{Image, Kind, Timestamp, Visibility};

/// What images are sorted by. Those that are equal in it are sorted by their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    /// When they were uploaded.
    #[default]
    CreatedAt,
    /// How many bytes they have.
    Size,
    /// Their file name, by code points. Those without one come before all others.
    Filename,
}

impl SortBy {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::CreatedAt, Self::Size, Self::Filename];

    /// Where `image` stands in this order.
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
    /// What it goes by.
    pub by: SortBy,
    /// Largest first.
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

/// What an image is sorted by. Only keys of one kind compare in a way that means
/// something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// Its time of creation.
    CreatedAt(Timestamp),
    /// Its bytes.
    Size(u64),
    /// Its file name; empty for none.
    Filename(String),
}

impl SortKey {
    /// What it is a key of.
    pub fn sort_by(&self) -> SortBy {
        match self {
            Self::CreatedAt(_) => SortBy::CreatedAt,
            Self::Size(_) => SortBy::Size,
            Self::Filename(_) => SortBy::Filename,
        }
    }
}

/// A place in an order: that of the image with this key and id, which need not be
/// there any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// What the image is sorted by.
    pub key: SortKey,
    /// Tells images with equal keys apart.
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

/// The least and the most, both allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// No less than this.
    pub min: Option<u64>,
    /// No more than this.
    pub max: Option<u64>,
}

impl Span {
    fn holds(self, value: u64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

/// Which images are wanted. All that is set must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Tags that the image must have, each of them.
    pub tags: Vec<String>,
    /// What its bytes are.
    pub kind: Option<Kind>,
    /// A part of its file name; upper and lower case of ASCII letters are the same.
    pub filename: Option<String>,
    /// Created after this, not at it.
    pub created_after: Option<Timestamp>,
    /// Created before this, not at it.
    pub created_before: Option<Timestamp>,
    /// Its width in pixels.
    pub width: Span,
    /// Its height in pixels.
    pub height: Span,
    /// Its size in bytes.
    pub size: Span,
    /// Who may read it.
    pub visibility: Option<Visibility>,
}

impl Filters {
    /// Whether `image` is wanted.
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
    }
}

/// What is asked of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// Only this owner's images; `None` for everybody's.
    pub owner: Option<String>,
    /// Only images that match.
    pub filters: Filters,
    /// In this order.
    pub sort: Sort,
    /// Only images that come after this place. Its key is one of the order's.
    pub after: Option<Position>,
    /// At most this many.
    pub limit: u32,
    /// At most this many images are looked at to find those that match, so that a
    /// page takes no longer where few do.
    pub scan: u32,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The images, in order. Fewer than asked for, even none, where as many were
    /// looked at as may be.
    pub images: Vec<Image>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Position>,
}

/// A part of an order: all that is between two places, neither of which belongs
/// to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// After this place, counted from the least.
    pub above: Option<Position>,
    /// Before this place.
    pub below: Option<Position>,
}

impl Stretch {
    fn holds(&self, position: &Position) -> bool {
        self.above.as_ref().is_none_or(|above| position > above)
            && self.below.as_ref().is_none_or(|below| position < below)
    }
}

impl ListQuery {
    /// The part of the order in which all that is wanted lies: what comes after the
    /// page before, within the filters on what is sorted by.
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

    /// The filters that the order does not answer by itself.
    pub fn remaining_filters(&self) -> Filters {
        let mut filters = self.filters.clone();
        match self.sort.by {
            SortBy::CreatedAt => (filters.created_after, filters.created_before) = (None, None),
            SortBy::Size => filters.size = Span::default(),
            SortBy::Filename => {}
        }
        filters
    }

    /// The page that a catalog with these images gives: the plainest way to it.
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

//! The pages that are measured.

/// A page that is asked for.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) query: &'static str,
    pub(super) place: Place,
    /// Whether everybody's images are listed, or one owner's.
    pub(super) of_all: bool,
}

/// Which page of a walk.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    First,
    /// The one at which half of the images have been met.
    Middle,
}

const fn first(name: &'static str, query: &'static str) -> Case {
    Case {
        name,
        query,
        place: Place::First,
        of_all: false,
    }
}

const fn middle(name: &'static str, query: &'static str) -> Case {
    Case {
        place: Place::Middle,
        ..first(name, query)
    }
}

const fn of_all(name: &'static str, query: &'static str) -> Case {
    Case {
        of_all: true,
        ..first(name, query)
    }
}

pub(super) const CASES: &[Case] = &[
    first("newest", "sort=-created_at"),
    first("oldest", "sort=created_at"),
    first("largest", "sort=-size"),
    first("smallest", "sort=size"),
    first("by name", "sort=filename"),
    first("by name, last", "sort=-filename"),
    middle("newest, middle", "sort=-created_at"),
    middle("smallest, middle", "sort=size"),
    middle("by name, middle", "sort=filename"),
    of_all("everybody's newest", "sort=-created_at"),
    of_all("everybody's largest", "sort=-size"),
    of_all("everybody's by name", "sort=filename"),
    first("type, one in three", "content_type=image/gif"),
    first("type, rare", "content_type=image/avif"),
    first("type, rare, by size", "content_type=image/avif&sort=size"),
    first("width, rare", "min_width=9999"),
    first("width, rare, by name", "min_width=9999&sort=filename"),
    first("name, rare", "filename=needle"),
    first("name, rare, by size", "filename=needle&sort=size"),
    first("visibility", "visibility=public&sort=size"),
    first("time, a stretch", "created_before=2023-11-14T22:13:25Z"),
    first("tag of all", "tag=all&sort=size"),
    first("tag of half", "tag=half"),
    first("tag, rare", "tag=rare"),
    first("tag, rare, by name", "tag=rare&sort=filename"),
    first("two tags", "tag=all&tag=half&sort=size"),
    first("two tags, one rare", "tag=all&tag=rare"),
    first("tag and width, rare", "tag=all&min_width=9999&sort=size"),
    of_all("everybody's, tag", "tag=half&sort=size"),
    of_all("everybody's, name, rare", "filename=needle"),
];

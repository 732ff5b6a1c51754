//! The query of `GET /v1/images`: filters, order, limit and cursor.

mod filters;

use crate::auth::KeyRing;
use crate::http::input::cursor::{self, Walk};
use crate::http::input::query::{self, FromQuery, Query, refused};
#[cfg(test)]
use crate::http::openapi::schema;
use crate::http::reply::problem::Problem;
use crate::model::{Filters, Position, Sort, SortBy};
use crate::number;
use crate::service::ListRequest;
use filters::{FILTERS, TAG};

/// The most images on a page.
pub(crate) const MAX_LIMIT: u32 = 200;
pub(crate) const DEFAULT_LIMIT: u32 = 50;

/// Every parameter.
const NAMES: [&str; 4 + FILTERS.len()] = {
    let mut names = ["limit"; 4 + FILTERS.len()];
    (names[1], names[2], names[3]) = ("cursor", "sort", TAG);
    let mut at = 0;
    while at < FILTERS.len() {
        names[4 + at] = FILTERS[at].0;
        at += 1;
    }
    names
};

/// What the parameters are, for the description of the API.
#[cfg(test)]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Listing` reads")]
pub(crate) struct Described {
    /// The most images on the page.
    #[param(value_type = Option<schema::Limit>, inline)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before.
    cursor: Option<String>,
    /// The order: a `-` before the name turns it round.
    #[param(value_type = Option<schema::Sort>, inline)]
    sort: Option<String>,
    /// Images with all of these tags.
    #[param(value_type = Option<schema::Tags>, inline)]
    tag: Vec<String>,
    /// Images of this type.
    #[param(value_type = Option<schema::ContentType>, inline)]
    content_type: Option<String>,
    /// Images whose names contain this; letters of ASCII match in both cases.
    #[param(value_type = Option<schema::PartOfFilename>, inline)]
    filename: Option<String>,
    /// Images that were uploaded later than this.
    #[param(format = DateTime)]
    created_after: Option<String>,
    /// Images that were uploaded earlier than this.
    #[param(format = DateTime)]
    created_before: Option<String>,
    /// Images at least that wide, in pixels.
    min_width: Option<u64>,
    /// Images at most that wide, in pixels.
    max_width: Option<u64>,
    /// Images at least that high, in pixels.
    min_height: Option<u64>,
    /// Images at most that high, in pixels.
    max_height: Option<u64>,
    /// Images of at least that many bytes.
    min_size: Option<u64>,
    /// Images of at most that many bytes.
    max_size: Option<u64>,
    /// Images that anybody may read, or that nobody may without a token.
    #[param(value_type = Option<schema::Visibility>, inline)]
    visibility: Option<String>,
}

/// What is asked of the list, but for whose images it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    /// Which images.
    pub(crate) filters: Filters,
    /// In which order.
    pub(crate) sort: Sort,
    /// How many on a page.
    pub(crate) limit: u32,
    /// Where the page begins, as we printed it.
    pub(crate) cursor: Option<String>,
}

impl FromQuery for Listing {
    const NAMES: &'static [&'static str] = &NAMES;

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            filters: filters::read(query)?,
            sort: query.one("sort")?.map_or(Ok(Sort::default()), sort)?,
            limit: query.one("limit")?.map_or(Ok(DEFAULT_LIMIT), limit)?,
            cursor: query.one("cursor")?.map(str::to_owned),
        })
    }
}

impl Listing {
    /// The page to read for `owner`, for whom the cursor has to have been made; `None` is
    /// everybody's images.
    pub(crate) fn request(
        &self,
        keys: &KeyRing,
        owner: Option<&str>,
    ) -> Result<ListRequest, Problem> {
        let query = &self.walk();
        let after = self.cursor.as_ref().map(|text| {
            let place = cursor::parse(keys, &Walk { owner, query }, text);
            place.ok_or_else(|| {
                let detail = "the cursor is not one of ours, or was made for other filters, \
                              another order or another owner";
                refused("cursor", detail)
            })
        });
        Ok(ListRequest {
            filters: self.filters.clone(),
            sort: self.sort,
            after: after.transpose()?,
            limit: self.limit,
        })
    }

    /// The cursor of the page that begins at `next`.
    pub(crate) fn cursor_to(&self, next: &Position, keys: &KeyRing, owner: Option<&str>) -> String {
        let query = &self.walk();
        cursor::print(keys, &Walk { owner, query }, next)
    }

    /// The query of the page that begins at `cursor`, all else the same.
    pub(crate) fn print(&self, cursor: &str) -> String {
        let mut pairs = self.pairs();
        pairs.push(("limit", self.limit.to_string()));
        pairs.push(("cursor", cursor.to_owned()));
        print(&pairs)
    }

    /// What is the same on every page of a walk: the filters and the order.
    pub(crate) fn walk(&self) -> String {
        print(&self.pairs())
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = filters::print(&self.filters);
        if self.sort != Sort::default() {
            pairs.push(("sort", sort_word(self.sort)));
        }
        pairs
    }
}

fn print(pairs: &[(&'static str, String)]) -> String {
    query::print(pairs.iter().map(|(name, value)| (*name, value.as_str())))
}

fn limit(text: &str) -> Result<u32, Problem> {
    let limit = number::whole(text).and_then(|limit| u32::try_from(limit).ok());
    let limit = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        refused("limit", format!("limit must be from 1 to {MAX_LIMIT}"))
            .with("limit", MAX_LIMIT)
            .with("actual", text)
    })
}

const SORTS: [(&str, SortBy); 3] = [
    ("created_at", SortBy::CreatedAt),
    ("size", SortBy::Size),
    ("filename", SortBy::Filename),
];

fn sort(text: &str) -> Result<Sort, Problem> {
    let (word, descending) = match text.strip_prefix('-') {
        Some(word) => (word, true),
        None => (text, false),
    };
    let by = SORTS.into_iter().find(|(known, _)| *known == word);
    by.map(|(_, by)| Sort { by, descending }).ok_or_else(|| {
        let words: Vec<String> = SORTS
            .iter()
            .flat_map(|(word, _)| [(*word).to_owned(), format!("-{word}")])
            .collect();
        let detail = format!("sort must be one of {}, not {text:?}", words.join(", "));
        refused("sort", detail).with("allowed", words)
    })
}

fn sort_word(sort: Sort) -> String {
    let word = SORTS
        .into_iter()
        .find(|(_, by)| *by == sort.by)
        .map_or("", |(word, _)| word);
    let minus = if sort.descending { "-" } else { "" };
    format!("{minus}{word}")
}

#[cfg(test)]
mod tests;

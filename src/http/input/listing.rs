//! The query of `GET /v1/images`: filters, order, limit and cursor.

mod filters;

use crate::auth::KeyRing;
use crate::http::input::cursor::{self, Walk};
use crate::http::input::owner::{self, OWNER};
use crate::http::input::query::{self, FromQuery, Query, refused};
use crate::http::reply::problem::Problem;
use crate::model::{Filters, Position, Sort, SortBy};
use crate::number;
use crate::service::ListRequest;
use filters::{FILTERS, TAG};
pub(crate) use filters::{ListParameters, MAX_TICKET_ID_BYTES};

/// The maximum number of images on a page.
pub(crate) const MAX_LIMIT: u32 = 200;
pub(crate) const DEFAULT_LIMIT: u32 = 50;

/// Every parameter.
const NAMES: [&str; 5 + FILTERS.len()] = {
    let mut names = ["limit"; 5 + FILTERS.len()];
    (names[1], names[2], names[3], names[4]) = ("cursor", "sort", OWNER, TAG);
    let mut at = 0;
    while at < FILTERS.len() {
        names[5 + at] = FILTERS[at].0;
        at += 1;
    }
    names
};

/// A request for a list of images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    /// The owner that the request names.
    pub(crate) owner: Option<String>,
    /// The filters.
    pub(crate) filters: Filters,
    /// The order.
    pub(crate) sort: Sort,
    /// The maximum number of images on the page.
    pub(crate) limit: u32,
    /// The cursor at which the page begins, as it was printed.
    pub(crate) cursor: Option<String>,
}

impl FromQuery for Listing {
    const NAMES: &'static [&'static str] = &NAMES;

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            owner: owner::from_query(query)?,
            filters: filters::read(query)?,
            sort: query.one("sort")?.map_or(Ok(Sort::default()), sort)?,
            limit: limit_of(query)?,
            cursor: query.one("cursor")?.map(str::to_owned),
        })
    }
}

impl Listing {
    /// The page to read for `owner`, for whom the cursor must have been created. `None` means the
    /// images of all owners.
    pub(crate) fn request(
        &self,
        keys: &KeyRing,
        owner: Option<&str>,
    ) -> Result<ListRequest, Problem> {
        let query = &self.walk();
        let after = self.cursor.as_ref().map(|text| {
            let position = cursor::parse(keys, &Walk { owner, query }, text);
            position.ok_or_else(|| {
                let detail = "the cursor must be the next_cursor of an earlier page with the same \
                              filters, order and owner";
                refused("cursor", detail)
            })
        });
        Ok(ListRequest {
            owner: owner.map(str::to_owned),
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

    /// The query of the page that begins at `cursor`, with the same filters and order.
    pub(crate) fn print(&self, cursor: &str) -> String {
        let mut pairs = self.pairs();
        pairs.push(("limit", self.limit.to_string()));
        pairs.push(("cursor", cursor.to_owned()));
        print(&pairs)
    }

    /// The owner, the filters and the order, which are the same on every page of a walk.
    pub(crate) fn walk(&self) -> String {
        print(&self.pairs())
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let owner = self.owner.iter().map(|owner| (OWNER, owner.clone()));
        let mut pairs: Vec<_> = owner.collect();
        pairs.extend(filters::print(&self.filters));
        if self.sort != Sort::default() {
            pairs.push(("sort", sort_word(self.sort)));
        }
        pairs
    }
}

fn print(pairs: &[(&'static str, String)]) -> String {
    query::print(pairs.iter().map(|(name, value)| (*name, value.as_str())))
}

/// The maximum number of items on a page, as a query has it.
pub(crate) fn limit_of(query: &Query) -> Result<u32, Problem> {
    query.one("limit")?.map_or(Ok(DEFAULT_LIMIT), limit)
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

//! The query of `GET /v1/images`: filters, order, limit and cursor.

mod parameters;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[cfg(test)]
use crate::http::openapi::schema;
use crate::http::reply::problem::Problem;
use crate::model::{Filters, Kind, Sort, SortBy, Span, Timestamp, Visibility};
use crate::number;
use crate::service::{fields, filename};
use parameters::Parameters;
pub(crate) use parameters::refused;

/// The most images on a page.
pub(crate) const MAX_LIMIT: u32 = 200;
pub(crate) const DEFAULT_LIMIT: u32 = 50;

/// Every parameter.
const NAMES: [&str; 15] = [
    "limit",
    "cursor",
    "sort",
    "tag",
    "content_type",
    "filename",
    "created_after",
    "created_before",
    "min_width",
    "max_width",
    "min_height",
    "max_height",
    "min_size",
    "max_size",
    "visibility",
];

/// What they are, for the description of the API.
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
    #[param(min_length = 1, max_length = 255)]
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

impl Listing {
    /// Reads a query. The parameter that cannot be is named.
    pub(crate) fn parse(query: &str) -> Result<Self, Problem> {
        let parameters = Parameters::parse(query, &NAMES)?;
        let span = |min, max| {
            let (min, max) = (whole(&parameters, min)?, whole(&parameters, max)?);
            Ok::<_, Problem>(Span { min, max })
        };
        Ok(Self {
            filters: Filters {
                tags: tags(&parameters)?,
                kind: content_type(&parameters)?,
                filename: part_of_filename(&parameters)?,
                created_after: time(&parameters, "created_after", i128::div_euclid)?,
                created_before: time(&parameters, "created_before", div_ceil)?,
                width: span("min_width", "max_width")?,
                height: span("min_height", "max_height")?,
                size: span("min_size", "max_size")?,
                visibility: visibility(&parameters)?,
            },
            sort: sort(&parameters)?,
            limit: limit(&parameters)?,
            cursor: parameters.one("cursor")?.map(str::to_owned),
        })
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
        let filters = &self.filters;
        let mut pairs: Vec<(&str, String)> = filters
            .tags
            .iter()
            .map(|tag| ("tag", tag.clone()))
            .collect();
        let visibility = filters
            .visibility
            .map(|visibility| visibility.as_str().to_owned());
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let sort = (self.sort != Sort::default()).then(|| sort_word(self.sort));
        let others = [
            (
                "content_type",
                filters.kind.map(|kind| kind.media_type().to_owned()),
            ),
            ("filename", filters.filename.clone()),
            ("created_after", time(filters.created_after)),
            ("created_before", time(filters.created_before)),
            ("min_width", number(filters.width.min)),
            ("max_width", number(filters.width.max)),
            ("min_height", number(filters.height.min)),
            ("max_height", number(filters.height.max)),
            ("min_size", number(filters.size.min)),
            ("max_size", number(filters.size.max)),
            ("visibility", visibility),
            ("sort", sort),
        ];
        pairs.extend(
            others
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        pairs
    }
}

fn print(pairs: &[(&'static str, String)]) -> String {
    parameters::print(pairs.iter().map(|(name, value)| (*name, value.as_str())))
}

fn limit(parameters: &Parameters) -> Result<u32, Problem> {
    let Some(text) = parameters.one("limit")? else {
        return Ok(DEFAULT_LIMIT);
    };
    let limit = number::whole(text).and_then(|limit| u32::try_from(limit).ok());
    let limit = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        let detail = format!("limit must be from 1 to {MAX_LIMIT}");
        refused("limit", detail)
            .with("limit", MAX_LIMIT)
            .with("actual", text)
    })
}

/// Each as one that an image can have, once, in a fixed order: that of the query
/// means nothing.
fn tags(parameters: &Parameters) -> Result<Vec<String>, Problem> {
    let tags = fields::tags(parameters.all("tag"));
    let mut tags = tags.map_err(|error| refused("tag", format!("tag {}", error.reason)))?;
    tags.sort_unstable();
    Ok(tags)
}

fn content_type(parameters: &Parameters) -> Result<Option<Kind>, Problem> {
    let Some(text) = parameters.one("content_type")? else {
        return Ok(None);
    };
    let kind = Kind::from_media_type(text).ok_or_else(|| {
        let detail = format!("content_type {text:?} is none that images here have");
        refused("content_type", detail).with("allowed", Kind::ALL.map(Kind::media_type).to_vec())
    })?;
    Ok(Some(kind))
}

fn part_of_filename(parameters: &Parameters) -> Result<Option<String>, Problem> {
    let Some(text) = parameters.one("filename")? else {
        return Ok(None);
    };
    // No name has more characters than bytes.
    if text.is_empty() || text.chars().count() > filename::MAX_BYTES {
        let detail = format!("filename must have 1 to {} characters", filename::MAX_BYTES);
        return Err(refused("filename", detail).with("limit", filename::MAX_BYTES));
    }
    Ok(Some(text.to_ascii_lowercase()))
}

fn visibility(parameters: &Parameters) -> Result<Option<Visibility>, Problem> {
    let Some(text) = parameters.one("visibility")? else {
        return Ok(None);
    };
    let visibility = Visibility::parse(text).ok_or_else(|| {
        let detail = "visibility must be private or public".to_owned();
        refused("visibility", detail).with("allowed", vec!["private", "public"])
    })?;
    Ok(Some(visibility))
}

fn whole(parameters: &Parameters, name: &'static str) -> Result<Option<u64>, Problem> {
    let Some(text) = parameters.one(name)? else {
        return Ok(None);
    };
    let unreadable = || refused(name, format!("{name} must be a whole number, not {text:?}"));
    // As SQL has numbers: 63 bits.
    let number = number::whole(text).filter(|number| i64::try_from(*number).is_ok());
    number.ok_or_else(unreadable).map(Some)
}

/// A time (RFC 3339), brought to milliseconds by `divide`: those before and after it
/// stay the same ones.
fn time(
    parameters: &Parameters,
    name: &'static str,
    divide: fn(i128, i128) -> i128,
) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = parameters.one(name)? else {
        return Ok(None);
    };
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        let form = "must be a time like 2026-11-24T03:53:43.717Z or 2026-11-24T04:53:43%2B01:00";
        refused(
            name,
            format!("{name} {form} (RFC 3339, with + as %2B), not {text:?}"),
        )
    })?;
    let millis = divide(time.unix_timestamp_nanos(), 1_000_000);
    Ok(Some(Timestamp::from_millis(
        i64::try_from(millis).unwrap_or(i64::MAX),
    )))
}

fn div_ceil(number: i128, by: i128) -> i128 {
    -(-number).div_euclid(by)
}

const SORTS: [(&str, SortBy); 3] = [
    ("created_at", SortBy::CreatedAt),
    ("size", SortBy::Size),
    ("filename", SortBy::Filename),
];

fn sort(parameters: &Parameters) -> Result<Sort, Problem> {
    let Some(text) = parameters.one("sort")? else {
        return Ok(Sort::default());
    };
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

//! The filters of a list as query parameters. Each filter is an entry of [`FILTERS`], which
//! defines how it is parsed and printed.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::http::input::query::{Query, refused};
use crate::http::openapi::schema;
use crate::http::reply::problem::Problem;
use crate::model::{Filters, Kind, Timestamp, Visibility};
use crate::number;
use crate::service::{fields, filename};

/// The longest id of a ticket. Ids are UUIDs.
pub(crate) const MAX_TICKET_ID_BYTES: usize = 64;

/// The filter that may be given several times.
pub(super) const TAG: &str = "tag";

/// All other filters: the parameter, and the member that it sets. They are printed in this order,
/// which cursors are bound to.
pub(super) const FILTERS: [(&str, Field); 12] = [
    ("content_type", Field::Kind(|to| &mut to.kind)),
    ("filename", Field::PartOfName(|to| &mut to.filename)),
    (
        "created_after",
        Field::Time(|to| &mut to.created_after, i128::div_euclid),
    ),
    (
        "created_before",
        Field::Time(|to| &mut to.created_before, div_ceil),
    ),
    ("min_width", Field::Number(|to| &mut to.width.min)),
    ("max_width", Field::Number(|to| &mut to.width.max)),
    ("min_height", Field::Number(|to| &mut to.height.min)),
    ("max_height", Field::Number(|to| &mut to.height.max)),
    ("min_size", Field::Number(|to| &mut to.size.min)),
    ("max_size", Field::Number(|to| &mut to.size.max)),
    ("visibility", Field::Visibility(|to| &mut to.visibility)),
    ("ticket", Field::Ticket(|to| &mut to.ticket)),
];

/// The parameters of a list, for the description of the API.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query of a list")]
pub(crate) struct ListParameters {
    /// The maximum number of images on the page.
    #[param(value_type = Option<schema::Limit>, inline)]
    limit: Option<u32>,
    /// The `next_cursor` of the previous page.
    cursor: Option<String>,
    /// The order of the images. A leading `-` means descending order.
    #[param(value_type = Option<schema::Sort>, inline)]
    sort: Option<String>,
    /// Only images of this owner. Requires the scope `admin`.
    #[param(value_type = Option<schema::Owner>, inline)]
    owner: Option<String>,
    /// Only images with all of these tags.
    #[param(value_type = Option<schema::Tags>, inline)]
    tag: Vec<String>,
    /// Only images of this media type.
    #[param(value_type = Option<schema::ContentType>, inline)]
    content_type: Option<String>,
    /// Only images whose file names contain this text. ASCII letters match regardless of case.
    #[param(value_type = Option<schema::PartOfFilename>, inline)]
    filename: Option<String>,
    /// Only images that were uploaded after this time.
    #[param(format = DateTime)]
    created_after: Option<String>,
    /// Only images that were uploaded before this time.
    #[param(format = DateTime)]
    created_before: Option<String>,
    /// The minimum width in pixels.
    min_width: Option<u64>,
    /// The maximum width in pixels.
    max_width: Option<u64>,
    /// The minimum height in pixels.
    min_height: Option<u64>,
    /// The maximum height in pixels.
    max_height: Option<u64>,
    /// The minimum size in bytes.
    min_size: Option<u64>,
    /// The maximum size in bytes.
    max_size: Option<u64>,
    /// Only images with this visibility.
    #[param(value_type = Option<schema::Visibility>, inline)]
    visibility: Option<String>,
    /// Only the image that was uploaded with this upload ticket: the `ticket` in the answer to
    /// `createTicket`.
    #[param(value_type = Option<schema::TicketId>, inline)]
    ticket: Option<String>,
}

/// The member of [`Filters`] that a parameter sets.
type Member<T> = fn(&mut Filters) -> &mut Option<T>;

/// The type of a filter's value, and the member that it sets.
pub(super) enum Field {
    Kind(Member<Kind>),
    PartOfName(Member<String>),
    /// A time, rounded to milliseconds by this division in such a way that the same images match.
    Time(Member<Timestamp>, fn(i128, i128) -> i128),
    Number(Member<u64>),
    Visibility(Member<Visibility>),
    Ticket(Member<String>),
}

impl Field {
    fn read(&self, filters: &mut Filters, name: &str, text: &str) -> Result<(), Problem> {
        match self {
            Self::Kind(member) => *member(filters) = Some(kind(name, text)?),
            Self::PartOfName(member) => *member(filters) = Some(part_of_name(name, text)?),
            Self::Time(member, divide) => *member(filters) = Some(time(name, text, *divide)?),
            Self::Number(member) => *member(filters) = Some(whole(name, text)?),
            Self::Visibility(member) => *member(filters) = Some(visibility(name, text)?),
            Self::Ticket(member) => *member(filters) = Some(ticket(name, text)?),
        }
        Ok(())
    }

    /// Prints the value; the inverse of [`read`](Self::read).
    fn print(&self, filters: &mut Filters) -> Option<String> {
        match self {
            Self::Kind(member) => member(filters).map(|kind| kind.media_type().to_owned()),
            Self::PartOfName(member) | Self::Ticket(member) => member(filters).clone(),
            Self::Time(member, _) => member(filters).map(|time| time.to_string()),
            Self::Number(member) => member(filters).map(|number| number.to_string()),
            Self::Visibility(member) => member(filters).map(|seen| seen.as_str().to_owned()),
        }
    }
}

/// Parses all filters of a query.
pub(super) fn read(query: &Query) -> Result<Filters, Problem> {
    let mut filters = Filters {
        tags: tags(query)?,
        ..Filters::default()
    };
    for (name, field) in &FILTERS {
        if let Some(text) = query.one(name)? {
            field.read(&mut filters, name, text)?;
        }
    }
    Ok(filters)
}

/// The inverse of [`read`].
pub(super) fn print(filters: &Filters) -> Vec<(&'static str, String)> {
    let mut filters = filters.clone();
    let tags = std::mem::take(&mut filters.tags);
    let mut pairs: Vec<_> = tags.into_iter().map(|tag| (TAG, tag)).collect();
    for (name, field) in &FILTERS {
        pairs.extend(field.print(&mut filters).map(|value| (*name, value)));
    }
    pairs
}

/// The tags to filter by, without duplicates and sorted, since their order in the query does not
/// matter.
fn tags(query: &Query) -> Result<Vec<String>, Problem> {
    let tags = fields::tags(query.all(TAG));
    let mut tags = tags.map_err(|error| refused(TAG, format!("tag {}", error.reason)))?;
    tags.sort_unstable();
    Ok(tags)
}

fn kind(name: &str, text: &str) -> Result<Kind, Problem> {
    Kind::from_media_type(text).ok_or_else(|| {
        let detail = format!("{name} must be a supported image type, not {text:?}");
        refused(name, detail).with("allowed", Kind::ALL.map(Kind::media_type).to_vec())
    })
}

fn part_of_name(name: &str, text: &str) -> Result<String, Problem> {
    // A name has at most as many characters as bytes.
    let most = filename::MAX_BYTES;
    if text.is_empty() || text.chars().count() > most {
        let detail = format!("{name} must have 1 to {most} characters");
        return Err(refused(name, detail).with("limit", most));
    }
    Ok(text.to_ascii_lowercase())
}

fn visibility(name: &str, text: &str) -> Result<Visibility, Problem> {
    Visibility::parse(text).ok_or_else(|| {
        refused(name, format!("{name} must be private or public"))
            .with("allowed", vec!["private", "public"])
    })
}

/// Parses the id of a ticket. The ticket itself, which is a secret, is longer and has dots.
fn ticket(name: &str, text: &str) -> Result<String, Problem> {
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if text.is_empty() || text.len() > MAX_TICKET_ID_BYTES || !text.chars().all(is_id) {
        let detail = format!("{name} must be the id of an upload ticket: letters, digits and '-'");
        return Err(refused(name, detail));
    }
    Ok(text.to_owned())
}

fn whole(name: &str, text: &str) -> Result<u64, Problem> {
    // SQL integers have 63 bits.
    let number = number::whole(text).filter(|number| i64::try_from(*number).is_ok());
    number.ok_or_else(|| refused(name, format!("{name} must be a whole number, not {text:?}")))
}

/// Parses a time (RFC 3339).
fn time(name: &str, text: &str, divide: fn(i128, i128) -> i128) -> Result<Timestamp, Problem> {
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        let form = "must be a time like 2026-11-24T03:53:43.717Z or 2026-11-24T04:53:43%2B01:00";
        let detail = format!("{name} {form} (RFC 3339, with + as %2B), not {text:?}");
        refused(name, detail)
    })?;
    let millis = divide(time.unix_timestamp_nanos(), 1_000_000);
    Ok(Timestamp::from_millis(
        i64::try_from(millis).unwrap_or(i64::MAX),
    ))
}

fn div_ceil(number: i128, by: i128) -> i128 {
    -(-number).div_euclid(by)
}

//! Pages of upload tickets.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::TicketView;
use crate::http::app::App;
use crate::http::input::cursor::{self, Walk};
use crate::http::input::extract::{Authorized, Write};
use crate::http::input::listing;
use crate::http::input::owner::{self, OWNER};
use crate::http::input::query::{self, FromQuery, Query, refused};
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::http::reply::urls::Urls;
use crate::model::{Position, SortKey, TicketQuery, TicketStatus, Timestamp};

/// The query of a list of tickets.
pub(crate) struct Listing {
    owner: Option<String>,
    status: Option<TicketStatus>,
    limit: u32,
    cursor: Option<String>,
}

/// The parameters of the query, for the description of the API.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub(crate) struct ListParameters {
    /// The maximum number of tickets.
    #[param(value_type = Option<schema::Limit>, inline)]
    limit: u32,
    /// The `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only tickets with this status.
    #[param(value_type = Option<schema::TicketStatus>, inline)]
    status: Option<String>,
    /// Only tickets of this owner. Requires the scope `admin`.
    #[param(value_type = Option<schema::Owner>, inline)]
    owner: Option<String>,
}

impl FromQuery for Listing {
    const NAMES: &'static [&'static str] = &["limit", "cursor", "status", OWNER];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let status = query.one("status")?.map(|word| {
            TicketStatus::parse(word).ok_or_else(|| {
                let words = TicketStatus::ALL.map(TicketStatus::as_str);
                let detail = format!("status must be one of {}", words.join(", "));
                refused("status", detail).with("allowed", words.to_vec())
            })
        });
        Ok(Self {
            owner: owner::from_query(query)?,
            status: status.transpose()?,
            limit: listing::limit_of(query)?,
            cursor: query.one("cursor")?.map(str::to_owned),
        })
    }
}

impl Listing {
    /// What is the same on every page, in a canonical form.
    fn walk(&self) -> String {
        let status = self.status.map_or("", TicketStatus::as_str);
        format!("upload-tickets {status}")
    }

    /// The query of the page that begins at `cursor`.
    fn print(&self, cursor: &str) -> String {
        let limit = self.limit.to_string();
        let named = self.owner.as_deref().map(|owner| (OWNER, owner));
        let status = self.status.map(|status| ("status", status.as_str()));
        let pairs = [("limit", limit.as_str()), ("cursor", cursor)];
        query::print(named.into_iter().chain(status).chain(pairs))
    }
}

/// A page of upload tickets.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = TicketPage)]
pub(crate) struct TicketPageView {
    /// The tickets of this page.
    items: Vec<TicketView>,
    /// The `cursor` of the next page; `null` on the last page.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// List upload tickets
///
/// Returns a page of the token owner's tickets, or with the scope `admin` of all tickets, newest
/// first. A ticket is listed until eight days after it has expired.
#[utoipa::path(
    get, path = "/v1/upload-tickets", operation_id = "listTickets", tag = "Tickets",
    params(ListParameters),
    responses((status = 200, description = "A page of tickets.", body = TicketPageView, headers(("Link")))),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Authorized<Write, Listing>,
) -> Result<Response, Problem> {
    let (grant, listing) = (&caller.grant, &caller.parameters);
    let keys = &app.settings.access.signing_keys;
    let owner = owner::limited_to(grant, listing.owner.as_deref())?;
    let walk = listing.walk();
    let walk = Walk {
        owner,
        query: &walk,
    };
    let before = listing.cursor.as_ref().map(|text| {
        let place = cursor::parse(keys, &walk, text).and_then(place);
        place.ok_or_else(|| {
            let detail = "the cursor must be the next_cursor of an earlier page with the same \
                          status and owner";
            refused("cursor", detail)
        })
    });
    let query = TicketQuery {
        owner: owner.map(str::to_owned),
        status: listing.status,
        before: before.transpose()?,
        limit: listing.limit,
    };
    let page = app.service.tickets(grant, query).await?;
    let next = page.next.and_then(position);
    let next_cursor = next.map(|next| cursor::print(keys, &walk, &next));
    let link = next_cursor.as_ref().map(|cursor| {
        let path = format!("/v1/upload-tickets?{}", listing.print(cursor));
        format!("<{}>; rel=\"next\"", Urls::of(&app.settings).at(&path))
    });
    let items = page.tickets.into_iter();
    let items = items.map(|ticket| TicketView::of(&app, ticket));
    let items = items.collect::<Result<_, Problem>>()?;
    let mut response = reply::ok(&TicketPageView { items, next_cursor });
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// The place of a ticket in the list, as a cursor has it.
fn position((time, id): (Timestamp, String)) -> Option<Position> {
    Some(Position {
        key: SortKey::CreatedAt(time),
        id: Uuid::try_parse(&id).ok()?,
    })
}

/// The inverse of [`position`].
fn place(position: Position) -> Option<(Timestamp, String)> {
    match position.key {
        SortKey::CreatedAt(time) => Some((time, position.id.simple().to_string())),
        _ => None,
    }
}

//! Upload tickets as they are recorded.

use super::Timestamp;

/// An upload ticket as the catalog records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Identifies the ticket; images that come by it have it in `ticket`.
    pub id: String,
    /// The owner of the images.
    pub owner: String,
    /// The owner's name of the ticket.
    pub name: Option<String>,
    /// What the ticket allows, in a form that is opaque to the catalog.
    pub terms: String,
    /// The most images that may come by it.
    pub max_uploads: u32,
    /// How many images have come by it.
    pub uploads: u32,
    /// When it was created.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// Whether a ticket may be used, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketStatus {
    /// It may be used.
    Open,
    /// As many images as it allows have come by it.
    Used,
    /// It expired before that.
    Expired,
    /// It was revoked.
    Revoked,
}

impl TicketStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Open, Self::Used, Self::Expired, Self::Revoked];

    /// The word in JSON and in queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The inverse of [`as_str`](Self::as_str).
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl Ticket {
    /// The status at `now`.
    pub fn status(&self, now: Timestamp) -> TicketStatus {
        if self.revoked_at.is_some() {
            TicketStatus::Revoked
        } else if self.uploads >= self.max_uploads {
            TicketStatus::Used
        } else if self.expires_at <= now {
            TicketStatus::Expired
        } else {
            TicketStatus::Open
        }
    }
}

/// What a page of tickets is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketQuery {
    /// Only tickets of this owner.
    pub owner: Option<String>,
    /// Only tickets with this status.
    pub status: Option<TicketStatus>,
    /// Only tickets that were created before this one: its time of creation, and its id.
    pub before: Option<(Timestamp, String)>,
    /// The most tickets.
    pub limit: u32,
}

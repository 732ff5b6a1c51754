//! Upload tickets in SQL. The trigger `images_ticket` of `migrations/0001_images.sql` records a
//! ticket with its image, and `spent_tickets_recorded` of `migrations/0015_upload_tickets.sql`
//! counts the images of one that is recorded already.

use async_trait::async_trait;

use super::{Columns, Database, Dialect, SqlCatalog, Value, count};
use crate::catalog::{CatalogError, TicketUse, Tickets};
use crate::model::{Ticket, TicketQuery, TicketStatus, Timestamp};

/// The columns of a [`Ticket`], in the order in which [`read`] reads them.
pub(super) const COLUMNS: &str =
    "id, owner, name, terms, max_uploads, uploads, created_at, expires_at, revoked_at";

/// Open tickets, as the index `upload_tickets_open` has them.
const OPEN: &str = "revoked_at IS NULL AND uploads < max_uploads";

/// The statement of [`Tickets::create_ticket`], after its columns.
pub(super) const CREATE: &str = "
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL WHERE ?9 > (
        SELECT count(*) FROM upload_tickets INDEXED BY upload_tickets_open
        WHERE owner = ?2 AND expires_at > ?7 AND revoked_at IS NULL AND uploads < max_uploads)
    RETURNING id";

/// The same on PostgreSQL.
const CREATE_IN_POSTGRES: &str =
    "SELECT * FROM darkroom_create_ticket_v1($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// The statement of [`Tickets::erase_tickets`].
pub(super) const ERASE: &str = "
    UPDATE upload_tickets
    SET owner = '', name = NULL, terms = '', revoked_at = coalesce(revoked_at, ?2)
    WHERE id IN (SELECT id FROM upload_tickets WHERE owner = ?1 LIMIT ?3) RETURNING id";

#[async_trait]
impl<D: Database> Tickets for SqlCatalog<D> {
    async fn create_ticket(&self, new: &Ticket, most: u32) -> Result<bool, CatalogError> {
        let sql = format!("INSERT INTO upload_tickets ({COLUMNS}) {CREATE}");
        let parameters = vec![
            new.id.as_str().into(),
            new.owner.as_str().into(),
            new.name.as_deref().into(),
            new.terms.as_str().into(),
            i64::from(new.max_uploads).into(),
            i64::from(new.uploads).into(),
            new.created_at.into(),
            new.expires_at.into(),
            i64::from(most).into(),
        ];
        let sql = self.dialect.pick(&sql, CREATE_IN_POSTGRES);
        self.exists(sql, parameters).await
    }

    async fn find_ticket(&self, id: &str) -> Result<Option<Ticket>, CatalogError> {
        let sql = format!("SELECT {COLUMNS} FROM upload_tickets WHERE id = ?1 AND owner <> ''");
        let rows = self.query(&sql, vec![id.into()]).await?;
        let mut found = Columns::read_all("upload_tickets", rows, read)?;
        Ok(found.pop())
    }

    async fn tickets(
        &self,
        query: &TicketQuery,
        now: Timestamp,
    ) -> Result<Vec<Ticket>, CatalogError> {
        let (sql, parameters) = page(self.dialect, query, now);
        let rows = self.query(&sql, parameters).await?;
        Columns::read_all("upload_tickets", rows, read)
    }

    async fn revoke_ticket(
        &self,
        id: &str,
        owner: Option<&str>,
        at: Timestamp,
    ) -> Result<bool, CatalogError> {
        let sql = "UPDATE upload_tickets SET revoked_at = coalesce(revoked_at, ?3)
            WHERE id = ?1 AND owner <> '' AND (CAST(?2 AS text) IS NULL OR owner = ?2)
            RETURNING id";
        self.exists(sql, vec![id.into(), owner.into(), at.into()])
            .await
    }

    async fn ticket_use(&self, id: &str) -> Result<TicketUse, CatalogError> {
        let sql = "SELECT uploads >= max_uploads, revoked_at IS NOT NULL
                FROM upload_tickets WHERE id = ?1
            UNION ALL SELECT true, false FROM spent_tickets WHERE id = ?1";
        let rows = self.query(sql, vec![id.into()]).await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(TicketUse::Unrecorded);
        };
        let mut row = Columns::new("upload_tickets", row);
        Ok(match (row.number::<u8>()?, row.number::<u8>()?) {
            (_, 1) => TicketUse::Revoked,
            (1, _) => TicketUse::Spent,
            _ => TicketUse::Open,
        })
    }

    async fn erase_tickets(
        &self,
        owner: &str,
        at: Timestamp,
        limit: u32,
    ) -> Result<u32, CatalogError> {
        let parameters = vec![owner.into(), at.into(), i64::from(limit).into()];
        let erased = self.query(ERASE, parameters).await?;
        Ok(count(&erased))
    }

    async fn forget_tickets(&self, before: Timestamp) -> Result<(), CatalogError> {
        self.forget_before("spent_tickets", "spent_at", before)
            .await?;
        self.forget_before("upload_tickets", "expires_at", before)
            .await
    }
}

/// The statement of [`Tickets::tickets`], and its parameters.
pub(super) fn page(dialect: Dialect, query: &TicketQuery, now: Timestamp) -> (String, Vec<Value>) {
    let mut parameters: Vec<Value> = Vec::new();
    let mut bind = |value: Value| {
        parameters.push(value);
        format!("?{}", parameters.len())
    };
    let (index, mut wanted) = match &query.owner {
        Some(owner) => {
            let owner = bind(owner.as_str().into());
            ("upload_tickets_by_owner", format!("owner = {owner}"))
        }
        None => ("upload_tickets_by_time", "owner <> ''".to_owned()),
    };
    if let Some((time, id)) = &query.before {
        let (time, id) = (bind((*time).into()), bind(id.as_str().into()));
        wanted += &format!(" AND (created_at, id) < ({time}, {id})");
    }
    wanted += &match query.status {
        None => String::new(),
        Some(TicketStatus::Open) => format!(" AND {OPEN} AND expires_at > {}", bind(now.into())),
        Some(TicketStatus::Expired) => {
            format!(" AND {OPEN} AND expires_at <= {}", bind(now.into()))
        }
        Some(TicketStatus::Used) => " AND revoked_at IS NULL AND uploads >= max_uploads".to_owned(),
        Some(TicketStatus::Revoked) => " AND revoked_at IS NOT NULL".to_owned(),
    };
    let limit = bind(i64::from(query.limit).into());
    let by_index = dialect.indexed_by(index);
    let sql = format!(
        "SELECT {COLUMNS} FROM upload_tickets {by_index} WHERE {wanted}
        ORDER BY created_at DESC, id DESC LIMIT {limit}"
    );
    (sql, parameters)
}

/// Reads a ticket from a row of [`COLUMNS`].
fn read(row: &mut Columns) -> Result<Ticket, CatalogError> {
    Ok(Ticket {
        id: row.text()?,
        owner: row.text()?,
        name: row.optional_text()?,
        terms: row.text()?,
        max_uploads: row.number()?,
        uploads: row.number()?,
        created_at: row.time()?,
        expires_at: row.time()?,
        revoked_at: row.optional_time()?,
    })
}

//! What is moved: every table of the catalog.

use anyhow::Result;
use darkroom::catalog::Value;

use super::side::Side;

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name.
    pub(super) name: &'static str,
    /// Its primary key.
    pub(super) key: &'static [&'static str],
    /// How many rows are held in memory at a time.
    pub(super) page: usize,
}

const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    let page = 500;
    Table { name, key, page }
}

/// All tables but `totals` and `schema_migrations`, and `rates`, which matters for minutes only.
pub(super) const TABLES: &[Table] = &[
    table("blobs", &["id"]),
    table("images", &["id"]),
    table("image_tags", &["id", "tag"]),
    table("variants", &["image_id", "transform"]),
    table("variant_claims", &["image_id", "transform"]),
    table("failed_sources", &["sha256"]),
    table("usage", &["owner"]),
    table("answer_usage", &["owner"]),
    table("leases", &["id"]),
    table("remains", &["id"]),
    table("upload_tickets", &["id"]),
    table("spent_tickets", &["id"]),
    table("links", &["id"]),
    table("idempotency_keys", &["scope", "key"]),
    table("resumable_uploads", &["id"]),
    table("upload_segments", &["upload_id", "start_at"]),
    Table {
        name: "upload_tails",
        key: &["upload_id", "start_at"],
        // Of up to a chunk each.
        page: 8,
    },
];

/// The columns that only tell SQLite's triggers what to do as a row is added.
const PASSING: [(&str, &str); 2] = [("images", "answered"), ("images", "completes")];

impl Table {
    /// Whether a column has nothing that would have to be moved.
    pub(super) fn omits(&self, column: &str) -> bool {
        PASSING.contains(&(self.name, column))
    }
}

/// The columns of `totals` but its key. SQLite has one row, and PostgreSQL several to be added up.
const TOTALS: [&str; 9] = [
    "images",
    "bytes",
    "live_blobs",
    "live_bytes",
    "dead_blobs",
    "dead_bytes",
    "leases",
    "variants",
    "variant_bytes",
];

/// Makes the totals of the target those of the source.
pub(super) fn copy_totals(source: &mut dyn Side, target: &mut dyn Side) -> Result<()> {
    let sums = TOTALS.map(|column| format!("CAST(sum({column}) AS bigint)"));
    let sums = source.query(&format!("SELECT {} FROM totals", sums.join(", ")))?;
    let sums = sums.first().into_iter().flatten();
    let set: Vec<String> = TOTALS
        .iter()
        .zip(sums)
        .map(|(column, sum)| match sum {
            Value::Integer(sum) => {
                let is_first = "id = (SELECT min(id) FROM totals)";
                format!("{column} = CASE WHEN {is_first} THEN {sum} ELSE 0 END")
            }
            _ => format!("{column} = 0"),
        })
        .collect();
    target
        .query(&format!("UPDATE totals SET {}", set.join(", ")))
        .map(drop)
}

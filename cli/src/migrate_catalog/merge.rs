//! Making one side like the other, and comparing them.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fmt;
use std::ops::AddAssign;

use anyhow::{Context as _, Result};
use darkroom::catalog::Value;
use sha2::{Digest as _, Sha256};

use super::columns;
use super::side::Side;
use super::tables::Table;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    added: u64,
    changed: u64,
    removed: u64,
}

impl AddAssign for Changes {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.removed += other.removed;
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            added,
            changed,
            removed,
        } = self;
        write!(
            formatter,
            "{added} rows added, {changed} changed, {removed} removed"
        )
    }
}

/// What a table has on both sides.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// The same.
    Equal { rows: u64, digest: String },
    /// So many rows on each side, and not the same at this key.
    Different { rows: (u64, u64), key: String },
}

/// The rows of a table, in the order of its key.
struct Rows<'a> {
    table: &'a Table,
    columns: &'a [String],
    /// Where the columns of the key are.
    key: Vec<usize>,
    page: VecDeque<Vec<Value>>,
    /// The key of the last row that was read.
    last: Option<Vec<Value>>,
    is_over: bool,
}

impl<'a> Rows<'a> {
    fn new(table: &'a Table, columns: &'a [String]) -> Result<Self> {
        let key = table
            .key
            .iter()
            .map(|key| columns.iter().position(|column| column == key));
        Ok(Self {
            table,
            columns,
            key: key
                .collect::<Option<_>>()
                .context("a key is not a column")?,
            page: VecDeque::new(),
            last: None,
            is_over: false,
        })
    }

    fn key(&self, row: &[Value]) -> Vec<Value> {
        self.key.iter().map(|at| row[*at].clone()).collect()
    }

    /// Reads the next rows, if there is none at hand.
    fn fill(&mut self, side: &mut dyn Side) -> Result<()> {
        if self.page.is_empty() && !self.is_over {
            let page = side.page(self.table, self.columns, self.last.as_deref());
            self.page = page.with_context(|| self.of(side))?.into();
            self.is_over = self.page.len() < self.table.page;
            self.last = self
                .page
                .back()
                .map(|row| self.key(row))
                .or(self.last.take());
        }
        Ok(())
    }

    fn of(&self, side: &dyn Side) -> String {
        format!("the table {} of {}", self.table.name, side.name())
    }

    fn next(&mut self) -> Option<Vec<Value>> {
        self.page.pop_front()
    }
}

/// Which row comes first. A side without another row comes last.
fn order(source: &Rows, target: &Rows) -> Option<Ordering> {
    match (source.page.front(), target.page.front()) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some(one), Some(other)) => Some(compare_keys(&source.key(one), &target.key(other))),
    }
}

fn compare_keys(one: &[Value], other: &[Value]) -> Ordering {
    let pairs = one.iter().zip(other).map(|pair| match pair {
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        (Value::Text(one), Value::Text(other)) => one.as_bytes().cmp(other.as_bytes()),
        // Keys have no other types.
        _ => Ordering::Equal,
    });
    pairs.fold(Ordering::Equal, Ordering::then)
}

/// Makes a table of the target like that of the source. What is not right is deleted before
/// anything is added, or both might be there at the same time where an index allows only one.
pub(super) fn merge(
    table: &Table,
    source: &mut dyn Side,
    target: &mut dyn Side,
) -> Result<Changes> {
    let columns = columns(table, source, target)?;
    let (mut removed, mut changed, mut added) = (0, 0, 0);
    let mut delete = Vec::new();
    each(table, &columns, source, target, |old, new, key, target| {
        match (old, new) {
            (None, Some(_)) => removed += 1,
            (Some(old), Some(new)) if old != new => changed += 1,
            _ => return Ok(()),
        }
        delete.push(key);
        if delete.len() >= table.page {
            target.write(table, &columns, &std::mem::take(&mut delete), &[])?;
        }
        Ok(())
    })?;
    target.write(table, &columns, &delete, &[])?;
    let mut insert = Vec::new();
    each(table, &columns, source, target, |old, new, _, target| {
        if let (Some(row), None) = (old, new) {
            added += 1;
            insert.push(row);
        }
        if insert.len() >= table.page {
            target.write(table, &columns, &[], &std::mem::take(&mut insert))?;
        }
        Ok(())
    })?;
    target.write(table, &columns, &[], &insert)?;
    Ok(Changes {
        added: u64::saturating_sub(added, changed),
        changed,
        removed,
    })
}

/// A row of each side with the same key, or of the one that has it.
type Visit<'a> =
    dyn FnMut(Option<Vec<Value>>, Option<Vec<Value>>, Vec<Value>, &mut dyn Side) -> Result<()> + 'a;

/// Visits the rows of both sides in the order of their keys.
fn each(
    table: &Table,
    columns: &[String],
    source: &mut dyn Side,
    target: &mut dyn Side,
    mut visit: impl FnMut(
        Option<Vec<Value>>,
        Option<Vec<Value>>,
        Vec<Value>,
        &mut dyn Side,
    ) -> Result<()>,
) -> Result<()> {
    let visit: &mut Visit = &mut visit;
    let (mut old, mut new) = (Rows::new(table, columns)?, Rows::new(table, columns)?);
    loop {
        old.fill(source)?;
        new.fill(target)?;
        let Some(order) = order(&old, &new) else {
            return Ok(());
        };
        let old_row = order.is_le().then(|| old.next()).flatten();
        let new_row = order.is_ge().then(|| new.next()).flatten();
        let row = old_row.as_ref().or(new_row.as_ref());
        let key = row.map(|row| old.key(row)).unwrap_or_default();
        visit(old_row, new_row, key, target).with_context(|| new.of(target))?;
    }
}

/// Compares a table of both sides, row by row.
pub(super) fn compare(
    table: &Table,
    source: &mut dyn Side,
    target: &mut dyn Side,
) -> Result<Comparison> {
    let columns = columns(table, source, target)?;
    let (mut rows, mut first) = ((0, 0), None);
    let mut digest = Sha256::new();
    each(table, &columns, source, target, |old, new, key, _| {
        rows.0 += u64::from(old.is_some());
        rows.1 += u64::from(new.is_some());
        if old != new && first.is_none() {
            first = Some(format!("{key:?}"));
        }
        if let Some(row) = &old {
            absorb(&mut digest, row);
        }
        Ok(())
    })?;
    Ok(match first {
        Some(key) => Comparison::Different { rows, key },
        None => Comparison::Equal {
            rows: rows.0,
            digest: digest
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        },
    })
}

/// Adds a row to a digest, so that no two rows add the same.
fn absorb(digest: &mut Sha256, row: &[Value]) {
    let mut add = |tag: u8, bytes: &[u8]| {
        digest.update([tag]);
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    for value in row {
        match value {
            Value::Null => add(0, &[]),
            Value::Integer(value) => add(1, &value.to_le_bytes()),
            Value::Real(value) => add(2, &value.to_le_bytes()),
            Value::Text(value) => add(3, value.as_bytes()),
            Value::Blob(value) => add(4, value),
        }
    }
}

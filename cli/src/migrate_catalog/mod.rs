//! `darkroom migrate-catalog`: moves the catalog from SQLite to PostgreSQL, or back.
//!
//! Both databases are read in the order of their keys, side by side, and what the new one lacks,
//! has too much of, or has otherwise, is written. So a move can be broken off and repeated at any
//! time, and another pass copies only what has changed since. Rows of tables that others are
//! derived from are copied as they are, without triggers, and so are the derived ones.
//!
//! While the new database is not complete, it has a version that no program knows, so that no
//! host serves it by mistake.
//!
//! - `tables`: what is moved
//! - `side`: one of the two databases; `sqlite` and `postgres`: each kind of them
//! - `merge`: making one side like the other, and comparing them

mod merge;
mod postgres;
mod side;
mod sqlite;
mod tables;

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, ValueEnum};
use darkroom::catalog::CatalogError;

use crate::stores::{LABEL, Location};
use crate::variables::{EnvFile, Variables};
use merge::{Changes, Comparison};
use postgres::Postgres;
use side::Side;
use sqlite::Sqlite;
use tables::{TABLES, Table};

/// Moves the catalog between SQLite and PostgreSQL.
#[derive(Args)]
pub(crate) struct MigrateCatalog {
    /// The database to move to
    #[arg(long, value_name = "DATABASE")]
    to: Kind,
    /// Copy and compare while the source is in use, and leave the target unusable for now
    #[arg(long)]
    rehearse: bool,
    #[command(flatten)]
    location: Location,
}

/// A kind of database, as in the variable `catalog`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The SQLite file.
    Sqlite,
    /// The database at `postgres_url`.
    Postgres,
}

impl MigrateCatalog {
    /// Runs the command.
    pub(crate) fn run(self, env_file: &EnvFile) -> Result<()> {
        let variables = env_file.variables()?;
        let config = self.location.existing_config()?;
        let file = config
            .sqlite
            .get(LABEL)
            .context("the catalog is not in a file")?;
        let (mut source, mut target) = self.open(file, &variables)?;
        eprintln!("==> Copying from {} to {}", source.name(), target.name());
        target.begin()?;
        let mut written = Changes::default();
        for table in TABLES {
            let changes = merge::merge(table, &mut *source, &mut *target)?;
            if changes != Changes::default() {
                eprintln!("{}: {changes}", table.name);
            }
            written += changes;
        }
        tables::copy_totals(&mut *source, &mut *target)?;
        target.settle()?;
        println!("{written}");
        let differing = compare(&mut *source, &mut *target)?;
        if self.rehearse {
            println!(
                "This was a rehearsal: {} is complete up to what changes now, and not in use.",
                target.name()
            );
            return Ok(());
        }
        ensure!(
            differing.is_empty(),
            "the catalog has changed while it was copied: {}. Set read_only to on at every host, \
             and run this command again",
            differing.join(", ")
        );
        target.finish()?;
        println!(
            "All rows are equal. Set catalog to {} and read_only to off at every host.",
            target.kind()
        );
        Ok(())
    }

    /// The source and the target.
    fn open(&self, file: &Path, variables: &Variables) -> Result<(Box<dyn Side>, Box<dyn Side>)> {
        let postgres = || Postgres::open(variables).map(|side| Box::new(side) as Box<dyn Side>);
        Ok(match self.to {
            Kind::Postgres => {
                ensure!(file.exists(), "there is no catalog in {}", file.display());
                let mut source = Box::new(Sqlite::open(file)?);
                source.check_source()?;
                let mut target = postgres()?;
                target.prepare()?;
                (source, target)
            }
            Kind::Sqlite => {
                let mut source = postgres()?;
                source.check_source()?;
                let mut target = Box::new(Sqlite::open(file)?);
                target.prepare()?;
                (source, target)
            }
        })
    }
}

/// Compares all tables, prints what they have in common, and returns those that differ.
fn compare(source: &mut dyn Side, target: &mut dyn Side) -> Result<Vec<String>> {
    let mut differing = Vec::new();
    println!("table                    rows  SHA-256");
    for table in TABLES {
        match merge::compare(table, source, target)? {
            Comparison::Equal { rows, digest } => {
                println!("{:<20}{rows:>9}  {}", table.name, &digest[..16]);
            }
            Comparison::Different { rows, key } => {
                println!(
                    "{:<20}{:>9}  differs from {} rows, first at {key}",
                    table.name, rows.0, rows.1
                );
                differing.push(table.name.to_owned());
            }
        }
    }
    Ok(differing)
}

/// The outcome of a migration of a schema, with advice.
fn migrated(result: Result<(), CatalogError>, name: &str) -> Result<()> {
    match result {
        Err(CatalogError::ReadOnly) => bail!(
            "the schema of {name} is older than this program: serve it once with this version, \
             which migrates it"
        ),
        result => result.with_context(|| format!("the schema of {name} cannot be used")),
    }
}

/// The columns of a table that both sides have, of those that the target can be given.
fn columns(table: &Table, source: &dyn Side, target: &dyn Side) -> Result<Vec<String>> {
    let of_source = source.columns(table.name)?;
    let mut shared = Vec::new();
    for column in target.columns(table.name)? {
        let is_in_source = of_source.iter().any(|other| other.name == column.name);
        if column.is_generated || (!is_in_source && table.omits(&column.name)) {
            continue;
        }
        if !is_in_source {
            bail!(
                "{} has no column {}.{}",
                source.name(),
                table.name,
                column.name
            );
        }
        shared.push(column.name);
    }
    Ok(shared)
}

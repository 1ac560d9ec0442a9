//! The ids that stand for names in the rows: which a program knows, and how it learns the others.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use es_core::StoreError;
use sqlx::{PgConnection, Row};

use crate::error::Failure;
use crate::statements::Statements;

/// A name and a version of an event.
pub(crate) type TypeName = (Arc<str>, u32);

/// The names of one database. Ids are permanent and event types contiguous, so it only ever grows.
#[derive(Debug, Default)]
pub(crate) struct Names(RwLock<Arc<Known>>);

/// Names that are to be one category: that of today, and those of before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rename {
    pub(crate) name: String,
    pub(crate) was: Vec<String>,
}

/// The names as they were known at some moment.
#[derive(Debug, Default, Clone)]
pub(crate) struct Known {
    categories: HashMap<Box<str>, i32>,
    type_ids: HashMap<Box<str>, Vec<(u32, i32)>>,
    /// The type with id `n` stands at `n - 1`.
    types: Vec<TypeName>,
}

impl Known {
    pub(crate) fn category(&self, name: &str) -> Option<i32> {
        self.categories.get(name).copied()
    }

    pub(crate) fn type_id(&self, name: &str, version: u32) -> Option<i32> {
        let versions = self.type_ids.get(name)?;
        versions.iter().find(|(known, _)| *known == version).map(|(_, id)| *id)
    }

    pub(crate) fn event_type(&self, id: i32) -> Option<&TypeName> {
        self.types.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// The id of the last event type known.
    pub(crate) fn last_type(&self) -> i32 {
        i32::try_from(self.types.len()).unwrap_or(i32::MAX)
    }

    /// Whether these names are one category already, which they then stay.
    pub(crate) fn has(&self, rename: &Rename) -> bool {
        let id = self.category(&rename.name);
        id.is_some() && rename.was.iter().all(|was| self.category(was) == id)
    }

    /// Whether all that `self` knows holds in `newer` too.
    fn is_part_of(&self, newer: &Self) -> bool {
        newer.types.starts_with(&self.types)
            && self.categories.iter().all(|(name, id)| newer.category(name) == Some(*id))
    }
}

impl Names {
    pub(crate) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes in what a connection found; `false` if that is another database than the one known here.
    pub(crate) fn learn(&self, found: Known) -> bool {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if found.is_part_of(&known) {
            return true;
        }
        if known.is_part_of(&found) {
            *known = Arc::new(found);
            return true;
        }
        false
    }
}

/// Reads all names.
pub(crate) async fn read(connection: &mut PgConnection, statements: &Statements) -> Result<Known, Failure> {
    let mut known = Known::default();
    for row in statements.names.call().fetch_all(connection).await? {
        let (kind, id): (&str, i32) = (row.try_get(0)?, row.try_get(1)?);
        let (name, version): (&str, i32) = (row.try_get(2)?, row.try_get(3)?);
        if kind == "category" {
            known.categories.insert(name.into(), id);
        } else {
            let version = version.unsigned_abs();
            known.type_ids.entry(name.into()).or_default().push((version, id));
            known.types.push((name.into(), version));
            if known.last_type() != id {
                return Err(Failure::Client(format!(
                    "event type {id} ({name}) is not the next one in event_types"
                )));
            }
        }
    }
    Ok(known)
}

/// Gives names their ids, those that have none yet, and reads all names again.
pub(crate) async fn register(
    connection: &mut PgConnection,
    statements: &Statements,
    categories: &[&str],
    types: &[(&str, u32)],
) -> Result<Known, Failure> {
    let names: Vec<&str> = types.iter().map(|(name, _)| *name).collect();
    let versions: Vec<i32> = types.iter().map(|(_, version)| version.cast_signed()).collect();
    statements
        .register_names
        .call()
        .bind(categories)
        .bind(names)
        .bind(versions)
        .execute(&mut *connection)
        .await?;
    read(connection, statements).await
}

/// Makes names one category, and reads all names again; or says which of them are two.
pub(crate) async fn rename(
    connection: &mut PgConnection,
    statements: &Statements,
    rename: &Rename,
) -> Result<Result<Known, StoreError>, Failure> {
    let call = statements.rename_category.call().bind(&rename.name).bind(&rename.was);
    let split: Option<Vec<String>> = call.fetch_one(&mut *connection).await?.try_get(0)?;
    if let Some([other, name, ..]) = split.as_deref() {
        return Ok(Err(StoreError::SplitCategory { name: name.clone(), other: other.clone() }));
    }
    read(connection, statements).await.map(Ok)
}

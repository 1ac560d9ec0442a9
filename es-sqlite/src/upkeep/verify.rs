//! Verifies that a file is as it was written.

use es_core::StoreError;
use es_core::store::{AllQuery, Checkpoint, Filter, Rest};
use sqlx::{Row as _, SqliteConnection};

use crate::error::Failure;
use crate::read::all;
use crate::read::types::Types;
use crate::sql;

/// The result of [`SqliteStore::verify`](crate::SqliteStore::verify).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// How many events were read and are as they were written.
    pub events: u64,
    /// What is damaged; empty for a sound file. At most the first 100 of a kind.
    pub problems: Vec<String>,
}

impl Verified {
    /// Whether nothing was found.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

pub(crate) async fn verify(connection: &mut SqliteConnection) -> Result<Verified, StoreError> {
    let mut found = Verified::default();
    for row in
        sqlx::query("PRAGMA integrity_check(100)").fetch_all(&mut *connection).await.map_err(Failure::from)?
    {
        let text: String = row.try_get(0).map_err(Failure::from)?;
        if text != "ok" {
            found.problems.push(text);
        }
    }
    for row in sqlx::query(sql::HOLES).fetch_all(&mut *connection).await.map_err(Failure::from)? {
        let problem: String = row.try_get(0).map_err(Failure::from)?;
        found.problems.push(problem);
    }
    // Each row contains its type.
    let (types, filter, mut after) = (Types::default(), Filter::new(), Checkpoint::START);
    loop {
        let page = all::read(connection, &types, AllQuery::after(after, &filter), &mut |_| Ok(())).await;
        match page {
            Ok(page) => {
                found.events += page.events as u64;
                after = page.checkpoint;
                if page.rest == Rest::Nothing {
                    return Ok(found);
                }
            }
            Err(error @ StoreError::DamagedEvent { .. }) => {
                found.problems.push(error.to_string());
                return Ok(found);
            }
            Err(error) => return Err(error),
        }
    }
}

//! Which revision readers see, and which ones are dropped.

use es_core::projection::ProjectorError;
use es_core::{Position, Projection};
use sqlx::{AssertSqlSafe, SqliteConnection, raw_sql};

use super::cause::failed;
use super::files::run;
use super::setup::{known, known_all};
use super::sql;
use super::target::SqliteTarget;

impl<P: Projection<Model = SqliteConnection>> SqliteTarget<P> {
    pub(super) async fn show_to_readers(&self) -> Result<(), ProjectorError> {
        let (mut pointer, live) = self.lock().await?;
        if live.is_some_and(|live| live >= P::REV) {
            return Ok(());
        }
        // Held until readers see the other one: it would go on, and they back.
        let mut held = match live {
            Some(live) => self.open(&self.file_of(live)).await?,
            None => None,
        };
        let seen = match &mut held {
            Some(db) => {
                run(db, "BEGIN IMMEDIATE").await?;
                lowest(db).await?.unwrap_or_default()
            }
            None => Position::default(),
        };
        let Some(mut own) = self.open(&self.own()).await? else {
            return Err(ProjectorError::not_set_up::<P>());
        };
        let position = lowest(&mut own).await?.ok_or_else(ProjectorError::not_set_up::<P>)?;
        if position < seen {
            return Err(ProjectorError::Behind { projection: P::NAME, rev: P::REV, position, live: seen });
        }
        Self::point(&mut pointer, Some(P::REV)).await?;
        run(&mut pointer, "COMMIT").await?;
        tracing::info!(projection = P::NAME, rev = P::REV, "readers see this revision now");
        Ok(())
    }

    /// Empties the file, and leaves it there. One that was removed could still be written by who has it open,
    /// and its log would be taken for that of the next file of this name.
    pub(super) async fn drop_file(&self, rev: u32) -> Result<(), ProjectorError> {
        let (mut pointer, live) = self.lock().await?;
        let file = self.open_as(&self.file_of(rev), |options| options.foreign_keys(false)).await?;
        let Some(mut db) = file else { return Self::forget(&mut pointer, live, rev).await };
        run(&mut db, "BEGIN IMMEDIATE").await?;
        if lowest(&mut db).await?.is_none() {
            return Self::forget(&mut pointer, live, rev).await;
        }
        if live == Some(rev) {
            return Err(ProjectorError::Live { projection: P::NAME, rev, live: rev });
        }
        let objects: Vec<(String, String)> =
            known_all(sqlx::query_as(sql::OBJECTS).fetch_all(&mut db).await)?;
        for (kind, name) in objects {
            let drop = format!("DROP {kind} IF EXISTS \"{}\"", name.replace('"', "\"\""));
            raw_sql(AssertSqlSafe(drop)).execute(&mut db).await.map_err(failed)?;
        }
        run(&mut db, "COMMIT").await?;
        run(&mut pointer, "COMMIT").await?;
        // What it held is given back to the disk where nobody hinders it.
        if let Err(error) = run(&mut db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").await {
            tracing::debug!(projection = P::NAME, rev, %error, "the file of a dropped revision keeps its size");
        }
        Ok(())
    }

    /// Without a model there is nothing to be seen.
    async fn forget(
        pointer: &mut SqliteConnection,
        live: Option<u32>,
        rev: u32,
    ) -> Result<(), ProjectorError> {
        if live == Some(rev) {
            Self::point(pointer, None).await?;
        }
        run(pointer, "COMMIT").await
    }
}

/// The lowest position of the parts; `None` of what is not set up.
async fn lowest(db: &mut SqliteConnection) -> Result<Option<Position>, ProjectorError> {
    let found: Option<Option<i64>> = known(sqlx::query_scalar(sql::LOWEST).fetch_optional(db).await)?;
    Ok(found.flatten().map(|position| Position::new(position.cast_unsigned())))
}

//! Which build readers see, and dropping builds.

use es_core::Position;
use es_core::projection::{Projection, ProjectorError};
use sqlx::{AssertSqlSafe, SqliteConnection, raw_sql};

use super::cause::failed;
use super::files::run;
use super::setup::{known, known_all};
use super::target::SqliteTarget;
use crate::sql;

impl<P: Projection<Model = SqliteConnection>> SqliteTarget<P> {
    pub(super) async fn show_to_readers(&self) -> Result<(), ProjectorError> {
        let (mut pointer, live) = self.lock().await?;
        if live.is_some_and(|live| live >= P::BUILD) {
            return Ok(());
        }
        // Locked until readers see the new build: otherwise it could advance, and readers would go back.
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
            return Err(ProjectorError::BuildBehind {
                projection: P::NAME,
                build: P::BUILD,
                position,
                live: seen,
            });
        }
        Self::point(&mut pointer, Some(P::BUILD)).await?;
        run(&mut pointer, "COMMIT").await?;
        tracing::info!(projection = P::NAME, build = P::BUILD, "readers see this build now");
        Ok(())
    }

    /// Empties the file, but does not delete it. A deleted file could still be written by a program that has
    /// it open, and its log would be used for the next file of this name.
    pub(super) async fn drop_file(&self, build: u32) -> Result<(), ProjectorError> {
        let (mut pointer, live) = self.lock().await?;
        let file = self.open_as(&self.file_of(build), |options| options.foreign_keys(false)).await?;
        let Some(mut db) = file else { return Self::forget(&mut pointer, live, build).await };
        run(&mut db, "BEGIN IMMEDIATE").await?;
        if lowest(&mut db).await?.is_none() {
            return Self::forget(&mut pointer, live, build).await;
        }
        if live == Some(build) {
            return Err(ProjectorError::BuildLive { projection: P::NAME, build, live: build });
        }
        let objects: Vec<(String, String)> =
            known_all(sqlx::query_as(sql::PROJECTION_OBJECTS).fetch_all(&mut db).await)?;
        for (kind, name) in objects {
            let drop = format!("DROP {kind} IF EXISTS \"{}\"", name.replace('"', "\"\""));
            raw_sql(AssertSqlSafe(drop)).execute(&mut db).await.map_err(failed)?;
        }
        run(&mut db, "COMMIT").await?;
        run(&mut pointer, "COMMIT").await?;
        // Returns its space to the disk, unless another connection prevents it.
        if let Err(error) = run(&mut db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").await {
            tracing::debug!(
                projection = P::NAME, build, %error,
                "the file of a dropped build keeps its size"
            );
        }
        Ok(())
    }

    /// Without a model there is nothing for readers to see.
    async fn forget(
        pointer: &mut SqliteConnection,
        live: Option<u32>,
        build: u32,
    ) -> Result<(), ProjectorError> {
        if live == Some(build) {
            Self::point(pointer, None).await?;
        }
        run(pointer, "COMMIT").await
    }
}

/// The lowest position of the partitions; `None` if the build is not set up.
async fn lowest(db: &mut SqliteConnection) -> Result<Option<Position>, ProjectorError> {
    let found: Option<Option<i64>> =
        known(sqlx::query_scalar(sql::CHECKPOINT_LOWEST).fetch_optional(db).await)?;
    Ok(found.flatten().map(|position| Position::new(position.cast_unsigned())))
}

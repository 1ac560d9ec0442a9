//! Sets up a projection, and reads its checkpoints.

use es_core::projection::{Cause, Partition, Projection, ProjectorError, Setting, Work, set_up};
use es_core::record::BoxError;
use es_core::store::Checkpoint;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, Row};

use super::cause::cause_of_error;
use super::error::PostgresTargetError;
use super::partitions::{Taken, stored};
use super::source::source;
use super::target::PostgresTarget;
use super::transaction::{COMMIT, Token, sql, standstill};
use crate::connect::call::rows;
use crate::connect::columns::{ONLY, have, partitions, seen};
use crate::connect::failure::{Failure, unexpected};
use crate::read::row::Columns;

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    pub(super) async fn set_up_once(&self, projection: &P, setting: Setting) -> Result<(), ProjectorError> {
        self.store.pool().writes()?;
        self.has_events_of(setting.first).await?;
        let found = rows(self.store.pool(), self.find_partitions()).await?;
        let Some(row) = found.first() else { return self.set_up(projection, setting).await };
        self.same_source(source(row)?, self.new_source(setting.first))?;
        if P::WORK == Work::Effects {
            return self.same_partitions(row, setting.partitions);
        }
        self.have_tables(row)?;
        self.same_partitions(row, setting.partitions)?;
        if row.try_get(have::VIEWS).map_err(unexpected)? { Ok(()) } else { self.show_again().await }
    }

    fn find_partitions(&self) -> Query<'_, Postgres, PgArguments> {
        let call = self.statements().checkpoint_partitions.call().bind(P::NAME).bind(self.build());
        call.bind(self.own_schema()).bind(self.public_schema())
    }

    /// Checkpoints can exist without their tables, such as after a restore of the store's schema alone.
    fn have_tables(&self, row: &PgRow) -> Result<(), ProjectorError> {
        match row.try_get(have::TABLES).map_err(unexpected)? {
            true => Ok(()),
            false => {
                let schema = self.own_schema();
                Err(PostgresTargetError::TablesMissing { projection: P::NAME, build: P::BUILD, schema }
                    .into())
            }
        }
    }

    fn same_partitions(&self, row: &PgRow, asked: u32) -> Result<(), ProjectorError> {
        let found = Columns(row).integer(partitions::PARTITIONS)?.cast_unsigned();
        match found == asked {
            true => Ok(()),
            false => {
                Err(ProjectorError::PartitionsDiffer { projection: P::NAME, build: P::BUILD, found, asked })
            }
        }
    }

    async fn set_up(&self, projection: &P, setting: Setting) -> Result<(), ProjectorError> {
        if P::WORK == Work::Effects {
            return self.set_up_effects(setting).await;
        }
        let schema = self.own_schema();
        if schema.len() > 63 {
            return Err(PostgresTargetError::NameTooLong { schema }.into());
        }
        let mut session = self.dial().await?;
        let work = self.set_up_on(&mut session.connection, schema, projection, setting);
        self.limited("the set-up", session.backend, work).await
    }

    async fn set_up_on(
        &self,
        db: &mut PgConnection,
        schema: String,
        projection: &P,
        setting: Setting,
    ) -> Result<(), ProjectorError> {
        let token = Token::begin(db, &[&standstill(self), &self.lock_timeout()]).await?;
        let live = self.lock_begun(db).await?;
        let asked = self.new_source(setting.first);
        if let Some(row) = self.find_partitions().fetch_optional(&mut *db).await.map_err(Failure::from)? {
            self.same_source(source(&row)?, asked)?;
            return self.same_partitions(&row, setting.partitions);
        }
        if live.is_some() && setting.publish {
            // Checked now rather than when the build is complete.
            self.may_publish(db).await?;
        }
        if self.have_schema(db, &schema).await?.is_some_and(|found| !found.empty) {
            return Err(
                PostgresTargetError::SchemaTaken { projection: P::NAME, build: P::BUILD, schema }.into()
            );
        }
        sql(db, format!("SET LOCAL search_path = {}", self.search_path())).await?;
        if let Err(source) = set_up(projection, db).await {
            self.roll_back(db, &token).await?;
            return Err(not_made::<P>(source));
        }
        if let Err(failure) = sql(db, self.check(&token)).await {
            if failure.is_of_failed_transaction() {
                // The set-up swallowed an SQL error in this transaction.
                self.roll_back(db, &token).await?;
                return Err(not_made::<P>(failure.into()));
            }
            return self.within(Err(failure));
        }
        self.make_checkpoints(db, setting.partitions, setting.start, Taken::default(), asked).await?;
        if live.is_none() {
            self.show(db).await?;
        }
        sql(db, COMMIT.to_owned()).await?;
        Ok(())
    }

    /// Creates checkpoints only, as there are no tables for readers.
    async fn set_up_effects(&self, setting: Setting) -> Result<(), ProjectorError> {
        let mut session = self.dial().await?;
        let db = &mut session.connection;
        let work = async {
            self.lock(db).await?;
            let asked = self.new_source(setting.first);
            if let Some(row) = self.find_partitions().fetch_optional(&mut *db).await.map_err(Failure::from)? {
                self.same_source(source(&row)?, asked)?;
                return self.same_partitions(&row, setting.partitions);
            }
            self.make_checkpoints(db, setting.partitions, setting.start, Taken::default(), asked).await?;
            sql(db, COMMIT.to_owned()).await?;
            Ok(())
        };
        self.limited("the set-up", session.backend, work).await
    }

    /// Begins a transaction that excludes others of this kind, and returns the build that readers see.
    pub(super) async fn lock(&self, db: &mut PgConnection) -> Result<Option<u32>, ProjectorError> {
        sql(db, format!("BEGIN; {}; {}", standstill(self), self.lock_timeout())).await?;
        self.lock_begun(db).await
    }

    /// The same in a transaction that was begun already.
    async fn lock_begun(&self, db: &mut PgConnection) -> Result<Option<u32>, ProjectorError> {
        self.statements()
            .projection_open
            .call()
            .bind(P::NAME)
            .execute(&mut *db)
            .await
            .map_err(Failure::from)?;
        let row = self
            .statements()
            .projection_lock
            .call()
            .bind(P::NAME)
            .fetch_one(db)
            .await
            .map_err(Failure::from)?;
        let row = Columns(&row);
        Ok(if row.is_null(ONLY)? { None } else { Some(row.integer(ONLY)?.cast_unsigned()) })
    }

    /// Returns the checkpoint of a partition, and whether readers see this build or a later one.
    pub(super) async fn read_checkpoint(
        &self,
        partition: Partition,
    ) -> Result<(Checkpoint, bool), ProjectorError> {
        let call = self.statements().checkpoint_read.call();
        let call = call.bind(P::NAME).bind(self.build()).bind(partition.index().cast_signed());
        let found = rows(self.store.pool(), call).await?;
        let Some(row) = found.first() else {
            // The partition no longer exists if there are fewer now.
            if let Some(row) = rows(self.store.pool(), self.find_partitions()).await?.first() {
                self.same_partitions(row, partition.of())?;
            }
            return Err(ProjectorError::not_set_up::<P>());
        };
        self.same_partitions(row, partition.of())?;
        let row = Columns(row);
        Ok((stored(row)?, !row.is_null(seen::LIVE)? && row.integer(seen::LIVE)? >= self.build()))
    }
}

/// The error of a failed set-up of the tables.
fn not_made<P: Projection>(source: BoxError) -> ProjectorError {
    let cause = Cause::of(&source, cause_of_error);
    ProjectorError::Setup { projection: P::NAME, build: P::BUILD, source, cause }
}

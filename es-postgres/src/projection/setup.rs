//! Sets up a projection, and reads where it stands.

use es_core::projection::{Cause, ProjectorError, Setting, Work, set_up};
use es_core::{BoxError, Checkpoint, Part, Projection};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, Row};

use super::cause::said_by;
use super::error::PostgresTargetError;
use super::parts::{Taken, stored};
use super::source::source;
use super::target::PostgresTarget;
use super::transaction::{COMMIT, Token, sql, standstill};
use crate::connect::call::rows;
use crate::connect::columns::{ONLY, have, parts, seen};
use crate::connect::failure::{Failure, unexpected};
use crate::read::row::Columns;

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    pub(super) async fn set_up_once(&self, projection: &P, setting: Setting) -> Result<(), ProjectorError> {
        self.store.pool().writes()?;
        let found = rows(self.store.pool(), self.find_parts()).await?;
        let Some(row) = found.first() else { return self.set_up(projection, setting).await };
        self.same_source(source(row)?, self.new_source(setting.first))?;
        if P::WORK == Work::Effects {
            return self.same_parts(row, setting.parts);
        }
        self.have_tables(row)?;
        self.same_parts(row, setting.parts)?;
        if row.try_get(have::VIEWS).map_err(unexpected)? { Ok(()) } else { self.show_again().await }
    }

    fn find_parts(&self) -> Query<'_, Postgres, PgArguments> {
        let call = self.statements().checkpoint_parts.call().bind(P::NAME).bind(self.rev());
        call.bind(self.own_schema()).bind(self.public_schema())
    }

    /// Checkpoints can be there without the tables that they belong to, as after a restore of the store's
    /// schema alone.
    fn have_tables(&self, row: &PgRow) -> Result<(), ProjectorError> {
        match row.try_get(have::TABLES).map_err(unexpected)? {
            true => Ok(()),
            false => {
                let schema = self.own_schema();
                Err(PostgresTargetError::TablesMissing { projection: P::NAME, rev: P::REV, schema }.into())
            }
        }
    }

    fn same_parts(&self, row: &PgRow, asked: u32) -> Result<(), ProjectorError> {
        let found = Columns(row).integer(parts::PARTS)?.cast_unsigned();
        match found == asked {
            true => Ok(()),
            false => Err(ProjectorError::Parts { projection: P::NAME, rev: P::REV, found, asked }),
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
        if let Some(row) = self.find_parts().fetch_optional(&mut *db).await.map_err(Failure::from)? {
            self.same_source(source(&row)?, asked)?;
            return self.same_parts(&row, setting.parts);
        }
        if live.is_some() && setting.publish {
            // Rather now than when it is built.
            self.may_publish(db).await?;
        }
        if self.have_schema(db, &schema).await?.is_some_and(|found| !found.empty) {
            return Err(PostgresTargetError::SchemaTaken { projection: P::NAME, rev: P::REV, schema }.into());
        }
        sql(db, format!("SET LOCAL search_path = {}", self.search_path())).await?;
        if let Err(source) = set_up(projection, db).await {
            self.roll_back(db, &token).await?;
            return Err(not_made::<P>(source));
        }
        if let Err(failure) = sql(db, self.check(&token)).await {
            if failure.is_of_failed_transaction() {
                // An error of SQL was swallowed, in this transaction.
                self.roll_back(db, &token).await?;
                return Err(not_made::<P>(failure.into()));
            }
            return self.within(Err(failure));
        }
        self.make_checkpoints(db, setting.parts, setting.start, Taken::default(), asked).await?;
        if live.is_none() {
            self.show(db).await?;
        }
        sql(db, COMMIT.to_owned()).await?;
        Ok(())
    }

    /// Checkpoints alone, as there are no tables that readers could see.
    async fn set_up_effects(&self, setting: Setting) -> Result<(), ProjectorError> {
        let mut session = self.dial().await?;
        let db = &mut session.connection;
        let work = async {
            self.lock(db).await?;
            let asked = self.new_source(setting.first);
            if let Some(row) = self.find_parts().fetch_optional(&mut *db).await.map_err(Failure::from)? {
                self.same_source(source(&row)?, asked)?;
                return self.same_parts(&row, setting.parts);
            }
            self.make_checkpoints(db, setting.parts, setting.start, Taken::default(), asked).await?;
            sql(db, COMMIT.to_owned()).await?;
            Ok(())
        };
        self.limited("the set-up", session.backend, work).await
    }

    /// Begins a transaction that no other of this kind runs beside; gives back the revision that readers see.
    pub(super) async fn lock(&self, db: &mut PgConnection) -> Result<Option<u32>, ProjectorError> {
        sql(db, format!("BEGIN; {}; {}", standstill(self), self.lock_timeout())).await?;
        self.lock_begun(db).await
    }

    /// The same in a transaction that has begun.
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

    /// Where the checkpoint of a part stands, and whether readers see this revision or a later one.
    pub(super) async fn read_checkpoint(&self, part: Part) -> Result<(Checkpoint, bool), ProjectorError> {
        let call = self.statements().checkpoint_read.call();
        let call = call.bind(P::NAME).bind(self.rev()).bind(part.index().cast_signed());
        let found = rows(self.store.pool(), call).await?;
        let Some(row) = found.first() else {
            // The part is gone where there are fewer now.
            if let Some(row) = rows(self.store.pool(), self.find_parts()).await?.first() {
                self.same_parts(row, part.of())?;
            }
            return Err(ProjectorError::not_set_up::<P>());
        };
        self.same_parts(row, part.of())?;
        let row = Columns(row);
        Ok((stored(row)?, !row.is_null(seen::LIVE)? && row.integer(seen::LIVE)? >= self.rev()))
    }
}

/// Why the tables could not be made.
fn not_made<P: Projection>(source: BoxError) -> ProjectorError {
    let cause = Cause::of(&source, said_by);
    ProjectorError::Setup { projection: P::NAME, rev: P::REV, source, cause }
}

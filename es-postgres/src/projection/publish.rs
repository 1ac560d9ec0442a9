//! Publishing and dropping builds.

use es_core::Position;
use es_core::projection::{Projection, ProjectorError};
use sqlx::postgres::PgDatabaseError;
use sqlx::{PgConnection, Row};

use super::error::PostgresTargetError;
use super::target::PostgresTarget;
use super::transaction::{COMMIT, sql};
use crate::connect::columns::{ONLY, projection_behind};
use crate::connect::failure::{Failure, unexpected};
use crate::connect::schema_owner::SchemaOwner;
use crate::read::row::Columns;

/// The right that a role needs on a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    ToPublish,
    ToOwn,
}

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    pub(super) async fn show_to_readers(&self) -> Result<(), ProjectorError> {
        let mut session = self.dial().await?;
        let work = self.publish_on(&mut session.connection);
        self.limited("publishing", session.backend, work).await
    }

    async fn publish_on(&self, db: &mut PgConnection) -> Result<(), ProjectorError> {
        if self.lock(db).await?.is_some_and(|live| live >= P::BUILD) {
            return Ok(());
        }
        let call = self.statements().projection_behind.call().bind(P::NAME).bind(self.build());
        let row = call.fetch_one(&mut *db).await.map_err(Failure::from)?;
        let row = Columns(&row);
        if row.is_null(projection_behind::OWN)? {
            return Err(ProjectorError::not_set_up::<P>());
        }
        let own = row.bigint(projection_behind::OWN)?;
        let live =
            if row.is_null(projection_behind::LIVE)? { 0 } else { row.bigint(projection_behind::LIVE)? };
        if own < live {
            let (position, live) = (Position::new(own), Position::new(live));
            return Err(ProjectorError::BuildBehind { projection: P::NAME, build: P::BUILD, position, live });
        }
        self.show(db).await?;
        sql(db, COMMIT.to_owned()).await?;
        tracing::info!(projection = P::NAME, build = P::BUILD, "published: readers see this build now");
        Ok(())
    }

    /// Creates the views for readers again if a restore has left them out.
    pub(super) async fn show_again(&self) -> Result<(), ProjectorError> {
        let mut session = self.dial().await?;
        let db = &mut session.connection;
        let work = async {
            if self.lock(db).await? == Some(P::BUILD) {
                self.show(db).await?;
            }
            sql(db, COMMIT.to_owned()).await?;
            Ok(())
        };
        self.limited("publishing", session.backend, work).await
    }

    /// Points the views to this build.
    pub(super) async fn show(&self, db: &mut PgConnection) -> Result<(), ProjectorError> {
        let public = self.public_schema();
        if !self.may_publish(db).await? {
            self.make_schema(db, &public).await?;
        }
        let call = self.statements().projection_publish.call().bind(P::NAME).bind(self.build());
        let done = call.bind(self.own_schema()).bind(&public).execute(&mut *db).await;
        done.map_err(|error| {
            refused::<P>(&error).map_or_else(|| Failure::from(error).into(), ProjectorError::from)
        })?;
        // A view reads with the privileges of its owner, which may be another role of which this one is a
        // member.
        let call = self.statements().projection_readable.call().bind(public).bind(self.own_schema());
        if let Some(grants) =
            call.fetch_one(&mut *db).await.map_err(Failure::from)?.try_get(ONLY).map_err(unexpected)?
        {
            sql(db, grants).await?;
        }
        Ok(())
    }

    /// Whether the schema for readers exists; fails if it, or a view in it, belongs to another role.
    pub(super) async fn may_publish(&self, db: &mut PgConnection) -> Result<bool, ProjectorError> {
        let public = self.public_schema();
        match SchemaOwner::find(db, self.statements(), &public).await? {
            None => Ok(false),
            Some(found) => match self.handover(db, &public, &found, Right::ToPublish).await? {
                None => Ok(true),
                Some(statements) => Err(self.foreign(public, found, statements).into()),
            },
        }
    }

    /// The statements that another role has to run before this one may publish into a schema, or own it.
    async fn handover(
        &self,
        db: &mut PgConnection,
        schema: &str,
        found: &SchemaOwner,
        right: Right,
    ) -> Result<Option<String>, ProjectorError> {
        let call = self.statements().projection_handover.call().bind(schema).bind(self.own_schema());
        Ok(call
            .bind(right == Right::ToOwn)
            .bind(!found.trusted)
            .fetch_one(db)
            .await
            .map_err(Failure::from)?
            .try_get(ONLY)
            .map_err(unexpected)?)
    }

    fn foreign(&self, schema: String, found: SchemaOwner, statements: String) -> PostgresTargetError {
        let owner = found.owner;
        PostgresTargetError::ForeignSchema { projection: P::NAME, build: P::BUILD, schema, owner, statements }
    }

    /// Creates a schema unless it exists; then returns its owner.
    pub(super) async fn have_schema(
        &self,
        db: &mut PgConnection,
        schema: &str,
    ) -> Result<Option<SchemaOwner>, ProjectorError> {
        match SchemaOwner::find(db, self.statements(), schema).await? {
            None => self.make_schema(db, schema).await.map(|()| None),
            Some(found) if found.trusted => Ok(Some(found)),
            Some(found) => {
                let statements = self.handover(db, schema, &found, Right::ToOwn).await?.unwrap_or_default();
                Err(self.foreign(schema.to_owned(), found, statements).into())
            }
        }
    }

    /// Creates a schema, which not every role may do.
    async fn make_schema(&self, db: &mut PgConnection, schema: &str) -> Result<(), ProjectorError> {
        match sql(db, format!("CREATE SCHEMA \"{schema}\"")).await {
            Err(failure @ Failure::Server { .. }) if failure.is_not_granted() => {
                let (schema, source) = (schema.to_owned(), failure.into());
                Err(PostgresTargetError::MayNotCreate {
                    projection: P::NAME,
                    build: P::BUILD,
                    schema,
                    source,
                }
                .into())
            }
            done => Ok(done?),
        }
    }

    pub(super) async fn drop_tables(&self, build: u32) -> Result<(), ProjectorError> {
        let mut session = self.dial().await?;
        let work = self.drop_on(&mut session.connection, build);
        self.limited("dropping a build", session.backend, work).await
    }

    async fn drop_on(&self, db: &mut PgConnection, build: u32) -> Result<(), ProjectorError> {
        let schema = format!("{}_{build}", self.public_schema());
        let live = self.lock(db).await?;
        let found = SchemaOwner::find(db, self.statements(), &schema).await?;
        if let Some(live) = live
            && live == build
        {
            if found.is_some() {
                return Err(ProjectorError::BuildLive { projection: P::NAME, build, live });
            }
            // Without tables readers see nothing.
            let hide = self.statements().projection_hide.call().bind(P::NAME).bind(build.cast_signed());
            hide.execute(&mut *db).await.map_err(Failure::from)?;
        }
        let forget = self.statements().projection_forget.call().bind(P::NAME).bind(build.cast_signed());
        // A schema of that name can belong to another store or projection, unless this build was set up here.
        if forget.execute(&mut *db).await.map_err(Failure::from)?.rows_affected() > 0 {
            let call = self.statements().projection_dependents.call().bind(&schema);
            if let Some(row) = call.fetch_optional(&mut *db).await.map_err(Failure::from)? {
                let (what, by) = (format!("schema {schema:?}"), row.try_get(ONLY).map_err(unexpected)?);
                return Err(PostgresTargetError::InUse { projection: P::NAME, build, what, by }.into());
            }
            // The owner need not be trusted: a superuser may drop anybody's schema.
            if let Some(found) = found.map(|found| SchemaOwner { trusted: true, ..found })
                && let Some(statements) = self.handover(db, &schema, &found, Right::ToOwn).await?
            {
                return Err(self.foreign(schema, found, statements).into());
            }
            sql(db, format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE")).await?;
        }
        sql(db, COMMIT.to_owned()).await?;
        Ok(())
    }
}

/// The reason why publishing was refused, if the server's error is a refusal.
fn refused<P: Projection>(error: &sqlx::Error) -> Option<PostgresTargetError> {
    let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    let schema = error.schema()?;
    let (projection, build) = (P::NAME, P::BUILD);
    match (error.code(), error.table()) {
        ("ES005", None) => {
            let what = format!("schema {schema:?} belongs to another store or projection");
            Some(PostgresTargetError::NotOurs { projection, build, what })
        }
        ("ES005", Some(name)) => {
            let what = format!("{schema}.{name} was not made by this projection");
            Some(PostgresTargetError::NotOurs { projection, build, what })
        }
        ("ES006", Some(name)) => {
            let what = format!("view {schema}.{name}");
            let by = error.detail().unwrap_or("something").to_owned();
            Some(PostgresTargetError::InUse { projection, build, what, by })
        }
        _ => None,
    }
}

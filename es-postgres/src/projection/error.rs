//! Errors of a projection that only a PostgreSQL target has.

use es_core::projection::ProjectorError;
use es_core::record::BoxError;
use uuid::Uuid;

use crate::connect::error::ConnectError;
use crate::connect::failure::Failure;

/// The errors of a [`Projector`](crate::Projector) that are specific to PostgreSQL; returned by
/// [`ProjectorError::of_target`].
///
/// ```
/// use es_postgres::{PostgresTargetError, ProjectorError};
///
/// fn advise(error: &ProjectorError) {
///     if let Some(PostgresTargetError::InUse { what, by, .. }) = error.of_target() {
///         println!("drop {by} first, which uses {what}");
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresTargetError {
    /// A handler, or the set-up of the tables, has ended the transaction in which it ran, by a COMMIT or
    /// ROLLBACK of its own, or has reset its settings (RESET ALL). The driver also ends it if `begin()` is
    /// called after an SQL error that the handler swallowed. The checkpoint has not moved. What was done
    /// before a COMMIT is in the model nevertheless and would be projected again, so the projector stops,
    /// whatever its [`OnFailure`](crate::OnFailure). With an inline projection, the append may be stored.
    ///
    /// For a nested transaction use `connection.begin()`, which is a savepoint here.
    #[error(
        "projection `{projection}` build {build} ended the transaction that its code was given (by COMMIT or \
         ROLLBACK, or `begin()` after a swallowed error) or reset its settings, so what it had done by then \
         may be stored although it failed; use `connection.begin()` for a nested transaction, and raise \
         `build` to build the model anew"
    )]
    TransactionEnded {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
    },
    /// The schema for the projection's tables exists, but was not created for it.
    #[error(
        "projection `{projection}` build {build} was never set up in this store, but its schema {schema:?} \
         exists; drop the schema, or raise `build`"
    )]
    SchemaTaken {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The schema.
        schema: String,
    },
    /// A schema for the projection, or a view in it, belongs to another role, which could replace the
    /// projection's objects with its own, or whose objects this role may not replace.
    #[error(
        "projection `{projection}` build {build} does not use schema {schema:?}, which belongs to role \
         {owner:?}, at least in part; run the projection as that role, or transfer ownership with a \
         privileged role: {statements}"
    )]
    ForeignSchema {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The schema.
        schema: String,
        /// The owner.
        owner: String,
        /// The SQL statements that transfer ownership; projections of the old owner continue meanwhile.
        statements: String,
    },
    /// A schema for the projection is missing, and the role may not create one.
    #[error(
        "projection `{projection}` build {build} needs schema {schema:?}, which this role may not create \
         ({source}); with a role that may, run CREATE SCHEMA \"{schema}\" AUTHORIZATION the role, or SELECT \
         grant_projector('role') in the store's schema"
    )]
    MayNotCreate {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The schema.
        schema: String,
        /// The server's error.
        source: BoxError,
    },
    /// Something has the name of a view for readers, and was not created by publishing this projection.
    #[error(
        "projection `{projection}` build {build} is not shown to readers: {what}; rename or drop that, or \
         rename the projection"
    )]
    NotOurs {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// What exists there.
        what: String,
    },
    /// A foreign object depends on something that the projection has to drop.
    #[error(
        "{what} of projection `{projection}` build {build} has to be dropped, and is in use: {by}; drop what \
         uses it, and create that again afterwards. A view is replaced without that if the new table begins \
         with the old columns"
    )]
    InUse {
        /// The projection's name.
        projection: &'static str,
        /// The build that was published or dropped.
        build: u32,
        /// The object in use.
        what: String,
        /// The object that uses it.
        by: String,
    },
    /// The name of the schema would exceed the server's limit.
    #[error(
        "schema name {schema:?} has more than 63 bytes; give the store's schema or the projection a shorter \
         name"
    )]
    NameTooLong {
        /// The schema.
        schema: String,
    },
    /// The checkpoints of the projection exist, but not its tables, such as after a restore of the store's
    /// schema alone. Continuing from the checkpoints would leave out all events before them.
    #[error(
        "projection `{projection}` build {build} has checkpoints in this store, but no schema {schema:?} \
         with its tables; restore that schema as well, or call `drop_build({build})` or raise `build` to \
         build the model anew"
    )]
    TablesMissing {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The schema that is missing.
        schema: String,
    },
    /// The projection is built from the events of a different store: from a different source, or from the
    /// events in the same database although the program reads them elsewhere, or the other way round. Nothing
    /// was changed.
    #[error(
        "projection `{projection}` build {build} is built from {found}, and this program reads {asked}; \
         rename one of the projections, or open the target with a different `schema`; to build this one anew \
         from what the program reads, call `drop_build` or raise `build`"
    )]
    ForeignSource {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// What it is built from.
        found: String,
        /// What this program reads.
        asked: String,
    },
    /// The model is to be kept beside the events of a store, and the program reads another store. Nothing was
    /// changed.
    #[error(
        "projection `{projection}` build {build} is kept beside the events of its database, and this program \
         reads another store, whose first event {first} is not there; for events elsewhere give it the \
         target `PostgresTarget::new`"
    )]
    EventsElsewhere {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The first event of the store that the program reads.
        first: Uuid,
    },
    /// An inline projection needs the model in the same database as the events.
    #[error(
        "projection `{projection}` build {build} cannot be inline: its events are elsewhere; give `inline` a \
         `Projector::new(store, …)` without another target"
    )]
    NotBeside {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
    },
}

impl From<PostgresTargetError> for ProjectorError {
    fn from(error: PostgresTargetError) -> Self {
        Self::Target(Box::new(error))
    }
}

impl From<Failure> for ProjectorError {
    fn from(failure: Failure) -> Self {
        Self::Store(failure.into())
    }
}

impl From<ConnectError> for ProjectorError {
    fn from(error: ConnectError) -> Self {
        Self::Store(error.into())
    }
}

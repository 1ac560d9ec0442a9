//! What only a database says of a projection.

use es_core::projection::ProjectorError;
use es_core::record::BoxError;

use crate::connect::error::ConnectError;
use crate::connect::failure::Failure;

/// Why a [`Projector`](crate::Projector) went no further whose model is in PostgreSQL, where no other target
/// would say so; from [`ProjectorError::of_target`].
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
    /// A handler, or the set-up of the tables, has ended the transaction in which it was run, by a COMMIT or
    /// ROLLBACK of its own, or has set back what is set for it (RESET ALL). The driver ends it as well where
    /// `begin()` is called after an error of SQL that the handler swallowed. The checkpoint has not moved.
    /// What was done before a COMMIT is in the model nevertheless and would be projected once more, so the
    /// projector stops, whatever its [`OnFailure`](crate::OnFailure). Of an inline projection: the append may
    /// be stored.
    ///
    /// A nested transaction is `connection.begin()`, which is a savepoint here.
    #[error(
        "projection `{projection}` build {build} ended the transaction that its code was given (by COMMIT or ROLLBACK, or `begin()` \
         after a swallowed error) or reset its settings, so what it had done by then may be stored although it failed; use \
         `connection.begin()` for a nested transaction, and raise `build` to build the model anew"
    )]
    TransactionEnded {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
    },
    /// The schema for the projection's tables is there, and not made for it.
    #[error(
        "projection `{projection}` build {build} was never set up in this store, but its schema {schema:?} is there; drop the \
         schema, or raise `build`"
    )]
    SchemaTaken {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The schema.
        schema: String,
    },
    /// A schema for the projection, or a view in it, belongs to another role: one that could put objects of
    /// its own in the place of the projection's, or whose objects this role may not replace.
    #[error(
        "projection `{projection}` build {build} does not use schema {schema:?}, which belongs to role {owner:?}, at least in part; run the \
         projection as that role, or hand over what it needs, as somebody who may: {statements}"
    )]
    ForeignSchema {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The schema.
        schema: String,
        /// Whose it is.
        owner: String,
        /// What hands it over, in SQL; projections of the old owner go on meanwhile.
        statements: String,
    },
    /// A schema for the projection is missing, and the role may make none.
    #[error(
        "projection `{projection}` build {build} needs schema {schema:?}, which this role may not create ({source}); as somebody who may, \
         run CREATE SCHEMA \"{schema}\" AUTHORIZATION the role, or SELECT grant_projector('role') in the store's schema"
    )]
    MayNotCreate {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The schema.
        schema: String,
        /// What the server says.
        source: BoxError,
    },
    /// Something has the name of a view for readers, and was not made by publishing this projection.
    #[error(
        "projection `{projection}` build {build} is not shown to readers: {what}; rename or drop that, or rename the projection"
    )]
    NotOurs {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// What is there.
        what: String,
    },
    /// Something that the projection has to drop is needed by an object of somebody else.
    #[error(
        "{what} of projection `{projection}` build {build} has to be dropped, and is in use: {by}; drop what uses it, and make that anew \
         afterwards. A view is replaced without that where the new table begins with the old columns"
    )]
    InUse {
        /// The projection's name.
        projection: &'static str,
        /// The build that is published or dropped.
        build: u32,
        /// What is in use.
        what: String,
        /// What uses it.
        by: String,
    },
    /// The name of the schema would be longer than the server keeps.
    #[error(
        "schema name {schema:?} has more than 63 bytes; give the store's schema or the projection a shorter name"
    )]
    NameTooLong {
        /// The schema.
        schema: String,
    },
    /// The checkpoints of the projection are there, and its tables are not, as after a restore of the store's
    /// schema alone. To go on from the checkpoints would leave out all events before them.
    #[error(
        "projection `{projection}` build {build} has checkpoints in this store, and no schema {schema:?} with its tables; restore that schema \
         as well, or call `drop_build({build})` or raise `build`, and the model is built anew"
    )]
    TablesMissing {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The schema that is missing.
        schema: String,
    },
    /// The projection is built from the events of another store: of another source, or of the store beside
    /// the model where the events are elsewhere, or the other way round. Nothing was changed.
    #[error(
        "projection `{projection}` build {build} is built from {found}, and this program reads {asked}; rename one of the projections, or \
         open the target with another `schema`; to build this one anew from what the program reads, call `drop_build` or raise `build`"
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
    /// A projection runs in the transactions of appends only where the model is beside the events.
    #[error(
        "projection `{projection}` build {build} cannot be inline: its events are elsewhere; give `inline` a `Projector::new(store, …)` \
         without another target"
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

//! What a projection is built from and where: plain data, which all that runs it share.

use std::sync::Arc;
use std::time::Duration;

use es_core::{Projection, ProjectionFailure};
use sqlx::PgConnection;

use super::cause::Cause;
use super::error::ProjectorError;
use crate::connect::statements::Statements;
use crate::store::PostgresStore;

/// What becomes of an event that a projection cannot take, after the retries.
///
/// Only of that: what passes, such as a lock timeout or a full disk, is tried again until it succeeds, and
/// what somebody has to mend first, such as a missing table, stops the projector in any case
/// ([`ProjectorError::NotReady`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// The projector stops with the reason. Nothing is skipped.
    #[default]
    Stop,
    /// The event becomes a dead letter, and so do all later events of its stream, in their order; other
    /// streams go on. See [`Projector::dead_letters`](crate::Projector::dead_letters).
    Park,
}

/// A projection, the store that it reads, which holds its tables too, and how it is run.
#[derive(Debug)]
pub(super) struct Target<P> {
    pub(super) store: PostgresStore,
    pub(super) projection: Arc<P>,
    pub(super) options: Options,
}

#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) parts: u32,
    pub(super) page_size: usize,
    pub(super) page_bytes: usize,
    pub(super) poll_every: Duration,
    pub(super) on_failure: OnFailure,
    pub(super) retries: u32,
    pub(super) retry_after: Duration,
    pub(super) standstill: Duration,
    pub(super) take_over: Duration,
    pub(super) publish: bool,
    pub(super) owner: String,
    pub(super) search_in: Vec<String>,
}

impl<P> Clone for Target<P> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            projection: Arc::clone(&self.projection),
            options: self.options.clone(),
        }
    }
}

impl<P: Projection<Model = PgConnection>> Target<P> {
    pub(super) fn statements(&self) -> &Statements {
        &self.store.pool().statements
    }

    #[allow(clippy::unused_self, reason = "read together with what does depend on it")]
    pub(super) const fn rev(&self) -> i32 {
        P::REV.cast_signed()
    }

    /// The schema of this revision's tables.
    pub(super) fn own_schema(&self) -> String {
        format!("{}_{}", self.public_schema(), P::REV)
    }

    /// The schema of the views that readers use.
    pub(super) fn public_schema(&self) -> String {
        format!("{}_{}", self.store.pool().settings.schema, P::NAME)
    }

    /// Where names in the projection's SQL are looked up. Temporary tables come last: one that a program has
    /// made by chance takes no rows that are meant for the model.
    pub(super) fn search_path(&self) -> String {
        let own = self.own_schema();
        let schemas = std::iter::once(&own).chain(&self.options.search_in);
        let quoted = schemas.map(|schema| format!("\"{}\"", schema.replace('"', "\"\"")));
        quoted.chain([String::from("pg_temp")]).collect::<Vec<_>>().join(", ")
    }

    /// Why a projector stops at an event.
    pub(super) fn stopped(&self, failure: ProjectionFailure, cause: Cause) -> ProjectorError {
        match cause {
            Cause::Setup => {
                ProjectorError::NotReady { failure: Box::new(failure), search_path: self.search_path() }
            }
            _ => failure.into(),
        }
    }
}

//! The rest of a page, from the first event whose stream or type is not known.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::postgres::PgRow;

use crate::connect::names::Known;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::read::again::ReadError;
use crate::read::all::columns::{has_unknown_names, stream_of};
use crate::read::all::streams::{KnownStream, StreamsOf};
use crate::read::row::Columns;

/// The events of a page that are left when all rows have arrived.
pub(super) struct Left {
    /// Whether the known names belong to the database's history.
    pub(super) known: bool,
    pub(super) streams: Arc<StreamsOf>,
    pub(super) events: Vec<PgRow>,
}

impl Left {
    /// Asks the server for what is not known: the streams of these events, and their names.
    pub(super) async fn learn(
        &self,
        session: &mut Session,
        pool: &Pool,
        known: Arc<Known>,
    ) -> Result<(Arc<Known>, HashMap<i64, KnownStream>), ReadError> {
        let (mut found, mut unknown) = (HashMap::new(), Vec::new());
        for row in &self.events {
            let id = stream_of(Columns(row))?;
            match self.streams.get(id) {
                Some(stream) => drop(found.insert(id, stream)),
                None => unknown.push(id),
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        let call = pool.statements.streams_of_ids.call().bind(unknown);
        let rows = pool.settings.answered(call.fetch_all(&mut session.connection)).await?;
        let known = match has_unknown_names(&known, &self.events, &rows)? {
            true => {
                let refresh = pool.names.refresh(&mut session.connection, &pool.statements);
                pool.settings.answered(refresh).await.map_err(ReadError::Failed)?
            }
            false => known,
        };
        found.extend(self.streams.learn(&rows, &known)?);
        Ok((known, found))
    }
}

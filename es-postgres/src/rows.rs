//! The rows of a statement, some at a time. Those of a large page are fetched by a task of its own, so that they arrive while the
//! ones before them are decoded.

use std::vec;

use es_core::StoreError;
use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use crate::error::unexpected;
use crate::load::ReadError;
use crate::pool::Lease;

/// So many rows go from one task to the other at a time.
const CHUNK: usize = 128;
/// How many times that may lie between the tasks.
const AHEAD: usize = 2;

type Statement = Query<'static, Postgres, PgArguments>;

/// Rows on their way. The lease is theirs until their end; what is dropped before takes its connection with it.
pub(crate) enum Rows {
    Here {
        lease: Lease,
        rows: vec::IntoIter<PgRow>,
        ended: Result<(), sqlx::Error>,
    },
    Ahead {
        chunk: vec::IntoIter<PgRow>,
        chunks: Receiver<Vec<PgRow>>,
        task: JoinSet<(Lease, Result<(), sqlx::Error>)>,
    },
}

impl Rows {
    /// Fetches all rows before the first is handed out.
    pub(crate) async fn few(mut lease: Lease, statement: Statement) -> Self {
        let (rows, ended) = match statement.fetch_all(&mut lease.session.connection).await {
            Ok(rows) => (rows, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        Self::Here { lease, rows: rows.into_iter(), ended }
    }

    /// Fetches rows while others are handed out.
    pub(crate) fn many(lease: Lease, statement: Statement) -> Self {
        let (sender, chunks) = mpsc::channel(AHEAD);
        let mut task = JoinSet::new();
        task.spawn(fetch(lease, statement, sender));
        Self::Ahead { chunk: Vec::new().into_iter(), chunks, task }
    }

    /// The next row, until all have come or one has failed to.
    pub(crate) async fn next(&mut self) -> Option<PgRow> {
        match self {
            Self::Here { rows, .. } => rows.next(),
            Self::Ahead { chunk, chunks, .. } => match chunk.next() {
                Some(row) => Some(row),
                None => {
                    *chunk = chunks.recv().await?.into_iter();
                    chunk.next()
                }
            },
        }
    }

    /// Gives back the lease, behind the last row, and says whether all have come.
    pub(crate) async fn end(self) -> Result<(Lease, Result<(), ReadError>), StoreError> {
        let (lease, ended) = match self {
            Self::Here { lease, ended, .. } => (lease, ended),
            Self::Ahead { mut task, .. } => match task.join_next().await {
                Some(fetched) => fetched.map_err(unexpected)?,
                None => return Err(unexpected("the task that fetches rows is gone")),
            },
        };
        Ok((lease, ended.map_err(ReadError::from)))
    }
}

async fn fetch(
    mut lease: Lease,
    statement: Statement,
    sender: Sender<Vec<PgRow>>,
) -> (Lease, Result<(), sqlx::Error>) {
    let ended = send(&mut lease, statement, sender).await;
    (lease, ended)
}

async fn send(
    lease: &mut Lease,
    statement: Statement,
    sender: Sender<Vec<PgRow>>,
) -> Result<(), sqlx::Error> {
    let mut rows = statement.fetch(&mut lease.session.connection);
    let mut chunk = Vec::with_capacity(CHUNK);
    while let Some(row) = rows.try_next().await? {
        chunk.push(row);
        if chunk.len() == CHUNK
            && sender.send(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK))).await.is_err()
        {
            // Nobody wants the rest, and the task is about to be ended.
            return Ok(());
        }
    }
    // A receiver that is gone wants none of it.
    let _gone = sender.send(chunk).await;
    Ok(())
}

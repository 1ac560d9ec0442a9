//! Deadlines of answers: a server that stays silent counts as lost.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use es_core::StoreError;
use futures_util::TryStreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream::BoxStream;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use tokio::time::{sleep, timeout};

use crate::connect::caller;
use crate::connect::check::Backend;
use crate::connect::columns::ONLY;
use crate::connect::error::ConnectError;
use crate::connect::failure::{Failure, unexpected};
use crate::connect::settings::{LONGEST_TIMEOUT, Settings};
use crate::connect::statements::Statements;

impl Settings {
    /// Waits for an answer of the server. If none arrives in time, the connection counts as lost.
    pub(crate) async fn answered<T, E: From<sqlx::Error>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        within(self.answer_within, answer).await
    }

    /// The next row of an answer. Most rows of a page have already arrived, and are returned without setting
    /// a timer.
    pub(crate) async fn next_row(
        &self,
        rows: &mut BoxStream<'_, Result<PgRow, sqlx::Error>>,
    ) -> Result<Option<PgRow>, sqlx::Error> {
        let first = poll_fn(|context| Poll::Ready(rows.as_mut().poll_next(context))).await;
        match first {
            Poll::Ready(row) => row.transpose(),
            Poll::Pending => self.answered(rows.try_next()).await,
        }
    }

    /// The same for a call that may have to wait for this many locks first.
    pub(crate) async fn answered_after<T, E: From<sqlx::Error>>(
        &self,
        longest: Duration,
        locks: usize,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        within(self.longest_answer(longest, locks), answer).await
    }

    /// The same for a call in a transaction of the caller.
    pub(crate) async fn answered_to_caller<T, E: From<sqlx::Error>>(
        &self,
        locks: usize,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        caller::answered(self.longest_answer(self.longest_lock_wait, locks), answer).await
    }

    /// The deadline of a call that takes this many locks.
    fn longest_answer(&self, longest: Duration, locks: usize) -> Duration {
        // Twice for a row: for its lock, and for the transaction that holds it.
        let locks = u32::try_from(locks).unwrap_or(u32::MAX).saturating_mul(2);
        self.answer_within.saturating_add(longest.saturating_mul(locks))
    }
}

/// As [`Settings::answered`].
pub(crate) async fn within<T, E: From<sqlx::Error>>(
    longest: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(longest, answer).await.unwrap_or_else(|_| Err(silent(longest).into()))
}

fn silent(longest: Duration) -> sqlx::Error {
    let text = format!("the server has not answered within {longest:?}");
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
}

/// Runs a migration without a time limit. From time to time another session checks that its server process is
/// still working.
pub(crate) async fn watched_unchecked<T>(
    settings: &Settings,
    statements: &Statements,
    backend: Backend,
    work: impl Future<Output = T> + Send,
) -> Result<T, Failure> {
    let connect = || settings.dial(settings.longest_lock_wait);
    watched_by(settings, statements, connect, (backend, settings.answer_within), pin!(work)).await
}

/// Runs work for as long as its server process is working on it, which sessions made by `connect` check.
pub(crate) async fn watched_by<T, C: Future<Output = Result<PgConnection, ConnectError>> + Send>(
    settings: &Settings,
    statements: &Statements,
    connect: impl Fn() -> C + Send + Sync,
    (backend, idle): (Backend, Duration),
    mut work: Pin<&mut (impl Future<Output = T> + Send)>,
) -> Result<T, Failure> {
    let longest = settings.answer_within;
    loop {
        let look = pin!(async {
            sleep(longest).await;
            serves(settings, statements, connect(), backend, idle).await
        });
        match select(work.as_mut(), look).await {
            Either::Left((done, _)) => return Ok(done),
            Either::Right((true, _)) => {}
            Either::Right((false, _)) => return Err(silent(longest).into()),
        }
    }
}

/// Whether a server process exists and is working. Returns `false` if no server answers.
async fn serves(
    settings: &Settings,
    statements: &Statements,
    connect: impl Future<Output = Result<PgConnection, ConnectError>> + Send,
    backend: Backend,
    idle: Duration,
) -> bool {
    let serving = async {
        let mut connection = match connect.await {
            // A server that accepts no more connections is running.
            Err(error) if error.is_busy() => return Ok(true),
            connected => connected?,
        };
        let call = statements.backend_serves.call();
        let call = call.bind(backend.pid).bind(backend.started).bind(idle.min(LONGEST_TIMEOUT).as_secs_f64());
        let row = settings.answered(call.fetch_one(&mut connection)).await.map_err(Failure::from)?;
        row.try_get(ONLY).map_err(unexpected)
    };
    match Box::pin(serving).await {
        Ok(serves) => serves,
        Err(error) => {
            tracing::debug!(%error, "cannot determine whether a server process is still working");
            !matches!(error, StoreError::Unavailable { .. })
        }
    }
}

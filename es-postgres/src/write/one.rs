//! Appending to one stream: one call of one function, one round trip.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;

use es_core::{Append, AppendOutcome, NewEvent, StoreError};
use sqlx::PgConnection;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;

use crate::connect::caller;
use crate::connect::failure::Failure;
use crate::connect::lock_timeout::told_to_caller;
use crate::connect::names::{self, Known};
use crate::connect::patience::Patience;
use crate::connect::pool::{Pool, Session};
use crate::write::answer::Answer;
use crate::write::columns::{self, EventColumns, MetadataColumns, bigint, unknown_types};
use crate::write::json::Json;
use crate::write::lost::Lost;
use crate::write::remember;

/// How often an append is sent again because the names in it turned out to be of another history: each time
/// is a failover, or a pooler that leads to another server.
const ATTEMPTS: u32 = 3;

/// Appends on a connection of the pool, and waits for whoever holds the stream. Boxed: see
/// [`Pool::connect`].
pub(crate) async fn apart(
    pool: &Arc<Pool>,
    append: Append<'_>,
    patience: Patience,
) -> Result<AppendOutcome, StoreError> {
    Box::pin(go_apart(pool, append, patience)).await
}

async fn go_apart(
    pool: &Arc<Pool>,
    append: Append<'_>,
    mut patience: Patience,
) -> Result<AppendOutcome, StoreError> {
    loop {
        let mut lease = patience.lease(pool).await?;
        let backend = lease.session.backend;
        let lock_timeout = patience.lock_timeout(pool);
        let answer = {
            let call = pin!(send(&mut lease.session, pool, append, Some(&lock_timeout)));
            patience.answer(pool, backend, 1, call).await
        };
        let failure = match lease.end(answer) {
            Ok(outcome) => return outcome,
            Err(failure) => failure,
        };
        if failure.is_held_up() {
            patience.held_up(pool, [append.stream])?;
        } else if failure.is_decided() {
            return remember::decided(pool, &append).await;
        } else if failure.leaves_doubt() {
            return Lost { backend, failure }.find(pool, append).await;
        } else {
            return Err(failure.into());
        }
    }
}

/// Sends an append over a session; one round trip. It waits for locks for as long as it is told, or else the
/// session was.
pub(crate) async fn send(
    session: &mut Session,
    pool: &Pool,
    append: Append<'_>,
    lock_timeout: Option<&str>,
) -> Result<AppendOutcome, CallError> {
    let mut names = Attempts::begin(&mut session.connection, pool, &[append]).await?;
    let way = match lock_timeout {
        None if !pool.settings.pooler => Way::Lean,
        lock_timeout => Way::Alone(lock_timeout),
    };
    loop {
        session.begin(pool).await?;
        let known = names.known();
        let answer = call(&mut session.connection, pool, append, known, way).await?;
        pool.commit(&mut session.connection).await?;
        match answer {
            Some(answer) => return Ok(answer.of(&append)?),
            None => names.again(&mut session.connection, pool, &[append]).await?,
        }
    }
}

/// Appends in a transaction of the caller. When that connection breaks, its transaction can never be
/// committed.
pub(crate) async fn append_in(
    pool: &Pool,
    connection: &mut PgConnection,
    append: Append<'_>,
) -> Result<AppendOutcome, StoreError> {
    append.check(pool.settings.limits)?;
    caller::has_begun(pool.settings.answer_within, connection).await?;
    let mut names = Attempts::apart(pool, append).await?;
    loop {
        let answer = {
            let call = pin!(call(connection, pool, append, names.known(), Way::InTransaction));
            pool.settings.answered_to_caller(1, call).await
        };
        match answer {
            Ok(Some(answer)) => return answer.of(&append),
            Ok(None) => names.again_apart(connection, pool, append).await?,
            Err(error) => return Err(told_to_caller(pool, append.stream, error)),
        }
    }
}

/// The names in appends, and how often they may still be found to be of another history.
pub(crate) struct Attempts {
    known: Arc<Known>,
    /// Whether only events will do that were registered.
    registered: bool,
    left: u32,
}

impl Attempts {
    /// With the ids of all names; those without one get it now.
    pub(crate) async fn begin(
        connection: &mut PgConnection,
        pool: &Pool,
        appends: &[Append<'_>],
    ) -> Result<Self, CallError> {
        let known = with_ids(connection, pool, pool.names.known(), appends).await?;
        Ok(Self { known, registered: false, left: ATTEMPTS })
    }

    /// The same where only events will do that were registered. If they are not known here, another program
    /// may have registered them.
    pub(crate) async fn registered(
        connection: &mut PgConnection,
        pool: &Pool,
        appends: &[Append<'_>],
    ) -> Result<Self, CallError> {
        if are_registered(pool, &pool.names.known(), appends).is_err() {
            are_registered(pool, &*agreed(connection, pool).await?, appends)?;
        }
        let names = Self::begin(connection, pool, appends).await?;
        Ok(Self { registered: true, ..names })
    }

    /// The same for an append in a transaction of the caller. Ids outlive its rollback, so they are given in
    /// another one; not in one of the pool, which may all be waiting for a stream that the caller's
    /// transaction has locked.
    pub(crate) async fn apart(pool: &Pool, append: Append<'_>) -> Result<Self, StoreError> {
        let mut known = pool.names.known();
        if !knows_all(&known, &[append]) {
            let mut session = pool.connect().await?;
            let appends = [append];
            let registered = with_ids(&mut session.connection, pool, pool.names.known(), &appends);
            known = pool.settings.answered(registered).await?;
        }
        Ok(Self { known, registered: false, left: ATTEMPTS })
    }

    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// Takes the names of the database behind this connection, as those that were sent are of another
    /// history.
    pub(crate) async fn again(
        &mut self,
        connection: &mut PgConnection,
        pool: &Pool,
        appends: &[Append<'_>],
    ) -> Result<(), CallError> {
        self.count()?;
        self.known = agreed(connection, pool).await?;
        if self.registered {
            are_registered(pool, &self.known, appends)?;
        }
        self.known = with_ids(connection, pool, Arc::clone(&self.known), appends).await?;
        Ok(())
    }

    /// The same for an append in a transaction of the caller.
    pub(crate) async fn again_apart(
        &mut self,
        connection: &mut PgConnection,
        pool: &Pool,
        append: Append<'_>,
    ) -> Result<(), StoreError> {
        self.count()?;
        caller::reads_committed(pool.settings.answer_within, connection).await?;
        let refresh = pool.names.refresh(connection, &pool.statements);
        self.known = pool.settings.answered_to_caller(0, refresh).await?;
        if !knows_all(&self.known, &[append]) {
            self.known = Self::apart(pool, append).await?.known;
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), StoreError> {
        self.left = self.left.checked_sub(1).ok_or_else(other_history)?;
        Ok(())
    }
}

/// Why a call ended without an outcome.
pub(crate) enum CallError {
    Failed(Failure),
    Refused(StoreError),
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<sqlx::Error> for CallError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

/// How an append is sent.
#[derive(Debug, Clone, Copy)]
enum Way<'a> {
    /// On a connection that was told what `dial::SESSION` tells, so that plans depend on nothing else, and
    /// how long to wait for locks.
    Lean,
    /// It waits for locks for as long as this says, or else the session was told.
    Alone(Option<&'a str>),
    /// In a transaction of the caller.
    InTransaction,
}

/// `None` where the names are of another history; nothing was written then.
async fn call(
    connection: &mut PgConnection,
    pool: &Pool,
    append: Append<'_>,
    known: &Known,
    way: Way<'_>,
) -> Result<Option<Answer>, CallError> {
    let command = append.command;
    let (statement, one) = match (append.events, way) {
        ([event], Way::Lean) => (&pool.statements.append_one, Some(event)),
        (_, Way::Lean) => (&pool.statements.append_many, None),
        (_, Way::InTransaction) => (&pool.statements.append_in, None),
        (_, Way::Alone(_)) => (&pool.statements.append, None),
    };
    let call = statement
        .call()
        .bind(known.category(append.stream.category()))
        .bind(append.stream.key())
        .bind(bigint(append.expected))
        .bind(append.head);
    let call = columns::bound(|| match one {
        Some(event) => bind_event(call, event, known),
        None => bind_events(call, append.events, known),
    })?;
    let call = call
        .bind(command.map(|command| command.key.id))
        .bind(command.map(|command| command.name))
        .bind(command.and_then(|command| command.key.body_hash))
        .bind(known.token());
    let call = match way {
        Way::Lean => call,
        Way::Alone(lock_timeout) => call.bind(lock_timeout),
        Way::InTransaction => call.bind(pool.settings.lock_timeout()),
    };
    let row = match call.fetch_optional(&mut *connection).await.map_err(Failure::from) {
        Ok(Some(row)) => row,
        Ok(None) => return Ok(None),
        Err(failure) if failure.is_of_another_history() => return Ok(None),
        Err(failure) => return Err(failure.into()),
    };
    let mut answer = if one.is_some() { Answer::read_one(&row) } else { Answer::read(&row) }?;
    answer.name(connection, &pool.statements, &append).await?;
    Ok(Some(answer))
}

type Call<'q> = Query<'q, Postgres, PgArguments>;

fn bind_event<'q>(call: Call<'q>, event: &'q NewEvent, known: &Known) -> Result<Call<'q>, StoreError> {
    let metadata = &event.metadata;
    Ok(call
        .bind(event.id)
        .bind(columns::type_id(event, known)?)
        .bind(Json(Cow::Borrowed(&event.payload)))
        .bind(columns::occurred(metadata))
        .bind(metadata.correlation_id)
        .bind(metadata.causation_id)
        .bind(metadata.to_json().map(|json| Json(Cow::Owned(json)))))
}

fn bind_events<'q>(call: Call<'q>, events: &'q [NewEvent], known: &Known) -> Result<Call<'q>, StoreError> {
    let mut columns = EventColumns::for_events(events.len());
    columns.extend(events, known)?;
    let metadata = MetadataColumns::of(events);
    Ok(call
        .bind(columns.ids)
        .bind(columns.types)
        .bind(columns.payloads)
        .bind(metadata.occurred)
        .bind(metadata.correlations)
        .bind(metadata.causations)
        .bind(metadata.json))
}

fn knows_all(known: &Known, appends: &[Append<'_>]) -> bool {
    appends.iter().all(|append| {
        known.category(append.stream.category()).is_some()
            && append.events.iter().all(|event| known.type_id(event.name, event.version).is_some())
    })
}

/// The same check for appends in a transaction of the caller.
pub(crate) async fn registered_apart(pool: &Pool, appends: &[Append<'_>]) -> Result<(), StoreError> {
    if are_registered(pool, &pool.names.known(), appends).is_ok() {
        return Ok(());
    }
    // A new connection reads all names.
    let _session = pool.connect().await?;
    are_registered(pool, &pool.names.known(), appends)
}

/// Refuses events that the database does not know, and that are no former names of events that this program
/// registered.
fn are_registered(pool: &Pool, known: &Known, appends: &[Append<'_>]) -> Result<(), StoreError> {
    let is_known = |name: &str, version| known.type_id(name, version).is_some();
    appends.iter().try_for_each(|append| {
        append.check_registered(|name, version| is_known(name, version) || pool.has_registered(name, version))
    })
}

/// The names of the database behind a connection, once it holds what this program says of them. Boxed.
async fn agreed(connection: &mut PgConnection, pool: &Pool) -> Result<Arc<Known>, CallError> {
    let agreed = Box::pin(async {
        pool.begin(connection).await?;
        let agreed = pool.agree(connection).await?;
        pool.commit(connection).await?;
        Ok::<_, CallError>(agreed)
    });
    Ok(agreed.await??)
}

/// The ids of all names in appends; those without one get it now, which is boxed.
async fn with_ids(
    connection: &mut PgConnection,
    pool: &Pool,
    known: Arc<Known>,
    appends: &[Append<'_>],
) -> Result<Arc<Known>, Failure> {
    if knows_all(&known, appends) {
        return Ok(known);
    }
    let types = unknown_types(appends, &known);
    let mut categories: Vec<&str> = appends.iter().map(|append| append.stream.category()).collect();
    categories.sort_unstable();
    categories.dedup();
    let register = Box::pin(async {
        pool.begin(connection).await?;
        let found = names::register(connection, &pool.statements, &categories, &types).await?;
        pool.commit(connection).await?;
        Ok::<_, Failure>(found)
    });
    Ok(pool.names.learn(register.await?))
}

fn other_history() -> StoreError {
    let source = "the connection leads to a database with another history than the one that was connected to before, again and \
                  again; a failover may be under way";
    StoreError::Backend { source: source.into(), retryable: true }
}

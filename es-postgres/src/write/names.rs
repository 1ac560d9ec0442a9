//! The ids of the names in appends.

use std::sync::Arc;

use es_core::StoreError;
use es_core::store::Append;
use sqlx::PgConnection;

use crate::connect::caller;
use crate::connect::failure::{CallError, Failure};
use crate::connect::names::{self, Known};
use crate::connect::pool::Pool;

/// How often an append is sent again because its name ids belong to another history: each time there was a
/// failover, or a pooler led to another server.
const ATTEMPTS: u32 = 3;

/// The name ids for appends, and how often they may still turn out to belong to another history.
pub(crate) struct Attempts {
    known: Arc<Known>,
    /// Whether only registered events are accepted.
    registered: bool,
    left: u32,
}

impl Attempts {
    /// Begins with the ids of all names; new names get one now.
    pub(crate) async fn begin(
        connection: &mut PgConnection,
        pool: &Pool,
        appends: &[Append<'_>],
    ) -> Result<Self, CallError> {
        let known = with_ids(connection, pool, pool.names.known(), appends).await?;
        Ok(Self { known, registered: false, left: ATTEMPTS })
    }

    /// The same, but accepts only registered events. If they are not known here, another program may have
    /// registered them.
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

    /// The same for an append in a transaction of the caller. Ids outlive its rollback, so they are assigned
    /// in another transaction; not on a connection of the pool, since all of those may be waiting for a
    /// stream that the caller's transaction has locked.
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

    /// Reads the names of the database behind this connection again, since those that were sent belong to
    /// another history.
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
    // Opening a connection reads all names.
    let _session = pool.connect().await?;
    are_registered(pool, &pool.names.known(), appends)
}

/// Refuses events that are not known to the database, unless their names are former names of events that this
/// program registered.
fn are_registered(pool: &Pool, known: &Known, appends: &[Append<'_>]) -> Result<(), StoreError> {
    let is_known = |name: &str, version| known.type_id(name, version).is_some();
    appends.iter().try_for_each(|append| {
        append.check_registered(|name, version| {
            is_known(name, version) || pool.names.has_registered(name, version)
        })
    })
}

/// Whether all events are known to be registered.
pub(crate) fn all_registered(pool: &Pool, appends: &[Append<'_>]) -> bool {
    are_registered(pool, &pool.names.known(), appends).is_ok()
}

/// Applies this program's registrations to the database behind a connection, and returns its names. Boxed.
async fn agreed(connection: &mut PgConnection, pool: &Pool) -> Result<Arc<Known>, CallError> {
    let agreed = Box::pin(async {
        pool.begin(connection).await?;
        let agreed = pool.agree(connection).await;
        if !matches!(agreed, Err(CallError::Failed(_))) {
            pool.commit(connection).await?;
        }
        agreed
    });
    agreed.await
}

/// The ids of all names in appends; new names get one now. That part is boxed.
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
    let source = "the connection repeatedly led to a database with a different history than the one before; \
                  a failover may be in progress";
    StoreError::Backend { source: source.into(), retryable: true }
}

/// The event types in these appends that have no id yet, each once.
fn unknown_types<'a>(appends: &'a [Append<'_>], known: &Known) -> Vec<(&'a str, u32)> {
    let mut unknown = Vec::new();
    for event in appends.iter().flat_map(|append| append.events) {
        let of_event = (event.name, event.version);
        if known.type_id(event.name, event.version).is_none() && !unknown.contains(&of_event) {
            unknown.push(of_event);
        }
    }
    unknown
}

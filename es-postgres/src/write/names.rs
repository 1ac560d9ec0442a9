//! The ids of the names in what is written.

use std::sync::Arc;

use es_core::StoreError;
use es_core::store::Append;
use sqlx::PgConnection;

use crate::connect::caller;
use crate::connect::failure::{CallError, Failure};
use crate::connect::names::{self, Known};
use crate::connect::pool::Pool;

/// How often an append is sent again because the names in it turned out to be of another history: each time
/// is a failover, or a pooler that leads to another server.
const ATTEMPTS: u32 = 3;

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
        append.check_registered(|name, version| {
            is_known(name, version) || pool.names.has_registered(name, version)
        })
    })
}

/// The names of the database behind a connection, once it holds what this program says of them. Boxed.
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

/// The types among these appends that have no id yet, each once.
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

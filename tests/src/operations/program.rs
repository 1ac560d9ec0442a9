//! A program that keeps running while servers are backed up, restored and replaced.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use es_core::record::RawEvent;
use es_core::store::Checkpoint;
use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use es_core::{ExecuteError, Repository, StoreError};
use es_postgres::{PostgresStore, Projector};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::bank::{Account, Balances, Deposit};

/// The number of callers in a program.
const CALLERS: u32 = 3;
/// Longer than any operation takes here.
const LONGEST: Duration = Duration::from_secs(60);

/// An event whose caller was told that it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Its position.
    pub position: u64,
    /// Its id.
    pub event_id: Uuid,
    /// The key of its stream.
    pub account: u32,
    /// Its revision.
    pub revision: u64,
}

/// What a program observed.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// The acknowledged events, in the order of the answers.
    pub acknowledged: Vec<Acknowledged>,
    /// What its subscription received since it last began.
    pub seen: Vec<(u64, Uuid)>,
    /// How often its subscription failed because its checkpoint belongs to another history.
    pub told: usize,
    /// Errors that no fault explains.
    pub violations: Vec<String>,
}

/// Sends commands without a pause, follows all events, and projects them.
#[derive(Debug)]
pub struct Program {
    store: PostgresStore,
    report: Arc<Mutex<Report>>,
    ending: Arc<AtomicBool>,
    callers: Vec<JoinHandle<()>>,
    follower: JoinHandle<()>,
    projecting: JoinHandle<()>,
}

impl Program {
    /// Starts one on a store.
    #[must_use]
    pub fn start(store: &PostgresStore) -> Self {
        let (report, ending) = (Arc::<Mutex<Report>>::default(), Arc::new(AtomicBool::new(false)));
        // States are cached, so that a decision is based on what the program remembers.
        let accounts = Arc::new(Repository::<Account, _>::new(store.clone()).with_cache(100));
        let callers = (0..CALLERS)
            .map(|caller| {
                let (accounts, report, ending) =
                    (Arc::clone(&accounts), Arc::clone(&report), Arc::clone(&ending));
                tokio::spawn(call(caller, accounts, report, ending))
            })
            .collect();
        let follower = tokio::spawn(follow(store.clone(), Arc::clone(&report), Arc::clone(&ending)));
        let projecting = tokio::spawn(project(store.clone(), Arc::clone(&report)));
        Self { store: store.clone(), report, ending, callers, follower, projecting }
    }

    /// Its observations so far.
    #[must_use]
    pub fn report(&self) -> Report {
        lock(&self.report).clone()
    }

    /// Waits until so many more events are acknowledged.
    ///
    /// # Panics
    ///
    /// If that takes too long.
    pub async fn acknowledges(&self, more: usize) {
        let wanted = lock(&self.report).acknowledged.len() + more;
        self.until("the program keeps running", |report| report.acknowledged.len() >= wanted).await;
    }

    /// Waits until a condition holds.
    ///
    /// # Panics
    ///
    /// If that takes too long.
    pub async fn until(&self, what: &str, holds: impl Fn(&Report) -> bool + Send + Sync) {
        let waits = async {
            while !holds(&lock(&self.report)) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        if timeout(LONGEST, waits).await.is_err() {
            panic!("{what}: not within {LONGEST:?}; {:?}", lock(&self.report).violations);
        }
    }

    /// Ends it, once its subscription and its projection have reached the end of the store.
    ///
    /// # Panics
    ///
    /// If it does not end.
    pub async fn stop(self) -> Report {
        self.ending.store(true, Ordering::Release);
        for caller in self.callers {
            timeout(LONGEST, caller).await.expect("it ends").expect("no panic");
        }
        timeout(LONGEST, self.follower).await.expect("it ends").expect("no panic");
        self.projecting.abort();
        let _aborted = self.projecting.await;
        let projector = Projector::new(self.store.clone(), Balances);
        timeout(LONGEST, projector.catch_up()).await.expect("it ends").expect("projected");
        let report = lock(&self.report).clone();
        self.store.close().await;
        report
    }
}

fn lock(report: &Mutex<Report>) -> std::sync::MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a fault of the network or the server explains this error.
fn excused(error: &StoreError) -> bool {
    error.is_retryable() || matches!(error, StoreError::OutcomeUnknown { .. })
}

async fn call(
    caller: u32,
    accounts: Arc<Repository<Account, PostgresStore>>,
    report: Arc<Mutex<Report>>,
    ending: Arc<AtomicBool>,
) {
    let mut turn = 0;
    while !ending.load(Ordering::Acquire) {
        // Accounts of its own, and one that it shares with the others.
        let account = [caller + 1, caller + 11, 0][turn % 3];
        turn += 1;
        match accounts.execute(&account, Deposit(1)).await {
            Ok(done) => {
                let mut report = lock(&report);
                report.acknowledged.extend(done.events.iter().map(|event| Acknowledged {
                    position: event.position.get(),
                    event_id: event.event_id,
                    account,
                    revision: event.revision.get(),
                }));
            }
            Err(ExecuteError::Store(error)) if excused(&error) => sleep(Duration::from_millis(20)).await,
            Err(error) => {
                lock(&report).violations.push(format!("execute: {error}"));
                sleep(Duration::from_millis(20)).await;
            }
        }
        sleep(Duration::from_millis(2)).await;
    }
}

async fn follow(store: PostgresStore, report: Arc<Mutex<Report>>, ending: Arc<AtomicBool>) {
    let begin = |from| Subscription::new(store.clone()).poll_every(Duration::from_millis(100)).from(from);
    let mut subscription = begin(Checkpoint::START);
    loop {
        let last = ending.load(Ordering::Acquire);
        let mut events = Vec::new();
        let mut take = |raw: RawEvent<'_>| {
            events.push((raw.position.get(), raw.event_id));
            Ok(())
        };
        match timeout(Duration::from_millis(300), subscription.next_page(&mut take)).await {
            Ok(Ok(_)) => lock(&report).seen.append(&mut events),
            Ok(Err(StoreError::ForeignCheckpoint { .. })) => {
                let mut report = lock(&report);
                report.told += 1;
                report.seen.clear();
                subscription = begin(Checkpoint::START);
            }
            Ok(Err(error)) => {
                if !excused(&error) {
                    lock(&report).violations.push(format!("subscription: {error}"));
                }
                sleep(Duration::from_millis(20)).await;
            }
            // No more events arrived after all writers had ended.
            Err(_) if last => return,
            Err(_) => {}
        }
    }
}

async fn project(store: PostgresStore, report: Arc<Mutex<Report>>) {
    let ended = Projector::new(store, Balances).poll_every(Duration::from_millis(100)).run().await;
    if let Err(error) = ended {
        lock(&report).violations.push(format!("projector: {error}"));
    }
}

/// Compares a program's observations with the store: each acknowledged event is stored, except in a range of
/// the list that may be lost; the subscription received what is stored; the model equals a recount. Returns
/// how many events of the range are lost.
///
/// # Panics
///
/// If something differs.
pub async fn verify(url: &str, report: &Report, may_be_lost: Range<usize>) -> usize {
    assert_eq!(report.violations, Vec::<String>::new());
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    let stored: Vec<(i64, Uuid, String, i64)> =
        sqlx::query_as("SELECT position, event_id, key, revision FROM es.event_log ORDER BY position")
            .fetch_all(&mut connection)
            .await
            .expect("the events");
    let by_position: BTreeMap<u64, (Uuid, &str, u64)> = stored
        .iter()
        .map(|(position, id, key, revision)| {
            (position.unsigned_abs(), (*id, key.as_str(), revision.unsigned_abs()))
        })
        .collect();
    let is_there = |event: &Acknowledged| {
        by_position.get(&event.position)
            == Some(&(event.event_id, event.account.to_string().as_str(), event.revision))
    };
    let mut lost = 0;
    for (number, event) in report.acknowledged.iter().enumerate() {
        if !is_there(event) {
            lost += 1;
            assert!(
                may_be_lost.contains(&number),
                "{event:?}, acknowledged as number {number}, is not stored"
            );
        }
    }
    let seen: Vec<(u64, Uuid)> = report.seen.clone();
    let wanted: Vec<(u64, Uuid)> = by_position.iter().map(|(position, (id, ..))| (*position, *id)).collect();
    assert_eq!(seen.len(), wanted.len(), "what the subscription received");
    assert!(seen == wanted, "the subscription received events that differ from the stored ones");
    let recount = "SELECT count(*) FROM (SELECT key AS account, sum((payload->>'cents')::bigint)::bigint AS cents, count(*) AS events
                   FROM es.event_log GROUP BY key) w FULL JOIN es_balances.balances f USING (account)
                   WHERE (w.cents, w.events) IS DISTINCT FROM (f.cents, f.events)";
    let stale = "SELECT count(*) FROM (
                     SELECT (payload->>'balance')::bigint AS said,
                            sum((payload->>'cents')::bigint) OVER (PARTITION BY key ORDER BY revision) AS is,
                            revision, row_number() OVER (PARTITION BY key ORDER BY revision) AS number
                     FROM es.event_log) d
                 WHERE (d.said, d.revision) IS DISTINCT FROM (d.is, d.number)";
    for (what, sql) in [
        ("the model differs from a recount", recount),
        ("decisions were based on other states, or streams have gaps", stale),
    ] {
        let wrong: i64 =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.expect("a count");
        assert_eq!(wrong, 0, "{what}");
    }
    connection.close().await.expect("closed");
    lost
}

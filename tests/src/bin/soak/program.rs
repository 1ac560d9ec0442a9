//! One of the programs under test: commands, appends, loads, a subscription and a projector, all at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::{
    Append, AppendOutcome, Checkpoint, EventStore, ExecuteError, ExecuteOptions, Executed, Metadata,
    NewEvent, Position, RawEvent, Repository, Rest, Revision, StoreError, StreamId, Subscription, Uuid,
};
use es_postgres::{PostgresStore, Projector};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::domain::{ACCOUNTS, Account, AccountEvent, Move, Moved, Overdrawn, Sums};
use crate::log::{self, Appended, Entry, Log, Read, nanoseconds, now};

/// How many callers a program has.
const CALLERS: usize = 8;
/// How long a fault may keep an answer back before the caller turns away.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a program is told when it is started.
#[derive(Debug, clap::Args)]
pub(crate) struct Told {
    /// The address of the server.
    #[arg(long)]
    url: String,
    /// Where the logs are.
    #[arg(long)]
    folder: PathBuf,
    /// Which of the programs it is.
    #[arg(long)]
    number: usize,
    /// What its random choices begin with.
    #[arg(long)]
    seed: u64,
}

/// The log of a program.
pub(crate) fn log_of(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("program-{number}.log"))
}

/// The file whose presence tells the programs to end.
pub(crate) fn end_of(folder: &Path) -> PathBuf {
    folder.join("end")
}

struct Program {
    url: String,
    store: PostgresStore,
    accounts: Repository<Account, PostgresStore>,
    log: Log,
    ending: AtomicBool,
}

pub(crate) async fn run(told: Told) {
    let path = log_of(&told.folder, told.number);
    let log = Log::open(&path).expect("a log");
    let store = loop {
        let options = PostgresStore::options(&told.url).connections(6).patience(Duration::from_secs(5));
        match timeout(PATIENCE, options.connect()).await {
            Ok(Ok(store)) => break store,
            Ok(Err(error)) => {
                let error = StoreError::from(error);
                if !excused(&error) {
                    log.write(&Entry::Violation(format!("connect: {error}")));
                }
            }
            Err(_) => {}
        }
        sleep(Duration::from_millis(100)).await;
    };
    let accounts = Repository::new(store.clone()).with_cache(100);
    let ending = AtomicBool::new(false);
    let program = Arc::new(Program { url: told.url, store, accounts, log, ending });
    let mut random = fastrand::Rng::with_seed(told.seed);
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        callers.spawn(
            Arc::clone(&program).call(format!("{}-{caller}-{}", told.number, random.u32(..)), random.fork()),
        );
    }
    let follower = tokio::spawn(Arc::clone(&program).follow(path));
    let projecting = tokio::spawn(Arc::clone(&program).project());
    let end = end_of(&told.folder);
    while !end.exists() {
        sleep(Duration::from_millis(50)).await;
    }
    program.ending.store(true, Ordering::Release);
    while let Some(ended) = callers.join_next().await {
        ended.expect("no panic");
    }
    projecting.abort();
    let _aborted = projecting.await;
    program.excuse("catch up", program.projector().catch_up().await);
    follower.await.expect("no panic");
}

/// Whether a fault of the network or the server explains this error.
fn excused(error: &StoreError) -> bool {
    error.is_retryable() || matches!(error, StoreError::OutcomeUnknown { .. })
}

/// Whether this error says that nothing was written.
fn nothing_written(error: &ExecuteError<Overdrawn>) -> bool {
    match error {
        ExecuteError::Store(error) => error.is_retryable(),
        _ => true,
    }
}

impl Program {
    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    fn violation(&self, what: &str, error: impl std::fmt::Display) {
        self.log.write(&Entry::Violation(format!("{what}: {error}")));
    }

    /// One caller: one call after the other.
    async fn call(self: Arc<Self>, name: String, mut random: fastrand::Rng) {
        let mut loose =
            Loose { stream: StreamId::new("loose", &name).expect("a stream"), revision: 0, names: 0 };
        while !self.is_ending() {
            let cancelled_after = Duration::from_micros(random.u64(..20_000));
            match random.u32(..100) {
                0..45 => self.command(&mut random).await,
                45..50 => {
                    // Nobody knows what becomes of a call that is given up.
                    let _given_up = timeout(cancelled_after, self.move_money(&mut random, None)).await;
                }
                50..60 => self.in_transaction(&mut random).await,
                60..72 => self.read(&mut random).await,
                72..90 => self.loose(&mut loose, &mut random).await,
                90..96 => self.several(&mut random).await,
                _ => sleep(Duration::from_micros(random.u64(..30_000))).await,
            }
        }
    }

    /// A command that is sent until it is answered, and sometimes once more.
    async fn command(&self, random: &mut fastrand::Rng) {
        let id = random.bool().then(Uuid::now_v7);
        let account = account(random);
        let again = random.u32(..10) == 0;
        let moves = moves(random);
        let mut answered = 0;
        while answered < 1 + u32::from(again && id.is_some()) {
            match self.send(account, &moves, id).await {
                Some(Ok(())) => answered += 1,
                Some(Err(ExecuteError::Rejected(_))) => return,
                _ if id.is_none() || self.is_ending() => return,
                _ => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    async fn move_money(&self, random: &mut fastrand::Rng, id: Option<Uuid>) {
        let (account, moves) = (account(random), moves(random));
        let _answer = self.send(account, &moves, id).await;
    }

    /// `None` if there was no answer in time.
    async fn send(
        &self,
        account: u32,
        moves: &[i64],
        command: Option<Uuid>,
    ) -> Option<Result<(), ExecuteError<Overdrawn>>> {
        let (correlation, began) = (Uuid::now_v7(), now());
        let options = options(correlation, command);
        let sent = self.accounts.execute_with(&account, Move(moves.to_vec()), options);
        let done = timeout(PATIENCE, sent).await.ok()?;
        if let Ok(done) = &done {
            self.acknowledged(began, account, command, done, "execute");
        }
        Some(self.judge(correlation, done.map(drop)))
    }

    fn judge(
        &self,
        correlation: Uuid,
        done: Result<(), ExecuteError<Overdrawn>>,
    ) -> Result<(), ExecuteError<Overdrawn>> {
        if let Err(error) = &done {
            if nothing_written(error) {
                self.log.write(&Entry::NotWritten { correlation });
            }
            if let ExecuteError::Store(error) = error
                && !excused(error)
            {
                self.violation("execute", error);
            }
        }
        done
    }

    fn acknowledged(
        &self,
        began: u64,
        account: u32,
        command: Option<Uuid>,
        done: &Executed<Account>,
        call: &str,
    ) {
        let Some(first) = done.events.first() else { return };
        let of = |event: &es_core::Recorded<_>| (event.position.get(), event.event_id);
        let events = done.events.iter().map(|event| {
            let (position, id) = of(event);
            let AccountEvent::Moved(Moved { cents }) = event.event;
            (position, id, cents)
        });
        self.log.write(&Entry::Appended(Appended {
            began,
            ended: now(),
            stream: format!("account/{account}"),
            first: first.revision.get(),
            events: events.collect(),
            command,
            recorded_at: nanoseconds(first.recorded_at),
            call: call.to_owned(),
        }));
    }

    /// Two accounts in a transaction of the caller, which commits or not.
    async fn in_transaction(&self, random: &mut fastrand::Rng) {
        let (from, to) = (account(random), account(random));
        let (correlation, began, rolls_back) = (Uuid::now_v7(), now(), random.u32(..4) == 0);
        let cents = random.i64(1..50);
        let moved = async {
            let mut connection = PgConnection::connect(&self.url).await.ok()?;
            let mut tx = connection.begin().await.ok()?;
            // In one order, or two such transactions wait for each other.
            let mut both = [(from, -cents), (to, cents)];
            both.sort_unstable();
            let mut done = Vec::new();
            for (account, cents) in both {
                let options = options(correlation, None);
                let executed = self.accounts.execute_in(&mut *tx, &account, Move(vec![cents]), options).await;
                match executed {
                    Ok(executed) => done.push((account, executed)),
                    Err(ExecuteError::Store(error)) if !excused(&error) => {
                        self.violation("execute_in", error);
                        return None;
                    }
                    Err(_) => return Some((tx.rollback().await.is_ok(), None)),
                }
            }
            if rolls_back {
                return Some((tx.rollback().await.is_ok(), None));
            }
            // Without an answer it may be committed.
            tx.commit().await.ok()?;
            Some((false, Some(done)))
        };
        match timeout(PATIENCE, moved).await {
            Ok(Some((_, Some(done)))) => {
                for (account, executed) in &done {
                    self.acknowledged(began, *account, None, executed, "execute_in");
                }
            }
            Ok(Some((true, None))) => self.log.write(&Entry::NotWritten { correlation }),
            _ => {}
        }
    }

    async fn read(&self, random: &mut fastrand::Rng) {
        let (account, began) = (account(random), now());
        let loaded = match timeout(PATIENCE, self.accounts.load(&account)).await {
            Err(_) => return,
            Ok(Err(error)) if excused(&error) => return,
            Ok(Err(error)) => return self.violation("load", error),
            Ok(Ok(loaded)) => loaded,
        };
        let read = |began, loaded: es_core::Loaded<Account>, newest| {
            Entry::Read(Read {
                began,
                ended: now(),
                stream: format!("account/{account}"),
                revision: loaded.revision.get(),
                cents: loaded.state.cents,
                newest,
            })
        };
        if loaded.state.events != loaded.revision.get() {
            self.violation("load", format!("{} events at {}", loaded.state.events, loaded.revision));
        }
        let earlier = Revision::new(random.u64(..=loaded.revision.get()));
        self.log.write(&read(began, loaded, true));
        let began = now();
        if let Ok(Ok(loaded)) = timeout(PATIENCE, self.accounts.load_at(&account, earlier)).await {
            self.log.write(&read(began, loaded, false));
        }
    }

    /// Events of names that no program has used before, one after the other on a stream of this caller.
    async fn loose(&self, loose: &mut Loose, random: &mut fastrand::Rng) {
        if random.u32(..3) == 0 {
            loose.names += 1;
        }
        let name = format!("{}.{}", loose.stream.key(), loose.names);
        // The names of a program are few, and live as long as it does.
        let name: &'static str = Box::leak(name.into_boxed_str());
        let (correlation, began, cents) = (Uuid::now_v7(), now(), random.i64(-50..50));
        let metadata = Arc::new(Metadata::new().correlation_id(correlation));
        let payload = format!("{{\"cents\":{cents},\"name\":\"{name}\"}}").into_bytes();
        let event = NewEvent::new(name, 1, payload, metadata);
        let id = event.id;
        let events = [event];
        let append = Append::new(&loose.stream, Revision::new(loose.revision), &events);
        match timeout(PATIENCE, self.store.append(append)).await {
            Ok(Ok(AppendOutcome::Appended(appended))) => {
                loose.revision += 1;
                self.log.write(&Entry::Appended(Appended {
                    began,
                    ended: now(),
                    stream: loose.stream.to_string(),
                    first: loose.revision,
                    events: vec![(appended.positions[0].get(), id, cents)],
                    command: None,
                    recorded_at: nanoseconds(appended.recorded_at),
                    call: "append".into(),
                }));
            }
            // After a lost connection, or a failover that lost the end of the stream.
            Ok(Ok(AppendOutcome::Conflict { actual })) => {
                loose.revision = actual.get();
                self.log.write(&Entry::NotWritten { correlation });
            }
            Ok(Err(error)) if excused(&error) => {
                if error.is_retryable() {
                    self.log.write(&Entry::NotWritten { correlation });
                }
            }
            Ok(other) => self.violation("append", format!("{other:?}")),
            Err(_) => {}
        }
    }

    /// Two accounts at once, all or nothing.
    async fn several(&self, random: &mut fastrand::Rng) {
        let (from, to) = (account(random), account(random));
        if from == to {
            return;
        }
        let (correlation, began, cents) = (Uuid::now_v7(), now(), random.i64(1..50));
        let moved = async {
            self.accounts.register().await?;
            let metadata = Arc::new(Metadata::new().correlation_id(correlation));
            let mut prepared = Vec::new();
            for (account, cents) in [(from, -cents), (to, cents)] {
                let loaded = self.accounts.load(&account).await?;
                if loaded.state.cents + cents < 0 {
                    return Ok(None);
                }
                let events = NewEvent::of::<Account>(Moved { cents }, &metadata)?;
                let stream = StreamId::new("account", account.to_string())?;
                prepared.push((stream, loaded.revision, events, cents));
            }
            let appends: Vec<_> = prepared
                .iter()
                .map(|(stream, revision, events, _)| Append::new(stream, *revision, events))
                .collect();
            let outcomes = self.store.append_all(&appends).await?;
            drop(appends);
            Ok::<_, StoreError>(Some((prepared, outcomes)))
        };
        match timeout(PATIENCE, moved).await {
            Ok(Ok(Some((prepared, outcomes)))) => {
                let all = outcomes.iter().all(|outcome| matches!(outcome, AppendOutcome::Appended(_)));
                if !all {
                    return self.log.write(&Entry::NotWritten { correlation });
                }
                let ended = now();
                for ((stream, revision, events, cents), outcome) in prepared.into_iter().zip(outcomes) {
                    let AppendOutcome::Appended(appended) = outcome else { continue };
                    self.log.write(&Entry::Appended(Appended {
                        began,
                        ended,
                        stream: stream.to_string(),
                        first: revision.next().get(),
                        events: vec![(appended.positions[0].get(), events[0].id, cents)],
                        command: None,
                        recorded_at: nanoseconds(appended.recorded_at),
                        call: "append_all".into(),
                    }));
                }
            }
            Ok(Err(error)) if !excused(&error) => self.violation("append_all", error),
            Ok(Err(error)) if error.is_retryable() => self.log.write(&Entry::NotWritten { correlation }),
            _ => {}
        }
    }

    /// A subscription to all events, which goes on where the log ends.
    async fn follow(self: Arc<Self>, path: PathBuf) {
        let mut from = Checkpoint::START;
        for entry in log::read(&path).expect("the log") {
            match entry {
                Entry::Page { checkpoint: (position, id), .. } => {
                    from = Checkpoint::behind(Position::new(position), id);
                }
                Entry::BeganAgain => from = Checkpoint::START,
                _ => {}
            }
        }
        let begin =
            |from| Subscription::new(self.store.clone()).poll_every(Duration::from_millis(200)).from(from);
        let mut subscription = begin(from);
        loop {
            let mut events = Vec::new();
            let mut take = |raw: RawEvent<'_>| {
                events.push((raw.position.get(), raw.event_id));
                if raw.stream.category() == "loose"
                    && !String::from_utf8_lossy(raw.payload).contains(raw.name)
                {
                    let stream = raw.stream.to_string();
                    self.violation("subscription", format!("{stream} is read under the name {}", raw.name));
                }
                Ok(())
            };
            let page = match timeout(Duration::from_secs(1), subscription.next_page(&mut take)).await {
                Ok(page) => page,
                Err(_) if self.is_ending() => subscription.page(&mut take).await,
                Err(_) => continue,
            };
            match page {
                Ok(page) => {
                    let Some((position, id)) = page.checkpoint.event() else { continue };
                    self.log.write(&Entry::Page { events, checkpoint: (position.get(), id) });
                    if self.is_ending() && page.events == 0 && page.rest == Rest::Nothing {
                        return;
                    }
                }
                Err(StoreError::ForeignCheckpoint { .. }) => {
                    self.log.write(&Entry::BeganAgain);
                    subscription = begin(Checkpoint::START);
                }
                Err(error) if excused(&error) => {}
                Err(error) => {
                    self.violation("subscription", error);
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn projector(&self) -> Projector<Sums> {
        Projector::new(self.store.clone(), Sums).parts(2).poll_every(Duration::from_millis(200))
    }

    async fn project(self: Arc<Self>) {
        loop {
            self.excuse("project", self.projector().run().await);
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn excuse(&self, what: &str, done: Result<(), es_postgres::ProjectorError>) {
        if let Err(error) = done
            && !error.is_retryable()
        {
            self.violation(what, error);
        }
    }
}

/// A stream of one caller.
struct Loose {
    stream: StreamId,
    revision: u64,
    names: u32,
}

fn options(correlation: Uuid, command: Option<Uuid>) -> ExecuteOptions {
    let options = ExecuteOptions::new().metadata(Metadata::new().correlation_id(correlation));
    match command {
        Some(id) => options.command_id(id),
        None => options,
    }
}

/// A few accounts are asked for often, many seldom: the `n`th about 1/n as often as the first.
fn account(random: &mut fastrand::Rng) -> u32 {
    let most = f64::from(ACCOUNTS);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and the number of accounts"
    )]
    let account = most.powf(random.f64()) as u32;
    account
}

/// What a command moves: mostly a little, seldom in very many events.
fn moves(random: &mut fastrand::Rng) -> Vec<i64> {
    let count = match random.u32(..200) {
        0 => 300,
        1..20 => random.usize(2..20),
        _ => 1,
    };
    (0..count).map(|_| random.i64(-40..60)).collect()
}

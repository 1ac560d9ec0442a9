//! The writes of a program, and their log entries.

use std::sync::Arc;
use std::time::Duration;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::uuid::Uuid;
use es_core::{
    EventStore, ExecuteError, ExecuteOptions, Executed, Metadata, Recorded, Revision, StoreError, StreamId,
};
use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

use super::shared::{PATIENCE, ProgramState, account, excused};
use crate::domain::{Account, AccountEvent, Move, Moved, Overdrawn};
use crate::log::{Appended, Entry, nanoseconds, now};

/// Whether this error means that nothing was written.
fn nothing_written(error: &ExecuteError<Overdrawn>) -> bool {
    match error {
        ExecuteError::Store(error) => error.is_retryable(),
        _ => true,
    }
}

impl ProgramState {
    /// A command that is sent until it is answered, and sometimes once more.
    pub(super) async fn command(&self, random: &mut fastrand::Rng) {
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

    pub(super) async fn move_money(&self, random: &mut fastrand::Rng, id: Option<Uuid>) {
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
        let of = |event: &Recorded<_>| (event.position.get(), event.event_id);
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

    /// Two accounts in a transaction of the caller, which may commit or not.
    pub(super) async fn in_transaction(&self, random: &mut fastrand::Rng) {
        let (from, to) = (account(random), account(random));
        let (correlation, began, rolls_back) = (Uuid::now_v7(), now(), random.u32(..4) == 0);
        let cents = random.i64(1..50);
        let moved = async {
            let mut connection = PgConnection::connect(&self.url).await.ok()?;
            let mut tx = connection.begin().await.ok()?;
            // In one order, otherwise two such transactions deadlock.
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
            // Without an answer it may have been committed.
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

    /// Events with new names, one after the other on a stream of this caller.
    pub(super) async fn loose(&self, loose: &mut Loose, random: &mut fastrand::Rng) {
        if random.u32(..3) == 0 {
            loose.names += 1;
        }
        let name = format!("{}.{}", loose.stream.key(), loose.names);
        // The names of a program are few, and are kept as long as it runs.
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

    /// An atomic append to two accounts.
    pub(super) async fn several(&self, random: &mut fastrand::Rng) {
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
}

/// A stream of one caller.
pub(super) struct Loose {
    stream: StreamId,
    revision: u64,
    names: u32,
}

impl Loose {
    pub(super) fn new(caller: &str) -> Self {
        Self { stream: StreamId::new("loose", caller).expect("a stream"), revision: 0, names: 0 }
    }
}

fn options(correlation: Uuid, command: Option<Uuid>) -> ExecuteOptions {
    let options = ExecuteOptions::new().metadata(Metadata::new().correlation_id(correlation));
    match command {
        Some(id) => options.command_id(id),
        None => options,
    }
}

/// What a command moves: mostly a little, rarely in very many events.
fn moves(random: &mut fastrand::Rng) -> Vec<i64> {
    let count = match random.u32(..200) {
        0 => 300,
        1..20 => random.usize(2..20),
        _ => 1,
    };
    (0..count).map(|_| random.i64(-40..60)).collect()
}

//! Appends to existing streams, loads of them, and a catch-up of everything.

use std::collections::HashMap;
use std::time::Instant;

use es_core::subscription::Subscription;
use es_core::{Repository, StreamId};
use es_postgres::PostgresStore;
use tokio::task::JoinSet;

use super::Pairs;
use super::fill::{EVENTS_A_STREAM, id};
use crate::append::{append_to, floor_rate};
use crate::floor::{Floor, Writer};
use crate::load::Account;
use crate::{Result, Settings};

const CALLERS: u64 = 16;
const LOADS: usize = 500;

pub(super) struct Measures<'a> {
    settings: &'a Settings,
    store: PostgresStore,
    writers: Vec<Writer>,
    /// A stream of the floor with as many events as ours have.
    by_hand: i64,
    /// The number of appends of each caller to its streams.
    grown: Vec<HashMap<u64, i64>>,
    numbers: Numbers,
}

/// Pseudo-random numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 += 1;
        id(self.0).as_u64_pair().0 % bound
    }
}

impl<'a> Measures<'a> {
    pub(super) async fn new(settings: &'a Settings, floor: &Floor, store: &PostgresStore) -> Result<Self> {
        let mut writers = Vec::new();
        for _ in 0..CALLERS {
            writers.push(floor.connect().await?);
        }
        let by_hand = writers[0].new_stream().await?;
        writers[0].append_many(by_hand, 0, i64::try_from(EVENTS_A_STREAM)?).await?;
        let grown = (0..CALLERS).map(|_| HashMap::new()).collect();
        Ok(Self { settings, store: store.clone(), writers, by_hand, grown, numbers: Numbers(0) })
    }

    /// Events a second: the floor on new streams of its small table, ours on random streams.
    pub(super) async fn append(&mut self, events: u64) -> Result<Pairs> {
        let mut pairs = Vec::new();
        for time in 0..=self.settings.times {
            let writers = std::mem::take(&mut self.writers);
            let (by_hand, writers) = floor_rate(writers, 1, self.settings.span).await?;
            self.writers = writers;
            let ours = self.append_for(events / EVENTS_A_STREAM).await?;
            if time > 0 {
                pairs.push((by_hand, ours));
            }
        }
        Ok(pairs)
    }

    /// Each caller has its own streams, by their numbers modulo sixteen.
    async fn append_for(&mut self, streams: u64) -> Result<f64> {
        let (start, span) = (Instant::now(), self.settings.span);
        let mut tasks: JoinSet<Result<_>> = JoinSet::new();
        for (caller, mut grown) in (0..).zip(std::mem::take(&mut self.grown)) {
            let store = self.store.clone();
            let mut numbers = Numbers(self.numbers.below(u64::MAX) / 2);
            tasks.spawn(async move {
                let mut done = 0;
                while start.elapsed() < span {
                    let number = numbers.below(streams / CALLERS) * CALLERS + caller;
                    let more = grown.entry(number).or_insert(0);
                    let stream = StreamId::new("account", id(number).to_string())?;
                    append_to(&store, &stream, i64::try_from(EVENTS_A_STREAM)? + *more, 1).await?;
                    *more += 1;
                    done += 1;
                }
                Ok((caller, done, grown))
            });
        }
        let mut callers = tasks.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
        let seconds = start.elapsed().as_secs_f64();
        callers.sort_by_key(|&(caller, ..)| caller);
        let mut total = 0;
        for (_, done, grown) in callers {
            total += done;
            self.grown.push(grown);
        }
        Ok(f64::from(total) / seconds)
    }

    /// Milliseconds: the floor's only stream, and a random one of ours.
    pub(super) async fn load(&mut self, events: u64) -> Result<Pairs> {
        let accounts = Repository::<Account, _>::new(self.store.clone());
        let mut pairs = Vec::new();
        for _ in 0..LOADS {
            let start = Instant::now();
            self.writers[0].load(self.by_hand).await?;
            let by_hand = start.elapsed();
            let id = id(self.numbers.below(events / EVENTS_A_STREAM));
            let start = Instant::now();
            let loaded = accounts.load(&id).await?;
            let ours = start.elapsed();
            if loaded.revision.get() < EVENTS_A_STREAM {
                return Err(format!("{id} is at revision {}", loaded.revision.get()).into());
            }
            pairs.push((by_hand.as_secs_f64() * 1e3, ours.as_secs_f64() * 1e3));
        }
        Ok(pairs)
    }

    /// Events a second of reading all events, decoded.
    pub(super) async fn catch_up(&self) -> Result<f64> {
        let mut subscription = Subscription::of::<Account>(self.store.clone());
        let (start, mut events) = (Instant::now(), 0);
        while let Some(event) = subscription.try_next().await? {
            std::hint::black_box(event);
            events += 1;
        }
        Ok(f64::from(events) / start.elapsed().as_secs_f64())
    }
}

//! Compares the programs' observations with the contents of the store at the end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::path::Path;

use es_core::uuid::Uuid;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::log::{self, Appended, Entry, Read};
use crate::program::log_of;
use crate::servers::{Failover, connect};

/// The findings.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) violations: Vec<String>,
    counts: BTreeMap<&'static str, usize>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        self.counts.iter().try_for_each(|(what, count)| {
            write!(f, "{comma}{count} {what}")?;
            comma = ", ";
            Ok(())
        })
    }
}

impl Found {
    fn count(&mut self, what: &'static str, count: usize) {
        *self.counts.entry(what).or_default() += count;
    }

    fn wrong(&mut self, text: String) {
        self.violations.push(text);
    }
}

/// A stored event.
struct Stored {
    position: u64,
    stream: String,
    revision: u64,
    id: Uuid,
    cents: i64,
    correlation: Option<Uuid>,
    recorded_at: u64,
}

pub(crate) async fn verify(url: &str, folder: &Path, programs: usize, failovers: &[Failover]) -> Found {
    let mut db = connect(url).await;
    let mut found = Found::default();
    let stored = events(&mut db).await;
    found.count("events stored", stored.len());
    found.count("failovers", failovers.len());
    let lost = failovers.iter().filter(|failover| failover.registrations > 0);
    found.count("failovers that lost registrations", lost.count());
    let logs: Vec<_> =
        (0..programs).map(|number| log::read(&log_of(folder, number)).expect("a log")).collect();
    let history = History { by_id: stored.iter().map(|event| (event.id, event)).collect(), failovers };
    streams(&stored, &mut found);
    let mut appended = Vec::new();
    let mut not_written = HashSet::new();
    let mut reads = Vec::new();
    for (number, log) in logs.iter().enumerate() {
        for entry in log {
            match entry {
                Entry::Appended(entry) => appended.push(entry),
                Entry::NotWritten { correlation } => {
                    not_written.insert(*correlation);
                }
                Entry::Read(read) => reads.push(read),
                Entry::Violation(text) => found.wrong(format!("program {number}: {text}")),
                Entry::Page { .. } | Entry::BeganAgain => {}
            }
        }
        history.subscription(number, log, &stored, &mut found);
    }
    let kept = history.acknowledged(&appended, &mut found);
    for event in &stored {
        if event.correlation.is_some_and(|id| not_written.contains(&id)) {
            found.wrong(format!(
                "{} {} is stored, although its caller was told that nothing was written",
                event.stream, event.revision
            ));
        }
    }
    found.count("calls told that nothing was written", not_written.len());
    history.order(&kept, &reads, &stored, &mut found);
    ledger(&mut db, &kept, &mut found).await;
    model(&mut db, &mut found).await;
    snapshots(&mut db, &mut found).await;
    found
}

async fn events(db: &mut PgConnection) -> Vec<Stored> {
    let sql = "SELECT position, category || '/' || key, revision, event_id, (payload ->> 'cents')::bigint, correlation_id,
                      (extract(epoch FROM recorded_at) * 1000000)::bigint FROM es.event_log ORDER BY position";
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(db).await.expect("the events");
    let stored = rows.iter().map(|row| Stored {
        position: row.get::<i64, _>(0).unsigned_abs(),
        stream: row.get(1),
        revision: row.get::<i64, _>(2).unsigned_abs(),
        id: row.get(3),
        cents: row.get(4),
        correlation: row.get(5),
        recorded_at: row.get::<i64, _>(6).unsigned_abs() * 1_000,
    });
    stored.collect()
}

/// Each stream counts from 1 without gaps, in the order of positions.
fn streams(stored: &[Stored], found: &mut Found) {
    let mut last: HashMap<&str, u64> = HashMap::new();
    for event in stored {
        let last = last.entry(&event.stream).or_default();
        if event.revision != *last + 1 {
            found.wrong(format!("{} has {} after {last}", event.stream, event.revision));
        }
        *last = event.revision;
    }
    found.count("streams", last.len());
}

struct History<'a> {
    by_id: HashMap<Uuid, &'a Stored>,
    failovers: &'a [Failover],
}

impl<'a> History<'a> {
    /// Whether a failover may have lost what was recorded, or requested, at one time and answered at another.
    fn may_be_lost(&self, recorded: u64, answered: u64) -> bool {
        self.failovers.iter().any(|failover| recorded <= failover.killed && answered >= failover.cut_off)
    }

    /// Each acknowledged event is stored once, at the acknowledged place; returns the entries that are.
    fn acknowledged(&self, appended: &[&'a Appended], found: &mut Found) -> Vec<&'a Appended> {
        let mut kept = Vec::new();
        for entry in appended {
            let mut there = 0;
            for ((position, id, cents), revision) in entry.events.iter().zip(entry.first..) {
                let Some(event) = self.by_id.get(id) else { continue };
                there += 1;
                let told = (entry.stream.as_str(), revision, *position, *cents);
                if told != (event.stream.as_str(), event.revision, event.position, event.cents) {
                    found.wrong(format!(
                        "{} told {told:?}, and {} {} stands at {}",
                        entry.call, event.stream, event.revision, event.position
                    ));
                }
            }
            if there == entry.events.len() {
                kept.push(*entry);
            } else if there > 0 {
                found.wrong(format!("{} {} is stored in part", entry.stream, entry.first));
            } else if self.may_be_lost(entry.recorded_at, entry.ended) {
                found.count("acknowledged calls lost in failovers", 1);
            } else {
                found.wrong(format!("{} {} by {} is lost", entry.stream, entry.first, entry.call));
            }
        }
        found.count("acknowledged calls", appended.len());
        kept
    }

    /// What a subscription received since it last began is what is stored, in order.
    fn subscription(&self, number: usize, log: &[Entry], stored: &[Stored], found: &mut Found) {
        let (mut seen, mut began_again) = (Vec::new(), 0);
        for entry in log {
            match entry {
                Entry::Page { events, .. } => seen.extend(events),
                Entry::BeganAgain => {
                    seen.clear();
                    began_again += 1;
                }
                _ => {}
            }
        }
        found.count("events delivered", seen.len());
        found.count("subscriptions begun again", began_again);
        // An event that was lost with a primary may have been seen before.
        let seen: Vec<_> = seen
            .into_iter()
            .filter(|(_, id)| self.by_id.contains_key(id) || self.failovers.is_empty())
            .collect();
        let stored: Vec<_> = stored.iter().map(|event| (event.position, event.id)).collect();
        if let Some(at) =
            (0..seen.len().max(stored.len())).find(|&at| seen.get(at).copied() != stored.get(at).copied())
        {
            found.wrong(format!(
                "subscription of program {number}: of {} events it has {}, and the first difference is at {at}: {:?}, stored is {:?}",
                stored.len(),
                seen.len(),
                seen.get(at),
                stored.get(at)
            ));
        }
    }

    /// Single streams are linearizable: a call that began after an answer sees at least what that answer
    /// reported, and a state is the fold of the events up to its revision.
    fn order(&self, kept: &[&Appended], reads: &[&Read], stored: &[Stored], found: &mut Found) {
        let mut sums: HashMap<&str, Vec<i64>> = HashMap::new();
        for event in stored {
            let sums = sums.entry(&event.stream).or_insert_with(|| vec![0]);
            sums.push(sums.last().copied().unwrap_or_default() + event.cents);
        }
        let mut calls: HashMap<&str, Vec<(u64, u64, u64, u64)>> = HashMap::new();
        for entry in kept {
            let last = entry.first + entry.events.len() as u64 - 1;
            // A repetition is answered with the outcome of the first call, whenever that was.
            let written = self.by_id[&entry.events[0].1].recorded_at;
            let repeated = written + 1_000 < entry.began;
            let call = (entry.began, entry.ended, if repeated { u64::MAX } else { entry.first - 1 }, last);
            calls.entry(&entry.stream).or_default().push(call);
        }
        let mut compared = 0;
        for read in reads {
            // A state that was read on a lost primary may be one that is not stored now.
            if self.may_be_lost(read.began, read.ended) {
                continue;
            }
            let of_stream = sums.get(read.stream.as_str()).map_or(&[0][..], Vec::as_slice);
            if read.newest {
                calls.entry(&read.stream).or_default().push((
                    read.began,
                    read.ended,
                    read.revision,
                    read.revision,
                ));
            }
            let at = usize::try_from(read.revision).unwrap_or(usize::MAX);
            match of_stream.get(at) {
                Some(cents) if *cents == read.cents => compared += 1,
                sum => found.wrong(format!(
                    "{} at {} was read as {}, and is {sum:?}",
                    read.stream, read.revision, read.cents
                )),
            }
        }
        found.count("states compared", compared);
        for (stream, mut of_stream) in calls {
            of_stream.sort_unstable();
            let mut by_end: Vec<_> = of_stream.iter().map(|&(_, ended, _, last)| (ended, last)).collect();
            by_end.sort_unstable();
            let (mut ended, mut highest) = (by_end.into_iter().peekable(), 0);
            for (began, _, sees, _) in of_stream {
                while let Some((_, last)) = ended.next_if(|&(ended, _)| ended < began) {
                    highest = highest.max(last);
                }
                if sees < highest {
                    found.wrong(format!(
                        "{stream}: a call saw revision {sees} after another one was told {highest}"
                    ));
                }
            }
        }
    }
}

/// Each command id was executed once, and the command ledger has its place.
async fn ledger(db: &mut PgConnection, kept: &[&Appended], found: &mut Found) {
    let sql = "SELECT m.command_id, c.name || '/' || s.key, m.first_revision, m.event_count FROM es.commands m
               JOIN es.streams s ON s.id = m.stream JOIN es.categories c ON c.id = s.category AND NOT c.is_alias";
    let rows = sqlx::query(sql).fetch_all(db).await.expect("the ledger");
    let ledger: HashMap<Uuid, (String, u64, usize)> = rows
        .iter()
        .map(|row| {
            let count = usize::try_from(row.get::<i64, _>(3)).unwrap_or_default();
            (row.get(0), (row.get(1), row.get::<i64, _>(2).unsigned_abs(), count))
        })
        .collect();
    for entry in kept {
        let Some(id) = entry.command else { continue };
        let told = (entry.stream.clone(), entry.first, entry.events.len());
        if ledger.get(&id) != Some(&told) {
            found.wrong(format!(
                "command {id} was told {told:?}, the command ledger has {:?}",
                ledger.get(&id)
            ));
        }
    }
    found.count("commands in the command ledger", ledger.len());
}

async fn model(db: &mut PgConnection, found: &mut Found) {
    let sql = "WITH counted AS (
                   SELECT s.key AS account, sum((e.payload ->> 'cents')::bigint) AS cents, count(*) AS events
                   FROM es.events e JOIN es.streams s ON s.id = e.stream JOIN es.categories c ON c.id = s.category
                   WHERE c.name = 'account' GROUP BY s.key)
               SELECT coalesce(m.account, c.account), m.cents, c.cents::bigint, m.events, c.events
               FROM es_sums.sums m FULL JOIN counted c ON c.account = m.account
               WHERE (m.cents, m.events) IS DISTINCT FROM (c.cents::bigint, c.events)";
    for row in sqlx::query(sql).fetch_all(db).await.expect("the model") {
        let numbers: Vec<Option<i64>> = (1..5).map(|column| row.get(column)).collect();
        let account: String = row.get(0);
        found.wrong(format!(
            "the model of account {account} differs from a recount: cents and events {numbers:?}"
        ));
    }
}

/// Each snapshot is the fold of the events up to its revision.
async fn snapshots(db: &mut PgConnection, found: &mut Found) {
    let sql = "SELECT s.key, n.revision, (n.state ->> 'cents')::bigint, (n.state ->> 'events')::bigint,
                      (SELECT sum((e.payload ->> 'cents')::bigint)::bigint FROM es.events e
                       WHERE e.stream = n.stream AND e.revision <= n.revision),
                      (SELECT max(e.revision) FROM es.events e WHERE e.stream = n.stream)
               FROM es.snapshots n JOIN es.streams s ON s.id = n.stream";
    let rows = sqlx::query(sql).fetch_all(db).await.expect("the snapshots");
    for row in &rows {
        let key: String = row.get(0);
        let numbers: [Option<i64>; 5] = [1, 2, 3, 4, 5].map(|column| row.get(column));
        let [revision, cents, events, sum, head] = numbers;
        if cents != sum || events != revision || revision > head {
            found.wrong(format!("the snapshot of account {key} is not the fold: revision, cents, events, sum, head {numbers:?}"));
        }
    }
    found.count("snapshots compared", rows.len());
}

//! The pending timers of a process, by the time at which they are due.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use super::stepped::Stepped;
use crate::latch::hold;
use crate::record::Recorded;
use crate::store::Rest;
use crate::stream::Revision;

/// A timer that is due but fails to fire. It is retried; other instances continue.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StuckTimer {
    /// The key of the instance.
    pub key: String,
    /// The name of the timer.
    pub timer: String,
    /// When it was due.
    pub due: OffsetDateTime,
    /// How many times it was tried.
    pub tries: u32,
    /// Why it did not fire.
    pub reason: String,
}

/// The timers that fail, by instance and name.
pub(super) type Stuck = Arc<Mutex<BTreeMap<(String, String), StuckTimer>>>;

/// The pending timers of all instances, according to the steps. In memory: rebuilt from the steps when a
/// program starts.
#[derive(Default)]
pub(super) struct Index {
    /// Those that failed and are still pending.
    stuck: Stuck,
    by_due: BTreeSet<(OffsetDateTime, Arc<TimerName>)>,
    by_key: HashMap<String, BTreeMap<String, TimerEntry>>,
    /// Those that failed, which wait a while.
    pub(super) waiting: BTreeMap<Instant, Vec<(OffsetDateTime, Arc<TimerName>)>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimerName {
    pub(super) key: String,
    pub(super) name: String,
}

#[derive(Clone, Copy)]
pub(super) struct TimerEntry {
    pub(super) due: OffsetDateTime,
    pub(super) scheduled_by: Uuid,
    pub(super) revision: Revision,
}

/// A page of steps, and what comes after it.
pub(super) type StepsPage = (Rest, Vec<Recorded<Stepped>>);

impl Index {
    pub(super) fn new(stuck: &Stuck) -> Self {
        Self { stuck: Arc::clone(stuck), ..Self::default() }
    }

    fn take(&mut self, step: &Recorded<Stepped>) {
        let key = step.stream.key();
        let Stepped { cancelled, scheduled, finished, step: id, .. } = &step.event;
        if *finished {
            for (name, entry) in self.by_key.remove(key).unwrap_or_default() {
                self.forget(key, &name, entry);
            }
            return;
        }
        for name in cancelled {
            self.remove(key, name);
        }
        for timer in scheduled {
            self.remove(key, &timer.name);
            let entry = TimerEntry { due: timer.due, scheduled_by: *id, revision: step.revision };
            self.by_key.entry(key.to_owned()).or_default().insert(timer.name.clone(), entry);
            let place = TimerName { key: key.to_owned(), name: timer.name.clone() };
            self.by_due.insert((timer.due, Arc::new(place)));
        }
    }

    pub(super) fn read(&mut self, (rest, steps): StepsPage) -> Rest {
        steps.iter().for_each(|step| self.take(step));
        rest
    }

    fn remove(&mut self, key: &str, name: &str) {
        let Some(timers) = self.by_key.get_mut(key) else { return };
        let removed = timers.remove(name);
        if timers.is_empty() {
            self.by_key.remove(key);
        }
        if let Some(entry) = removed {
            self.forget(key, name, entry);
        }
    }

    /// One that is no longer pending is no longer due, nor stuck.
    fn forget(&mut self, key: &str, name: &str, entry: TimerEntry) {
        let place = TimerName { key: key.to_owned(), name: name.to_owned() };
        self.by_due.remove(&(entry.due, Arc::new(place)));
        hold(&self.stuck).remove(&(key.to_owned(), name.to_owned()));
    }

    /// Removes and returns what is due, in the order of time, up to a maximum number.
    pub(super) fn due(&mut self, now: OffsetDateTime, most: usize) -> Vec<(Arc<TimerName>, TimerEntry)> {
        let again = self.waiting.split_off(&(Instant::now() + Duration::from_nanos(1)));
        let ready = std::mem::replace(&mut self.waiting, again);
        self.by_due.extend(ready.into_values().flatten());
        let mut due = Vec::new();
        while due.len() < most
            && self.by_due.first().is_some_and(|(at, _)| *at <= now)
            && let Some((at, place)) = self.by_due.pop_first()
        {
            let entry = self.by_key.get(&place.key).and_then(|timers| timers.get(&place.name));
            // One that waited may have been cancelled or scheduled again meanwhile.
            if let Some(entry) = entry.filter(|entry| entry.due == at) {
                due.push((place, *entry));
            }
        }
        due
    }

    /// Those that failed are tried again at once.
    pub(super) fn stop_waiting(&mut self) {
        self.by_due.extend(std::mem::take(&mut self.waiting).into_values().flatten());
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<OffsetDateTime> {
        self.by_due.first().map(|(due, _)| *due)
    }
}

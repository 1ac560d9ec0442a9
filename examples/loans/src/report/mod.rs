//! The outcomes of all applications, found by replaying each of them.

use std::fmt;

use es_core::store::ListStreams;
use es_core::{Aggregate, EventStore, Repository, StoreError};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::domain::{Application, ApplicationId, Cents, Outcome};
use crate::table::{Table, grouped};

/// How many applications are listed at a time.
const PAGE: usize = 1_000;

/// How the applications ended, and what they asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// By outcome, in the order of [`Outcome::ALL`].
    pub outcomes: [Line; Outcome::ALL.len()],
    /// How many events were replayed.
    pub events: u64,
}

/// The applications of one outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line {
    /// How many.
    pub applications: u64,
    /// What they asked for together.
    pub requested: Cents,
}

impl Report {
    /// Replays all applications, `concurrency` at a time.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store, or of the first application that does not decode.
    pub async fn of<A, S>(repository: &Repository<A, S>, concurrency: usize) -> Result<Self, StoreError>
    where
        A: Aggregate<Id = ApplicationId> + AsRef<Application>,
        S: EventStore + ListStreams + 'static,
    {
        let mut report = Self::default();
        let mut after = None;
        loop {
            let page = repository.ids(after.as_ref(), PAGE).await?;
            let mut loads =
                stream::iter(&page).map(|(id, _)| repository.load(id)).buffer_unordered(concurrency.max(1));
            while let Some(loaded) = loads.try_next().await? {
                let application = loaded.state.as_ref();
                report.add(application.stage.outcome(), application.requested, loaded.revision.get());
            }
            drop(loads);
            match page.into_iter().next_back() {
                Some((last, _)) => after = Some(last),
                None => return Ok(report),
            }
        }
    }

    fn add(&mut self, outcome: Outcome, requested: Cents, events: u64) {
        let line = &mut self.outcomes[outcome as usize];
        line.applications += 1;
        line.requested.0 += requested.0;
        self.events += events;
    }

    /// All outcomes together.
    #[must_use]
    pub fn total(&self) -> Line {
        Line {
            applications: self.outcomes.iter().map(|line| line.applications).sum(),
            requested: self.outcomes.iter().map(|line| line.requested).sum(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["outcome", ">applications", ">requested (EUR)"]);
        let named = Outcome::ALL.iter().map(ToString::to_string).zip(self.outcomes);
        for (name, line) in named.chain([("all".to_owned(), self.total())]) {
            table.row([name, grouped(line.applications), line.requested.to_string()]);
        }
        write!(f, "{table}{} events", grouped(self.events))
    }
}

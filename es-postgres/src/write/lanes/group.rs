//! Atomic appends to several streams through a lane.

use std::sync::Arc;

use es_core::store::{Append, AppendOutcome};
use es_core::{Revision, StoreError};
use tokio::sync::oneshot;

use super::Lanes;
use super::batch::{self, Batch, BatchError, GroupOutcome};
use super::in_flight::InFlight;
use super::queue::Streams;
use super::waiting::{Chain, Course, Next, WaitingGroup};
use crate::write::lost::{self, Lost};
use crate::write::names::all_registered;
use crate::write::several;

/// Appends to more streams are sent outside the lanes.
const MAX_STREAMS: usize = 16;

/// Whether a lane takes such an append. A lane cannot lock a stream that is read and does not exist.
fn is_for_lanes(appends: &[Append<'_>], bytes: usize) -> bool {
    let events: usize = appends.iter().map(|append| append.events.len()).sum();
    let is_of_missing = |append: &Append<'_>| append.is_condition() && append.expected == Revision::EMPTY;
    let is_small = appends.len() <= MAX_STREAMS && Course::of(events, bytes) == Course::Lane;
    is_small && events > 0 && !appends.iter().any(is_of_missing)
}

impl Lanes {
    /// Appends to several streams atomically, immediately if a lane is idle.
    pub(crate) async fn append_all(
        self: &Arc<Self>,
        appends: &[Append<'_>],
    ) -> Result<Vec<AppendOutcome>, StoreError> {
        let bytes = several::check(&self.pool, appends)?;
        if appends.is_empty() {
            return Ok(Vec::new());
        }
        if !is_for_lanes(appends, bytes) || !all_registered(&self.pool, appends) {
            return several::apart(&self.pool, appends).await;
        }
        if !self.queue().enter_group(appends)? {
            return self.enqueue_group(appends, bytes).await;
        }
        let streams = |read| appends.iter().filter(move |append| append.is_condition() == read);
        let streams = Streams {
            written: streams(false).map(|append| append.stream.clone()).collect(),
            read: streams(true).map(|append| append.stream.clone()).collect(),
        };
        let in_flight = InFlight { lanes: Arc::clone(self), streams, course: Course::Lane };
        in_flight.append_group(appends).await
    }

    async fn enqueue_group(
        self: &Arc<Self>,
        appends: &[Append<'_>],
        bytes: usize,
    ) -> Result<Vec<AppendOutcome>, StoreError> {
        let place = self.place(appends.iter().map(|append| append.stream), bytes).await?;
        let (reply, outcomes) = oneshot::channel();
        self.queue().push(Next::Group(WaitingGroup::new(appends, bytes, reply, place)))?;
        self.start();
        // The task that sent it ended with its runtime, or panicked.
        outcomes.await.unwrap_or_else(|gone| {
            Err(StoreError::OutcomeUnknown { stream: appends[0].stream.clone(), source: gone.into() })
        })
    }
}

impl InFlight {
    /// Appends through the lane, and releases it if the outcome takes longer than one answer.
    async fn append_group(mut self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        let pool = Arc::clone(&self.lanes.pool);
        let sent = batch::send(&pool, Batch { chains: &[], groups: &[appends] }).await;
        match sent.map(|mut outcomes| outcomes.groups.pop()) {
            Ok(Some(GroupOutcome::Decided(outcomes))) => Ok(outcomes),
            Err(BatchError::Lost(lost)) => {
                self.leave_lane();
                lost.find_all(&pool, appends).await
            }
            Ok(_) | Err(BatchError::NotWritten) => {
                let _apart = self.detached();
                drop(self);
                several::apart(&pool, appends).await
            }
        }
    }

    /// Stands for a group that is sent outside the lanes. Its streams are free for others: those wait for the
    /// locks of the rows.
    fn detached(&self) -> Self {
        self.lanes.queue().detach();
        Self { lanes: Arc::clone(&self.lanes), streams: Streams::default(), course: Course::Detached }
    }

    /// Sends a group on a connection of the pool, while the lane continues.
    pub(super) fn send_group_apart(&self, group: WaitingGroup) {
        let in_flight = self.detached();
        let runtime = group.runtime.clone();
        drop(runtime.spawn(async move {
            let outcomes = several::apart(&in_flight.lanes.pool, &group.appends()).await;
            group.answer(outcomes);
        }));
    }

    /// Finds the outcomes of a batch whose connection broke.
    pub(super) async fn find_all(&mut self, lost: Lost, chains: Vec<Chain>, groups: Vec<WaitingGroup>) {
        self.leave_lane();
        let chains: Vec<_> = chains.into_iter().flatten().collect();
        let mut found = {
            let of_groups = groups.iter().flat_map(|group| lost::written(&group.appends()));
            let appends: Vec<_> = chains.iter().map(|next| next.append()).chain(of_groups).collect();
            lost.find_each(&self.lanes.pool, &appends).await.into_iter()
        };
        for (next, outcome) in chains.into_iter().zip(found.by_ref()) {
            next.answer(outcome);
        }
        for group in groups {
            let outcomes = lost::of_all(&group.appends(), &mut found);
            group.answer(outcomes);
        }
    }
}

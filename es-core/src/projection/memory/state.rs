//! The state of a target in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::projection::error::ProjectorError;
use crate::projection::lease::{Claim, Claimed};
use crate::projection::letters::DeadLetter;
use crate::projection::status::{PartitionStatus, ProjectionStatus};
use crate::projection::{Partition, Projection};
use crate::store::Checkpoint;
use crate::stream::Position;

/// The dead letters of a build.
pub(super) type ParkedEvents = BTreeMap<Position, DeadLetter>;

/// All projections, by their names.
#[derive(Debug)]
pub(super) struct State<M>(BTreeMap<&'static str, Builds<M>>);

/// A projection.
#[derive(Debug)]
pub(super) struct Builds<M> {
    /// The build that readers see.
    pub(super) live: Option<u32>,
    pub(super) builds: BTreeMap<u32, Build<M>>,
}

/// A build of a projection. Everything but the turn takes effect together.
#[derive(Debug)]
pub(super) struct Build<M> {
    pub(super) model: Arc<M>,
    pub(super) partitions: Vec<Stand>,
    pub(super) letters: Arc<ParkedEvents>,
    /// Held by one batch at a time.
    pub(super) turn: Arc<Mutex<()>>,
}

/// The state of a partition.
#[derive(Debug, Clone)]
pub(super) struct Stand {
    pub(super) checkpoint: Checkpoint,
    pub(super) projected: u64,
    pub(super) per_second: f64,
    pub(super) owner: Option<String>,
    pub(super) updated_at: OffsetDateTime,
    pub(super) failure: Option<(String, OffsetDateTime)>,
    pub(super) lease: PartitionLease,
}

/// Who may run the effects of a partition.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PartitionLease {
    /// The last owner; 0 before the first.
    pub(super) epoch: u64,
    pub(super) ends: Option<Instant>,
}

impl<M> Default for State<M> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<M> State<M> {
    pub(super) fn kept(&self, projection: &str) -> Option<&Builds<M>> {
        self.0.get(projection)
    }

    pub(super) fn kept_mut(&mut self, projection: &'static str) -> &mut Builds<M> {
        self.0.entry(projection).or_insert_with(|| Builds { live: None, builds: BTreeMap::new() })
    }

    pub(super) fn build<P: Projection>(&self) -> Result<&Build<M>, ProjectorError> {
        let build = self.kept(P::NAME).and_then(|kept| kept.builds.get(&P::BUILD));
        build.ok_or_else(ProjectorError::not_set_up::<P>)
    }

    pub(super) fn build_mut<P: Projection>(&mut self) -> Result<&mut Build<M>, ProjectorError> {
        let build = self.0.get_mut(P::NAME).and_then(|kept| kept.builds.get_mut(&P::BUILD));
        build.ok_or_else(ProjectorError::not_set_up::<P>)
    }
}

impl PartitionLease {
    pub(super) fn claim(&mut self, claim: &Claim<'_>) -> Claimed {
        let now = Instant::now();
        if claim.held != Some(self.epoch) {
            if let Some(rest) = self.ends.and_then(|ends| ends.checked_duration_since(now))
                && !rest.is_zero()
            {
                return Claimed::Taken { rest };
            }
            self.epoch += 1;
        }
        self.ends = Some(now + claim.lasts);
        Claimed::Lease { epoch: self.epoch }
    }
}

impl<M> Build<M> {
    pub(super) fn new(model: M, partitions: u32, start: Checkpoint) -> Self {
        let mut build = Self {
            model: Arc::new(model),
            partitions: Vec::new(),
            letters: Arc::default(),
            turn: Arc::default(),
        };
        build.divide(partitions, start, 0);
        build
    }

    /// A number of partitions, all at one checkpoint, the first of which has handled a number of events.
    pub(super) fn divide(&mut self, partitions: u32, at: Checkpoint, projected: u64) {
        let stand = Stand {
            checkpoint: at,
            projected: 0,
            per_second: 0.0,
            owner: None,
            updated_at: OffsetDateTime::now_utc(),
            failure: None,
            lease: PartitionLease {
                epoch: self.partitions.iter().map(|partition| partition.lease.epoch).max().unwrap_or(0),
                ends: None,
            },
        };
        self.partitions = vec![stand; partitions.max(1) as usize];
        if let Some(first) = self.partitions.first_mut() {
            first.projected = projected;
        }
    }

    /// The lowest checkpoint and the highest.
    pub(super) fn range(&self) -> (Checkpoint, Checkpoint) {
        let places = || self.partitions.iter().map(|partition| partition.checkpoint);
        let lowest = places().min_by_key(Checkpoint::position).unwrap_or_default();
        (lowest, places().max_by_key(Checkpoint::position).unwrap_or_default())
    }

    /// Rejects another number of partitions.
    pub(super) fn same_partitions<P: Projection>(&self, asked: u32) -> Result<(), ProjectorError> {
        let found = u32::try_from(self.partitions.len()).unwrap_or(u32::MAX);
        match found == asked {
            true => Ok(()),
            false => {
                Err(ProjectorError::PartitionsDiffer { projection: P::NAME, build: P::BUILD, found, asked })
            }
        }
    }

    pub(super) fn stand_mut(&mut self, partition: Partition) -> Option<&mut Stand> {
        let divided = self.partitions.len() == partition.of() as usize;
        self.partitions.get_mut(partition.index() as usize).filter(|_| divided)
    }

    pub(super) fn status<P: Projection>(&self, live: Option<u32>) -> ProjectionStatus {
        let mut status = ProjectionStatus::of::<P>();
        status.live = live;
        status.dead_letters = self.letters.len() as u64;
        let of = u32::try_from(self.partitions.len()).unwrap_or(u32::MAX);
        for (partition, stand) in (0..).zip(&self.partitions) {
            let mut shown =
                PartitionStatus::new(partition, of, stand.checkpoint.position(), stand.updated_at);
            shown.projected = stand.projected;
            shown.per_second = stand.per_second;
            shown.owner.clone_from(&stand.owner);
            (shown.error, shown.failed_at) = stand.failure.clone().unzip();
            status.partitions.push(shown);
        }
        status
    }
}

//! How far a projection has come.

use std::time::Duration;

use time::OffsetDateTime;

use super::Projection;
use crate::stream::Position;

/// How far a projection has come, and its current failure, if any.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ProjectionStatus {
    /// Its name.
    pub projection: &'static str,
    /// The build that this describes.
    pub build: u32,
    /// The build that readers see.
    pub live: Option<u32>,
    /// The position of the last event in the store that it reads.
    pub head: Position,
    /// How many dead letters there are.
    pub dead_letters: u64,
    /// Each partition.
    pub partitions: Vec<PartitionStatus>,
}

/// How far a partition of a projection has come.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PartitionStatus {
    /// Its index, counted from 0.
    pub partition: u32,
    /// The number of partitions; 0 if it is inline.
    pub of: u32,
    /// The last event that it has passed.
    pub position: Position,
    /// How many positions it lags; events of other projections, and gaps, are counted.
    pub lag_events: u64,
    /// The age of the first event that it has not passed; zero at the end.
    pub lag: Duration,
    /// How many events it has handled in all.
    pub projected: u64,
    /// Recent events per second.
    pub per_second: f64,
    /// The worker that moved it last.
    pub owner: Option<String>,
    /// When it was moved last.
    pub updated_at: OffsetDateTime,
    /// Why it does not continue.
    pub error: Option<String>,
    /// Since when it does not continue.
    pub failed_at: Option<OffsetDateTime>,
}

impl ProjectionStatus {
    /// For a projection without partitions, for authors of targets.
    #[must_use]
    pub const fn of<P: Projection>() -> Self {
        let (projection, build, head) = (P::NAME, P::BUILD, Position::new(0));
        Self { projection, build, live: None, head, dead_letters: 0, partitions: Vec::new() }
    }

    /// The position of the partition that lags most.
    #[must_use]
    pub fn position(&self) -> Position {
        self.partitions.iter().map(|partition| partition.position).min().unwrap_or_default()
    }

    /// How many positions that partition lags.
    #[must_use]
    pub fn lag_events(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.lag_events).max().unwrap_or_default()
    }

    /// The age of the first event that some partition has not passed.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.partitions.iter().map(|partition| partition.lag).max().unwrap_or_default()
    }

    /// Why it does not continue, for the first partition that does not.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.partitions.iter().find_map(|partition| partition.error.as_deref())
    }
}

impl PartitionStatus {
    /// For a partition at a position that was last moved at a time, for authors of targets.
    #[must_use]
    pub const fn new(partition: u32, of: u32, position: Position, updated_at: OffsetDateTime) -> Self {
        Self {
            partition,
            of,
            position,
            lag_events: 0,
            lag: Duration::ZERO,
            projected: 0,
            per_second: 0.0,
            owner: None,
            updated_at,
            error: None,
            failed_at: None,
        }
    }
}

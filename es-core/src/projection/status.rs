//! How far a projection has come.

use std::time::Duration;

use time::OffsetDateTime;

use super::Projection;
use crate::stream::Position;

/// How far a projection has come, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ProjectionStatus {
    /// Its name.
    pub projection: &'static str,
    /// The build that this is about.
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

/// How far a part of a projection has come.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PartitionStatus {
    /// Which one, counted from 0.
    pub partition: u32,
    /// Of how many; 0 if it is inline.
    pub of: u32,
    /// The last event that it has passed.
    pub position: Position,
    /// How many positions lie before it; events of other projections, and holes, are among them.
    pub lag_events: u64,
    /// How old the first event is that it has not passed; zero at the end.
    pub lag: Duration,
    /// How many events it has taken in all.
    pub projected: u64,
    /// How many events a second, of late.
    pub per_second: f64,
    /// Who moved it last.
    pub owner: Option<String>,
    /// When it was moved last.
    pub updated_at: OffsetDateTime,
    /// Why it does not go on.
    pub error: Option<String>,
    /// Since when it does not.
    pub failed_at: Option<OffsetDateTime>,
}

impl ProjectionStatus {
    /// Of a projection without partitions, for those who write targets.
    #[must_use]
    pub const fn of<P: Projection>() -> Self {
        let (projection, build, head) = (P::NAME, P::BUILD, Position::new(0));
        Self { projection, build, live: None, head, dead_letters: 0, partitions: Vec::new() }
    }

    /// The position of the partition that is furthest behind.
    #[must_use]
    pub fn position(&self) -> Position {
        self.partitions.iter().map(|partition| partition.position).min().unwrap_or_default()
    }

    /// How many positions lie before that partition.
    #[must_use]
    pub fn lag_events(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.lag_events).max().unwrap_or_default()
    }

    /// How old the first event is that some partition has not passed.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.partitions.iter().map(|partition| partition.lag).max().unwrap_or_default()
    }

    /// Why it does not go on, of the first partition that does not.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.partitions.iter().find_map(|partition| partition.error.as_deref())
    }
}

impl PartitionStatus {
    /// Of a partition that stands at a position and was moved last at a time, for those who write targets.
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

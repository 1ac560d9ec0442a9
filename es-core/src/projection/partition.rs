//! Which streams belong to which partition of a projection.

use crate::shape::Fingerprint;
use crate::stream::StreamId;

/// One of the partitions into which a projection divides its streams, to be processed in parallel. All events
/// of a stream are in one partition.
///
/// ```
/// use es_core::projection::Partition;
/// use es_core::StreamId;
///
/// let stream = StreamId::new("account", "A-17")?;
/// let owners = (0..4).filter(|&index| Partition::new(index, 4).takes(&stream)).count();
/// assert_eq!(owners, 1);
/// assert!(Partition::ALL.takes(&stream));
/// # Ok::<(), es_core::stream::InvalidStreamId>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    index: u32,
    of: u32,
}

impl Partition {
    /// The only partition: all streams.
    pub const ALL: Self = Self { index: 0, of: 1 };

    /// Partition `index`, counted from 0, of `count`, at least one.
    #[must_use]
    pub const fn new(index: u32, of: u32) -> Self {
        Self { index, of: if of == 0 { 1 } else { of } }
    }

    /// Its index, counted from 0.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// How many partitions there are.
    #[must_use]
    pub const fn of(self) -> u32 {
        self.of
    }

    /// Whether the events of this stream are in this partition. It depends only on the stream's key, which
    /// does not change when a category is renamed, and on a hash of our own, which stays the same forever:
    /// checkpoints depend on it.
    #[must_use]
    pub fn takes(self, stream: &StreamId) -> bool {
        self.of == 1 || hash(stream.key()) % u64::from(self.of) == u64::from(self.index)
    }
}

/// FNV-1a, with its upper half folded in: its lowest bits alone, which decide among few partitions, are just
/// those of the bytes.
const fn hash(key: &str) -> u64 {
    let hash = Fingerprint::EMPTY.with(key).to_i64().cast_unsigned();
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_stays_as_it_is() {
        // Checkpoints of partitions depend on these values.
        let hashes = [hash(""), hash("A-17"), hash("é")];
        assert_eq!(
            hashes,
            [12_638_352_125_746_125_090, 8_931_660_499_179_784_946, 6_911_934_833_846_421_894]
        );
    }

    #[test]
    fn streams_are_divided_evenly() {
        let mut counts = [0_u32; 4];
        for number in 0..4_000 {
            let stream = StreamId::new("account", number.to_string()).expect("a stream id");
            let partitions: Vec<usize> =
                (0..4).filter(|&at| Partition::new(at, 4).takes(&stream)).map(|at| at as usize).collect();
            assert_eq!(partitions.len(), 1, "{stream}");
            counts[partitions[0]] += 1;
        }
        assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }
}

//! The checksum of an event, over everything that a reader gets.

use crc32fast::Hasher;
use uuid::Uuid;

/// The fields of an event. Names and keys are included themselves, not their numbers in the file: if a number
/// means a different name, the event is damaged.
pub(crate) struct Fields<'a> {
    pub(crate) key: &'a str,
    pub(crate) position: i64,
    pub(crate) revision: i64,
    pub(crate) id: Uuid,
    pub(crate) name: &'a str,
    pub(crate) version: u32,
    pub(crate) recorded_at: i64,
    pub(crate) occurred_at: Option<i64>,
    pub(crate) correlation_id: Option<Uuid>,
    pub(crate) causation_id: Option<Uuid>,
    pub(crate) payload: &'a str,
    pub(crate) metadata: Option<&'a str>,
}

impl Fields<'_> {
    /// CRC-32 of the fields in this order: integers as 8 bytes, little-endian; text after its length;
    /// optional fields after a byte that tells whether they are present.
    pub(crate) fn checksum(&self) -> i64 {
        let mut hash = Gathered::new();
        text(&mut hash, self.key);
        for number in [self.position, self.revision] {
            hash.update(&number.to_le_bytes());
        }
        hash.update(self.id.as_bytes());
        text(&mut hash, self.name);
        for number in [i64::from(self.version), self.recorded_at] {
            hash.update(&number.to_le_bytes());
        }
        optional(&mut hash, self.occurred_at.map(i64::to_le_bytes).as_ref());
        optional(&mut hash, self.correlation_id.as_ref().map(Uuid::as_bytes));
        optional(&mut hash, self.causation_id.as_ref().map(Uuid::as_bytes));
        text(&mut hash, self.payload);
        optional(&mut hash, self.metadata);
        hash.finalize().into()
    }
}

/// The checksum of a snapshot: over its revision and state.
pub(crate) fn of_snapshot(revision: i64, state: &str) -> i64 {
    let mut hash = Gathered::new();
    hash.update(&revision.to_le_bytes());
    text(&mut hash, state);
    hash.finalize().into()
}

/// Joins short fields before hashing: one long run is hashed many times faster than many short ones.
struct Gathered {
    hash: Hasher,
    bytes: [u8; 512],
    length: usize,
}

impl Gathered {
    fn new() -> Self {
        Self { hash: Hasher::new(), bytes: [0; 512], length: 0 }
    }

    fn update(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + bytes.len()) {
            place.copy_from_slice(bytes);
            self.length += bytes.len();
        } else {
            self.flush();
            self.hash.update(bytes);
        }
    }

    fn flush(&mut self) {
        self.hash.update(&self.bytes[..self.length]);
        self.length = 0;
    }

    fn finalize(mut self) -> u32 {
        self.flush();
        self.hash.finalize()
    }
}

fn text(hash: &mut Gathered, text: &str) {
    hash.update(&(text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

fn optional(hash: &mut Gathered, bytes: Option<&(impl AsRef<[u8]> + ?Sized)>) {
    match bytes.map(AsRef::as_ref) {
        Some(bytes) => {
            hash.update(&[1]);
            hash.update(bytes);
        }
        None => hash.update(&[0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_never_changes() {
        let mut fields = Fields {
            key: "1",
            position: 1,
            revision: 1,
            id: Uuid::nil(),
            name: "account.opened",
            version: 1,
            recorded_at: 0,
            occurred_at: None,
            correlation_id: None,
            causation_id: Some(Uuid::nil()),
            payload: "{}",
            metadata: None,
        };
        // Stored in files: with another value every event would count as damaged.
        let first = fields.checksum();
        fields.metadata = Some("");
        assert_ne!(fields.checksum(), first, "no metadata, and an empty text");
    }
    #[test]
    fn the_checksum_covers_all_bytes_in_order_whatever_their_length() {
        for length in [0, 1, 7, 503, 504, 505, 511, 512, 513, 2_000] {
            let state = "ab".repeat(length).split_off(length);
            let bytes = [&7_i64.to_le_bytes()[..], &(length as u64).to_le_bytes(), state.as_bytes()].concat();
            assert_eq!(of_snapshot(7, &state), i64::from(crc32fast::hash(&bytes)), "{length}");
        }
    }
}

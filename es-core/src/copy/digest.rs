//! The digests by which two stores are compared.

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use super::copied::{ContentHash, Digest};
use crate::record::RawEvent;
use crate::store::{StoredCommand, StoredNames};
use crate::stream::StreamId;

/// A hash of fields, each with its length, so that different lists of fields differ.
#[derive(Clone, Default)]
pub(super) struct Fields(Sha256);

impl Fields {
    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn optional<T>(&mut self, value: Option<T>, add: impl FnOnce(&mut Self, T)) {
        self.number(u64::from(value.is_some()));
        if let Some(value) = value {
            add(self, value);
        }
    }

    fn id(&mut self, id: Option<Uuid>) {
        self.optional(id, |to, id| to.bytes(id.as_bytes()));
    }

    fn time(&mut self, time: OffsetDateTime) {
        self.bytes(&time.unix_timestamp_nanos().to_be_bytes());
    }

    fn stream(&mut self, stream: &StreamId) {
        self.bytes(stream.category().as_bytes());
        self.bytes(stream.key().as_bytes());
    }

    fn command(&mut self, command: &StoredCommand) {
        let outcome = &command.outcome;
        self.stream(&command.stream);
        self.id(Some(command.id));
        self.number(outcome.first.get());
        self.number(outcome.count);
        self.number(u64::from(outcome.rejected));
        self.optional(outcome.body_hash, |to, hash| to.number(hash.cast_unsigned()));
        self.optional(outcome.name.as_deref(), |to, name| to.bytes(name.as_bytes()));
        self.time(command.recorded_at);
    }

    fn hash(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Counts and hashes items in a common order.
#[derive(Default)]
pub(super) struct Ordered {
    count: u64,
    fields: Fields,
}

impl Ordered {
    pub(super) fn event(&mut self, event: &RawEvent<'_>) {
        self.count += 1;
        let to = &mut self.fields;
        to.stream(event.stream);
        to.number(event.revision.get());
        to.number(event.position.get());
        to.id(Some(event.event_id));
        to.bytes(event.name.as_bytes());
        to.number(event.version.into());
        to.bytes(event.payload);
        to.time(event.recorded_at);
        to.optional(event.occurred, Fields::time);
        to.id(event.correlation_id);
        to.id(event.causation_id);
        to.optional(event.metadata, Fields::bytes);
    }

    pub(super) fn digest(self) -> Digest {
        Digest { count: self.count, hash: ContentHash(self.fields.hash()) }
    }
}

/// Counts and hashes items that each store lists in an order of its own: the sum of the hashes.
#[derive(Default)]
pub(super) struct Unordered {
    count: u64,
    sum: [u8; 32],
}

impl Unordered {
    fn add(&mut self, fields: impl FnOnce(&mut Fields)) {
        let mut of_one = Fields::default();
        fields(&mut of_one);
        self.count += 1;
        let mut carry = 0;
        for (sum, byte) in self.sum.iter_mut().zip(of_one.hash()) {
            let [low, high] = (u16::from(*sum) + u16::from(byte) + carry).to_le_bytes();
            (*sum, carry) = (low, u16::from(high));
        }
    }

    pub(super) fn command(&mut self, command: &StoredCommand) {
        self.add(|to| to.command(command));
    }

    pub(super) fn stream(&mut self, stream: &StreamId) {
        self.add(|to| to.stream(stream));
    }

    pub(super) fn names(names: &StoredNames) -> Digest {
        let mut of = Self::default();
        for category in &names.categories {
            of.add(|to| {
                to.bytes(category.name.as_bytes());
                category.aliases.iter().for_each(|alias| to.bytes(alias.as_bytes()));
            });
        }
        for event in &names.events {
            of.add(|to| {
                to.bytes(event.name.as_bytes());
                to.number(event.version.into());
                to.optional(event.fingerprint, |to, print| to.number(print.to_i64().cast_unsigned()));
            });
        }
        of.digest()
    }

    pub(super) fn digest(self) -> Digest {
        Digest { count: self.count, hash: ContentHash(self.sum) }
    }
}

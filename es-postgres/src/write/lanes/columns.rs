//! The contents of a batch as columns: the arrays that the functions for batches take.

use es_core::StoreError;
use es_core::store::Append;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use uuid::Uuid;

use crate::connect::failure::unexpected;
use crate::connect::names::Known;
use crate::connect::number::bigint;
use crate::write::columns::{EventColumns, MetadataColumns};

/// The commands of a batch, one array for each column.
#[derive(Default)]
struct CommandColumns<'a> {
    appends: Vec<i32>,
    offsets: Vec<i32>,
    counts: Vec<i32>,
    ids: Vec<Uuid>,
    names: Vec<&'a str>,
    body_hashes: Vec<Option<i64>>,
}

/// One array for each parameter.
pub(super) struct BatchColumns<'a> {
    categories: Vec<Option<i32>>,
    keys: Vec<&'a str>,
    expected: Vec<i64>,
    heads: Vec<Option<Uuid>>,
    /// For each row, the number of events up to its end.
    through: Vec<i32>,
    /// For each event, the number of its row.
    appends: Vec<i32>,
    events: EventColumns<'a>,
    metadata: MetadataColumns,
    commands: CommandColumns<'a>,
}

impl<'a> BatchColumns<'a> {
    /// With capacity for this many rows and events.
    pub(super) fn for_rows(rows: usize, events: usize) -> Self {
        Self {
            categories: Vec::with_capacity(rows),
            keys: Vec::with_capacity(rows),
            expected: Vec::with_capacity(rows),
            heads: Vec::with_capacity(rows),
            through: Vec::with_capacity(rows),
            appends: Vec::with_capacity(events),
            events: EventColumns::for_events(events),
            metadata: MetadataColumns::for_events(events),
            commands: CommandColumns::default(),
        }
    }

    /// Adds a row: appends to one stream, each of which continues at the revision where the previous one
    /// ends.
    pub(super) fn add(
        &mut self,
        row: impl IntoIterator<Item = Append<'a>>,
        known: &Known,
    ) -> Result<(), StoreError> {
        let ordinal = i32::try_from(self.through.len() + 1).map_err(unexpected)?;
        let mut count = 0;
        for append in row {
            if self.keys.len() == self.through.len() {
                self.categories.push(known.category(append.stream.category()));
                self.keys.push(append.stream.key());
                self.expected.push(bigint(append.expected));
                self.heads.push(append.last_event_id);
            }
            self.events.extend(append.events, known)?;
            self.metadata.extend(append.events);
            let length = i32::try_from(append.events.len()).map_err(unexpected)?;
            if let Some(command) = append.command {
                self.commands.appends.push(ordinal);
                self.commands.offsets.push(count);
                self.commands.counts.push(length);
                self.commands.ids.push(command.key.id);
                self.commands.names.push(command.name);
                self.commands.body_hashes.push(command.key.body_hash);
            }
            count += length;
        }
        self.appends.resize(self.events.ids.len(), ordinal);
        self.through.push(i32::try_from(self.events.ids.len()).map_err(unexpected)?);
        Ok(())
    }

    /// Binds all parameters from the categories on.
    pub(super) fn bind<'q>(
        self,
        call: Query<'q, Postgres, PgArguments>,
        known: &Known,
    ) -> Query<'q, Postgres, PgArguments>
    where
        'a: 'q,
    {
        let Self { events, metadata, commands, .. } = self;
        call.bind(self.categories)
            .bind(self.keys)
            .bind(self.expected)
            .bind(self.heads)
            .bind(self.through)
            .bind(self.appends)
            .bind(events.ids)
            .bind(events.types)
            .bind(events.payloads)
            .bind(unless_null(metadata.occurred))
            .bind(unless_null(metadata.correlations))
            .bind(unless_null(metadata.causations))
            .bind(unless_null(metadata.json))
            .bind(commands.appends)
            .bind(commands.offsets)
            .bind(commands.counts)
            .bind(commands.ids)
            .bind(commands.names)
            .bind(commands.body_hashes)
            .bind(known.token())
    }
}

/// An array that holds only nulls is sent as an empty one.
fn unless_null<T>(column: Vec<Option<T>>) -> Vec<Option<T>> {
    if column.iter().all(Option::is_none) { Vec::new() } else { column }
}

//! One copy, from the names to the comparison.

use std::time::Duration;

use tokio::time::sleep;
use tracing::info;

use super::copied::{Copied, Digest};
use super::digest::{Ordered, Unordered};
use super::error::CopyError;
use super::page::OwnedEvent;
use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::{AllPage, AllQuery, Checkpoint, ExportStore, Filter, ImportStore, Rest, StoredCommand};
use crate::stream::StreamId;

/// How many events, commands or streams are held in memory at a time.
const PAGE: usize = 4_000;
/// The maximum size of events in bytes, if there is more than one.
const PAGE_BYTES: usize = 4 << 20;
/// How long to wait for a pending append to the source.
const HELD_PAGE_WAIT: Duration = Duration::from_millis(10);

pub(super) struct Copy<'a, A: ?Sized, B: ?Sized> {
    pub(super) from: &'a A,
    pub(super) to: &'a B,
}

impl<A: ExportStore + ?Sized, B: ImportStore + ?Sized> Copy<'_, A, B> {
    pub(super) async fn run(&self) -> Result<Copied, CopyError> {
        self.names().await?;
        let mut at = self.to.end().await.map_err(CopyError::Target)?;
        if let Err(error @ StoreError::ForeignCheckpoint { .. }) = read(self.from, at, 1, &mut |_| {}).await {
            return Err(CopyError::AnotherHistory(error));
        }
        self.events(&mut at).await?;
        self.commands(&mut at).await?;
        self.closed(&mut at).await?;
        self.names().await?;
        self.compare(at).await
    }

    async fn names(&self) -> Result<(), CopyError> {
        let names = self.from.export_names().await.map_err(CopyError::Source)?;
        self.to.import_names(&names).await.map_err(CopyError::Target)
    }

    /// Copies the events up to the end of what can be read.
    async fn events(&self, at: &mut Checkpoint) -> Result<(), CopyError> {
        loop {
            let mut events = Vec::new();
            let page = read(self.from, *at, PAGE, &mut |raw| events.push(OwnedEvent::new(&raw))).await;
            let page = page.map_err(CopyError::Source)?;
            if !events.is_empty() {
                let events: Vec<RawEvent<'_>> = events.iter().map(OwnedEvent::raw).collect();
                self.to.import_events(&events).await.map_err(CopyError::Target)?;
                info!(position = %page.checkpoint.position(), "events are copied");
            }
            *at = page.checkpoint;
            match page.rest {
                Rest::Nothing => return Ok(()),
                Rest::Held => sleep(HELD_PAGE_WAIT).await,
                Rest::More => {}
            }
        }
    }

    async fn commands(&self, at: &mut Checkpoint) -> Result<(), CopyError> {
        let mut last: Option<StoredCommand> = None;
        loop {
            let page = self.from.export_commands(last.as_ref(), PAGE).await.map_err(CopyError::Source)?;
            // Those of commands that came meanwhile.
            self.events(at).await?;
            if page.is_empty() {
                return Ok(());
            }
            self.to.import_commands(&page).await.map_err(CopyError::Target)?;
            last = page.into_iter().last();
        }
    }

    async fn closed(&self, at: &mut Checkpoint) -> Result<(), CopyError> {
        let mut last: Option<StreamId> = None;
        loop {
            let page = self.from.export_closed(last.as_ref(), PAGE).await.map_err(CopyError::Source)?;
            self.events(at).await?;
            if page.is_empty() {
                return Ok(());
            }
            self.to.import_closed(&page).await.map_err(CopyError::Target)?;
            last = page.into_iter().last();
        }
    }

    async fn compare(&self, end: Checkpoint) -> Result<Copied, CopyError> {
        let there = StoreDigest::of(self.from, end).await.map_err(CopyError::Source)?;
        let here = StoreDigest::of(self.to, end).await.map_err(CopyError::Target)?;
        let head = self.from.end().await.map_err(CopyError::Source)?;
        let pairs = [
            ("events", there.events, here.events),
            ("commands", there.commands, here.commands),
            ("closed streams", there.closed, here.closed),
            ("names", there.names, here.names),
        ];
        match pairs.into_iter().find(|(_, there, here)| there != here) {
            Some(("events", source_digest, target_digest)) => {
                Err(CopyError::Differs { what: "events", source_digest, target_digest })
            }
            _ if head != end => Err(CopyError::SourceMoved),
            Some((what, source_digest, target_digest)) => {
                Err(CopyError::Differs { what, source_digest, target_digest })
            }
            None => Ok(Copied {
                checkpoint: end,
                events: here.events,
                commands: here.commands,
                closed: here.closed,
            }),
        }
    }
}

/// Everything that is compared of a store.
struct StoreDigest {
    events: Digest,
    commands: Digest,
    closed: Digest,
    names: Digest,
}

impl StoreDigest {
    async fn of<S: ExportStore + ?Sized>(store: &S, end: Checkpoint) -> Result<Self, StoreError> {
        Ok(Self {
            events: events(store, end).await?,
            commands: commands(store).await?,
            closed: closed(store).await?,
            names: Unordered::names(&store.export_names().await?),
        })
    }
}

/// The events up to a checkpoint.
async fn events<S: ExportStore + ?Sized>(store: &S, end: Checkpoint) -> Result<Digest, StoreError> {
    let (mut digest, mut at) = (Ordered::default(), Checkpoint::START);
    while at.position() < end.position() {
        let mut take = |raw: RawEvent<'_>| {
            if raw.position <= end.position() {
                digest.event(&raw);
            }
        };
        let page = read(store, at, PAGE, &mut take).await?;
        at = page.checkpoint;
        if page.rest == Rest::Nothing {
            break;
        }
    }
    Ok(digest.digest())
}

async fn commands<S: ExportStore + ?Sized>(store: &S) -> Result<Digest, StoreError> {
    let (mut digest, mut last) = (Unordered::default(), None);
    loop {
        let page = store.export_commands(last.as_ref(), PAGE).await?;
        page.iter().for_each(|command| digest.command(command));
        match page.into_iter().last() {
            None => return Ok(digest.digest()),
            end => last = end,
        }
    }
}

async fn closed<S: ExportStore + ?Sized>(store: &S) -> Result<Digest, StoreError> {
    let (mut digest, mut last) = (Unordered::default(), None);
    loop {
        let page = store.export_closed(last.as_ref(), PAGE).await?;
        page.iter().for_each(|stream| digest.stream(stream));
        match page.into_iter().last() {
            None => return Ok(digest.digest()),
            end => last = end,
        }
    }
}

/// A page of all events.
async fn read<S: ExportStore + ?Sized>(
    store: &S,
    after: Checkpoint,
    limit: usize,
    take: &mut (dyn FnMut(RawEvent<'_>) + Send),
) -> Result<AllPage, StoreError> {
    let all = Filter::new();
    let query = AllQuery::after(after, &all).limit(limit).bytes(PAGE_BYTES);
    let mut sink = |raw: RawEvent<'_>| {
        take(raw);
        Ok(())
    };
    store.read_all(query, &mut sink).await
}

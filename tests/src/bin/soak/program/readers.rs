//! The reads of a program: single streams, all events, and the read model that it projects.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use es_core::record::RawEvent;
use es_core::store::{Checkpoint, Rest};
use es_core::subscription::Subscription;
use es_core::{Loaded, Position, Revision, StoreError};
use es_postgres::Projector;
use tokio::time::{sleep, timeout};

use super::shared::{PATIENCE, ProgramState, account, excused};
use crate::domain::{Account, Sums};
use crate::log::{self, Entry, Read, now};

impl ProgramState {
    pub(super) async fn read(&self, random: &mut fastrand::Rng) {
        let (account, began) = (account(random), now());
        let loaded = match timeout(PATIENCE, self.accounts.load(&account)).await {
            Err(_) => return,
            Ok(Err(error)) if excused(&error) => return,
            Ok(Err(error)) => return self.violation("load", error),
            Ok(Ok(loaded)) => loaded,
        };
        let read = |began, loaded: Loaded<Account>, newest| {
            Entry::Read(Read {
                began,
                ended: now(),
                stream: format!("account/{account}"),
                revision: loaded.revision.get(),
                cents: loaded.state.cents,
                newest,
            })
        };
        if loaded.state.events != loaded.revision.get() {
            self.violation("load", format!("{} events at {}", loaded.state.events, loaded.revision));
        }
        let earlier = Revision::new(random.u64(..=loaded.revision.get()));
        self.log.write(&read(began, loaded, true));
        let began = now();
        if let Ok(Ok(loaded)) = timeout(PATIENCE, self.accounts.load_at(&account, earlier)).await {
            self.log.write(&read(began, loaded, false));
        }
    }

    /// A subscription to all events, which resumes where the log ends.
    pub(super) async fn follow(self: Arc<Self>, path: PathBuf) {
        let mut from = Checkpoint::START;
        for entry in log::read(&path).expect("the log") {
            match entry {
                Entry::Page { checkpoint: (position, id), .. } => {
                    from = Checkpoint::behind(Position::new(position), id);
                }
                Entry::BeganAgain => from = Checkpoint::START,
                _ => {}
            }
        }
        let begin =
            |from| Subscription::new(self.store.clone()).poll_every(Duration::from_millis(200)).from(from);
        let mut subscription = begin(from);
        loop {
            let mut events = Vec::new();
            let mut take = |raw: RawEvent<'_>| {
                events.push((raw.position.get(), raw.event_id));
                if raw.stream.category() == "loose"
                    && !String::from_utf8_lossy(raw.payload).contains(raw.name)
                {
                    let stream = raw.stream.to_string();
                    self.violation("subscription", format!("{stream} is read under the name {}", raw.name));
                }
                Ok(())
            };
            let page = match timeout(Duration::from_secs(1), subscription.next_page(&mut take)).await {
                Ok(page) => page,
                Err(_) if self.is_ending() => subscription.page(&mut take).await,
                Err(_) => continue,
            };
            match page {
                Ok(page) => {
                    let Some((position, id)) = page.checkpoint.event() else { continue };
                    self.log.write(&Entry::Page { events, checkpoint: (position.get(), id) });
                    if self.is_ending() && page.events == 0 && page.rest == Rest::Nothing {
                        return;
                    }
                }
                Err(StoreError::ForeignCheckpoint { .. }) => {
                    self.log.write(&Entry::BeganAgain);
                    subscription = begin(Checkpoint::START);
                }
                Err(error) if excused(&error) => {}
                Err(error) => {
                    self.violation("subscription", error);
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    pub(super) fn projector(&self) -> Projector<Sums> {
        Projector::new(self.store.clone(), Sums).partitions(2).poll_every(Duration::from_millis(200))
    }

    pub(super) async fn project(self: Arc<Self>) {
        loop {
            self.excuse("project", self.projector().run().await);
            sleep(Duration::from_millis(100)).await;
        }
    }
}

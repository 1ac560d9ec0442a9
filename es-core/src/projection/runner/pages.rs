//! The pages of a worker. While one is projected, a separate task reads and decodes the following ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use crate::error::StoreError;
use crate::projection::settings::RunnerOptions;
use crate::projection::{Partition, Projection, ProjectionPage, ProjectionReader};
use crate::store::{Checkpoint, ReadAll, Rest};
use crate::subscription::When;

pub(in crate::projection) struct Pages<P: Projection, S> {
    source: S,
    partition: Partition,
    page_size: usize,
    page_bytes: usize,
    poll_every: Duration,
    /// The reader that is used when nothing is read ahead.
    reader: Option<ProjectionReader<P, S>>,
    ahead: Option<ReadAhead<P>>,
    /// The rest of a page that was applied in part, from this checkpoint on.
    left: Option<(Checkpoint, ProjectionPage<P>)>,
}

/// Pages that are read ahead, as long as there are more. Dropping this stops it.
struct ReadAhead<P: Projection> {
    /// Where the next one begins.
    behind: Checkpoint,
    /// The maximum number of events that it holds.
    most: Arc<AtomicUsize>,
    pages: Receiver<ProjectionPage<P>>,
    _task: JoinSet<()>,
}

impl<P: Projection, S: ReadAll + Clone + 'static> Pages<P, S> {
    pub(in crate::projection) fn new(source: &S, partition: Partition, options: &RunnerOptions) -> Self {
        let &RunnerOptions { page_size, page_bytes, poll_every, .. } = options;
        Self {
            source: source.clone(),
            partition,
            page_size,
            page_bytes,
            poll_every,
            reader: None,
            ahead: None,
            left: None,
        }
    }

    /// The previous reader, which knows how large a page may be, or a new one.
    fn reader(&mut self, from: Checkpoint) -> ProjectionReader<P, S> {
        let mut reader = self.reader.take().unwrap_or_else(|| {
            let reader = ProjectionReader::new(self.source.clone()).partition(self.partition);
            let reader = reader.page_size(self.page_size).page_bytes(self.page_bytes);
            reader.poll_every(self.poll_every)
        });
        reader.seek(from);
        reader
    }

    /// Reads the page after the last one, with at most this many events per page from now on.
    pub(in crate::projection) fn read_ahead(&mut self, behind: Checkpoint, most: usize) {
        if let Some(ahead) = &self.ahead {
            ahead.most.store(most, Ordering::Relaxed);
            return;
        }
        let reader = self.reader(behind);
        let most = Arc::new(AtomicUsize::new(most));
        // One is ready, and the next one is being read.
        let (sender, pages) = mpsc::channel(1);
        let mut task = JoinSet::new();
        task.spawn(send(reader, Arc::clone(&most), sender));
        self.ahead = Some(ReadAhead { behind, most, pages, _task: task });
    }

    /// Discards what was read ahead: it may belong to another history than what is read from now on.
    pub(in crate::projection) fn forget(&mut self) {
        (self.ahead, self.left) = (None, None);
    }

    /// Returns the rest of a page.
    pub(in crate::projection) fn put_back(&mut self, from: Checkpoint, page: ProjectionPage<P>) {
        self.left = Some((from, page));
    }

    /// The page after a checkpoint.
    pub(in crate::projection) async fn read(
        &mut self,
        from: Checkpoint,
        when: When,
    ) -> Result<ProjectionPage<P>, StoreError> {
        if let Some((at, page)) = self.left.take()
            && at == from
        {
            return Ok(page);
        }
        if let Some(mut ahead) = self.ahead.take_if(|ahead| ahead.behind == from)
            && let Some(page) = ahead.pages.recv().await
        {
            ahead.behind = page.checkpoint;
            self.ahead = Some(ahead);
            return Ok(page);
        }
        self.ahead = None;
        let reader = self.reader(from);
        let reader = self.reader.insert(reader);
        reader.read(when).await
    }
}

/// Sends pages up to the end of what can be read now, or to the first event that does not decode. A read that
/// fails is repeated in its turn.
async fn send<P: Projection, S: ReadAll>(
    mut reader: ProjectionReader<P, S>,
    most: Arc<AtomicUsize>,
    pages: Sender<ProjectionPage<P>>,
) {
    let mut more = true;
    while more {
        let before = reader.checkpoint();
        reader = reader.page_size(most.load(Ordering::Relaxed));
        let Ok(page) = reader.page().await else { return };
        more = page.rest == Rest::More && page.broken.is_none();
        let moved = page.checkpoint != before || page.broken.is_some();
        if !moved || pages.send(page).await.is_err() {
            return;
        }
    }
}

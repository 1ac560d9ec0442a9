//! The pages of a worker. While one is projected, a task of its own reads and decodes the next.

use std::time::Duration;

use es_core::{Checkpoint, Part, Projection, ProjectionPage, ProjectionReader, StoreError};
use tokio::task::JoinSet;

use crate::PostgresStore;

type Reader<P> = ProjectionReader<P, PostgresStore>;
type Read<P> = (Reader<P>, Result<ProjectionPage<P>, StoreError>);

pub(super) struct Pages<P: Projection> {
    reader: Reader<P>,
    /// The reader of the task, while there is none.
    second: Option<Reader<P>>,
    ahead: Option<Ahead<P>>,
}

/// A page that is being read. Dropped, it is not.
struct Ahead<P: Projection> {
    behind: Checkpoint,
    task: JoinSet<Read<P>>,
}

impl<P: Projection> Pages<P> {
    pub(super) fn new(store: &PostgresStore, part: Part, page_size: usize, poll_every: Duration) -> Self {
        let reader = || ProjectionReader::new(store.clone()).part(part).page_size(page_size);
        Self { reader: reader().poll_every(poll_every), second: Some(reader()), ahead: None }
    }

    /// Begins to read what lies behind a page, so many events at most.
    pub(super) fn read_ahead(&mut self, behind: Checkpoint, most: usize) {
        let Some(reader) = self.second.take() else { return };
        let mut reader = reader.page_size(most);
        reader.seek(behind);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let page = reader.page().await;
            (reader, page)
        });
        self.ahead = Some(Ahead { behind, task });
    }

    /// The page behind a checkpoint: the present rest, or, with `wait`, not before there is something.
    pub(super) async fn read(
        &mut self,
        from: Checkpoint,
        wait: bool,
    ) -> Result<ProjectionPage<P>, StoreError> {
        if let Some(page) = self.ahead(from).await {
            return Ok(page);
        }
        self.reader.seek(from);
        if wait { self.reader.next_page().await } else { self.reader.page().await }
    }

    /// What was read ahead, if there is anything in it. What failed is met again in its turn.
    async fn ahead(&mut self, from: Checkpoint) -> Option<ProjectionPage<P>> {
        let ahead = self.ahead.as_mut()?;
        let read = ahead.task.join_next().await;
        let behind = ahead.behind;
        self.ahead = None;
        let (reader, page) = read?.ok()?;
        self.second = Some(reader);
        page.ok().filter(|page| behind == from && (page.checkpoint != from || page.broken.is_some()))
    }
}

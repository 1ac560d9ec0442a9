//! The one lane of a store: whatever is written goes through it, in the order of the calls.
//!
//! It has a thread of its own. So what was begun comes to its end whatever becomes of its caller: no dropped
//! future leaves a transaction open, no runtime that ends stops it half-way, and no task that is not polled
//! keeps the lock on the file.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use es_core::store::Submitted;
use es_core::{StoreError, StreamId};
use tokio::runtime::Builder;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

use super::group::{MOST, MOST_BYTES};
use super::job::{Done, Job, Link, TakesBack, Ticket, Work};
use super::part::Part;
use super::writer::Writer;
use crate::error::Failure;
use crate::latch::hold;

const OVERLOADED: Failure = Failure::Waited(
    "more writes wait than `SqliteOptions::waiting` says, and for as long as `busy_timeout` none of them \
     gave up its place",
);
const LATE: Failure = Failure::Waited(
    "the write waited for its turn for as long as `busy_timeout` says: a transaction of this program is open, \
     another program writes, or the disk is slow",
);

/// The end of the lane at which callers are.
#[derive(Debug)]
pub(crate) struct Lane {
    jobs: mpsc::Sender<Job>,
    patience: Duration,
    /// Rung when somebody begins to listen for what other processes write.
    listened: Arc<Notify>,
    /// The fate of the last append that was submitted to a stream, while somebody still waits for it.
    links: Mutex<HashMap<StreamId, Weak<AtomicU8>>>,
}

impl Lane {
    pub(crate) fn start(writer: Writer) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(writer.opener.options.waiting);
        let listened = Arc::new(Notify::new());
        let patience = writer.opener.options.busy_timeout;
        let end = End { writer, queue, ahead: None, listened: Arc::clone(&listened), listens: false };
        thread::Builder::new().name("es-sqlite".into()).spawn(move || match Builder::new_current_thread()
            .enable_time()
            .build()
        {
            Ok(runtime) => runtime.block_on(end.run()),
            Err(error) => tracing::error!(%error, "the thread that writes cannot work"),
        })?;
        Ok(Self { jobs, patience, listened, links: Mutex::default() })
    }

    /// From now on it is looked for what other processes write.
    pub(crate) fn listen(&self) {
        self.listened.notify_one();
    }

    /// Has work done. Dropped before it was begun, the work is never done, and afterwards always.
    pub(crate) async fn call(&self, work: Work) -> Result<Done, StoreError> {
        let (ticket, answer) = self.queue(work, None).await?;
        let _guard = TakesBack(ticket.clone());
        wait(ticket, answer, self.patience).await
    }

    /// Puts an append into the queue, which keeps the order of those to one stream.
    pub(crate) async fn submit(&self, part: Part) -> Result<Submitted, StoreError> {
        let (fate, stream) = (Arc::new(AtomicU8::new(0)), part.stream.clone());
        let place = self.place().await?;
        // Nobody else submits in between: a link is made in the order of the queue.
        let (ticket, answer) = {
            let mut links = hold(&self.links);
            links.retain(|_, fate| fate.strong_count() > 0);
            let before = links.insert(stream, Arc::downgrade(&fate)).and_then(|before| before.upgrade());
            let link = Some(Link::after(Arc::clone(&fate), before));
            let (job, ticket, answer) = job(Work::Append { parts: vec![part], several: false }, link);
            place.send(job);
            (ticket, answer)
        };
        let patience = self.patience;
        Ok(Box::pin(async move {
            // Kept until the caller knows: what it submits before then builds on this one.
            let _fate = fate;
            match wait(ticket, answer, patience).await? {
                Done::Appended(mut outcomes) => outcomes.pop().ok_or_else(|| Failure::Closed.into()),
                _ => Err(Failure::Closed.into()),
            }
        }))
    }

    async fn queue(&self, work: Work, link: Option<Link>) -> Result<(Ticket, Answer), StoreError> {
        let place = self.place().await?;
        let (job, ticket, answer) = job(work, link);
        place.send(job);
        Ok((ticket, answer))
    }

    async fn place(&self) -> Result<mpsc::Permit<'_, Job>, Failure> {
        let place = timeout(self.patience, self.jobs.reserve()).await;
        place.map_err(|_| OVERLOADED)?.map_err(|_| Failure::Closed)
    }
}

type Answer = oneshot::Receiver<Result<Done, StoreError>>;

fn job(work: Work, link: Option<Link>) -> (Job, Ticket, Answer) {
    let ((reply, answer), ticket) = (oneshot::channel(), Ticket::default());
    (Job { work, ticket: ticket.clone(), reply, link }, ticket, answer)
}

async fn wait(ticket: Ticket, mut answer: Answer, patience: Duration) -> Result<Done, StoreError> {
    let answered = match timeout(patience, &mut answer).await {
        Ok(answered) => answered,
        Err(_) if ticket.take_back() => return Err(LATE.into()),
        // It was begun, and ends by itself.
        Err(_) => answer.await,
    };
    answered.unwrap_or_else(|_| Err(Failure::Closed.into()))
}

/// The end at which the file is.
struct End {
    writer: Writer,
    queue: mpsc::Receiver<Job>,
    /// What was taken from the queue and did not fit into a group.
    ahead: Option<Job>,
    listened: Arc<Notify>,
    listens: bool,
}

impl End {
    async fn run(mut self) {
        while let Some(job) = self.next().await {
            if matches!(job.work, Work::End) {
                // What waits already is still done.
                self.queue.close();
                while let Some(job) = self.next().await {
                    self.serve(job).await;
                }
                self.writer.close().await;
                drop(job.reply.send(Ok(Done::Changed(true))));
                return;
            }
            self.serve(job).await;
        }
    }

    /// The next job that nobody has taken back.
    async fn next(&mut self) -> Option<Job> {
        loop {
            let job = match self.ahead.take() {
                Some(job) => job,
                None => self.receive().await?,
            };
            // A caller has the connection: until it is back, nothing is begun, and can be taken back.
            drop(self.writer.turn().await);
            if let Some(job) = begun(job) {
                return Some(job);
            }
        }
    }

    /// While somebody listens, looks now and then for what other processes write.
    async fn receive(&mut self) -> Option<Job> {
        loop {
            if self.listens {
                match timeout(self.writer.opener.options.poll_interval, self.queue.recv()).await {
                    Ok(job) => return job,
                    Err(_) => self.writer.look().await,
                }
            } else {
                let listened = Arc::clone(&self.listened);
                tokio::select! {
                    job = self.queue.recv() => return job,
                    () = listened.notified() => self.listens = true,
                }
            }
        }
    }

    /// Does one job, and with it those behind it that can go in its transaction.
    async fn serve(&mut self, job: Job) {
        if !matches!(job.work, Work::Append { .. } | Work::Remember(_)) {
            return self.writer.alone(job).await;
        }
        let mut bytes = job.work.bytes();
        let mut group = vec![job];
        if group[0].work.joins(&self.writer.known) {
            while group.len() < MOST
                && let Ok(job) = self.queue.try_recv()
            {
                bytes = bytes.saturating_add(job.work.bytes());
                if bytes > MOST_BYTES || !job.work.joins(&self.writer.known) {
                    self.ahead = Some(job);
                    break;
                }
                group.extend(begun(job));
            }
        }
        self.writer.group(group).await;
    }
}

/// A job that nobody has taken back, and which nobody can take back any more.
fn begun(job: Job) -> Option<Job> {
    if job.ticket.begin() {
        return Some(job);
    }
    job.unlink();
    None
}

//! The single lane of a store: all writes go through it, in the order of the calls.
//!
//! It has its own thread, so a write that has begun always completes: a dropped future leaves no transaction
//! open, a runtime that ends does not interrupt it, and a task that is not polled does not keep the lock on
//! the file.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use es_core::store::Submitted;
use es_core::{StoreError, StreamId};
use tokio::runtime::Builder;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

use super::group::{MAX_BYTES, MAX_CALLS};
use super::job::{CancelOnDrop, Done, Job, Link, Ticket, Work};
use super::part::Part;
use super::queue::Queue;
use super::writer::Writer;
use crate::error::Failure;
use crate::latch::hold;

const QUEUE_FULL: Failure = Failure::Waited(
    "the queue of `SqliteOptions::waiting` writes was full, and no place became free within `busy_timeout`; \
     raise either, or write less at a time",
);
/// After the writes of this many callers together, the lane waits this long for most of them to write again.
const FEWEST_CALLERS: usize = 4;
const CALLERS_RETURN: Duration = Duration::from_micros(150);

/// The callers' end of the lane.
#[derive(Debug)]
pub(crate) struct Lane {
    jobs: mpsc::Sender<Job>,
    patience: Duration,
    /// Notified when somebody starts listening for writes of other processes.
    listened: Arc<Notify>,
    /// The outcome of the last append that was submitted to a stream, while its caller still waits.
    links: Mutex<HashMap<StreamId, Weak<AtomicU8>>>,
}

impl Lane {
    pub(crate) fn start(writer: Writer) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(writer.opener.options.waiting);
        let listened = Arc::new(Notify::new());
        let patience = writer.opener.options.busy_timeout;
        let bell = Arc::clone(&listened);
        thread::Builder::new().name("es-sqlite".into()).spawn(move || match Builder::new_current_thread()
            .enable_time()
            .build()
        {
            Ok(runtime) => runtime.block_on(async move {
                let queue = Queue::new(queue, patience);
                End { writer, queue, listened: bell, listens: false }.run().await;
            }),
            Err(error) => tracing::error!(%error, "the write thread cannot start"),
        })?;
        Ok(Self { jobs, patience, listened, links: Mutex::default() })
    }

    /// Starts polling for writes of other processes.
    pub(crate) fn listen(&self) {
        self.listened.notify_one();
    }

    /// Executes work. If dropped before it has begun, it is never executed; afterwards it always is.
    pub(crate) async fn call(&self, work: Work) -> Result<Done, StoreError> {
        let (ticket, answer) = self.queue(work, None).await?;
        let _guard = CancelOnDrop(ticket.clone());
        wait(answer).await
    }

    /// Queues an append; appends to one stream keep their order.
    pub(crate) async fn submit(&self, part: Part) -> Result<Submitted, StoreError> {
        let (outcome, stream) = (Arc::new(AtomicU8::new(0)), part.stream.clone());
        let place = self.place().await?;
        // Nobody else submits in between: links are made in the order of the queue.
        let answer = {
            let mut links = hold(&self.links);
            links.retain(|_, outcome| outcome.strong_count() > 0);
            let before = links.insert(stream, Arc::downgrade(&outcome)).and_then(|before| before.upgrade());
            let link = Some(Link::after(Arc::clone(&outcome), before));
            let (job, _, answer) = job(Work::Append { parts: vec![part], several: false }, link);
            place.send(job);
            answer
        };
        Ok(Box::pin(async move {
            // Kept until the caller knows the outcome: what it submits before then builds on this one.
            let _outcome = outcome;
            match wait(answer).await? {
                Done::Appended(mut outcomes) => outcomes.pop().ok_or_else(|| Failure::Closed.into()),
                _ => Err(Failure::Closed.into()),
            }
        }))
    }

    async fn queue(&self, work: Work, link: Option<Link>) -> Result<(Ticket, PendingAnswer), StoreError> {
        let place = self.place().await?;
        let (job, ticket, answer) = job(work, link);
        place.send(job);
        Ok((ticket, answer))
    }

    async fn place(&self) -> Result<mpsc::Permit<'_, Job>, Failure> {
        let place = timeout(self.patience, self.jobs.reserve()).await;
        place.map_err(|_| QUEUE_FULL)?.map_err(|_| Failure::Closed)
    }
}

type PendingAnswer = oneshot::Receiver<Result<Done, StoreError>>;

fn job(work: Work, link: Option<Link>) -> (Job, Ticket, PendingAnswer) {
    let ((reply, answer), ticket) = (oneshot::channel(), Ticket::default());
    (Job { work, ticket: ticket.clone(), since: Instant::now(), reply, link }, ticket, answer)
}

async fn wait(answer: PendingAnswer) -> Result<Done, StoreError> {
    answer.await.unwrap_or_else(|_| Err(Failure::Closed.into()))
}

/// The file's end of the lane.
struct End {
    writer: Writer,
    queue: Queue,
    listened: Arc<Notify>,
    listens: bool,
}

impl End {
    async fn run(mut self) {
        while let Some(job) = self.next().await {
            if matches!(job.work, Work::End) {
                // Jobs that already wait are still executed.
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

    /// The next job that was not cancelled.
    async fn next(&mut self) -> Option<Job> {
        loop {
            let job = self.receive().await?;
            self.queue.put_back(job);
            // A caller may have the connection: until it is returned, nothing is begun, and everything can be
            // cancelled.
            drop(self.queue.expire_during(self.writer.turn()).await);
            if let Some(job) = self.queue.try_recv().and_then(begun) {
                return Some(job);
            }
        }
    }

    /// Polls for writes of other processes while somebody listens.
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

    /// Executes a job, together with the next ones that can share its transaction.
    async fn serve(&mut self, job: Job) {
        if !matches!(job.work, Work::Append { .. } | Work::Remember(_)) {
            return self.queue.expire_during(self.writer.alone(job)).await;
        }
        let mut bytes = job.work.bytes();
        let mut group = vec![job];
        if group[0].work.joins(&self.writer.known) {
            while group.len() < MAX_CALLS
                && let Some(job) = self.queue.try_recv()
            {
                bytes = bytes.saturating_add(job.work.bytes());
                if bytes > MAX_BYTES || !job.work.joins(&self.writer.known) {
                    self.queue.put_back(job);
                    break;
                }
                group.extend(begun(job));
            }
        }
        let answered = group.len();
        self.queue.expire_during(self.writer.group(group)).await;
        self.let_callers_return(answered);
    }

    /// Callers in a loop write again as soon as they are answered. If the lane took the first of them at
    /// once, that one would be written alone, and all others would wait for it.
    fn let_callers_return(&self, answered: usize) {
        if answered < FEWEST_CALLERS {
            return;
        }
        let until = Instant::now() + CALLERS_RETURN;
        while self.queue.len() < answered * 3 / 4 && Instant::now() < until {
            thread::yield_now();
        }
    }
}

/// Begins a job, unless it was cancelled; afterwards it cannot be.
fn begun(job: Job) -> Option<Job> {
    if job.ticket.begin() {
        return Some(job);
    }
    job.unlink();
    None
}

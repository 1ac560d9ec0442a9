//! The jobs that wait for the lane, and the deadline for each to begin.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};

use super::job::Job;
use crate::error::Failure;

const NOT_STARTED: Failure = Failure::Waited(
    "the write did not start within `busy_timeout`: a transaction of this program is open, another program \
     writes, or the disk is slow",
);

/// The receiving end of the queue.
///
/// It watches the deadlines of all waiting jobs with a single timer. If each caller set a timer of its own,
/// most appends would wake another thread of the caller's runtime, only to tell it of the new timer.
pub(super) struct Queue {
    jobs: mpsc::Receiver<Job>,
    /// The first job, if it was already taken from the channel.
    first: Option<Job>,
    /// How long a job may wait.
    patience: Duration,
    /// Never later than the deadline of the first job.
    alarm: Pin<Box<Sleep>>,
}

impl Queue {
    pub(super) fn new(jobs: mpsc::Receiver<Job>, patience: Duration) -> Self {
        Self { jobs, first: None, patience, alarm: Box::pin(sleep(patience)) }
    }

    /// The next job; `None` once the queue is closed and empty.
    pub(super) async fn recv(&mut self) -> Option<Job> {
        match self.first.take() {
            Some(job) => Some(job),
            None => self.jobs.recv().await,
        }
    }

    /// The next job, if one waits.
    pub(super) fn try_recv(&mut self) -> Option<Job> {
        self.first.take().or_else(|| self.jobs.try_recv().ok())
    }

    /// The number of jobs that wait.
    pub(super) fn len(&self) -> usize {
        self.jobs.len() + usize::from(self.first.is_some())
    }

    /// Puts a job back to the front.
    pub(super) fn put_back(&mut self, job: Job) {
        self.first = Some(job);
    }

    /// Accepts no more jobs.
    pub(super) fn close(&mut self) {
        self.jobs.close();
    }

    /// Executes work. Jobs that wait too long meanwhile fail.
    pub(super) async fn expire_during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            while self.alarm.as_mut().poll(context).is_ready() {
                let next = self.expire();
                // Created anew instead of reset, as a deadline may be too far away for an `Instant`.
                self.alarm.set(sleep(next));
            }
            Poll::Pending
        })
        .await
    }

    /// Fails the jobs that have waited too long, and returns the time until the next one will have.
    fn expire(&mut self) -> Duration {
        let now = Instant::now();
        while let Some(job) = self.try_recv() {
            let left = self.patience.saturating_sub(now.saturating_duration_since(job.since));
            if !left.is_zero() {
                self.first = Some(job);
                return left;
            }
            job.fail(NOT_STARTED);
        }
        self.patience
    }
}

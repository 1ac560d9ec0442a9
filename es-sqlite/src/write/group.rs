//! Group commit: the appends of many callers in one transaction, each with an outcome of its own.

use es_core::store::AppendOutcome;
use es_core::{StoreError, StreamId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::decide::Plan;
use super::job::{Done, Job, Link, SubmittedOutcome, Work};
use super::known::Known;
use super::part::Part;
use super::standing::{Key, Question};
use super::writer::{Former, Writer};
use crate::error::Failure;

/// At most this many calls share a transaction, and this many bytes of payloads and metadata, unless it is a
/// single call.
pub(crate) const MAX_CALLS: usize = 256;
pub(crate) const MAX_BYTES: usize = 4 << 20;

pub(super) type Answer = Result<Done, StoreError>;

/// How far a failed transaction came.
pub(super) enum Failed {
    /// Nothing of it is in the file.
    Before(Failure),
    /// Its commit failed. The answers to give if it is in the file after all, and its last event.
    Commit(Failure, Vec<Answer>, Option<(i64, Uuid)>),
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::Before(failure)
    }
}

impl Work {
    /// Whether it can share a transaction. A new category is created in the transaction of a single call, if
    /// that call writes.
    pub(crate) fn joins(&self, known: &Known) -> bool {
        let is_there = |stream: &StreamId| Key::new(known, stream).has_category();
        match self {
            Self::Append { parts, .. } => parts.iter().all(|part| is_there(&part.stream)),
            Self::Remember(decided) => is_there(&decided.stream),
            _ => false,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Append { parts, .. } => parts.iter().map(Part::bytes).sum(),
            _ => 0,
        }
    }

    fn ask(&self, known: &Known, question: &mut Question) {
        match self {
            Self::Append { parts, .. } => {
                for part in parts {
                    question.ask(known, &part.stream, part.command.as_ref());
                }
            }
            Self::Remember(decided) => question.ask(known, &decided.stream, Some(&decided.command)),
            _ => {}
        }
    }

    /// The stream that identifies the append in an error.
    fn stream(&self) -> Option<&StreamId> {
        match self {
            Self::Append { parts, .. } => parts.first().map(|part| &part.stream),
            _ => None,
        }
    }

    /// A copy to execute; the original stays for another attempt.
    fn again(&self) -> Option<Self> {
        match self {
            Self::Append { parts, several } => Some(Self::Append { parts: parts.clone(), several: *several }),
            Self::Remember(decided) => Some(Self::Remember(decided.clone())),
            _ => None,
        }
    }
}

impl Writer {
    /// Executes appends and decisions, and answers each.
    pub(crate) async fn group(&mut self, jobs: Vec<Job>) {
        let mut connection = match self.connection().await {
            Ok(connection) => connection,
            Err(failure) => return jobs.into_iter().for_each(|job| job.fail(failure.clone())),
        };
        match self.together(&mut connection, &jobs).await {
            Ok(answers) => answer(jobs, answers),
            Err(Failed::Commit(failure, answers, last)) => {
                self.undo(&mut connection, &failure).await;
                let last = last.unwrap_or_default();
                match self.is_written(&mut connection, last).await {
                    Ok(true) => answer(jobs, answers),
                    Ok(false) => jobs.into_iter().for_each(|job| job.fail(failure.clone().undone())),
                    Err(_) => jobs.into_iter().for_each(|job| job.unknown(&failure)),
                }
            }
            Err(Failed::Before(failure)) => {
                self.undo(&mut connection, &failure).await;
                drop(connection);
                if jobs.len() == 1 || failure.affects_every_call() {
                    return jobs.into_iter().for_each(|job| job.fail(failure.clone()));
                }
                // One of them caused it: execute each alone.
                for job in jobs {
                    Box::pin(self.group(vec![job])).await;
                }
            }
        }
    }

    async fn together(
        &mut self,
        connection: &mut SqliteConnection,
        jobs: &[Job],
    ) -> Result<Vec<Answer>, Failed> {
        if let [job] = jobs
            && let Some(answer) = self.next(connection, job).await?
        {
            return Ok(vec![answer]);
        }
        let ask = |known: &Known| {
            let mut question = Question::default();
            jobs.iter().for_each(|job| job.work.ask(known, &mut question));
            question
        };
        let standings = self.begin(connection, ask).await?;
        let mut plan = Plan::new(connection, &mut self.known, standings);
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            answers.push(plan.execute(job, &self.former).await?);
        }
        let rows = std::mem::take(&mut plan.rows);
        if rows.is_empty() {
            sqlx::query("ROLLBACK").execute(&mut *connection).await.map_err(Failure::from)?;
            return Ok(answers);
        }
        rows.insert(connection).await?;
        if let Err(error) = sqlx::query("COMMIT").execute(&mut *connection).await {
            let last = rows.events.last().map(|event| (event.position, event.row.id));
            return Err(Failed::Commit(error.into(), answers, last));
        }
        self.bell.ring();
        Ok(answers)
    }
}

impl Plan<'_> {
    pub(super) async fn execute(&mut self, job: &Job, former: &Former) -> Result<Answer, Failure> {
        let answer = match job.work.again() {
            Some(Work::Append { parts, several }) => {
                let refused = if several { self.refuse(&parts, former) } else { None };
                if let Some(error) = refused {
                    Err(error)
                } else if job.link.as_ref().is_some_and(Link::is_broken) {
                    Ok(Done::Appended(self.conflicts(&parts)))
                } else {
                    self.append(parts).await?.map(Done::Appended)
                }
            }
            Some(Work::Remember(decided)) => self.remember(decided).await?.map(Done::Remembered),
            _ => Err(Failure::damaged("work that cannot share a transaction").into()),
        };
        if let Some(link) = &job.link {
            let is_written = |outcome: &AppendOutcome| matches!(outcome, AppendOutcome::Appended(_));
            let written = matches!(&answer, Ok(Done::Appended(outcomes)) if outcomes.iter().all(is_written));
            link.set(if written { SubmittedOutcome::Written } else { SubmittedOutcome::Refused });
        }
        Ok(answer)
    }

    /// The error of a batch that is not allowed.
    fn refuse(&self, parts: &[Part], former: &Former) -> Option<StoreError> {
        let keys: Vec<_> = parts.iter().map(|part| Key::new(self.known, &part.stream)).collect();
        for (at, key) in keys.iter().enumerate() {
            if keys[..at].contains(key) {
                return Some(StoreError::DuplicateStream { stream: parts[at].stream.clone() });
            }
        }
        let rows = parts.iter().flat_map(|part| part.events.iter().map(move |row| (part, row)));
        for (part, row) in rows {
            let (name, version) = (row.name, row.version);
            if self.known.event_type(name, version).is_none() && !former.has(name, version) {
                return Some(StoreError::NotRegistered { stream: part.stream.clone(), name, version });
            }
        }
        None
    }

    /// The outcome of an append that builds on one that was not written.
    fn conflicts(&mut self, parts: &[Part]) -> Vec<AppendOutcome> {
        let mut actual = |part: &Part| self.standings.of(Key::new(self.known, &part.stream)).revision;
        parts.iter().map(|part| AppendOutcome::Conflict { actual: actual(part) }).collect()
    }
}

impl Job {
    pub(crate) fn answer(self, answer: Answer) {
        let Self { reply, link, .. } = self;
        // A caller that has the answer does not build on it any more: a link that still existed would reject
        // the next append.
        drop(link);
        // The caller may have stopped waiting.
        drop(reply.send(answer));
    }

    /// Makes the appends that build on it fail with it.
    pub(crate) fn unlink(&self) {
        if let Some(link) = &self.link {
            link.set(SubmittedOutcome::Refused);
        }
    }

    /// Fails an append that may or may not have been written.
    fn unknown(self, failure: &Failure) {
        self.unlink();
        let error = match self.work.stream() {
            Some(stream) => failure.clone().of_commit(stream),
            None => failure.clone().into(),
        };
        self.answer(Err(error));
    }

    pub(crate) fn fail(self, failure: Failure) {
        self.unlink();
        self.answer(Err(failure.into()));
    }
}

fn answer(jobs: Vec<Job>, answers: Vec<Answer>) {
    for (job, answer) in jobs.into_iter().zip(answers) {
        job.answer(answer);
    }
}

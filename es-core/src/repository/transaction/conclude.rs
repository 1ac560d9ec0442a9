//! The end of an attempt: written, or why not.

use super::super::stop::Failure;
use super::outcome::{Transacted, TransactionError};
use super::part::AnyPart;
use super::parts::{Course, FailureCause, Parts, Request, Streams};
use crate::error::StoreError;
use crate::store::{Append, AppendOutcome, EventStore};
use crate::stream::{Revision, StreamId};

/// Why an attempt ended without an outcome.
pub(super) enum AttemptEnd {
    /// States came from caches and may be stale.
    Unconfirmed,
    /// The command ledger knows the transaction, which this attempt could not know.
    Overtaken(StreamId),
    /// The next attempt may succeed.
    Failed(Box<Failed>),
    /// No other attempt would end differently.
    Final(TransactionError),
}

/// An attempt that may be made again.
pub(super) struct Failed {
    pub(super) failure: Failure,
    /// Where the conflict is, if it is one.
    pub(super) stream: Option<StreamId>,
    pub(super) streams: Streams,
}

impl AttemptEnd {
    fn failed(failure: Failure, stream: Option<StreamId>, streams: Streams) -> Self {
        Self::Failed(Box::new(Failed { failure, stream, streams }))
    }
}

impl From<TransactionError> for AttemptEnd {
    fn from(error: TransactionError) -> Self {
        Self::Final(error)
    }
}

pub(super) async fn conclude<T, S: EventStore>(
    store: &S,
    given: &Request,
    attempt: Parts,
    result: Result<T, TransactionError>,
) -> Result<Transacted<T>, AttemptEnd> {
    let Parts { parts, course, failure_cause, .. } = attempt;
    let is_cached = parts.values().any(|part| part.is_cached());
    match (failure_cause, result) {
        (Some(FailureCause::Overtaken(stream)), _) => Err(AttemptEnd::Overtaken(stream)),
        (Some(FailureCause::Differs(stream)), _) => Err(given.not_repeated(stream).into()),
        // The outcome on a cached state may not hold on the stream's.
        (_, Err(_)) if is_cached => Err(AttemptEnd::Unconfirmed),
        (_, Err(TransactionError::Store(error))) if error.is_retryable() => {
            Err(AttemptEnd::failed(Failure::Store(error), None, parts))
        }
        (_, Err(error @ (TransactionError::Store(_) | TransactionError::Conflict { .. }))) => {
            Err(error.into())
        }
        (Some(FailureCause::Store), Ok(_)) => {
            let source =
                "a command of the transaction failed in the store, and the transaction continued".into();
            Err(AttemptEnd::Final(StoreError::Backend { source, retryable: false }.into()))
        }
        (Some(FailureCause::Store), Err(error)) => Err(error.into()),
        (None, result) if course == Some(Course::Repetition) => repeated(given, parts, result),
        (None, Err(error)) => match verify(store, parts).await {
            Ok(()) => Err(error.into()),
            Err(stop) => Err(stop),
        },
        (None, Ok(value)) if parts.values().any(|part| part.count() > 0) => {
            let streams = write(store, given, parts).await?;
            Ok(Transacted { value, streams, repeated: false })
        }
        (None, Ok(_)) if is_cached => Err(AttemptEnd::Unconfirmed),
        (None, Ok(value)) => {
            verify(store, parts).await?;
            Ok(Transacted { value, streams: Vec::new(), repeated: false })
        }
    }
}

/// The first outcome, if the repetition came to the same end.
fn repeated<T>(
    given: &Request,
    parts: Streams,
    result: Result<T, TransactionError>,
) -> Result<Transacted<T>, AttemptEnd> {
    let other = parts.iter().find(|(_, part)| !part.is_passed() || result.is_err()).map(|(stream, _)| stream);
    match (result, other) {
        (Ok(value), None) => {
            let streams = parts.into_iter().filter_map(|(stream, part)| Some((stream, part.last_written()?)));
            Ok(Transacted { value, streams: streams.collect(), repeated: true })
        }
        (Err(error), None) => Err(error.into()),
        (_, Some(stream)) => Err(given.not_repeated(stream.clone()).into()),
    }
}

/// Nothing is to be written. What the transaction has read of several streams was read at several times; what
/// it came to holds if they all stood so at one.
async fn verify<S: EventStore>(store: &S, parts: Streams) -> Result<(), AttemptEnd> {
    if parts.len() > 1 {
        let conditions: Vec<_> = parts.iter().map(|(stream, part)| condition(&part.append(stream))).collect();
        if let Err(refused) = send(store, &conditions).await {
            return Err(refused.stop(parts));
        }
    }
    parts.into_values().for_each(AnyPart::unchanged);
    Ok(())
}

/// What it asks of the stream.
const fn condition<'a>(append: &Append<'a>) -> Append<'a> {
    Append::condition(append.stream, append.expected).last_event_id(append.last_event_id)
}

/// Appends to all streams, or to none. For those that were only read, the command ledger is written as well.
async fn write<S: EventStore>(
    store: &S,
    given: &Request,
    parts: Streams,
) -> Result<Vec<(StreamId, Revision)>, AttemptEnd> {
    let command = given.record();
    let appends: Vec<_> = parts.iter().map(|(stream, part)| part.append(stream).command(command)).collect();
    if let Err(refused) = send(store, &appends).await {
        return Err(refused.stop(parts));
    }
    let mut streams = Vec::new();
    for (stream, part) in parts {
        streams.extend(part.last_written().map(|last| (stream.clone(), last)));
        part.appended(&stream);
    }
    Ok(streams)
}

/// Why an append was not written.
enum Unwritten {
    Conflicts(Vec<(StreamId, Revision, Revision)>),
    Repeated(StreamId),
    Store(StoreError),
}

async fn send<S: EventStore>(store: &S, appends: &[Append<'_>]) -> Result<(), Unwritten> {
    let outcomes = match appends {
        // A single append takes the path of single commands.
        [append] if !append.is_condition() => store.append(*append).await.map(|outcome| vec![outcome]),
        _ => store.append_all(appends).await,
    };
    let outcomes = outcomes.map_err(Unwritten::Store)?;
    let (mut conflicts, mut written) = (Vec::new(), 0);
    for (append, outcome) in appends.iter().zip(&outcomes) {
        match outcome {
            AppendOutcome::Repeated(_) => return Err(Unwritten::Repeated(append.stream.clone())),
            AppendOutcome::Conflict { actual } => {
                conflicts.push((append.stream.clone(), append.expected, *actual));
            }
            AppendOutcome::Appended(_) => written += 1,
            AppendOutcome::NotWritten => {}
        }
    }
    if conflicts.is_empty() && written < appends.len() {
        let source = "the store left part of an append undecided".into();
        return Err(Unwritten::Store(StoreError::Backend { source, retryable: false }));
    }
    if conflicts.is_empty() { Ok(()) } else { Err(Unwritten::Conflicts(conflicts)) }
}

impl Unwritten {
    fn stop(self, mut parts: Streams) -> AttemptEnd {
        match self {
            Self::Repeated(stream) => AttemptEnd::Overtaken(stream),
            Self::Store(error) if error.is_retryable() => {
                AttemptEnd::failed(Failure::Store(error), None, parts)
            }
            Self::Store(error) => AttemptEnd::Final(error.into()),
            Self::Conflicts(conflicts) => {
                let mut first = None;
                for (stream, expected, actual) in conflicts {
                    if let Some(part) = parts.get_mut(&stream) {
                        part.contest();
                    }
                    first.get_or_insert((stream, Failure::Conflict { expected, actual }));
                }
                match first {
                    Some((stream, failure)) => AttemptEnd::failed(failure, Some(stream), parts),
                    None => AttemptEnd::Unconfirmed,
                }
            }
        }
    }
}

//! Conditions in an append to several streams: on streams that are read, but not written.

use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{append, appended, command, load, numbered, payloads, rows, stream};
use super::registration::register;
use crate::store::{
    Append, AppendOutcome, CommandOutcome, Decision, EventStore, Load, Registration, Remembered, StreamHead,
};
use crate::stream::{Revision, StreamId};

fn conflict(actual: u64) -> AppendOutcome {
    AppendOutcome::Conflict { actual: Revision::new(actual) }
}

/// How many events each append of the batch has stored.
fn counts(outcomes: Vec<AppendOutcome>) -> Vec<usize> {
    outcomes.into_iter().map(|outcome| appended(outcome).positions.len()).collect()
}

/// If a stream is at the revision of the condition, even if it has no events, the others are written, and the
/// stream does not change.
pub async fn a_condition_that_is_met_writes_nothing_to_its_stream<S: EventStore>(store: S) {
    let (read, absent, written) = (stream("c"), stream("a"), stream("b"));
    append(&store, &read, 0, &numbered(1, 2)).await;
    let head = load(&store, Load::all(&read)).await.2;
    for (round, id) in [None, head.event_id].into_iter().enumerate() {
        let expected = Revision::new(round as u64);
        let events = numbered(round as u64, 1);
        let batch = [
            Append::condition(&read, Revision::new(2)).last_event_id(id),
            Append::new(&written, expected, &events),
            Append::condition(&absent, Revision::EMPTY),
        ];
        assert_eq!(counts(store.append_all(&batch).await.expect("a batch")), [0, 1, 0]);
    }
    assert_eq!(payloads(&rows(&store, &written).await), ["0", "1"]);
    assert_eq!(load(&store, Load::all(&read)).await.2, head);
    assert_eq!(load(&store, Load::all(&absent)).await.2, StreamHead::default());
    // The stream that did not exist can still be created.
    append(&store, &absent, 0, &numbered(1, 1)).await;
}

/// A stream at another revision, or with another last event, is a conflict with its actual revision; nothing
/// is written.
pub async fn a_condition_that_is_not_met_keeps_all_from_being_written<S: EventStore>(store: S) {
    let (read, absent, written) = (stream("a"), stream("c"), stream("b"));
    append(&store, &read, 0, &numbered(1, 2)).await;
    let events = numbered(7, 1);
    let other = Some(Uuid::now_v7());
    for (stream, expected, head, actual) in [
        (&read, 0, None, 2),
        (&read, 1, None, 2),
        (&read, 3, None, 2),
        (&read, 2, other, 2),
        (&absent, 1, None, 0),
        (&absent, 0, other, 0),
    ] {
        let batch = [
            Append::condition(stream, Revision::new(expected)).last_event_id(head),
            Append::new(&written, Revision::EMPTY, &events),
        ];
        let outcomes = store.append_all(&batch).await.expect("no error");
        assert_eq!(outcomes, [conflict(actual), AppendOutcome::NotWritten], "{stream} at {expected}");
    }
    let batch = [
        Append::condition(&read, Revision::new(2)),
        Append::condition(&absent, Revision::EMPTY),
        Append::new(&written, Revision::new(1), &events),
    ];
    let outcomes = store.append_all(&batch).await.expect("no error");
    assert_eq!(outcomes, [AppendOutcome::NotWritten, AppendOutcome::NotWritten, conflict(0)]);
    assert!(rows(&store, &written).await.is_empty());
}

/// A call without any event writes nothing, and returns whether all streams are as expected at one moment.
pub async fn conditions_alone_say_whether_streams_stand_so<S: EventStore>(store: S) {
    let (read, absent) = (stream("a"), stream("b"));
    append(&store, &read, 0, &numbered(1, 2)).await;
    let ask = async |expected| {
        let batch =
            [Append::condition(&absent, Revision::EMPTY), Append::condition(&read, Revision::new(expected))];
        store.append_all(&batch).await.expect("no error")
    };
    assert_eq!(counts(ask(2).await), [0, 0]);
    assert_eq!(ask(1).await, [AppendOutcome::NotWritten, conflict(2)]);
    assert_eq!(load(&store, Load::all(&absent)).await.2, StreamHead::default());
}

/// A condition with a command records in the command ledger that the command wrote nothing there.
pub async fn a_condition_with_a_command_remembers_that_it_wrote_nothing<S: EventStore>(store: S) {
    register(&store, &[Registration::new("account.noted", 1)]).await;
    for existing in [0, 2] {
        let (read, written) = (stream(&format!("read {existing}")), stream(&format!("written {existing}")));
        if existing > 0 {
            append(&store, &read, 0, &numbered(1, existing)).await;
        }
        let (record, expected) = (command(Uuid::now_v7()), Revision::new(existing));
        let events = numbered(5, 1);
        let batch = |at| {
            [
                Append::condition(&read, at).command(Some(record)),
                Append::new(&written, Revision::EMPTY, &events).command(Some(record)),
            ]
        };
        let refused = store.append_all(&batch(expected.next())).await.expect("no error");
        assert_eq!(refused, [conflict(existing), AppendOutcome::NotWritten]);
        assert_eq!(outcome(&store, &read, record.key.id).await, None, "a rejected batch was remembered");

        assert_eq!(counts(store.append_all(&batch(expected)).await.expect("a batch")), [0, 1]);
        let of = |first, count| CommandOutcome {
            first: Revision::new(first),
            count,
            rejected: false,
            body_hash: None,
            name: Some(record.name.into()),
        };
        let (on_read, on_written) = (of(existing, 0), of(1, 1));
        assert_eq!(outcome(&store, &read, record.key.id).await.as_ref(), Some(&on_read));
        assert_eq!(outcome(&store, &written, record.key.id).await.as_ref(), Some(&on_written));

        let repeated = AppendOutcome::Repeated(on_read.clone());
        let again = store.append_all(&batch(expected)).await.expect("no error");
        assert_eq!(again, [repeated.clone(), AppendOutcome::Repeated(on_written)]);
        let alone = store.append_all(&batch(Revision::new(9))[..1]).await.expect("no error");
        assert_eq!(alone, std::slice::from_ref(&repeated));
        let alone = store.append_all(&batch(expected)[..1]).await.expect("no error");
        assert_eq!(alone, std::slice::from_ref(&repeated));
        let append = Append::new(&read, expected, &events).command(Some(record));
        assert_eq!(store.append(append).await.expect("no error"), repeated);
        let remembered = store.remember(Decision::empty(&read, expected, record)).await.expect("no error");
        assert_eq!(remembered, Remembered::Repeated(on_read));
    }
}

async fn outcome(store: &impl EventStore, stream: &StreamId, command: Uuid) -> Option<CommandOutcome> {
    load(store, Load::all(stream).command_id(Some(command))).await.2.command
}

/// Of two concurrent calls that each write the stream of the other's condition exactly one succeeds, whether
/// or not the streams exist.
pub async fn of_two_batches_that_read_what_the_other_writes_one_goes_through<S: EventStore + 'static>(
    store: S,
) {
    register(&store, &[Registration::new("account.noted", 1)]).await;
    let store = Arc::new(store);
    for round in 0..24_u64 {
        let streams = ["a", "b"].map(|key| stream(&format!("{round} {key}")));
        let expected = round % 2;
        if expected > 0 {
            for stream in &streams {
                append(&*store, stream, 0, &numbered(1, expected)).await;
            }
        }
        let mut callers = JoinSet::new();
        for caller in 0..2 {
            let (store, streams) = (Arc::clone(&store), streams.clone());
            callers.spawn(async move {
                let (events, expected) = (numbered(5, 1), Revision::new(expected));
                let (written, read) = (&streams[caller], &streams[1 - caller]);
                let batch = [Append::new(written, expected, &events), Append::condition(read, expected)];
                let outcomes = store.append_all(&batch).await.expect("written or a conflict");
                matches!(outcomes[0], AppendOutcome::Appended(_))
            });
        }
        let through = callers.join_all().await.into_iter().filter(|through| *through).count();
        assert_eq!(through, 1, "round {round}");
        let sum = rows(&*store, &streams[0]).await.len() + rows(&*store, &streams[1]).await.len();
        assert_eq!(sum as u64, 2 * expected + 1);
    }
}

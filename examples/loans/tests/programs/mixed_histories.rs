//! The report is the same, whichever versions the history was written in: the first, the second, the third,
//! or all of them within each stream.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::common::{SAMPLE, SAMPLE_REPORT, import, report, sample};
use es_core::record::{NewEvent, RawEvent};
use es_core::store::{Append, AppendOutcome, ListQuery, ListStreams, StreamRange};
use es_core::{Aggregate, EventStore, MemoryStore, Metadata, Repository, Revision, StreamId};
use loans::domain::{Application, ApplicationId};
use loans::generations::Generation;
use loans::generations::in_2011::Application2011;
use loans::generations::in_2012::{rollout, switched};

/// How many events of each version there are.
type Versions = BTreeMap<u32, u64>;

async fn written_by<A: Generation>(path: &Path) -> MemoryStore {
    let store = MemoryStore::new();
    import::<A>(store.clone(), path).await;
    store
}

async fn streams(store: &MemoryStore) -> Vec<StreamId> {
    let all = store.list_streams(ListQuery::category("loan").limit(usize::MAX)).await.expect("a listing");
    all.into_iter().map(|summary| summary.stream).collect()
}

/// The events that changed since 2011, by the version in which they are stored.
async fn versions(store: &MemoryStore) -> Versions {
    let mut versions = Versions::new();
    for stream in streams(store).await {
        let mut take = |raw: RawEvent<'_>| {
            if matches!(raw.name, "loan.submitted" | "loan.work.scheduled") {
                *versions.entry(raw.version).or_default() += 1;
            }
            Ok(())
        };
        store.read_stream(&stream, StreamRange::ALL, &mut take).await.expect("a read");
    }
    versions
}

/// An event as it is stored, to be stored again.
fn copied(raw: &RawEvent<'_>) -> NewEvent {
    let name = Application::event_types().iter().map(|known| known.name).find(|name| *name == raw.name);
    let mut metadata = Metadata::new();
    metadata.occurred_at = raw.occurred;
    NewEvent::new(name.expect("a known event"), raw.version, raw.payload.to_vec(), metadata.into())
}

/// Each stream by turns: one event as the first store has it, the next one as the second, and so on,
/// beginning with another one in each stream.
async fn mixed(stores: [&MemoryStore; 3]) -> MemoryStore {
    let mixed = MemoryStore::new();
    for (start, stream) in streams(stores[0]).await.into_iter().enumerate() {
        let mut histories = Vec::new();
        for store in stores {
            let mut events = Vec::new();
            let mut take = |raw: RawEvent<'_>| {
                events.push(copied(&raw));
                Ok(())
            };
            store.read_stream(&stream, StreamRange::ALL, &mut take).await.expect("a read");
            histories.push(events);
        }
        let of = |at: usize| histories[(start + at) % 3][at].clone();
        let events: Vec<NewEvent> = (0..histories[0].len()).map(of).collect();
        let outcome = mixed.append(Append::new(&stream, Revision::EMPTY, &events)).await;
        assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))), "{outcome:?}");
    }
    mixed
}

/// Whether today's program finds the same in both: every application, event by event.
async fn assert_same_states(one: &MemoryStore, other: &MemoryStore) {
    let (one_by_one, others) =
        (Repository::<Application, _>::new(one.clone()), Repository::<Application, _>::new(other.clone()));
    for stream in streams(one).await {
        let id = ApplicationId(stream.key().to_owned());
        let (state, same) = (one_by_one.load(&id).await, others.load(&id).await);
        assert_eq!(state.expect("it decodes").state, same.expect("it decodes").state, "{stream}");
    }
}

/// Imports a log in each generation and compares what today's program reports of them; gives the report.
async fn assert_same_reports(log: &Path) -> String {
    let first = written_by::<Application2011>(log).await;
    let second = written_by::<switched::Application2012>(log).await;
    let third = written_by::<Application>(log).await;
    for (store, version) in [(&first, 1), (&second, 2), (&third, 3)] {
        assert_eq!(versions(store).await.into_keys().collect::<Vec<_>>(), [version]);
    }
    let expected = report::<Application>(third.clone()).await;
    assert_eq!(report::<Application2011>(first.clone()).await, expected, "as the program of 2011 saw it");
    assert_eq!(report::<switched::Application2012>(second.clone()).await, expected, "as that of 2012 saw it");
    let mixed = mixed([&first, &second, &third]).await;
    assert_eq!(versions(&mixed).await.into_keys().collect::<Vec<_>>(), [1, 2, 3]);
    for (store, what) in [(&first, "version 1"), (&second, "version 2"), (&mixed, "all versions")] {
        assert_eq!(report::<Application>(store.clone()).await, expected, "{what}");
        assert_same_states(store, &third).await;
    }
    // The log itself is still recognised in each of them, and nothing is written again.
    let records = crate::common::events(&third).await.len() as u64;
    for store in [&first, &second] {
        assert_eq!(import::<Application>(store.clone(), log).await, (0, records));
    }
    expected
}

#[tokio::test]
async fn the_report_is_the_same_for_each_version_and_for_a_mix_of_all() {
    assert_eq!(assert_same_reports(&sample()).await, SAMPLE_REPORT);
}

/// `LOANS_LOG=FILE cargo test --release -p loans --test programs mixed_histories -- --ignored --nocapture`
#[tokio::test]
#[ignore = "needs a log of its own, which LOANS_LOG names"]
async fn the_report_of_a_real_log_is_the_same_for_each_version_and_for_a_mix_of_all() {
    let log = std::env::var_os("LOANS_LOG").map(PathBuf::from).expect("LOANS_LOG names a log");
    println!("{}", assert_same_reports(&log).await);
}

#[tokio::test]
async fn while_it_is_rolled_out_the_program_of_2012_stores_what_that_of_2011_stores() {
    let (old, new) = (
        written_by::<Application2011>(&sample()).await,
        written_by::<rollout::Application2012>(&sample()).await,
    );
    let of = async |store: &MemoryStore| {
        let all = crate::common::events(store).await;
        // Without the ids of events, which are made anew each time.
        let named = |name: &str| name.split(' ').next().unwrap_or_default().to_owned();
        all.into_iter().map(|(key, at, name, version, json)| (key, at, named(&name), version, json)).collect()
    };
    let (old_events, new_events): (Vec<_>, Vec<_>) = (of(&old).await, of(&new).await);
    assert_eq!(old_events, new_events);
    assert_eq!(old_events.len() as u64, SAMPLE);
    assert_eq!(report::<Application2011>(new.clone()).await, SAMPLE_REPORT);
    assert_eq!(report::<rollout::Application2012>(new).await, SAMPLE_REPORT);
    // Once it is switched, it writes its own version; what was rolled out before reads that too.
    let switched = written_by::<switched::Application2012>(&sample()).await;
    assert_eq!(report::<rollout::Application2012>(switched.clone()).await, SAMPLE_REPORT);
    let error = loans::report::Report::of(&Repository::<Application2011, _>::new(switched), 1).await;
    let error = error.expect_err("version 2 is unknown to it").to_string();
    assert!(error.contains("is newer than 1, the newest that this program knows"), "{error}");
}

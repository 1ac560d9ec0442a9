//! All stores return the same answers to random sequences of calls.
//!
//! A sequence on which they differ is shortened, and printed with the seed. `ES_SEED=… ES_SEQUENCES=…` runs
//! others. Each difference found becomes a case of `es_core::conformance`.

mod asked;
mod call;
mod given;
mod step;
mod told;

// The store of `docs/writing-a-store.md`.
#[path = "../file_store/check.rs"]
mod check;
#[path = "../file_store/event_store.rs"]
mod event_store;
#[path = "../file_store/folder.rs"]
mod folder;
#[path = "../file_store/index.rs"]
mod index;
#[expect(dead_code, reason = "tests of that store use more of it")]
#[path = "../file_store/log.rs"]
mod log;
#[path = "../file_store/reader.rs"]
mod reader;
#[path = "../file_store/readers.rs"]
mod readers;
#[path = "../file_store/record.rs"]
mod record;
#[path = "../file_store/store.rs"]
mod store;

use std::collections::HashMap;
use std::env;
use std::str::FromStr;

use es_core::uuid::Uuid;
use es_core::{MemoryStore, Revision, StreamId};
use es_postgres::testing::TestDatabase;
use es_sqlite::SqliteStore;
use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Runtime;

use self::asked::Asked;
use self::call::{Maker, Standing};
use self::folder::Folder;
use self::step::{Step, step};
use self::store::FileStore;

/// The maximum length of a sequence.
const STEPS: usize = 60;

#[test]
fn all_stores_return_the_same_answers_to_random_sequences_of_calls() {
    let seed = told("ES_SEED", 18_u64);
    let config = Config {
        cases: told("ES_SEQUENCES", 24),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed.to_le_bytes().repeat(4));
    let runtime = Runtime::new().expect("a runtime");
    let sequences = vec(step(), 1..STEPS);
    let result = TestRunner::new_with_rng(config, rng)
        .run(&sequences, |steps| runtime.block_on(agree(&steps)).map_err(TestCaseError::fail));
    match result {
        Ok(()) => {}
        Err(TestError::Fail(difference, steps)) => {
            panic!("ES_SEED={seed}: {difference}\nafter {} steps:\n{steps:#?}", steps.len())
        }
        Err(aborted) => panic!("ES_SEED={seed}: {aborted}"),
    }
}

fn told<T: FromStr>(name: &str, otherwise: T) -> T {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// The first difference between the answers of two stores.
async fn agree(steps: &[Step]) -> Result<(), String> {
    let (folder, database) = (Folder::new(), TestDatabase::new().await.expect("a database"));
    let mut stores = [
        Asked::new("MemoryStore", MemoryStore::new()),
        Asked::new("FileStore", FileStore::open(folder.file("events")).expect("a new file")),
        Asked::new("PostgresStore", database.store().await.expect("a store")),
        Asked::new("SqliteStore", SqliteStore::in_memory().await.expect("a store")),
    ];
    let mut maker = Maker::default();
    for step in steps {
        let heads = Heads::of(&stores[0]).await;
        let call = maker.call(step, &heads);
        let mut answers = Vec::new();
        for store in &mut stores {
            answers.push((store.name, store.answer(&call).await));
        }
        let (reference, expected) = &answers[0];
        if let Some((name, answer)) = answers.iter().find(|(_, answer)| answer != expected) {
            return Err(format!("{step:?}\n{reference}: {expected}\n{name}: {answer}"));
        }
    }
    Ok(())
}

/// The heads of all streams of a store.
struct Heads(HashMap<StreamId, (Revision, Option<Uuid>)>);

impl Heads {
    async fn of(store: &Asked) -> Self {
        let mut heads = HashMap::new();
        for stream in given::streams() {
            let head = store.head(&stream).await;
            heads.insert(stream, head);
        }
        Self(heads)
    }
}

impl Standing for Heads {
    fn head(&self, stream: &StreamId) -> (Revision, Option<Uuid>) {
        self.0[stream]
    }
}

//! The lock: the shapes of all published events, committed beside the code, and the test that compares the two.
//!
//! One line in a test, for all aggregates of the crate:
//!
//! ```no_run
//! # use es_core::{Aggregate, Apply, event};
//! # #[event(name = "counter.added")]
//! # pub struct Added { pub by: u64 }
//! # #[derive(Aggregate, Default)]
//! # #[aggregate(name = "counter", id = String, events(Added))]
//! # pub struct Counter { total: u64 }
//! # impl Apply<Added> for Counter { fn apply(&mut self, event: Added) { self.total += event.by; } }
//! es_core::lock_test!(Counter);
//! # fn main() {}
//! ```
//!
//! `ES_LOCK=update cargo test` writes `events.lock` and one file of sample payloads for each published version, under
//! `events/`. Both are committed. From then on the test fails when the code no longer means what was published, and says
//! what changed and what to write. Without `ES_LOCK=update` nothing is ever written.
//!
//! What is published never changes: an update only adds. Names that an event had before (`was`) are kept as well. Whoever knows that no event of a version was ever stored deletes
//! the version's entry, and its file, by hand.

mod advice;
mod code;
mod diff;
mod due;
mod file;
mod findings;
mod golden;
mod payloads;
mod published;
mod reader;
mod today;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::Aggregate;

use code::Code;

pub use findings::{Finding, LockError};

/// Makes the test that compares the code with `events.lock`, for all aggregates given.
///
/// A macro, because it knows the folder of the user's crate and makes the test function: one line is all that is needed.
/// The same can be written by hand with [`Lock`], to keep the lock elsewhere.
#[macro_export]
macro_rules! lock_test {
    ($($aggregate:ty),+ $(,)?) => {
        #[test]
        fn events_are_those_of_the_lock() {
            $crate::lock::Lock::new(::core::env!("CARGO_MANIFEST_DIR"))$(.with::<$aggregate>())+.assert();
        }
    };
}

/// Compares aggregates with the `events.lock` of a folder.
#[derive(Debug)]
#[must_use = "a lock that is not checked says nothing"]
pub struct Lock {
    folder: PathBuf,
    code: Code,
}

/// What a check may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Check,
    /// Entries and payloads of new versions, and what stored payloads mean.
    Update,
}

impl Lock {
    /// The lock in this folder; most often that of `Cargo.toml`.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().to_owned(), code: Code::default() }
    }

    /// Adds the events of an aggregate.
    pub fn with<A: Aggregate>(mut self) -> Self {
        self.code.add::<A>();
        self
    }

    /// Compares as `ES_LOCK` says: checks, or with `ES_LOCK=update` updates.
    ///
    /// What an update accepts is written to the error stream of the process, past the test harness, which shows nothing of a
    /// test that passes.
    ///
    /// # Panics
    ///
    /// When code and lock differ. The message says all that differs and what to do.
    #[track_caller]
    pub fn assert(self) {
        let outcome = match std::env::var("ES_LOCK").as_deref() {
            Err(_) | Ok("" | "check") => self.run(Mode::Check),
            Ok("update") => self.run(Mode::Update),
            Ok(other) => panic!("ES_LOCK is `{other}`; write `ES_LOCK=update`, or leave it out"),
        };
        match outcome {
            Ok(accepted) if accepted.is_empty() => {}
            Ok(accepted) => {
                let text = findings::numbered("accepted into the lock:", &accepted);
                // Nobody is left to be told that nobody can be told.
                let _ = std::io::stderr().write_all(text.as_bytes());
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Compares, and in [`Mode::Update`] writes what is new. Returns the changes of meaning that an update has accepted.
    ///
    /// # Errors
    ///
    /// [`LockError`] with everything that differs. An update that finds something that it may not write writes nothing.
    pub fn run(self, mode: Mode) -> Result<Vec<Finding>, LockError> {
        let path = self.folder.join(file::NAME);
        let locked = match file::read(&path) {
            Ok(locked) => locked,
            Err(finding) => return Err(LockError::new(path, vec![finding])),
        };
        let mut findings = self.code.findings();
        let compared = diff::compare(&self.code, &locked);
        findings.extend(compared.findings);
        let payloads = payloads::Folder::new(&self.folder);
        let golden = golden::check(&self.code, &locked, &compared.changed, &payloads, mode);
        findings.extend(golden.findings);
        if mode == Mode::Check {
            findings.extend(golden.changed);
            findings.extend(due::finding(&locked, &compared.new, &compared.renamed, &golden.due));
            return if findings.is_empty() { Ok(Vec::new()) } else { Err(LockError::new(path, findings)) };
        }
        if findings.is_empty() {
            let lock = file::update(&path, &locked, &compared.new, &compared.renamed);
            let failed = golden.writes.into_iter().chain(lock).filter_map(|write| write.run().err());
            findings.extend(failed);
        }
        if findings.is_empty() { Ok(golden.changed) } else { Err(LockError::new(path, findings)) }
    }
}

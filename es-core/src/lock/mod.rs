//! The lock: the shapes of all published events, committed beside the code, and the test that compares the
//! two.
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
//! `ES_LOCK=update cargo test` writes `events.lock` and one file of sample payloads for each published
//! version, under `events/`. Commit both. From then on the test fails when the code no longer means what was
//! published, and reports what changed and what to write. Without `ES_LOCK=update` nothing is ever written.
//!
//! The shape of a published version never changes: an update only adds. Former names of events (`was`) are
//! kept as well. If no event of a version was ever stored, its entry and its file can be deleted by hand.

mod advice;
mod aggregates;
mod ambiguous;
mod code;
mod diff;
mod downcast;
mod due;
mod exchange;
mod facts;
mod file;
mod findings;
mod fits;
mod folding;
mod folds;
mod golden;
mod history;
mod later;
mod mode;
mod payloads;
mod published;
mod reader;
mod rust_names;
mod sources;
mod today;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::messaging::Publisher;
use crate::model::Aggregate;
use crate::projection::Projection;
use crate::reactor::Effects;

use code::Code;
use sources::Sources;

pub use findings::{Finding, LockError};
pub use mode::Mode;

/// Generates the test that compares the code with `events.lock`, for all given aggregates.
///
/// A macro, because it knows the folder of the user's crate and generates the test function in one line.
/// Write the same by hand with [`Lock`] to keep the lock elsewhere.
///
/// ```no_run
/// # use es_core::messaging::{Publish, Publisher};
/// # use es_core::projection::{Project, Projection};
/// # use es_core::reactor::{React, Reactor};
/// # use es_core::record::BoxError;
/// # use es_core::{Aggregate, Apply, Recorded, event};
/// # #[event(name = "counter.added")]
/// # pub struct Added { pub by: u64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(name = "counter", id = String, events(Added))]
/// # pub struct Counter { total: u64 }
/// # impl Apply<Added> for Counter { fn apply(&mut self, event: Added) { self.total += event.by; } }
/// # #[derive(Projection)]
/// # #[projection(name = "totals", events(Added), model = u64)]
/// # pub struct Totals;
/// # impl Project<Added> for Totals {
/// #     async fn project(&self, event: &Recorded<Added>, model: &mut u64) -> Result<(), BoxError> {
/// #         *model += event.event.by;
/// #         Ok(())
/// #     }
/// # }
/// # #[derive(Reactor)]
/// # #[reactor(name = "mail", events(Added))]
/// # pub struct Mail;
/// # impl React<Added> for Mail {
/// #     async fn react(&self, _: &Recorded<Added>) -> Result<(), BoxError> { Ok(()) }
/// # }
/// # #[event(name = "counted")]
/// # pub struct Counted { pub by: u64 }
/// # #[derive(Publisher)]
/// # #[publisher(name = "feed", events(Added))]
/// # pub struct Feed;
/// # impl Publish<Added> for Feed {
/// #     type Public = Counted;
/// #     fn publish(&self, event: &Recorded<Added>) -> Option<Counted> {
/// #         Some(Counted { by: event.event.by })
/// #     }
/// # }
/// # mod a { use super::Counter;
/// es_core::lock_test!(Counter);
/// # }
/// # mod b { use super::{Counter, Totals};
/// es_core::lock_test!(Counter; projections: Totals);
/// # }
/// # mod c { use super::{Counter, Totals};
/// es_core::lock_test!(Counter; projections: Totals; without: "draft", "trial");
/// # }
/// # mod d { use super::Totals;
/// es_core::lock_test!(projections: Totals);
/// # }
/// # mod e { use super::{Counter, Mail, Totals};
/// es_core::lock_test!(Counter; projections: Totals; reactors: Mail);
/// # }
/// # mod f { use super::{Counter, Feed};
/// es_core::lock_test!(Counter; publishers: Feed);
/// # }
/// # fn main() {}
/// ```
///
/// `projections` adds the events that only a projection lists, `reactors` those that only a reactor does, and
/// `publishers` the public events that others rely on. An aggregate in the `src` of the crate that the test
/// does not name is reported; `without` excludes it explicitly, by its name.
#[macro_export]
macro_rules! lock_test {
    (
        projections: $($projection:ty),+ $(,)?
        $(; reactors: $($reactor:ty),+ $(,)?)?
        $(; publishers: $($publisher:ty),+ $(,)?)?
        $(; without: $($left_out:literal),+ $(,)?)?
    ) => {
        $crate::lock_test!(
            @test []; [$($projection),+]; [$($($reactor),+)?]; [$($($publisher),+)?]; [$($($left_out),+)?]
        );
    };
    (
        reactors: $($reactor:ty),+ $(,)?
        $(; publishers: $($publisher:ty),+ $(,)?)?
        $(; without: $($left_out:literal),+ $(,)?)?
    ) => {
        $crate::lock_test!(@test []; []; [$($reactor),+]; [$($($publisher),+)?]; [$($($left_out),+)?]);
    };
    (publishers: $($publisher:ty),+ $(,)? $(; without: $($left_out:literal),+ $(,)?)?) => {
        $crate::lock_test!(@test []; []; []; [$($publisher),+]; [$($($left_out),+)?]);
    };
    (
        $($aggregate:ty),+ $(,)?
        $(; projections: $($projection:ty),+ $(,)?)?
        $(; reactors: $($reactor:ty),+ $(,)?)?
        $(; publishers: $($publisher:ty),+ $(,)?)?
        $(; without: $($left_out:literal),+ $(,)?)?
    ) => {
        $crate::lock_test!(
            @test [$($aggregate),+]; [$($($projection),+)?]; [$($($reactor),+)?]; [$($($publisher),+)?];
            [$($($left_out),+)?]
        );
    };
    (
        @test [$($aggregate:ty),*]; [$($projection:ty),*]; [$($reactor:ty),*]; [$($publisher:ty),*];
        [$($left_out:literal),*]
    ) => {
        #[test]
        fn events_are_those_of_the_lock() {
            $crate::lock::Lock::new(::core::env!("CARGO_MANIFEST_DIR"))
                $(.with::<$aggregate>())*
                $(.with_projection::<$projection>())*
                $(.with_reactor::<$reactor>())*
                $(.with_publisher::<$publisher>())*
                .for_all_in(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/src"), &[$($left_out),*])
                .assert();
        }
    };
}

/// Compares aggregates with the `events.lock` of a folder.
#[derive(Debug)]
#[must_use = "a lock that is not checked says nothing"]
pub struct Lock {
    folder: PathBuf,
    code: Code,
    sources: Option<Sources>,
}

impl Lock {
    /// The lock in this folder, usually that of `Cargo.toml`.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().to_owned(), code: Code::default(), sources: None }
    }

    /// Adds an aggregate with its events.
    pub fn with<A: Aggregate>(mut self) -> Self {
        self.code.add::<A>();
        self
    }

    /// Adds the events of a projection, which may be listed by no aggregate here.
    pub fn with_projection<P: Projection>(mut self) -> Self {
        self.code.add_projection::<P>();
        self
    }

    /// Adds the events of a reactor, which may be listed by no aggregate here.
    pub fn with_reactor<E: Effects>(mut self) -> Self {
        self.code.add_reactor::<E>();
        self
    }

    /// Adds the events of a publisher: the private ones that it reads, and the public ones, on which others
    /// rely.
    pub fn with_publisher<P: Publisher>(mut self) -> Self {
        self.code.add_publisher::<P>();
        self
    }

    /// Reports aggregates in the Rust files of this folder that were not added, by `#[aggregate(name =
    /// "…")]`, except those with a name in `left_out`.
    ///
    /// It searches text, without comments, strings and code that is compiled for tests only; a name that a
    /// macro generates is not found.
    pub fn for_all_in(mut self, sources: impl AsRef<Path>, left_out: &[&str]) -> Self {
        let left_out = left_out.iter().map(|name| (*name).to_owned()).collect();
        self.sources = Some(Sources { folder: sources.as_ref().to_owned(), left_out });
        self
    }

    /// Compares according to `ES_LOCK`: checks, or with `ES_LOCK=update` updates.
    ///
    /// What an update accepts is written to the error stream of the process, past the test harness, which
    /// hides the output of passing tests.
    ///
    /// # Panics
    ///
    /// When code and lock differ. The message lists all differences and what to do.
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
                // There is no other place to report that this failed.
                let _ = std::io::stderr().write_all(text.as_bytes());
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Compares, and in [`Mode::Update`] writes what is new. Returns the changes of meaning that an update
    /// has accepted.
    ///
    /// # Errors
    ///
    /// [`LockError`] with all differences. An update that finds something that it may not write writes
    /// nothing.
    pub fn run(self, mode: Mode) -> Result<Vec<Finding>, LockError> {
        let path = self.folder.join(file::NAME);
        let locked = match file::read(&path) {
            Ok(locked) => locked,
            Err(finding) => return Err(LockError::new(path, vec![finding])),
        };
        let code = &self.code;
        let mut findings = code.findings();
        findings.extend(self.sources.iter().flat_map(|sources| sources.missing(code)));
        let compared = diff::compare(code, &locked);
        findings.extend(compared.findings);
        let aggregates = aggregates::compare(code, &locked);
        findings.extend(aggregates.findings);
        let folder = payloads::Folder::new(&self.folder);
        let golden = golden::check(code, &locked, &compared.changed, &folder, mode);
        findings.extend(golden.findings);
        let folds = folds::check(code, &golden.payloads, &folder);
        findings.extend(folds.findings);
        // What an update accepts and reports.
        let mut questions = exchange::compare(code, &locked);
        questions.extend(golden.changed);
        if mode == Mode::Check {
            findings.extend(questions);
            let meanings = golden.due.iter().map(|file| format!("what payloads of {file} mean today"));
            let folds = folds.due.iter().map(|file| format!("the sample fold {file}"));
            let mut others: Vec<String> = aggregates.due.into_iter().chain(meanings).chain(folds).collect();
            // They may follow from what is found.
            if !findings.is_empty() {
                others.clear();
            }
            findings.extend(due::finding(&locked, &compared.new, &compared.renamed, others));
            return if findings.is_empty() { Ok(Vec::new()) } else { Err(LockError::new(path, findings)) };
        }
        if findings.is_empty() {
            let lock = file::update(&path, &locked, code, &compared.new, &compared.renamed);
            let writes = golden.writes.into_iter().chain(folds.writes).chain(lock);
            findings.extend(writes.filter_map(|write| write.run().err()));
        }
        if findings.is_empty() { Ok(questions) } else { Err(LockError::new(path, findings)) }
    }
}

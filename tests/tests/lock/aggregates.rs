//! Aggregates in the lock: their names, their ids, and the events that their streams may contain.

use es_core::Aggregate;
use es_core::lock::{Lock, Mode};

use crate::folder::Folder;

/// Aggregates with the same events.
macro_rules! aggregates {
    ($($module:ident: { $($name:ident($($keys:tt)*): $($event:ident),*;)* })*) => {$(
        mod $module {
            use crate::prelude::*;

            #[event(name = "account.opened")]
            pub struct Opened { owner: String }
            #[event(name = "account.closed")]
            pub struct Closed { reason: String }
            #[event(name = "account.moved")]
            pub struct Moved { street: String }

            $(
                #[derive(Aggregate, Default)]
                #[aggregate($($keys)*)]
                pub struct $name;
                $(impl Apply<$event> for $name { fn apply(&mut self, _: $event) {} })*
            )*
        }
    )*};
}

aggregates! {
    first: {
        Account(name = "account", id = u64, events(Opened, Closed)): Opened, Closed;
        Archive(name = "archive", id = String, events(Moved)): Moved;
    }
    renamed: { Wallet(name = "wallet", id = u64, events(Opened, Closed)): Opened, Closed; }
    renamed_with_was: {
        Wallet(name = "wallet", was("account"), id = u64, events(Opened, Closed)): Opened, Closed;
        Archive(name = "archive", id = String, events(Moved)): Moved;
    }
    exchanged: {
        Account(name = "archive", id = u64, events(Opened, Closed)): Opened, Closed;
        Archive(name = "account", id = String, events(Moved)): Moved;
    }
    by_text: {
        Account(name = "account", id = String, events(Opened, Closed)): Opened, Closed;
        Archive(name = "archive", id = String, events(Moved)): Moved;
    }
    moved: {
        Account(name = "account", id = u64, unknown = "skip", events(Opened)): Opened;
        Archive(name = "archive", id = String, events(Moved, Closed)): Moved, Closed;
    }
    retired: {
        Account(name = "account", id = u64, events(Opened), retired(Closed)): Opened;
        Archive(name = "archive", id = String, events(Moved)): Moved;
    }
    only_account: { Account(name = "account", id = u64, events(Opened, Closed)): Opened, Closed; }
}

impl es_core::model::Retired<retired::Closed> for retired::Account {
    type Error = std::convert::Infallible;
    fn retired(
        _: retired::Closed,
        _: &es_core::UpcastContext<'_>,
    ) -> Result<es_core::Events<Self>, Self::Error> {
        es_core::emit(())
    }
}

fn published(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.run_both::<first::Account, first::Archive>(Mode::Update).expect("an update");
    folder.run_both::<first::Account, first::Archive>(Mode::Check).expect("what was published");
    folder
}

fn found<A: Aggregate, B: Aggregate>(folder: &Folder, mode: Mode) -> Vec<String> {
    match folder.run_both::<A, B>(mode) {
        Ok(_) => Vec::new(),
        Err(error) => error.findings().iter().map(|finding| finding.text.clone()).collect(),
    }
}

const AGGREGATES: &str = "
aggregate account
  id u64
  event account.closed
  event account.opened

aggregate archive
  id string
  event account.moved
";

#[test]
fn aggregates_are_in_the_lock_with_one_fact_on_each_line() {
    let folder = published("aggregates_stand_in_the_lock");
    assert!(folder.read("events.lock").contains(AGGREGATES), "{}", folder.read("events.lock"));
}

#[test]
fn an_undeclared_rename_of_an_aggregate_is_reported() {
    let folder = published("an_aggregate_that_is_renamed");
    let files = folder.files();
    for mode in [Mode::Check, Mode::Update] {
        let found = found::<renamed::Wallet, first::Archive>(&folder, mode);
        assert_eq!(
            found,
            ["no aggregate is called `account` any more, and streams of it may be stored
`wallet` is new and reads the same events. Streams keep the name under which they were stored, so those of `account` would be \
            read as empty. If this is the same aggregate, say so: `#[aggregate(name = \"wallet\", was(\"account\"))]`; else put \
            `account` back as well.
If no stream of `account` was ever stored, delete `aggregate account` and the lines below it from events.lock."]
        );
    }
    assert_eq!(folder.files(), files);
}

#[test]
fn a_declared_rename_is_recorded_permanently() {
    let folder = published("a_rename_that_is_said");
    folder.run_both::<renamed_with_was::Wallet, renamed_with_was::Archive>(Mode::Update).expect("a rename");
    assert!(
        folder
            .read("events.lock")
            .contains("aggregate wallet\n  id u64\n  was account\n  event account.closed\n"),
        "{}",
        folder.read("events.lock")
    );
    let found = found::<renamed::Wallet, first::Archive>(&folder, Mode::Update);
    assert_eq!(
        found,
        ["`account` is a former name of aggregate `wallet`, which no longer declares it
Streams may be stored under that name, and would be read as empty: write `was(\"account\")` on it again."]
    );
}

#[test]
fn a_removed_aggregate_is_reported() {
    let folder = published("an_aggregate_that_is_gone");
    let found = folder.findings::<only_account::Account>(Mode::Update);
    assert!(
        found.iter().any(|text| text.starts_with("no aggregate is called `archive` any more")),
        "{found:#?}"
    );
}

#[test]
fn two_aggregates_cannot_swap_their_names() {
    let folder = published("two_aggregates_cannot_exchange");
    let found = found::<exchanged::Account, exchanged::Archive>(&folder, Mode::Update);
    assert!(
        found.iter().any(|text| text.starts_with("aggregate `account` no longer reads `account.opened`")),
        "{found:#?}"
    );
    assert!(
        found
            .iter()
            .any(|text| text.starts_with("the id of aggregate `account` was `u64` and is `string` now")),
        "{found:#?}"
    );
}

#[test]
fn an_id_of_another_type_is_reported() {
    let folder = published("an_id_of_another_type");
    assert_eq!(
        found::<by_text::Account, by_text::Archive>(&folder, Mode::Update),
        ["the id of aggregate `account` was `u64` and is `string` now
Stored streams are named by the text of their ids. With another type they may be read as empty, or fail to load. Put the type \
        of the id back.
If the new type reads every stored key and writes it as the same text, delete the line `id u64` below `aggregate account` from \
        events.lock, and run `ES_LOCK=update cargo test`."]
    );
    // It can be changed deliberately.
    folder.write("events.lock", &folder.read("events.lock").replace("  id u64\n", ""));
    folder.run_both::<by_text::Account, by_text::Archive>(Mode::Update).expect("an update");
    assert!(folder.read("events.lock").contains("aggregate account\n  id string\n"));
}

#[test]
fn an_event_that_leaves_an_aggregate_is_reported() {
    let folder = published("an_event_that_leaves");
    assert_eq!(
        found::<moved::Account, moved::Archive>(&folder, Mode::Update),
        ["aggregate `account` no longer reads `account.closed`, and its streams may contain it
A stream that does cannot be loaded, or, with `unknown = \"skip\"`, loses what the event did to the state. It is an event of \
        `archive` now, and stored events do not move. Write `events(…, Closed)` on `account` again, or `retired(Closed)` with a \
        `Retired<Closed>` that says what it means there today.
If no stream of `account` ever held it, delete the line that names `account.closed` below `aggregate account` from events.lock."]
    );
}

#[test]
fn an_event_that_an_aggregate_retires_stays_in_the_lock() {
    let folder = published("an_event_that_an_aggregate_retires");
    let found = found::<retired::Account, retired::Archive>(&folder, Mode::Check);
    assert_eq!(
        found,
        ["things are not there yet: what aggregate `account` reads, what payloads of events/account.closed/v1.json mean today
Run `ES_LOCK=update cargo test`, look at what it wrote, and commit events.lock and the folder `events`."]
    );
    let accepted = folder.run_both::<retired::Account, retired::Archive>(Mode::Update).expect("an update");
    assert!(accepted.is_empty(), "{accepted:#?}");
    assert!(folder.read("events.lock").contains("  event account.opened\n  retired account.closed\n"));
}

#[test]
fn two_types_of_one_aggregate_have_one_kind_of_id() {
    let folder = Folder::new("two_types_of_one_aggregate");
    let lock = Lock::new(folder.path()).with::<first::Account>().with::<by_text_twin::Account>();
    let error = lock.run(Mode::Update).expect_err("two ids");
    assert!(
        error.findings()[0].text.starts_with(
            "two types are the aggregate `account`, one with the id `u64` and one with `string`"
        ),
        "{error}"
    );
}

mod by_text_twin {
    use super::first::Opened;
    use crate::prelude::*;

    #[derive(Aggregate, Default)]
    #[aggregate(name = "account", id = String, events(Opened))]
    pub struct Account;
    impl Apply<Opened> for Account {
        fn apply(&mut self, _: Opened) {}
    }
}

mod keys {
    use es_core::stream::InvalidKey;
    use es_core::StreamKey;

    #[derive(StreamKey)]
    pub struct Number(pub u64);
    #[derive(StreamKey)]
    pub struct Outer {
        pub inner: Number,
    }
    #[derive(StreamKey)]
    pub struct Of<T>(pub T);

    pub struct Composed<T>(pub T);
    impl StreamKey for Composed<u8> {
        fn to_key(&self) -> std::borrow::Cow<'_, str> {
            format!("x-{}", self.0).into()
        }
        fn from_key(key: &str) -> Result<Self, InvalidKey> {
            key.strip_prefix("x-")
                .and_then(|key| key.parse().ok())
                .map(Self)
                .ok_or_else(|| InvalidKey::new(key, "x-number"))
        }
    }
}

#[test]
fn the_form_of_an_id_is_that_of_what_it_holds() {
    use es_core::StreamKey;
    assert_eq!(keys::Number::form(), "u64");
    assert_eq!(keys::Outer::form(), "u64");
    assert_eq!(keys::Of::<es_core::uuid::Uuid>::form(), "uuid");
    assert_eq!(keys::Composed::<u8>::form(), "Composed<u8>");
    assert_eq!(<std::num::NonZeroU32 as StreamKey>::form(), "u32:nonzero");
}

#[test]
fn an_aggregate_that_is_listed_twice_after_a_merge_is_rejected() {
    let folder = published("an_aggregate_that_stands_twice");
    let lock = folder.read("events.lock");
    folder.write("events.lock", &lock.replace(AGGREGATES, &format!("{AGGREGATES}{AGGREGATES}")));
    assert_eq!(
        found::<first::Account, first::Archive>(&folder, Mode::Update),
        [
            "events.lock line 12: aggregate `account` is here twice; keep one, with the lines of both, each once"
        ]
    );
    folder.write("events.lock", &lock.replace("  id u64\n", "  id u64\n  id u32\n"));
    assert_eq!(
        found::<first::Account, first::Archive>(&folder, Mode::Update),
        ["events.lock line 5: this is not a line of an aggregate, or it is repeated; restore the file"]
    );
}

mod projected {
    use crate::prelude::*;

    #[event(name = "account.opened", version = 2, previous = OpenedV1)]
    pub struct Opened {
        owner: String,
        branch: String,
    }
    #[event(name = "account.opened")]
    pub struct OpenedV1 {
        owner: String,
    }
    crate::step!(OpenedV1 => Opened, |old| { owner: old.owner, branch: "EU".into() });

    #[derive(es_core::projection::Projection)]
    #[projection(name = "owners", events(Opened), model = Vec<String>)]
    pub struct Owners;
    impl es_core::projection::Project<Opened> for Owners {
        async fn project(
            &self,
            event: &es_core::Recorded<Opened>,
            model: &mut Vec<String>,
        ) -> Result<(), es_core::record::BoxError> {
            model.push(event.event.owner.clone());
            Ok(())
        }
    }
}

mod projected_otherwise {
    use crate::prelude::*;

    #[event(name = "account.opened", version = 2, previous = OpenedV1)]
    pub struct Opened {
        owner: String,
        branch: String,
    }
    #[event(name = "account.opened")]
    pub struct OpenedV1 {
        owner: String,
    }
    crate::step!(OpenedV1 => Opened, |old| { owner: old.owner, branch: "US".into() });

    #[derive(es_core::projection::Projection)]
    #[projection(name = "owners", events(Opened), model = Vec<String>)]
    pub struct Owners;
    impl es_core::projection::Project<Opened> for Owners {
        async fn project(
            &self,
            event: &es_core::Recorded<Opened>,
            model: &mut Vec<String>,
        ) -> Result<(), es_core::record::BoxError> {
            model.push(event.event.owner.clone());
            Ok(())
        }
    }
}

#[test]
fn events_that_only_a_projection_lists_are_locked() {
    let folder = Folder::new("events_that_only_a_projection_lists");
    let lock = || Lock::new(folder.path()).with_projection::<projected::Owners>();
    lock().run(Mode::Update).expect("an update");
    lock().run(Mode::Check).expect("what was published");
    assert!(
        folder.read("events.lock").contains("event account.opened 1\n  payload: struct\n    owner: string\n")
    );
    let now = Lock::new(folder.path()).with_projection::<projected_otherwise::Owners>();
    let error = now.run(Mode::Check).expect_err("another meaning");
    assert!(
        error.findings()[0].text.starts_with(
            "payload 1 of events/account.opened/v1.json means something else now: `branch` was \"EU\" and is \"US\""
        ),
        "{error}"
    );
}

#[test]
fn an_aggregate_that_the_test_does_not_name_is_found_in_the_sources() {
    let folder = published("an_aggregate_that_the_test_does_not_name");
    let sources = folder.path().join("src");
    std::fs::create_dir_all(sources.join("tests")).expect("a folder");
    let aggregate = |name: &str| {
        format!("#[derive(Aggregate)]\n#[aggregate(name = \"{name}\", events(A))]\npub struct Draft;\n")
    };
    folder.write("src/lib.rs", &format!("mod draft;\n#[cfg(test)]\nmod tests;\n{}", aggregate("account")));
    folder.write("src/draft.rs", &aggregate("draft"));
    folder.write("src/tests.rs", &aggregate("of a test"));
    folder.write("src/tests/more.rs", &aggregate("of a test as well"));
    let lock = || Lock::new(folder.path()).with::<first::Account>().with::<first::Archive>();
    let error = lock().for_all_in(&sources, &[]).run(Mode::Update).expect_err("one is missing");
    assert_eq!(error.findings().len(), 1, "{error}");
    assert_eq!(
        error.findings()[0].text,
        format!(
            "aggregate `draft` is not in the lock test: {} line 2
Nothing locks what its events mean. Add it: `lock_test!(…, Draft)`.
If none of its events are stored, leave it out knowingly: `lock_test!(…; without: \"draft\")`.",
            sources.join("draft.rs").display()
        )
    );
    lock().for_all_in(&sources, &["draft"]).run(Mode::Check).expect("it is left out knowingly");
}

//! Sample folds detect a change of `apply` in an aggregate with snapshots.

use es_core::lock::Mode;
use serde_json::{Value, json};

use crate::folder::Folder;

macro_rules! accounts {
    ($($module:ident: { $($state:item)* } |$self:ident, $event:ident| $body:expr;)*) => {$(
        mod $module {
            use crate::prelude::*;

            #[event(name = "account.opened")]
            pub struct Opened { tags: Vec<String> }
            #[event(name = "account.paid")]
            pub struct Paid { cents: i64 }

            $($state)*
            impl Apply<Opened> for Account {
                fn apply(&mut self, event: Opened) { self.tags.extend(event.tags); }
            }
            impl Apply<Paid> for Account {
                fn apply(&mut $self, $event: Paid) { $body }
            }
        }
    )*};
}
accounts! {
    first: {
        #[derive(Aggregate, Default, Serialize, Deserialize)]
        #[aggregate(name = "account", id = u64, events(Opened, Paid), snapshot(every = 10))]
        pub struct Account { cents: i64, tags: std::collections::HashSet<String> }
    } |self, event| self.cents += event.cents;
    twice: {
        #[derive(Aggregate, Default, Serialize, Deserialize)]
        #[aggregate(name = "account", id = u64, events(Opened, Paid), snapshot(every = 10))]
        pub struct Account { cents: i64, tags: std::collections::HashSet<String> }
    } |self, event| self.cents += 2 * event.cents;
    twice_with_rev: {
        #[derive(Aggregate, Default, Serialize, Deserialize)]
        #[aggregate(name = "account", id = u64, events(Opened, Paid), snapshot(every = 10, build = 2))]
        pub struct Account { cents: i64, tags: std::collections::HashSet<String> }
    } |self, event| self.cents += 2 * event.cents;
    panics: {
        #[derive(Aggregate, Default, Serialize, Deserialize)]
        #[aggregate(name = "account", id = u64, events(Opened, Paid), snapshot(every = 10))]
        pub struct Account { cents: i64, tags: std::collections::HashSet<String> }
    } |self, event| { assert!(self.tags.is_empty(), "too late"); self.cents += event.cents; };
    forgets: {
        #[derive(Aggregate, Default)]
        #[aggregate(name = "account", id = u64, events(Opened, Paid), snapshot(every = 10))]
        pub struct Account { cents: i64, tags: std::collections::HashSet<String> }
        impl Serialize for Account {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                json_of(self).serialize(to)
            }
        }
        impl<'de> Deserialize<'de> for Account {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                serde_json::Value::deserialize(from)?;
                Ok(Self::default())
            }
        }
        fn json_of(account: &Account) -> serde_json::Value {
            serde_json::json!({ "cents": account.cents, "tags": Vec::<String>::new() })
        }
    } |self, event| self.cents += event.cents;
    unsteady: {
        #[derive(Aggregate, Default, Serialize, Deserialize)]
        #[aggregate(name = "account", id = u64, events(Opened, Paid), snapshot(every = 10))]
        pub struct Account { cents: i64, tags: std::collections::HashSet<String> }
    } |self, event| self.cents += event.cents + crate::folds::count();
}

fn count() -> i64 {
    use std::sync::atomic::{AtomicI64, Ordering};
    static COUNT: AtomicI64 = AtomicI64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

const FOLD: &str = "events/account.fold.json";

#[test]
fn the_state_after_each_golden_payload_is_stored() {
    let folder = Folder::with::<first::Account>("the_state_after_each");
    let fold: Value = serde_json::from_str(&folder.read(FOLD)).expect("JSON");
    assert_eq!(
        fold["events"],
        json!([
            {
                "name": "account.opened", "version": 1, "stored": { "tags": ["tags"] },
                "state": { "cents": 0, "tags": ["tags"] },
            },
            { "name": "account.paid", "version": 1, "stored": { "cents": 1 }, "state": { "cents": 1, "tags": ["tags"] } },
        ])
    );
}

#[test]
fn each_step_of_a_fold_is_a_line_so_that_branches_merge() {
    let folder = Folder::with::<first::Account>("each_step_of_a_fold");
    let text = folder.read(FOLD);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("  \"fingerprint\": \""), "{text}");
    assert_eq!(
        lines[2..],
        [
            "  \"events\": [",
            "    {\"name\":\"account.opened\",\"version\":1,\"stored\":{\"tags\":[\"tags\"]},\
             \"state\":{\"cents\":0,\"tags\":[\"tags\"]}},",
            "    {\"name\":\"account.paid\",\"version\":1,\"stored\":{\"cents\":1},\
             \"state\":{\"cents\":1,\"tags\":[\"tags\"]}}",
            "  ]",
            "}",
        ]
    );
}

#[test]
fn a_changed_apply_needs_a_new_build() {
    let folder = Folder::with::<first::Account>("an_apply_that_changes");
    let files = folder.files();
    for mode in [Mode::Check, Mode::Update] {
        assert_eq!(
            folder.findings::<twice::Account>(mode),
            ["aggregate `account` folds the same events to another state than before: `cents` was 1 and is 2
It differs after event 2 of events/account.fold.json, `account.paid` version 1. Stored snapshots hold states of the former \
            code, and would continue from those.
Put `apply` back as it was, or raise `build` in the `snapshot(…)` of `account`, so that stored snapshots are no longer used, and \
            run `ES_LOCK=update cargo test`."]
        );
    }
    assert_eq!(folder.files(), files);
    assert_eq!(
        folder.findings::<twice_with_rev::Account>(Mode::Check),
        ["one thing is not there yet: the sample fold events/account.fold.json
Run `ES_LOCK=update cargo test`, look at what it wrote, and commit events.lock and the folder `events`."]
    );
    folder.run::<twice_with_rev::Account>(Mode::Update).expect("an update");
    folder.run::<twice_with_rev::Account>(Mode::Check).expect("what was written");
    let fold: Value = serde_json::from_str(&folder.read(FOLD)).expect("JSON");
    assert_eq!(fold["events"][1]["state"]["cents"], 2);
}

#[test]
fn an_apply_that_panics_only_now_is_reported() {
    let folder = Folder::with::<first::Account>("an_apply_that_panics_where_it_did_not");
    let found = folder.findings::<panics::Account>(Mode::Update);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("it was folded, and it panics"), "{}", found[0]);
}

#[test]
fn added_payloads_continue_the_fold_and_change_no_earlier_step() {
    let folder = Folder::with::<first::Account>("payloads_that_are_added");
    let before: Value = serde_json::from_str(&folder.read(FOLD)).expect("JSON");
    let tags: Vec<String> = (0..20).map(|tag| tag.to_string()).collect();
    folder.write(
        "events/account.opened/v1.json",
        &json!([{ "stored": { "tags": tags } }, { "stored": { "tags": ["tags"] } }]).to_string(),
    );
    folder.run::<first::Account>(Mode::Update).expect("an update");
    let now: Value = serde_json::from_str(&folder.read(FOLD)).expect("JSON");
    let steps = |fold: &Value| fold["events"].as_array().expect("a list").clone();
    assert_eq!(steps(&now)[..2], steps(&before)[..]);
    assert_eq!(steps(&now).len(), 3);
    assert_eq!(steps(&now)[2]["state"]["tags"].as_array().map(Vec::len), Some(21));
    // A set of hashes is the same set in any order.
    for _ in 0..5 {
        folder.run::<first::Account>(Mode::Check).expect("the same states");
    }
}

#[test]
fn a_state_that_continues_differently_from_a_snapshot_is_reported() {
    let folder = Folder::new("a_state_that_goes_on_differently");
    // One event alone cannot show it.
    std::fs::create_dir_all(folder.path().join("events/account.paid")).expect("a folder");
    folder.write("events/account.paid/v1.json", r#"[{"stored": {"cents": 1}}, {"stored": {"cents": 2}}]"#);
    assert_eq!(
        folder.findings::<forgets::Account>(Mode::Update),
        ["the state of aggregate `account` continues differently from a snapshot: after `account.paid` version 1, `cents` was 3 and \
            is 2
Something in the state is not written into snapshots, or is read from them as something else: a field with `#[serde(skip)]`, or \
            code that writes or reads it. Keep all of the state."]
    );
}

#[test]
fn a_state_that_is_not_deterministic_is_reported() {
    let folder = Folder::new("a_state_that_comes_out_differently");
    let found = folder.findings::<unsteady::Account>(Mode::Update);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("the state of aggregate `account` is different each time it is folded: after `account.paid` version 1, "),
        "{}",
        found[0]
    );
}

#[test]
fn a_merge_in_a_fold_is_explained() {
    let folder = Folder::with::<first::Account>("a_merge_in_a_fold");
    let fold = folder.read(FOLD);
    folder.write(FOLD, &format!("<<<<<<< HEAD\n{fold}=======\n{fold}>>>>>>> other\n"));
    assert_eq!(
        folder.findings::<first::Account>(Mode::Update),
        ["events/account.fold.json line 1: a merge was not resolved
Take the file of either side, and run `ES_LOCK=update cargo test`."]
    );
}

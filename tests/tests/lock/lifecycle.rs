//! What an update writes, and what it never does.

use es_core::lock::Mode;

use crate::folder::Folder;

mod first {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        item: String,
    }

    #[event(name = "order.shipped")]
    pub struct Shipped {
        parcel: u32,
    }
    crate::order!(Placed, Shipped);
}

mod without_shipped {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        item: String,
    }
    crate::order!(Placed);
}

mod renamed {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        item: String,
    }

    #[event(name = "order.sent")]
    pub struct Sent {
        parcel: u32,
    }
    crate::order!(Placed, Sent);
}

mod all_wrong {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        item: u8,
    }

    #[event(name = "order.billed")]
    pub struct Billed {
        cents: i64,
    }
    crate::order!(Placed, Billed);
}

#[test]
fn nothing_is_written_without_an_update() {
    let folder = Folder::new("nothing_is_written");
    assert_eq!(
        folder.findings::<first::Order>(Mode::Check),
        [
            "versions are to be published in a new file: `order.placed` version 1, `order.shipped` version 1\nRun \
             `ES_LOCK=update cargo test`, look at what it wrote, and commit events.lock and the folder `events`."
        ]
    );
    assert!(folder.files().is_empty());
}

#[test]
fn an_update_writes_the_lock_and_payloads_and_the_next_one_nothing() {
    let folder = Folder::with::<first::Order>("an_update_writes");
    let files = folder.files();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["events.lock", "events/order.placed/v1.json", "events/order.shipped/v1.json"]);
    assert_eq!(
        files["events.lock"],
        "format = 2

aggregate order
  id string
  event order.placed
  event order.shipped

event order.placed 1
  payload: struct
    item: string
  rust: lock::lifecycle::first::Placed

event order.shipped 1
  payload: struct
    parcel: u32
  rust: lock::lifecycle::first::Shipped
"
    );
    assert_eq!(
        files["events/order.placed/v1.json"],
        "[
  {
    \"stored\": {
      \"item\": \"item\"
    },
    \"today\": {
      \"item\": \"item\"
    },
    \"version\": 1
  }
]
"
    );
    let written =
        |file: &str| folder.path().join(file).metadata().and_then(|data| data.modified()).expect("a file");
    let before = written("events.lock");
    folder.run::<first::Order>(Mode::Update).expect("nothing to do");
    assert_eq!(folder.files(), files);
    assert_eq!(written("events.lock"), before);
}

#[test]
fn an_update_never_overwrites_what_is_published() {
    let folder = Folder::with::<first::Order>("an_update_never_writes_over");
    let files = folder.files();
    let found = folder.findings::<all_wrong::Order>(Mode::Update);
    assert!(found[0].starts_with("`order.placed` version 1 (`Placed`) is published, and its shape changed:"));
    assert_eq!(folder.files(), files, "not even what is new");

    // If nothing was stored, the user deletes the entry and the payloads.
    let lock = folder.read("events.lock");
    let entry = "\nevent order.placed 1\n  payload: struct\n    item: string\n  rust: lock::lifecycle::first::Placed\n";
    let gone = "\nevent order.shipped 1\n  payload: struct\n    parcel: u32\n  rust: lock::lifecycle::first::Shipped\n";
    assert!(lock.contains(entry) && lock.contains(gone));
    folder.write("events.lock", &lock.replace(entry, "").replace(gone, ""));
    folder.remove("events/order.placed/v1.json");
    folder.run::<all_wrong::Order>(Mode::Update).expect("an update");
    assert!(folder.read("events.lock").contains("event order.placed 1\n  payload: struct\n    item: u8\n"));
}

#[test]
fn a_removed_event_is_reported() {
    let folder = Folder::with::<first::Order>("an_event_that_is_gone");
    let expected = ["`order.shipped` version 1 is published, and no aggregate here reads it any more.
Put its struct back as it was, and list it in the `events(…)` of its aggregate, or in `retired(…)` if it is no \
         longer written: any stream may contain it."];
    assert_eq!(folder.findings::<without_shipped::Order>(Mode::Check), expected);
    assert_eq!(folder.findings::<without_shipped::Order>(Mode::Update), expected);
}

#[test]
fn an_event_that_was_renamed_is_recognised() {
    let folder = Folder::with::<first::Order>("an_event_that_was_renamed");
    assert_eq!(
        folder.findings::<renamed::Order>(Mode::Update),
        ["`order.shipped` version 1 is published, and no aggregate here reads it any more.
The new event `order.sent` has the same shape. Stored events keep their name. If this is the same event, add \
         `was(\"order.shipped\")` to its `#[event(…)]`; otherwise put the struct of `order.shipped` back as well."]
    );
}

mod two_versions {
    use crate::prelude::*;

    #[event(name = "order.placed", version = 2, previous = PlacedV1)]
    pub struct Placed {
        item: String,
    }

    #[event(name = "order.placed", version = 1)]
    struct PlacedV1 {
        article: String,
    }
    crate::step!(PlacedV1 => Placed, |old| { item: old.article });
    crate::order!(Placed);
}

mod second_gone {
    use crate::prelude::*;

    #[event(name = "order.placed", version = 1)]
    pub struct Placed {
        article: String,
    }
    crate::order!(Placed);
}

#[test]
fn a_removed_version_is_reported() {
    let folder = Folder::with::<two_versions::Order>("a_version_that_is_gone");
    assert_eq!(
        folder.findings::<second_gone::Order>(Mode::Check),
        ["`order.placed` version 2 is published, and no aggregate here reads it any more.
The newest version in the code is 1. Put the struct of version 2 back: versions only go up, and a program that does not know version \
         2 cannot read what is stored."]
    );
}

#[test]
fn several_findings_are_reported_at_once() {
    let folder = Folder::with::<first::Order>("several_findings_are_reported_at_once");
    let found = folder.findings::<all_wrong::Order>(Mode::Check);
    let first_lines: Vec<&str> = found.iter().filter_map(|finding| finding.lines().next()).collect();
    assert_eq!(
        first_lines,
        [
            "`order.placed` version 1 (`Placed`) is published, and its shape changed:",
            "`order.shipped` version 1 is published, and no aggregate here reads it any more.",
            "one version is not there yet: `order.billed` version 1",
        ]
    );
}

#[test]
fn a_broken_lock_is_reported_and_left_unchanged() {
    let folder = Folder::with::<first::Order>("a_broken_lock");
    let broken = folder.read("events.lock").replace("event order.shipped 1\n", "<<<<<<< HEAD\n");
    folder.write("events.lock", &broken);
    assert_eq!(
        folder.findings::<first::Order>(Mode::Update),
        ["events.lock line 13: a merge was not resolved; keep the lines of both sides, each once
Where both sides made the same version of an event, give one of them the next version: keep the entry of the other, and run \
         `ES_LOCK=update cargo test` for the new one."]
    );
    assert_eq!(folder.read("events.lock"), broken);
}

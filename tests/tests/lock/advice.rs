//! The whole message: what changed, and what to write.

use es_core::lock::{Lock, Mode};

use crate::folder::Folder;

mod before {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        item: String,
        cents: i64,
    }
    crate::order!(Placed);
}

mod changed {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        item: String,
        cents: u64,
        currency: String,
    }
    crate::order!(Placed);
}

#[test]
fn a_changed_event_comes_with_the_code_of_the_next_version() {
    let folder = Folder::with::<before::Order>("a_changed_event_comes_with_the_code");
    let error = folder.run::<changed::Order>(Mode::Check).expect_err("the event has changed");
    let path = folder.path().join("events.lock");
    let expected = format!(
        r#"the code and {} differ in 1 thing:

1. `order.placed` version 1 (`Placed`) is published, and its shape changed:
     - field `currency: string` was added
     - field `cents` was `i64` and is `u64` now
   Events of version 1 are stored as they were. Undo the change, or make it version 2: keep the struct as it was under the name `PlacedV1`, and write

   #[event(name = "order.placed", version = 2, previous = PlacedV1)]
   pub struct Placed {{ /* as it is now */ }}

   #[event(name = "order.placed", version = 1)]
   pub struct PlacedV1 {{ /* as it was */ }}

   impl es_core::UpcastFrom<PlacedV1> for Placed {{
       type Error = std::convert::Infallible;
       fn upcast_from(old: PlacedV1, _: &es_core::UpcastContext<'_>) -> Result<Self, Self::Error> {{
           Ok(Self {{ cents: todo!("from version 1"), currency: todo!("from version 1"), item: old.item }})
       }}
   }}

   then run `ES_LOCK=update cargo test`.
"#,
        path.display()
    );
    assert_eq!(error.to_string(), expected);
}

/// The advice, followed.
mod followed {
    use crate::prelude::*;

    #[event(name = "order.placed", version = 2, previous = PlacedV1)]
    pub struct Placed {
        item: String,
        cents: u64,
        currency: String,
    }

    #[event(name = "order.placed", version = 1)]
    struct PlacedV1 {
        item: String,
        cents: i64,
    }
    crate::step!(PlacedV1 => Placed, |old| {
        item: old.item, cents: old.cents.unsigned_abs(), currency: "EUR".into()
    });
    crate::order!(Placed);
}

#[test]
fn the_advice_followed_is_a_new_version_and_nothing_else() {
    let folder = Folder::with::<before::Order>("the_advice_followed");
    let published = folder.read("events/order.placed/v1.json");
    assert_eq!(
        folder.findings::<followed::Order>(Mode::Check),
        [
            "one version is not there yet: `order.placed` version 2\nRun `ES_LOCK=update cargo test`, look at what it \
             wrote, and commit events.lock and the folder `events`."
        ]
    );
    folder.run::<followed::Order>(Mode::Update).expect("an update");
    folder.run::<followed::Order>(Mode::Check).expect("what was published");
    assert_eq!(folder.read("events/order.placed/v1.json"), published);
    assert_eq!(
        folder.read("events.lock"),
        "format = 1

event order.placed 1
  payload: struct
    cents: i64
    item: string

event order.placed 2
  payload: struct
    cents: u64
    currency: string
    item: string
"
    );
}

/// The old version is changed along with the new one.
mod past_rewritten {
    use crate::prelude::*;

    #[event(name = "order.placed", version = 2, previous = PlacedV1)]
    pub struct Placed {
        item: String,
        cents: u64,
        currency: String,
    }

    #[event(name = "order.placed", version = 1)]
    struct PlacedV1 {
        item: String,
        cents: i64,
        currency: Option<String>,
    }
    crate::step!(PlacedV1 => Placed, |old| { item: old.item, cents: 0, currency: "EUR".into() });
    crate::order!(Placed);
}

#[test]
fn an_old_version_can_only_be_put_back() {
    let folder = Folder::with::<followed::Order>("an_old_version_can_only_be_put_back");
    assert_eq!(
        folder.findings::<past_rewritten::Order>(Mode::Check),
        ["`order.placed` version 1 (`PlacedV1`) is published, and its shape changed:
  - field `currency: option<string>` was added
Events of version 1 are stored as they were. Put `PlacedV1` back as it was; what is new belongs into `Placed`, version 2, or \
a version after it."]
    );
}

mod without_parts {
    use crate::prelude::*;

    #[derive(Debug, Default, Clone, Serialize, Deserialize)]
    pub struct Money(i64);

    #[derive(Serialize, Deserialize, Shape)]
    pub struct Line {
        price: Option<Money>,
    }

    #[event(name = "order.placed")]
    pub struct Placed {
        lines: Vec<Line>,
        #[serde(with = "time::serde::rfc3339")]
        at: time::OffsetDateTime,
    }

    #[derive(Aggregate, Default, Serialize, Deserialize)]
    #[aggregate(name = "order", id = String, events(Placed), snapshot(every = 10))]
    pub struct Order {
        paid: Money,
    }
    impl Apply<Placed> for Order {
        fn apply(&mut self, _: Placed) {}
    }
}

#[test]
fn parts_without_a_shape_are_named_with_their_path_and_never_published() {
    let folder = Folder::new("parts_without_a_shape");
    let expected = [
        "`order.placed` version 1 (`Placed`) has a part without a shape: `lines[].price` is `Option<Money>`
What nobody describes cannot be compared.
Derive `es_core::Shape` for `Option<Money>`, or say on the field how it is written: `#[shape(\"…\")]`, with a form such as \
         `string:date-time`, `i64` or `list<string>`.",
        "`order.placed` version 1 (`Placed`) has a part without a shape: `at` is written by `time::serde::rfc3339`
What nobody describes cannot be compared.
Say on the field how it is written: `#[shape(\"…\")]`, with a form \
         such as `string:date-time`, `i64` or `list<string>`.",
        "the state of aggregate `order` is kept in snapshots, and a part of it has no shape: `paid` is `Money`
A change of it would not be seen, and old snapshots be misread.
Derive `es_core::Shape` for `Money`, or say on the field how it is written: `#[shape(\"…\")]`, with a form such as \
         `string:date-time`, `i64` or `list<string>`.",
    ];
    assert_eq!(folder.findings::<without_parts::Order>(Mode::Update), expected);
    assert!(folder.files().is_empty());
}

/// The same name for another struct, in another aggregate.
mod reused {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        parcel: u8,
    }

    #[derive(Aggregate, Default)]
    #[aggregate(name = "parcel", id = String, events(Placed))]
    pub struct Parcel;
    impl Apply<Placed> for Parcel {
        fn apply(&mut self, _: Placed) {}
    }
}

#[test]
fn one_name_for_two_structs_is_refused() {
    let folder = Folder::new("one_name_for_two_structs");
    let lock = Lock::new(folder.path()).with::<before::Order>().with::<reused::Parcel>();
    let error = lock.run(Mode::Update).expect_err("two structs");
    let found: Vec<&str> = error.findings().iter().map(|finding| finding.text.as_str()).collect();
    assert_eq!(
        found,
        ["`order.placed` version 1 are two structs: `Placed` in aggregate `order` and `Placed` in aggregate `parcel`
Give one of the events another name, or list the same struct in both aggregates."]
    );
}

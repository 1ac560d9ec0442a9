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
fn a_changed_event_is_reported_with_the_code_of_the_next_version() {
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

/// The new version, as the advice says.
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
fn following_the_advice_adds_a_version_and_changes_nothing_else() {
    let folder = Folder::with::<before::Order>("the_advice_followed");
    let published = folder.stored("events/order.placed/v1.json");
    assert_eq!(
        folder.findings::<followed::Order>(Mode::Check),
        [
            "one version is not there yet: `order.placed` version 2\nRun `ES_LOCK=update cargo test`, look at what it \
             wrote, and commit events.lock and the folder `events`."
        ]
    );
    folder.run::<followed::Order>(Mode::Update).expect("an update");
    folder.run::<followed::Order>(Mode::Check).expect("what was published");
    assert_eq!(folder.stored("events/order.placed/v1.json"), published);
    assert_eq!(
        folder.shapes(),
        "format = 2

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

mod without_fields {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed;
    crate::order!(Placed);
}

#[test]
fn the_first_and_the_last_field_of_a_struct_are_reported_with_their_upcast() {
    let name = "the_first_field_of_a_struct_and_the_last";
    let first = Folder::with::<without_fields::Order>(name).findings::<before::Order>(Mode::Check).join("\n");
    assert!(
        first.contains("Ok(Self { cents: todo!(\"from version 1\"), item: todo!(\"from version 1\") })"),
        "{first}"
    );
    let last = Folder::with::<before::Order>(name).findings::<without_fields::Order>(Mode::Check).join("\n");
    assert!(last.contains("        Ok(Self)\n"), "{last}");
}

/// The old version is changed together with the new one.
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
fn a_changed_old_version_can_only_be_restored() {
    let folder = Folder::with::<followed::Order>("a_changed_old_version_can_only_be_restored");
    assert_eq!(
        folder.findings::<past_rewritten::Order>(Mode::Check),
        ["`order.placed` version 1 (`PlacedV1`) is published, and its shape changed:
  - field `currency: option<string>` was added
Events of version 1 are stored as they were. Put `PlacedV1` back as it was; new parts belong in `Placed`, version 2, or \
in a later version."]
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
Parts without a description cannot be compared.
Derive `es_core::shape::Shape` for `Money`, or declare on the field how it is written: `#[shape(\"…\")]`, with a form such as \
         `string:date-time`, `i64` or `list<string>`.",
        "`order.placed` version 1 (`Placed`) has a part without a shape: `at` is written by `time::serde::rfc3339`
Parts without a description cannot be compared.
Declare on the field how it is written: `#[shape(\"…\")]`, with a form \
         such as `string:date-time`, `i64` or `list<string>`.",
        "the state of aggregate `order` is kept in snapshots, and a part of it has no shape: `paid` is `Money`
A change of it would not be seen, and old snapshots be misread.
Derive `es_core::shape::Shape` for `Money`, or declare on the field how it is written: `#[shape(\"…\")]`, with a form such as \
         `string:date-time`, `i64` or `list<string>`.",
    ];
    assert_eq!(folder.findings::<without_parts::Order>(Mode::Update), expected);
    assert!(folder.files().is_empty());
}

/// The same name for a different struct, in another aggregate.
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
fn one_name_for_two_structs_is_rejected() {
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

/// A type within an event in two versions, and another event that contains it.
macro_rules! with_channel {
    ($module:ident: $($channel:tt)*) => {
        mod $module {
            use crate::prelude::*;

            #[derive(Serialize, Deserialize, Shape)]
            $($channel)*

            #[derive(Serialize, Deserialize, Shape)]
            pub struct Line {
                via: Option<Channel>,
            }

            #[event(name = "order.placed", version = 2, previous = PlacedV1)]
            pub struct Placed {
                lines: Vec<Line>,
                note: String,
            }

            #[event(name = "order.placed", version = 1)]
            struct PlacedV1 {
                lines: Vec<Line>,
            }
            crate::step!(PlacedV1 => Placed, |old| { lines: old.lines, note: String::new() });
            crate::order!(Placed);
        }
    };
}

with_channel!(two_channels: #[serde(rename_all = "snake_case")] pub enum Channel { WebShop, Agent });
with_channel!(three_channels: #[serde(rename_all = "snake_case")] pub enum Channel { WebShop, Agent, Fax });
with_channel!(other_case: #[serde(rename_all = "kebab-case")] pub enum Channel { WebShop, Agent });
with_channel!(upper_case: #[serde(rename_all = "UPPERCASE")] pub enum Channel { WebShop, Agent });

#[test]
fn the_advice_for_a_changed_type_within_events_is_to_copy_it() {
    let folder = Folder::with::<two_channels::Order>("a_type_that_changed_inside");
    let findings = folder.findings::<three_channels::Order>(Mode::Check);
    assert_eq!(
        findings[0],
        "`order.placed` version 1 (`PlacedV1`) is published, and its shape changed:
  - variant `fax` of `Channel` was added (at `lines.via`)
No event needs a new version if the type itself describes the change: `#[shape(added(in = 2))]` on `Channel::Fax`. It derives \
         `Shape` without `Deserialize` then, as `Shape` also reads what was stored before.
Events of version 1 are stored as they were. Put `Channel` and `Line` back as they were, or let `PlacedV1` contain \
         copies of `Channel` and `Line` as they were, under other names and with `#[shape(name = \"Channel\")]` and \
         `#[shape(name = \"Line\")]` on them."
    );
    assert!(
        findings[1].contains(
            "keep the struct as it was under the name `PlacedV2`, containing copies of `Channel` and `Line` as they were, under other \
             names and with `#[shape(name = \"Channel\")]` and `#[shape(name = \"Line\")]` on them, and write\n"
        ) && findings[1].contains(
            "#[event(/* as it was */)] // an upcast to `Placed` now leads here\npub struct PlacedV2 {"
        ) && findings[1].contains("Ok(Self { lines: todo!(\"from version 2\"), note: old.note })"),
        "{}",
        findings[1]
    );
}

/// The program as the advice says: the copies have the published shapes.
mod copied {
    use crate::prelude::*;

    #[derive(Serialize, Deserialize, Shape)]
    #[serde(rename_all = "snake_case")]
    pub enum Channel {
        WebShop,
        Agent,
        Fax,
    }

    #[derive(Serialize, Deserialize, Shape)]
    pub struct Line {
        via: Option<Channel>,
    }

    #[derive(Serialize, Deserialize, Shape)]
    #[serde(rename_all = "snake_case")]
    #[shape(name = "Channel")]
    pub enum ChannelV2 {
        WebShop,
        Agent,
    }

    #[derive(Serialize, Deserialize, Shape)]
    #[shape(name = "Line")]
    pub struct LineV2 {
        via: Option<ChannelV2>,
    }

    #[event(name = "order.placed", version = 3, previous = PlacedV2)]
    pub struct Placed {
        lines: Vec<Line>,
        note: String,
    }

    #[event(name = "order.placed", version = 2, previous = PlacedV1)]
    struct PlacedV2 {
        lines: Vec<LineV2>,
        note: String,
    }

    #[event(name = "order.placed", version = 1)]
    struct PlacedV1 {
        lines: Vec<LineV2>,
    }
    crate::step!(PlacedV1 => PlacedV2, |old| { lines: old.lines, note: String::new() });
    crate::step!(PlacedV2 => Placed, |old| { lines: Vec::new(), note: old.note });
    crate::order!(Placed);
}

#[test]
fn copies_of_old_types_have_the_published_shapes() {
    let folder = Folder::with::<two_channels::Order>("copies_of_types");
    folder.run::<copied::Order>(Mode::Update).expect("a new version and nothing else");
    assert!(folder.read("events.lock").contains("event order.placed 3\n"));
}

#[test]
fn names_in_another_case_are_one_difference() {
    let folder = Folder::with::<two_channels::Order>("names_in_another_case");
    let first = |findings: Vec<String>| findings[0].lines().nth(1).unwrap_or_default().to_owned();
    assert_eq!(
        first(folder.findings::<other_case::Order>(Mode::Check)),
        "  - variant `web_shop` of `Channel` was renamed to `web-shop` (at `lines.via`)"
    );
    assert_eq!(
        first(folder.findings::<upper_case::Order>(Mode::Check)),
        "  - variants of `Channel` are written otherwise (at `lines.via`): `agent` as `AGENT`, `web_shop` as `WEBSHOP`"
    );
}

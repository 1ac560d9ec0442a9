//! Golden payloads: one file for each published version, which must be read, upcast, folded and written
//! again.

use es_core::lock::Mode;

use serde_json::json;

use crate::folder::Folder;

mod plain {
    use crate::prelude::*;

    #[derive(Serialize, Deserialize, Shape)]
    pub enum Channel {
        Web,
        Shop { number: u8 },
        Agent(String),
    }

    #[event(name = "order.placed", version = 2, previous = PlacedV1)]
    pub struct Placed {
        channel: Channel,
        note: Option<String>,
        #[serde(with = "time::serde::rfc3339")]
        #[shape("string:date-time")]
        at: time::OffsetDateTime,
    }

    #[event(name = "order.placed", version = 1)]
    struct PlacedV1 {
        channel: Channel,
    }
    crate::step!(PlacedV1 => Placed, |old| { channel: old.channel, note: None, at: time::OffsetDateTime::UNIX_EPOCH });
    crate::order!(Placed);
}

const NEWEST: &str = "events/order.placed/v2.json";
const OLD: &str = "events/order.placed/v1.json";

#[test]
fn generated_payloads_contain_every_variant() {
    let folder = Folder::with::<plain::Order>("payloads_are_made");
    assert_eq!(
        json!(folder.stored(NEWEST)),
        json!([
            { "channel": "Web", "note": "note", "at": "2001-02-02T04:05:06Z" },
            { "channel": { "Shop": { "number": 3 } }, "note": "note", "at": "2001-02-05T04:05:06Z" },
            { "channel": { "Agent": "channel" }, "note": "note", "at": "2001-02-08T04:05:06Z" },
            // Each optional part is omitted once, and `null` once.
            { "channel": "Web", "at": "2001-02-02T04:05:06Z" },
            { "channel": "Web", "note": null, "at": "2001-02-02T04:05:06Z" },
        ])
    );
    assert!(folder.read(OLD).contains("Shop"));
}

#[test]
fn a_missing_file_is_reported_and_written_again_by_an_update() {
    let folder = Folder::with::<plain::Order>("a_missing_file");
    let before = folder.read(OLD);
    folder.remove(OLD);
    assert_eq!(
        folder.findings::<plain::Order>(Mode::Check),
        ["`order.placed` version 1 is published, and events/order.placed/v1.json is missing
Restore the file, or run `ES_LOCK=update cargo test` to make it from the shape."]
    );
    folder.run::<plain::Order>(Mode::Update).expect("an update");
    assert_eq!(folder.read(OLD), before);
}

#[test]
fn payloads_written_by_the_user_are_tested_and_kept() {
    let folder = Folder::with::<plain::Order>("payloads_of_the_users_own");
    folder.write(
        OLD,
        "[{\"stored\": {\"channel\": \"Web\"}}, {\"stored\": {\"channel\": {\"Agent\": \"007\"}}}]",
    );
    assert_eq!(
        folder.findings::<plain::Order>(Mode::Check),
        ["one thing is not there yet: what payloads of events/order.placed/v1.json mean today
Run `ES_LOCK=update cargo test`, look at what it wrote, and commit events.lock and the folder `events`."]
    );
    assert!(folder.accepted::<plain::Order>().is_empty());
    let payloads: serde_json::Value = serde_json::from_str(&folder.read(OLD)).expect("JSON");
    assert_eq!(
        payloads[1],
        json!({
            "stored": { "channel": { "Agent": "007" } },
            "today": { "channel": { "Agent": "007" }, "note": null, "at": "1970-01-01T00:00:00Z" },
            "version": 2,
        })
    );
    let kept = folder.read(OLD);
    folder.run::<plain::Order>(Mode::Check).expect("what was written");
    folder.run::<plain::Order>(Mode::Update).expect("nothing to do");
    assert_eq!(folder.read(OLD), kept);
}

#[test]
fn a_payload_that_is_no_longer_read_is_reported() {
    let folder = Folder::with::<plain::Order>("a_payload_that_is_no_longer_read");
    folder.write(OLD, "[{\"stored\": {\"channel\": \"Web\"}}, {\"stored\": {\"channel\": \"Fax\"}}]");
    assert_eq!(
        folder.findings::<plain::Order>(Mode::Update),
        ["payload 2 of events/order.placed/v1.json can no longer be read: aggregate `order`: the payload does not fit version 1: \
          unknown variant, expected one of `Web`, `Shop`, `Agent` at line 1 column 16
Events like it are stored. Make the code read `order.placed` version 1 again, and leave the payload as it is."]
    );
}

#[test]
fn a_payload_that_the_newest_version_writes_differently_is_reported() {
    let folder = Folder::with::<plain::Order>("what_the_newest_version_writes");
    let written = r#"{"channel": "Web", "note": null, "at": "2001-02-03T04:05:06.000Z"}"#;
    folder.write(NEWEST, &format!(r#"[{{"stored": {written}, "today": {written}, "version": 2}}]"#));
    assert_eq!(
        folder.findings::<plain::Order>(Mode::Check),
        ["payload 1 of events/order.placed/v2.json is written differently now: `at` was \"2001-02-03T04:05:06.000Z\" and is \
          \"2001-02-03T04:05:06Z\"
  stored: {\"at\":\"2001-02-03T04:05:06.000Z\",\"channel\":\"Web\",\"note\":null}
  meant:  {\"at\":\"2001-02-03T04:05:06.000Z\",\"channel\":\"Web\",\"note\":null}
  means:  {\"at\":\"2001-02-03T04:05:06Z\",\"channel\":\"Web\",\"note\":null}
It comes from the code that reads `at`: a `with` module, `from` and `into`, or serde's traits written by hand.
Events like it are stored. Undo the change; if new events should mean something else, make a new version.
If stored events should mean this from now on, `ES_LOCK=update cargo test` writes it into events/order.placed/v2.json."]
    );
}

#[test]
fn a_file_that_is_not_a_list_is_reported() {
    let folder = Folder::with::<plain::Order>("a_file_that_is_no_list");
    for (text, expected) in [
        (
            "{}",
            "events/order.placed/v1.json is not a list of payloads; write them as `[{\"stored\": …}, {\"stored\": …}]`, with at least one",
        ),
        (
            "[]",
            "events/order.placed/v1.json is not a list of payloads; write them as `[{\"stored\": …}, {\"stored\": …}]`, with at least one",
        ),
        ("[", "events/order.placed/v1.json is not JSON: EOF while parsing a list at line 1 column 1"),
    ] {
        folder.write(OLD, text);
        assert_eq!(folder.findings::<plain::Order>(Mode::Check), [expected]);
    }
}

mod picky {
    use crate::prelude::*;

    /// Accepts only values that no sample guesses.
    #[derive(Clone, Serialize, Deserialize, Shape)]
    #[serde(try_from = "String", into = "String")]
    #[shape("string:iban")]
    pub struct Iban(String);

    impl TryFrom<String> for Iban {
        type Error = &'static str;
        fn try_from(text: String) -> Result<Self, Self::Error> {
            if text.starts_with("NL") { Ok(Self(text)) } else { Err("an IBAN starts with NL") }
        }
    }
    impl From<Iban> for String {
        fn from(Iban(text): Iban) -> Self {
            text
        }
    }

    #[event(name = "order.paid")]
    pub struct Paid {
        from: Iban,
    }
    crate::order!(Paid);
}

#[test]
fn a_type_that_rejects_all_samples_needs_handwritten_payloads() {
    let folder = Folder::new("a_type_that_takes_no_sample");
    assert_eq!(
        folder.findings::<picky::Order>(Mode::Update),
        ["`order.paid` version 1 has no golden payloads, and those generated from its shape do not fit: aggregate \
          `order`: the payload does not fit version 1: a value is not allowed at line 1 column 15
If it takes only some values of this shape, write events/order.paid/v1.json by hand: a list of payloads such as a store may \
hold, each as `{\"stored\": …}`.
If it is written in another shape, its shape is not what is stored. Say on the field, or above the type in it, how it is \
written: `#[shape(\"…\")]`, with a form such as `u8`, `string` or `list<string>`."]
    );
    assert!(folder.files().is_empty());
    std::fs::create_dir_all(folder.path().join("events/order.paid")).expect("a folder");
    folder.write("events/order.paid/v1.json", "[{\"stored\": {\"from\": \"NL91ABNA0417164300\"}}]");
    folder.run::<picky::Order>(Mode::Update).expect("an update");
    folder.run::<picky::Order>(Mode::Check).expect("what was published");
}

mod fragile {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        count: u8,
    }

    #[derive(Aggregate, Default)]
    #[aggregate(name = "order", id = String, events(Placed))]
    pub struct Order;
    impl Apply<Placed> for Order {
        fn apply(&mut self, event: Placed) {
            assert!(event.count > 100, "too few");
        }
    }
}

#[test]
fn an_apply_that_panics_is_reported() {
    let folder = Folder::new("an_apply_that_panics");
    assert_eq!(
        folder.findings::<fragile::Order>(Mode::Update),
        ["`order.placed` version 1 has no golden payloads, and those generated from its shape do not fit: aggregate \
          `order` panics when it reads or applies it
If it takes only some values of this shape, write events/order.placed/v1.json by hand: a list of payloads such as a store may \
hold, each as `{\"stored\": …}`.
If it is written in another shape, its shape is not what is stored. Say on the field, or above the type in it, how it is \
written: `#[shape(\"…\")]`, with a form such as `u8`, `string` or `list<string>`."]
    );
}

mod wide {
    use crate::prelude::*;

    #[event(name = "order.placed", version = 2, previous = PlacedV1)]
    pub struct Placed {
        number: u128,
    }
    #[event(name = "order.placed")]
    pub struct PlacedV1 {
        number: u128,
        least: i128,
    }
    crate::step!(PlacedV1 => Placed, |old| { number: old.number });

    #[derive(Aggregate, Default, Serialize, Deserialize)]
    #[aggregate(name = "order", id = String, events(Placed), snapshot(every = 10))]
    pub struct Order {
        number: u128,
    }
    impl Apply<Placed> for Order {
        fn apply(&mut self, event: Placed) {
            self.number = event.number;
        }
    }
}

mod less {
    use crate::prelude::*;

    #[event(name = "order.placed", version = 2, previous = PlacedV1)]
    pub struct Placed {
        number: u128,
    }
    #[event(name = "order.placed")]
    pub struct PlacedV1 {
        number: u128,
        least: i128,
    }
    crate::step!(PlacedV1 => Placed, |old| { number: old.number - 1 });
    crate::order!(Placed);
}

const WIDE: &str = "[{\"stored\": {\"number\": 340282366920938463463374607431768211455, \
                    \"least\": -170141183460469231731687303715884105728}}]";

#[test]
fn numbers_beyond_64_bits_are_read_and_kept_to_the_last_digit() {
    let folder = Folder::new("numbers_beyond_64_bits");
    std::fs::create_dir_all(folder.path().join("events/order.placed")).expect("a folder");
    folder.write(OLD, WIDE);
    folder.run::<wide::Order>(Mode::Update).expect("an update");
    folder.run::<wide::Order>(Mode::Check).expect("what was written");
    let number = "340282366920938463463374607431768211455";
    assert_eq!(folder.read(OLD).matches(number).count(), 2, "{}", folder.read(OLD));
    assert!(folder.read(OLD).contains("-170141183460469231731687303715884105728"));
    assert!(folder.read("events/order.fold.json").contains(&format!("\"state\":{{\"number\":{number}}}")));
    let found = folder.findings::<less::Order>(Mode::Check);
    let expected = format!("`number` was {number} and is 340282366920938463463374607431768211454");
    assert!(found.iter().any(|found| found.contains(&expected)), "{found:#?}");
}

#[test]
fn a_duplicate_key_is_rejected_with_its_place() {
    let folder = Folder::with::<plain::Order>("a_key_that_is_there_twice");
    folder.write(OLD, "[{\"stored\": {\"channel\": \"Web\", \"channel\": {\"Agent\": \"007\"}}}]");
    let files = folder.files();
    for mode in [Mode::Check, Mode::Update] {
        assert_eq!(
            folder.findings::<plain::Order>(mode),
            ["events/order.placed/v1.json holds a key twice in one object: `[0].stored.channel` is there twice
Readers of JSON differ in which of the two they take. Write it once; two payloads are two items of the list."]
        );
    }
    assert_eq!(folder.files(), files);
}

mod twice {
    use crate::prelude::*;
    use serde::ser::SerializeStruct;

    /// Written by hand, so that one field has two values.
    #[derive(Deserialize, Shape)]
    pub struct Amount {
        cents: i64,
    }
    impl Serialize for Amount {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut amount = serializer.serialize_struct("Amount", 2)?;
            amount.serialize_field("cents", &0)?;
            amount.serialize_field("cents", &self.cents)?;
            amount.end()
        }
    }

    #[event(name = "order.paid")]
    pub struct Paid {
        amount: Amount,
    }
    crate::order!(Paid);
}

#[test]
fn code_that_writes_a_key_twice_is_reported_and_not_published() {
    let folder = Folder::new("code_that_writes_a_key_twice");
    let found = folder.findings::<twice::Order>(Mode::Update);
    assert!(
        found[0].contains("in what the code writes of `order.paid`, `amount.cents` is there twice"),
        "{found:#?}"
    );
    assert!(folder.files().is_empty());
}

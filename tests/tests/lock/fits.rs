//! Payloads must fit their locked shape: a shape that the code does not write protects nothing.

use es_core::lock::Mode;

use crate::folder::Folder;

/// Types that are not written as the derived shape says, as with crates such as `serde_repr`.
mod by_number {
    use crate::prelude::*;

    #[derive(Shape)]
    pub enum Channel {
        Web,
        Shop,
    }

    impl Serialize for Channel {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_u8(match self {
                Self::Web => 0,
                Self::Shop => 1,
            })
        }
    }
    impl<'de> Deserialize<'de> for Channel {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            match u8::deserialize(deserializer)? {
                0 => Ok(Self::Web),
                1 => Ok(Self::Shop),
                _ => Err(serde::de::Error::custom("a channel")),
            }
        }
    }

    #[event(name = "order.placed")]
    pub struct Placed {
        channel: Option<Channel>,
    }
    crate::order!(Placed);
}

const FILE: &str = "events/order.placed/v1.json";

#[test]
fn a_sample_that_the_code_rejects_prevents_publishing_a_wrong_shape() {
    let folder = Folder::new("a_sample_that_the_code_refuses");
    assert_eq!(
        folder.findings::<by_number::Order>(Mode::Update),
        ["`order.placed` version 1 has no golden payloads, and those generated from its shape do not fit: aggregate \
          `order`: the payload does not fit version 1: invalid type, expected u8 at line 1 column 16
If it takes only some values of this shape, write events/order.placed/v1.json by hand: a list of payloads such as a store may \
hold, each as `{\"stored\": …}`.
If it is written in another shape, its shape is not what is stored. Say on the field, or above the type in it, how it is \
written: `#[shape(\"…\")]`, with a form such as `u8`, `string` or `list<string>`."]
    );
    // The file is written by hand nevertheless, and nothing is published.
    std::fs::create_dir_all(folder.path().join("events/order.placed")).expect("a folder");
    folder.write(FILE, "[{\"stored\": {\"channel\": null}}, {\"stored\": {\"channel\": 1}}]");
    let findings = folder.findings::<by_number::Order>(Mode::Update);
    assert_eq!(
        findings[0],
        "payload 2 of events/order.placed/v1.json does not have the shape of `order.placed` version 1: `channel` should be \
         one of `Web`, `Shop`, and is a whole number
If the code writes it like this, its shape is not what is stored, and a change of it would not be seen.
Say on the field, or above the type in it, how it is written: `#[shape(\"…\")]`, with a form such as `u8`, `string` or \
`list<string>`.
If the code does not, the payload is a wrong one; write one that it does."
    );
    assert!(findings[1].starts_with(
        "payload 2 of events/order.placed/v1.json: the code writes `order.placed` version 1 in another shape than its own"
    ));
    assert_eq!(folder.files().keys().collect::<Vec<_>>(), [FILE]);
}

mod declared {
    use super::by_number::Channel;
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        #[shape("option<u8>")]
        channel: Option<Channel>,
    }
    crate::order!(Placed);
}

#[test]
fn a_form_that_is_declared_as_the_code_writes_it_is_published() {
    let folder = Folder::new("a_form_that_is_declared");
    std::fs::create_dir_all(folder.path().join("events/order.placed")).expect("a folder");
    folder.write(FILE, "[{\"stored\": {\"channel\": null}}, {\"stored\": {\"channel\": 1}}]");
    folder.run::<declared::Order>(Mode::Update).expect("an update");
    folder.run::<declared::Order>(Mode::Check).expect("what was published");
}

/// Reads what its shape describes, and writes something else.
mod tolerant {
    use crate::prelude::*;

    #[derive(Shape, Deserialize)]
    pub struct Cents(i64);

    impl Serialize for Cents {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&self.0)
        }
    }

    #[event(name = "order.placed")]
    pub struct Placed {
        amounts: Vec<Cents>,
    }
    crate::order!(Placed);
}

#[test]
fn a_value_that_is_written_differently_than_read_is_reported() {
    let folder = Folder::new("what_is_written_otherwise");
    let findings = folder.findings::<tolerant::Order>(Mode::Update);
    assert!(
        findings.iter().any(|finding| finding.contains("`amounts[0]` should be `i64`, and is a string")),
        "{findings:?}"
    );
    assert!(folder.files().is_empty());
}

/// An old version, which nothing writes any more.
mod old {
    use super::by_number::Channel;
    use crate::prelude::*;

    #[event(name = "order.placed", version = 2, previous = PlacedV1)]
    pub struct Placed {
        count: u8,
    }
    #[event(name = "order.placed")]
    pub struct PlacedV1 {
        channel: Channel,
    }
    crate::step!(PlacedV1 => Placed, |_old| { count: 1 });
    crate::order!(Placed);
}

#[test]
fn a_payload_of_an_old_version_must_have_its_shape_as_well() {
    let folder = Folder::new("a_payload_of_an_old_version");
    std::fs::create_dir_all(folder.path().join("events/order.placed")).expect("a folder");
    folder.write(FILE, "[{\"stored\": {\"channel\": 1}}]");
    let findings = folder.findings::<old::Order>(Mode::Update);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(
        findings[0].contains("`channel` should be one of `Web`, `Shop`, and is a whole number"),
        "{findings:?}"
    );
}

//! What a snapshot's validity depends on: the shape of the state, not its comments.

use es_core::Aggregate;
use es_core::shape::Fingerprint;

/// A separate state in its own module, and the fingerprint of its snapshots.
macro_rules! fingerprint {
    ($($state:tt)*) => {{
        mod state {
            #![allow(dead_code, reason = "only the shape is of interest")]

            #[es_core::event(name = "thing.done")]
            pub(super) struct Done;

            $($state)*

            impl es_core::Apply<Done> for Thing {
                fn apply(&mut self, _: Done) {}
            }
        }
        of::<state::Thing>()
    }};
}

/// The same, for a struct with these fields.
macro_rules! fields {
    ($($field:tt)*) => {
        fingerprint! {
            #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
            #[aggregate(name = "thing", events(Done), snapshot(every = 10))]
            pub(super) struct Thing { $($field)* }
        }
    };
}

fn of<A: Aggregate>() -> Fingerprint {
    A::snapshots().expect("snapshots are taken").fingerprint
}

#[test]
fn comments_layout_and_what_serde_ignores_leave_a_snapshot_valid() {
    let plain = fields!(a: Option<u8>, b: Vec<(u8, String)>);
    assert_eq!(
        plain,
        fields! {
            /// A comment.
            #[allow(unused)]
            pub a:Option < u8 >,
            // Another.
            pub(super) b: Vec<(
                u8,
                String
            )>,
        }
    );
    assert_eq!(
        plain,
        fingerprint! {
            /// A comment.
            #[derive(Debug, Default, es_core::Aggregate, serde::Deserialize, serde::Serialize)]
            #[aggregate(snapshot(every = 77), events(Done), name = "thing", id = u64, unknown = "skip")]
            pub(super) struct Thing { a: Option<u8>, b: Vec<(u8, String)> }
        }
    );
}

#[test]
fn types_that_are_written_alike_leave_a_snapshot_valid() {
    assert_eq!(fields!(a: u8, b: u8), fields!(b: u8, a: u8));
    assert_eq!(fields!(b: u8), fields!(#[serde(rename = "b")] a: u8));
    assert_eq!(fields!(a: Vec<u8>), fields!(a: std::collections::VecDeque<Box<u8>>));
}

/// A type within a state, and another one with different contents.
#[derive(Default, serde::Serialize, serde::Deserialize, es_core::shape::Shape)]
struct Small {
    size: u8,
}

#[derive(Default, serde::Serialize, serde::Deserialize, es_core::shape::Shape)]
#[shape(name = "Small")]
struct Large {
    size: u16,
}

#[test]
fn a_change_of_the_state_makes_snapshots_invalid() {
    let shapes = [
        fields!(),
        fields!(a: u8),
        fields!(a: u16),
        fields!(b: u8),
        fields!(a: u8, b: u8),
        fields!(#[serde(default)] a: u8),
        fields!(#[serde(rename = "c")] a: u8),
        fields!(a: super::Small),
        fields!(a: super::Large),
        fingerprint! {
            #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
            #[serde(rename_all = "UPPERCASE")]
            #[aggregate(name = "thing", events(Done), snapshot(every = 10))]
            pub(super) struct Thing { a: u8 }
        },
        fingerprint! {
            #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
            #[aggregate(name = "thing", events(Done), snapshot(every = 10, build = 1))]
            pub(super) struct Thing { a: u8 }
        },
        fingerprint! {
            #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
            #[aggregate(name = "another", events(Done), snapshot(every = 10))]
            pub(super) struct Thing { a: u8 }
        },
        fingerprint! {
            #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
            #[aggregate(name = "thing", events(Done), snapshot(every = 10))]
            pub(super) struct Thing(u8);
        },
        fingerprint! {
            #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
            #[aggregate(name = "thing", events(Done), snapshot(every = 10))]
            pub(super) enum Thing { #[default] A, B { a: u8 } }
        },
        fingerprint! {
            #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
            #[aggregate(name = "thing", events(Done), snapshot(every = 10))]
            pub(super) enum Thing { #[default] A, C { a: u8 } }
        },
        fingerprint! {
            #[es_core::event(name = "thing.undone")]
            pub(super) struct Undone;
            impl es_core::Apply<Undone> for Thing { fn apply(&mut self, _: Undone) {} }

            #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
            #[aggregate(name = "thing", events(Done, Undone), snapshot(every = 10))]
            pub(super) struct Thing { a: u8 }
        },
        fingerprint! {
            #[es_core::event(name = "thing.undone", was("thing.reverted"))]
            pub(super) struct Undone;
            impl es_core::Apply<Undone> for Thing { fn apply(&mut self, _: Undone) {} }

            #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
            #[aggregate(name = "thing", events(Done, Undone), snapshot(every = 10))]
            pub(super) struct Thing { a: u8 }
        },
        fingerprint! {
            #[es_core::event(name = "thing.undone")]
            pub(super) struct Undone;
            impl es_core::model::Retired<Undone> for Thing {
                type Error = std::convert::Infallible;
                fn retired(_: Undone, _: &es_core::UpcastContext<'_>) -> Result<es_core::Events<Self>, Self::Error> {
                    es_core::emit(())
                }
            }

            #[derive(Default, serde::Serialize, serde::Deserialize, es_core::Aggregate)]
            #[aggregate(name = "thing", events(Done), retired(Undone), snapshot(every = 10))]
            pub(super) struct Thing { a: u8 }
        },
    ];
    for (index, shape) in shapes.iter().enumerate() {
        assert!(!shapes[..index].contains(shape), "shape {index} has the fingerprint of one before it");
    }
}

#[test]
fn a_fingerprint_is_the_same_in_every_build() {
    // Stored in databases: a change of this value makes every snapshot of every user invalid.
    assert_eq!(fields!(a: Option<u8>, b: Vec<(u8, String)>).to_string(), "7a6472d2729c0789");
}

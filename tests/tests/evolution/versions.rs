//! Old versions: chains, upcasts that fail, private structs.

use es_core::record::DecodeProblem;
use es_core::testing::{given, read};
use es_core::{Aggregate, Apply, Event, UpcastContext, UpcastFrom, event};
use serde_json::json;

/// Public events whose previous versions are private.
pub mod issued {
    use super::*;

    /// What went wrong with an amount.
    #[derive(Debug, PartialEq)]
    pub struct NoAmount(String);

    impl std::fmt::Display for NoAmount {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{:?} is no amount", self.0)
        }
    }

    impl std::error::Error for NoAmount {}

    #[event(name = "invoice.issued", version = 1)]
    struct IssuedV1 {
        amount: String,
    }

    mod second {
        #[es_core::event(name = "invoice.issued", version = 2, previous = super::IssuedV1)]
        pub(super) struct IssuedV2 {
            pub(super) cents: i64,
            pub(super) stored: String,
        }
    }

    /// An invoice was issued.
    #[event(name = "invoice.issued", version = 3, previous = second::IssuedV2)]
    #[derive(Debug, PartialEq)]
    pub struct Issued {
        /// How much.
        pub cents: i64,
        /// What the upcasts saw of the stored event.
        pub seen: [String; 2],
    }

    impl UpcastFrom<IssuedV1> for second::IssuedV2 {
        type Error = NoAmount;

        fn upcast_from(old: IssuedV1, context: &UpcastContext<'_>) -> Result<Self, NoAmount> {
            let euros: i64 = old.amount.parse().map_err(|_| NoAmount(old.amount))?;
            Ok(Self { cents: euros * 100, stored: seen(context) })
        }
    }

    impl UpcastFrom<second::IssuedV2> for Issued {
        type Error = std::convert::Infallible;

        fn upcast_from(old: second::IssuedV2, context: &UpcastContext<'_>) -> Result<Self, Self::Error> {
            Ok(Self { cents: old.cents, seen: [old.stored, seen(context)] })
        }
    }

    fn seen(context: &UpcastContext<'_>) -> String {
        let (name, version) = (context.stored_name(), context.stored_version());
        format!("{name} {version} at {}", context.revision())
    }

    /// An invoice.
    #[derive(Debug, Default, Aggregate)]
    #[aggregate(name = "invoice", events(Issued))]
    pub struct Invoice {
        /// How much in all.
        pub cents: i64,
    }

    impl Apply<Issued> for Invoice {
        fn apply(&mut self, event: Issued) {
            self.cents += event.cents;
        }
    }
}

use issued::{Invoice, Issued};

#[test]
fn each_version_is_read_by_its_own_struct_and_upcast_step_by_step() {
    let seen = |version: u32| format!("invoice.issued {version} at 1");
    let first: Issued = read(1, &json!({ "amount": "25" })).expect("reads");
    assert_eq!(first, Issued { cents: 2500, seen: [seen(1), seen(1)] });
    let second: Issued = read(2, &json!({ "cents": 7, "stored": "then" })).expect("reads");
    assert_eq!(second, Issued { cents: 7, seen: [String::from("then"), seen(2)] });
    let third: Issued = read(3, &json!({ "cents": 8, "seen": ["a", "b"] })).expect("reads");
    assert_eq!(third, Issued { cents: 8, seen: [String::from("a"), String::from("b")] });
    assert_eq!((Issued::NAME, Issued::VERSION), ("invoice.issued", 3));
}

#[test]
fn a_failing_upcast_names_itself_and_the_place_and_folds_nothing() {
    let error = read::<Issued>(1, &json!({ "amount": "many" })).expect_err("fails");
    assert!(matches!(error.problem(), DecodeProblem::Upcast { from: 1, to: 2, .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("event `invoice.issued` version 1 at revision 1"), "{text}");
    assert!(text.contains("the step from version 1 to version 2 failed"), "{text}");
}

#[test]
fn a_version_outside_the_chain_is_rejected() {
    let problem = |version| read::<Issued>(version, &json!({})).expect_err("is refused");
    assert!(matches!(problem(4).problem(), DecodeProblem::FutureVersion { found: 4, known: 3, .. }));
    assert!(matches!(problem(0).problem(), DecodeProblem::NoSuchVersion { found: 0, .. }));
}

#[test]
fn an_aggregate_folds_every_version() {
    let invoice: Invoice = given(())
        .and_stored("invoice.issued", 1, &json!({ "amount": "1" }))
        .and_stored("invoice.issued", 2, &json!({ "cents": 20, "stored": "" }))
        .and_stored("invoice.issued", 3, &json!({ "cents": 3, "seen": ["", ""] }))
        .into_state();
    assert_eq!(invoice.cents, 123);
}

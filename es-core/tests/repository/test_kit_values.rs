//! Values that JSON's common types cannot hold, in the test kit.

use std::collections::BTreeMap;
use std::convert::Infallible;

use es_core::testing::given;
use es_core::{Aggregate, Apply, Events, Handle, emit, event};

#[event(name = "ledger.booked")]
#[derive(Debug, Clone, PartialEq)]
struct Booked {
    wei: i128,
    supply: u128,
    by_branch: BTreeMap<u32, i128>,
    rate: f64,
}

/// A key that JSON cannot have.
#[event(name = "ledger.split")]
#[derive(Debug, Clone)]
struct Split {
    shares: BTreeMap<(u8, u8), u8>,
}

#[derive(Debug, Default, PartialEq, Aggregate)]
#[aggregate(name = "ledger", id = String, events(Booked, Split))]
struct Ledger {
    wei: i128,
    supply: u128,
}

impl Apply<Booked> for Ledger {
    fn apply(&mut self, event: Booked) {
        self.wei = event.wei;
        self.supply = event.supply;
    }
}

impl Apply<Split> for Ledger {
    fn apply(&mut self, _: Split) {}
}

impl Handle<Booked> for Ledger {
    type Error = Infallible;
    fn handle(&self, command: &Booked) -> Result<Events<Self>, Infallible> {
        emit(command.clone())
    }
}

impl Handle<Split> for Ledger {
    type Error = Infallible;
    fn handle(&self, command: &Split) -> Result<Events<Self>, Infallible> {
        emit(command.clone())
    }
}

fn booked(wei: i128) -> Booked {
    Booked { wei, supply: u128::MAX, by_branch: BTreeMap::from([(7, wei)]), rate: 0.1 }
}

fn failure<T>(test: impl FnOnce() -> T + std::panic::UnwindSafe) -> String {
    let Err(payload) = std::panic::catch_unwind(test) else { panic!("the test should fail") };
    *payload.downcast().expect("a text")
}

#[test]
fn numbers_of_more_than_64_bits_are_given_decided_and_folded() {
    for wei in [i128::MIN, i128::from(i64::MIN) - 1, i128::from(u64::MAX) + 1, i128::MAX] {
        given::<Ledger>(booked(wei))
            .then_state(&Ledger { wei, supply: u128::MAX })
            .when(booked(wei))
            .then_events(booked(wei))
            .then_state(&Ledger { wei, supply: u128::MAX });
    }
}

#[test]
fn numbers_that_differ_by_less_than_a_float_can_say_are_different() {
    let text = failure(|| given::<Ledger>(()).when(booked(i128::MAX)).then_events(booked(i128::MAX - 1)));
    assert!(
        text.contains("+ ledger.booked v1 {\"by_branch\":{\"7\":170141183460469231731687303715884105727}")
    );
    assert!(
        text.contains("- ledger.booked v1 {\"by_branch\":{\"7\":170141183460469231731687303715884105726}")
    );
}

#[test]
fn what_cannot_be_written_as_json_fails_the_test_with_the_reason() {
    let rate = failure(|| given::<Ledger>(Booked { rate: f64::NAN, ..booked(1) }));
    assert_eq!(
        rate,
        "event `ledger.booked` version 1 cannot be written as JSON: JSON has no NaN and no infinity"
    );
    let key = failure(|| given::<Ledger>(Split { shares: BTreeMap::from([((1, 2), 3)]) }));
    assert_eq!(key, "event `ledger.split` version 1 cannot be written as JSON: key must be a string");
    let split = || Split { shares: BTreeMap::from([((1, 2), 3)]) };
    let expected = failure(|| given::<Ledger>(()).when(booked(1)).then_events(split()));
    assert_eq!(expected, key);
}

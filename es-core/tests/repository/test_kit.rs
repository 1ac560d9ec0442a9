//! The given/when/then kit: what it accepts, and what it prints when a test fails.

use crate::common::{Account, Deposit, Deposited, Open, Opened, Refused};
use es_core::testing::given;
use serde_json::json;

fn opened() -> Opened {
    Opened { owner: "Ann".into() }
}

/// What a failing test prints.
fn failure(test: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = std::panic::catch_unwind(test).expect_err("the test should fail");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(_) => panic!("a panic without text"),
    }
}

#[test]
fn events_rejections_and_states_are_compared() {
    given::<Account>(())
        .when(Open)
        .then_events(opened())
        .when(Deposit(5))
        .then_events(Deposited { cents: 5 })
        .then_state(&Account { open: true, cents: 5, deposits: vec![5] });
    given::<Account>((opened(), Deposited { cents: 5 })).when(Deposit(0)).then_events(());
    given::<Account>(opened()).when(Open).then_rejected(&Refused::AlreadyOpen);
    given::<Account>(opened())
        .when(Deposit(-3))
        .then_rejected_with(|refused| matches!(refused, Refused::Negative { .. }));
    given::<Account>(opened()).when(Deposit(2)).then_state(&Account {
        open: true,
        cents: 2,
        deposits: vec![2],
    });
    let state =
        given::<Account>(opened()).and_stored("account.deposited", 1, &json!({ "cents": 9 })).into_state();
    assert_eq!(state.cents, 9);
}

#[test]
fn other_events_are_shown_as_a_difference() {
    let text = failure(|| {
        given::<Account>(opened()).when(Deposit(5)).then_events(Deposited { cents: 6 });
    });
    assert_eq!(
        text,
        "the command yields other events\n  (- expected, + found)\n  \
         - account.deposited v1 {\"cents\":6}\n  + account.deposited v1 {\"cents\":5}\n"
    );
}

#[test]
fn an_unexpected_rejection_or_acceptance_says_which() {
    let rejected =
        failure(|| drop(given::<Account>(()).when(Deposit(5)).then_events(Deposited { cents: 5 })));
    assert_eq!(rejected, "the command was rejected: NotOpen (NotOpen)");
    let accepted = failure(|| given::<Account>(opened()).when(Deposit(5)).then_rejected(&Refused::NotOpen));
    assert_eq!(accepted, "the command is accepted, and yields\n  account.deposited v1 {\"cents\":5}");
    let other = failure(|| given::<Account>(opened()).when(Deposit(-5)).then_rejected(&Refused::NotOpen));
    assert!(other.contains("expected: NotOpen\n  found:    Negative { cents: -5 }"), "{other}");
}

#[test]
fn another_state_is_shown_line_by_line() {
    let text = failure(|| drop(given::<Account>(opened()).then_state(&Account::default())));
    assert!(text.contains("  -     open: false,\n  +     open: true,\n"), "{text}");
}

#[test]
fn a_given_event_that_does_not_decode_fails_the_test() {
    let text = failure(|| drop(given::<Account>(()).and_stored("account.deposited", 2, &json!({}))));
    assert!(text.contains("version 2 is newer than 1"), "{text}");
}

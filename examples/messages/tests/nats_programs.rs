//! The output of the programs.

use std::process::Command;

fn printed(program: &str) -> String {
    let output = Command::new(program).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_publisher_prints_the_public_events() {
    let wanted = "es.loan.loan.approved of loan/L-1#2: {\"euros\":5000}\n\
                  es.loan.loan.approved of loan/L-2#2: {\"euros\":12500}\n";
    assert_eq!(printed(env!("CARGO_BIN_EXE_publisher")), wanted);
}

#[test]
fn the_consumer_prints_the_outcome_of_each_message() {
    let printed = printed(env!("CARGO_BIN_EXE_consumer"));
    for line in ["parked after 1 attempt: the budget is exhausted", "loan/L-1: 5000 euros (repeated)"] {
        assert!(printed.lines().any(|printed| printed == line), "{line} in {printed}");
    }
}

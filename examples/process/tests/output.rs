//! What the example prints.

use std::process::Command;

#[test]
fn silence_leads_to_two_reminders_and_the_end_and_an_answer_to_none() {
    let output = Command::new(env!("CARGO_BIN_EXE_process")).output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        text,
        "A-1: offer.sent, offer.reminded, offer.reminded, offer.withdrawn\nA-2: offer.sent, offer.accepted\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

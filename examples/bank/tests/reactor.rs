//! What the example of reactors prints.

use std::process::Command;

#[test]
fn mail_is_sent_after_a_failure_and_its_note_says_why() {
    let output = Command::new(env!("CARGO_BIN_EXE_reactor")).output().expect("the program runs");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "mail to ann@example.org: the server is away\n\
         mail to ann@example.org: welcome\n\
         mail to ben@example.org: welcome\n\
         1  account.opened\n\
         2  account.welcomed, caused by 1\n\
         0 dead letters\n"
    );
}

//! Public events in the lock.

use es_core::lock::{Lock, Mode};

use crate::messaging::service::LoanFeed;

#[test]
fn the_public_events_of_a_publisher_are_locked_with_the_private_ones() {
    let folder = std::env::temp_dir().join(format!("es-core-messaging-lock-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let lock = || Lock::new(&folder).with_publisher::<LoanFeed>();
    lock().run(Mode::Update).expect("it is written");
    lock().run(Mode::Check).expect("it fits");
    let text = std::fs::read_to_string(folder.join("events.lock")).expect("the lock");
    for line in ["loan.approved", "loan.noted", "loan-approved"] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let changed = text.replace("euros: u64", "euros: u32");
    assert_ne!(changed, text);
    std::fs::write(folder.join("events.lock"), changed).expect("it is changed");
    let error = lock().run(Mode::Check).expect_err("it differs").to_string();
    assert!(error.contains("loan-approved"), "{error}");
    std::fs::remove_dir_all(&folder).expect("it goes");
}

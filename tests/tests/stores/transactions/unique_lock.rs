//! Events of unique values are published like others.

use std::fs;
use std::path::Path;

use es_core::lock::{Lock, Mode};
use es_core::unique::Reservation;

#[test]
fn the_lock_contains_reservations() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unique_lock");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an old folder is removed");
    }
    fs::create_dir_all(&folder).expect("a folder is made");
    let lock = || Lock::new(&folder).with::<Reservation>();
    lock().run(Mode::Update).expect("what is new is published");
    lock().run(Mode::Check).expect("what was published is what is there");
    let text = fs::read_to_string(folder.join("events.lock")).expect("a lock");
    for published in ["aggregate unique\n", "event unique.released 1\n", "event unique.reserved 1\n"] {
        assert!(text.contains(published), "{published}{text}");
    }
    let sample = fs::read_to_string(folder.join("events/unique.reserved/v1.json")).expect("a sample");
    assert!(sample.contains(r#""owner""#), "{sample}");
}

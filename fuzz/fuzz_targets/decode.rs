//! Decoding whatever may lie in a store: never a panic, never a wrong type.
//!
//! `cargo +nightly fuzz run decode`. The first byte of the input picks the event, the second the version; the
//! rest is the payload. `tests/tests/evolution/decode.rs` looks at the same property in every test run.

#![no_main]

#[path = "../src/sample.rs"]
mod sample;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let [event, version, payload @ ..] = input {
        let name = sample::NAMES[usize::from(*event) % sample::NAMES.len()];
        sample::check(name, u32::from(*version % 6), payload);
    }
});

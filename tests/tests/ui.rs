//! Code that must not compile, and the compiler's messages.
//!
//! The messages are those of one compiler, which `rust-toolchain.toml` pins. After a change, run with
//! `TRYBUILD=overwrite` and read the difference.

#[rustversion::attr(not(stable(1.95)), ignore = "the messages are those of Rust 1.95")]
#[test]
fn mistakes_do_not_compile_and_the_message_says_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*/*.rs");
}

//! Checks that the compiler evaluates, of projections that take all events of an aggregate.

use super::check::{ConstText, contains, same};

/// Stops the build when a projection takes all events of an aggregate, and one of them once more.
#[track_caller]
pub const fn check_all_of(
    aggregate: &str,
    all: &[(&str, &[&str])],
    event: &str,
    (name, was): (&str, &[&str]),
) {
    let mut at = 0;
    while at < all.len() {
        let (other, other_was) = all[at];
        if same(other, name) || contains(other_was, name) || contains(was, other) {
            let text = ConstText::new()
                .with("`")
                .with(event)
                .with("` is an event of `")
                .with(aggregate)
                .with("`, whose events are all listed; leave it out, or list the events of `")
                .with(aggregate)
                .with("` one by one");
            panic!("{}", text.as_str());
        }
        at += 1;
    }
}

/// Stops the build when a projection takes the events of one aggregate as those of two types.
#[track_caller]
pub const fn check_aggregates(one: &str, one_name: &str, other: &str, other_name: &str) {
    if same(one_name, other_name) {
        let text = ConstText::new()
            .with("`")
            .with(one)
            .with("` and `")
            .with(other)
            .with("` are both the aggregate `")
            .with(one_name)
            .with("`; list one of them");
        panic!("{}", text.as_str());
    }
}

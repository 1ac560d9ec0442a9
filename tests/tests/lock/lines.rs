//! The one line that generates the test, in its forms, and what an update prints although its test passes.

use std::process::Command;

use es_core::lock::{Lock, Mode};

use crate::folder::Folder;

mod events {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        #[serde(default = "crate::lines::unit")]
        count: u32,
    }
    crate::order!(Placed);

    #[derive(es_core::projection::Projection)]
    #[projection(name = "counts", events(Placed), model = u32)]
    pub struct Counts;
    impl es_core::projection::Project<Placed> for Counts {
        async fn project(
            &self,
            event: &es_core::Recorded<Placed>,
            model: &mut u32,
        ) -> Result<(), es_core::record::BoxError> {
            *model += event.event.count;
            Ok(())
        }
    }
}

/// Another default, for a separate process.
fn unit() -> u32 {
    std::env::var("ES_TESTS_UNIT").map_or(1, |unit| unit.parse().expect("a number"))
}

mod whole_line {
    use super::events::{Counts, Order};

    // Compared with the `events.lock` of this crate.
    es_core::lock_test!(Order; projections: Counts; without: "account", "draft");
}

#[test]
#[ignore = "started by the test below, in a process of its own"]
fn child() {
    let Ok(folder) = std::env::var("ES_TESTS_FOLDER") else { return };
    Lock::new(folder).with::<events::Order>().assert();
}

#[test]
fn what_an_update_accepts_is_printed_although_the_test_passes() {
    let folder = Folder::with::<events::Order>("what_an_update_accepts");
    let child = Command::new(std::env::current_exe().expect("a path"))
        .args(["--ignored", "--exact", "lines::child"])
        .env("ES_TESTS_FOLDER", folder.path())
        .env("ES_TESTS_UNIT", "7")
        .env("ES_LOCK", "update")
        .output()
        .expect("a process");
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && out.contains("1 passed"), "{out}{err}");
    assert!(
        err.contains("accepted into the lock:\n\n1. payload 2 of events/order.placed/v1.json means something else now: `count` was 1 and is 7\n"),
        "{err}"
    );
    assert!(!folder.findings::<events::Order>(Mode::Check).is_empty(), "this process means the other thing");
}

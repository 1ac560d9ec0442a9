mod prelude {
    pub use std::collections::BTreeMap;
    pub use std::convert::Infallible;

    pub use es_core::lock::Lock;
    pub use es_core::model::Retired;
    pub use es_core::projection::{Project, Projection};
    pub use es_core::record::BoxError;
    pub use es_core::shape::Shape;
    pub use es_core::{Aggregate, Apply, Events, Recorded, UpcastContext, UpcastFrom, emit, event};
    pub use es_tests::generated::foreign;
    pub use serde::{Deserialize, Serialize};
}

use es_core::lock::{Lock, Mode};

/// An aggregate `Order` that applies these events and ignores them.
macro_rules! order {
    ($($event:ident),*) => {
        #[derive(Aggregate, Default)]
        #[aggregate(name = "order", id = String, events($($event),*))]
        pub struct Order;
        $(impl Apply<$event> for Order {
            fn apply(&mut self, _: $event) {}
        })*
        pub fn lock(lock: Lock) -> Lock {
            lock.with::<Order>()
        }
    };
}

fn quiet() {
    std::panic::set_hook(Box::new(|_| {}));
}

/// Publishes the old program, and returns what the lock reports on the new one.
fn found(before: Lock, changed: Lock) {
    let findings: Vec<String> = match before.run(Mode::Update) {
        Err(error) => vec![format!("NOT PUBLISHED: {error}")],
        Ok(_) => match changed.run(Mode::Check) {
            Ok(_) => Vec::new(),
            Err(error) => error.findings().iter().map(|finding| finding.text.clone()).collect(),
        },
    };
    println!("{}", serde_json::to_string(&findings).expect("text"));
}

/// Publishes a program that follows a proposal, and returns what is wrong with it.
fn followed(number: usize, lock: fn() -> Lock) {
    let problem = match lock().run(Mode::Update) {
        Err(error) => Some(error.to_string()),
        Ok(accepted) if !accepted.is_empty() => Some(format!("an update accepts {accepted:?}")),
        Ok(_) => lock().run(Mode::Check).err().map(|error| error.to_string()),
    };
    println!("{}", serde_json::to_string(&(number, problem)).expect("text"));
}

/// A folder with the source of an aggregate.
fn sources() -> std::path::PathBuf {
    let folder = std::env::current_exe().expect("a program").with_file_name("src");
    std::fs::create_dir_all(&folder).expect("a folder is made");
    let source = "#[derive(Aggregate, Default)]\n#[aggregate(name = \"draft\", id = String, events(Seen))]\npub struct Draft;\n";
    std::fs::write(folder.join("draft.rs"), source).expect("a source is written");
    folder
}
